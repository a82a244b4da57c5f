//! Which server a connection is led to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, TcpStream};

use evenkeel::meter::{LimitKind, Outcome};
use socket2::{Domain, Socket, Type};

use super::*;

/// The name of the server that greets.
fn greeting(stream: &mut TcpStream) -> String {
    let mut name = [0];
    stream.read_exact(&mut name).unwrap();
    String::from_utf8_lossy(&name).into_owned()
}

fn visit(bench: &Bench) -> String {
    greeting(&mut bench.dial("front").0)
}

/// A connection from one of this machine's own addresses.
fn visit_from(bench: &Bench, source: &str) -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let source: IpAddr = source.parse().unwrap();
    socket.bind(&SocketAddr::new(source, 0).into()).unwrap();
    socket.connect(&bench.address("front").into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    greeting(&mut stream)
}

fn three() -> [(&'static str, SocketAddr); 3] {
    [("a", echo("a")), ("b", echo("b")), ("c", echo("c"))]
}

#[test]
fn connections_take_turns() {
    let bench = tcp("", &three());
    let order: String = (0..9).map(|_| visit(&bench)).collect();
    assert_eq!(order, "abcabcabc");
}

#[test]
fn a_server_that_is_down_is_passed_over() {
    let bench = tcp("", &[("a", nowhere()), ("b", echo("b"))]);
    for _ in 0..4 {
        assert_eq!(visit(&bench), "b");
    }
    assert!(counters(&bench).retries > 0);
}

#[test]
fn a_client_sees_a_reset_where_no_server_takes_it() {
    let bench = tcp("", &[("a", nowhere()), ("b", nowhere())]);
    let mut client = bench.dial("front").0;
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    wait_for(&bench, Outcome::Refused, 1);
}

#[test]
fn a_drained_server_keeps_its_connections_and_gets_no_new_ones() {
    let mut bench = tcp("", &three());
    let mut kept = bench.dial("front").0;
    assert_eq!(greeting(&mut kept), "a");
    bench.lab.pools[0].servers[0].weight = 0;
    bench.publish();
    let visited: BTreeSet<String> = (0..6).map(|_| visit(&bench)).collect();
    assert_eq!(visited, ["b", "c"].map(str::to_owned).into());
    kept.write_all(b"x").unwrap();
    assert_eq!(greeting(&mut kept), "x");
    assert_eq!(in_flight(&bench, 0), 1);
}

#[test]
fn least_connections_looks_at_open_connections() {
    let bench = tcp("algorithm: \"least-connections\",", &three()[..2]);
    let mut held: Vec<TcpStream> = (0..2).map(|_| bench.dial("front").0).collect();
    let names: BTreeSet<String> = held.iter_mut().map(greeting).collect();
    assert_eq!(names.len(), 2);
    let a = held.swap_remove(0);
    drop(a);
    wait_for(&bench, Outcome::Carried, 1);
    let free = if in_flight(&bench, 0) == 0 { "a" } else { "b" };
    assert_eq!(visit(&bench), free);
}

#[test]
fn a_table_of_sources_brings_clients_back() {
    let bench = tcp("stickiness: source(),", &three());
    let mine = visit_from(&bench, "127.0.0.5");
    for _ in 0..4 {
        visit_from(&bench, "127.0.0.6");
        assert_eq!(visit_from(&bench, "127.0.0.5"), mine);
    }
    let others: BTreeSet<String> =
        (10..16).map(|last| visit_from(&bench, &format!("127.0.0.{last}"))).collect();
    assert_eq!(others.len(), 3);
}

#[test]
fn the_address_is_a_key() {
    let bench = tcp("algorithm: \"maglev\", key: address,", &three());
    let visit_all = || -> BTreeMap<u8, String> {
        (1..20).map(|last| (last, visit_from(&bench, &format!("127.0.1.{last}")))).collect()
    };
    let first = visit_all();
    assert_eq!(first, visit_all());
    assert!(first.values().collect::<BTreeSet<_>>().len() > 1);
}

#[test]
fn a_servers_limit_of_connections_sends_the_next_one_elsewhere() {
    let bench = tcp("upstream: (connections: 1), algorithm: \"first\",", &three()[..2]);
    let mut first = bench.dial("front").0;
    assert_eq!(greeting(&mut first), "a");
    let mut second = bench.dial("front").0;
    assert_eq!(greeting(&mut second), "b");
    let mut third = bench.dial("front").0;
    assert!(third.read(&mut [0]).is_err());
    wait_for(&bench, Outcome::LimitHit(LimitKind::Connections), 1);
}

#[test]
fn who_waits_for_a_full_server_gets_the_place_that_comes_free() {
    let a = echo("a");
    let text = lab("protocol: tcp", "", &[("a", a)])
        .replace("(name: \"a\",", "(name: \"a\", concurrency: 1,");
    let bench = Bench::run(&text);
    let mut first = bench.dial("front").0;
    assert_eq!(greeting(&mut first), "a");
    let mut second = bench.dial("front").0;
    let pool = || bench.shared().plan().pools["web"].n_waiting() == 1;
    wait_until(pool, || "nobody waits".to_owned());
    drop(first);
    assert_eq!(greeting(&mut second), "a");
}
