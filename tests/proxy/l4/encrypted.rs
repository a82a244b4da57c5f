//! TLS led through unopened, ended here, and begun here.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use evenkeel::meter::Outcome;
use rustls::StreamOwned;

use super::*;
use crate::secrets;

/// A TLS server that says its name to whoever greets it.
fn named(name: &'static str, hosts: &'static [&'static str]) -> SocketAddr {
    server(move |stream| say(name, hosts, stream))
}

fn say(name: &str, hosts: &[&str], stream: TcpStream) {
    let mut stream = StreamOwned::new(secrets::server(hosts), stream);
    if stream.write_all(name.as_bytes()).is_ok() {
        stream.conn.send_close_notify();
        drop(stream.flush());
    }
}

/// What a TLS client that asks for this name gets to read.
fn ask(bench: &Bench, listener: &str, name: &str) -> std::io::Result<String> {
    let stream = bench.dial(listener).0;
    let mut text = String::new();
    StreamOwned::new(secrets::client(name), stream).read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn tls_is_led_by_the_name_asked_for_and_left_unopened() {
    let server = |name, address| format!("servers: [(name: \"{name}\", address: \"{address}\")]");
    let (a, b) = (named("a", &["a.test", "sub.a.test"]), named("b", &["b.test"]));
    let bench = Bench::run(&format!(
        "(version: 1, listeners: [(name: \"front\", address: \"127.0.0.1:0\", protocol: tls_passthrough, routes: [\
            (when: (sni: [\"a.test\", \"*.a.test\"]), to: pool(\"as\")), \
            (when: (sni: [\"b.test\"]), to: pool(\"bs\"))])], \
          pools: [(name: \"as\", {}), (name: \"bs\", {})])",
        server("a", a),
        server("b", b),
    ));
    // The certificates are the servers' own, so their names prove that nobody opened the TLS between.
    assert_eq!(ask(&bench, "front", "a.test").unwrap(), "a");
    assert_eq!(ask(&bench, "front", "sub.a.test").unwrap(), "a");
    assert_eq!(ask(&bench, "front", "b.test").unwrap(), "b");
    assert!(ask(&bench, "front", "c.test").is_err());
    wait_for(&bench, Outcome::Carried, 3);
    wait_for(&bench, Outcome::NoServer, 1);
}

#[test]
fn a_hello_in_pieces_is_waited_for() {
    let bench =
        Bench::run(&lab("protocol: tls_passthrough", "", &[("a", named("a", &["a.test"]))]));
    let stream = bench.dial("front").0;
    stream.set_nodelay(true).unwrap();
    let mut tls = secrets::client("a.test");
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).unwrap();
    for byte in hello {
        (&stream).write_all(&[byte]).unwrap();
    }
    let mut text = String::new();
    StreamOwned::new(tls, stream).read_to_string(&mut text).unwrap();
    assert_eq!(text, "a");
}

#[test]
fn who_speaks_no_tls_is_let_go_and_no_server_hears_of_it() {
    let (address, arrivals) = handed_over();
    let bench = Bench::run(&lab("protocol: tls_passthrough", "", &[("a", address)]));
    let mut client = bench.dial("front").0;
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(!client.read(&mut [0]).is_ok_and(|n_bytes| n_bytes > 0));
    assert!(arrivals.try_recv().is_err());
    let events: Vec<String> =
        bench.shared().events.drain().map(|event| format!("{event:?}")).collect();
    assert!(events.iter().any(|event| event.contains("does not speak TLS")), "{events:?}");
}

#[test]
fn the_name_asked_for_is_a_key() {
    let hosts: &[&str] = &["a.test", "b.test", "c.test", "d.test"];
    let servers = [("a", named("a", hosts)), ("b", named("b", hosts)), ("c", named("c", hosts))];
    let pool = "algorithm: \"maglev\", key: sni,";
    let bench = Bench::run(&lab("protocol: tls_passthrough", pool, &servers));
    for host in hosts {
        let first = ask(&bench, "front", host).unwrap();
        for _ in 0..3 {
            assert_eq!(ask(&bench, "front", host).unwrap(), first, "{host}");
        }
    }
}

#[test]
fn tls_that_ends_here_leaves_bytes_for_the_server() {
    let listener = "protocol: tcp, tls: (certificates: local(hosts: [\"front.test\"]))";
    let bench = Bench::run(&lab(listener, "", &[("a", super::echo("a"))]));
    let mut client = StreamOwned::new(secrets::client("front.test"), bench.dial("front").0);
    client.write_all(b"hello").unwrap();
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ahello");
    // The end of what a client says is passed on through TLS, too.
    client.conn.send_close_notify();
    client.flush().unwrap();
    assert_eq!(client.read(&mut answer).unwrap(), 0);
    wait_for(&bench, Outcome::Carried, 1);
}

#[test]
fn a_mebibyte_passes_through_tls_that_ends_here() {
    let listener = "protocol: tcp, tls: (certificates: local(hosts: [\"front.test\"]))";
    let swallow = server(|mut stream| {
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        stream.write_all(&evenkeel::hash::xxh64(&read, 0).to_be_bytes()).unwrap();
    });
    let bench = Bench::run(&lab(listener, "", &[("a", swallow)]));
    let mut client = StreamOwned::new(secrets::client("front.test"), bench.dial("front").0);
    let sent: Vec<u8> = (0..1_u32 << 20).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    client.write_all(&sent).unwrap();
    client.conn.send_close_notify();
    client.flush().unwrap();
    let mut hash = [0; 8];
    client.read_exact(&mut hash).unwrap();
    assert_eq!(u64::from_be_bytes(hash), evenkeel::hash::xxh64(&sent, 0));
}

#[test]
fn tls_towards_the_server_comes_after_who_the_client_is() {
    let address = server(|mut stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"PROXY TCP4 127.0.0.1 127.0.0.1 "));
        say("a", &["a.test"], stream);
    });
    let pool = format!(
        "upstream: (protocol: https, proxy_protocol: v1, tls: (authority_file: \"{}\", \
         server_name: \"a.test\", http2: never)),",
        secrets::authority_file()
    );
    let bench = tcp(&pool, &[("a", address)]);
    let mut text = String::new();
    bench.dial("front").0.read_to_string(&mut text).unwrap();
    assert_eq!(text, "a");
    wait_for(&bench, Outcome::Carried, 1);
}

#[test]
fn a_server_with_a_strangers_certificate_is_passed_over() {
    let pool = format!(
        "upstream: (protocol: https, tls: (authority_file: \"{}\", server_name: \"b.test\", http2: never)),",
        secrets::authority_file()
    );
    let servers = [("a", named("a", &["a.test"])), ("b", named("b", &["b.test"]))];
    let bench = tcp(&pool, &servers);
    for _ in 0..3 {
        let mut text = String::new();
        bench.dial("front").0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "b");
    }
}
