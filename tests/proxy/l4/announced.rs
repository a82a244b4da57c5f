//! Who the client is, told and heard by the PROXY protocol, byte for byte.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;

fn expect(server: &mut TcpStream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    server.read_exact(&mut read).unwrap();
    assert_eq!(read.escape_ascii().to_string(), expected.escape_ascii().to_string());
}

#[test]
fn a_server_is_told_the_client_in_version_1() {
    let (address, arrivals) = handed_over();
    let bench = tcp("upstream: (proxy_protocol: v1),", &[("a", address)]);
    let mut client = bench.dial("front").0;
    let mut server = arrivals.recv_timeout(DEADLINE).unwrap();
    let (from, to) = (client.local_addr().unwrap(), bench.address("front"));
    client.write_all(b"hello").unwrap();
    let line = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\nhello", from.port(), to.port());
    expect(&mut server, line.as_bytes());
}

#[test]
fn a_server_is_told_the_client_in_version_2() {
    let (address, arrivals) = handed_over();
    let bench = tcp("upstream: (proxy_protocol: v2),", &[("a", address)]);
    let mut client = bench.dial("front").0;
    let mut server = arrivals.recv_timeout(DEADLINE).unwrap();
    let (from, to) = (client.local_addr().unwrap(), bench.address("front"));
    client.write_all(b"hello").unwrap();
    let header = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01".as_slice(),
        &from.port().to_be_bytes(),
        &to.port().to_be_bytes(),
        b"hello",
    ];
    expect(&mut server, &header.concat());
}

#[test]
fn what_was_heard_in_either_version_is_told_on() {
    let (address, arrivals) = handed_over();
    let bench = Bench::run(&lab(
        "protocol: tcp, proxy_protocol: accept",
        "upstream: (proxy_protocol: v1),",
        &[("a", address)],
    ));
    let told = b"PROXY TCP4 192.0.2.1 198.51.100.7 4000 443\r\nhello";
    let binary =
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\x0f\xa0\x01\xbbhello";
    for heard in [told.as_slice(), binary] {
        let mut client = bench.dial("front").0;
        client.write_all(heard).unwrap();
        expect(&mut arrivals.recv_timeout(DEADLINE).unwrap(), told);
    }
    // A header in pieces is the same header.
    let mut client = bench.dial("front").0;
    client.set_nodelay(true).unwrap();
    for byte in binary {
        client.write_all(&[*byte]).unwrap();
    }
    expect(&mut arrivals.recv_timeout(DEADLINE).unwrap(), told);
}

#[test]
fn the_client_that_was_told_is_the_one_that_counts() {
    let listener = "protocol: tcp, proxy_protocol: require";
    let servers = [("a", echo("a")), ("b", echo("b")), ("c", echo("c"))];
    let bench = Bench::run(&lab(listener, "stickiness: source(),", &servers));
    let visit = |last: u8| {
        let mut client = bench.dial("front").0;
        write!(client, "PROXY TCP4 192.0.2.{last} 198.51.100.7 4000 443\r\n").unwrap();
        let mut name = [0];
        client.read_exact(&mut name).unwrap();
        char::from(name[0])
    };
    let first: String = [1, 2, 3, 4].map(visit).iter().collect();
    assert_eq!(first, "abca");
    let again: String = [4, 3, 2, 1].map(visit).iter().collect();
    assert_eq!(again, "acba");
}

#[test]
fn a_connection_without_a_header_that_must_be_there_reaches_no_server() {
    let (address, arrivals) = handed_over();
    let listener = "protocol: tcp, proxy_protocol: require";
    let bench = Bench::run(&lab(listener, "", &[("a", address)]));
    let mut client = bench.dial("front").0;
    client.write_all(b"hello, I am nobody\r\n").unwrap();
    assert!(!client.read(&mut [0]).is_ok_and(|n_bytes| n_bytes > 0));
    assert!(arrivals.try_recv().is_err());
}
