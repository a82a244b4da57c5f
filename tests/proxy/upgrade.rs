//! Connections that become something else.

use std::net::Shutdown;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use evenkeel::meter::Outcome;

use crate::bench::Bench;
use crate::http_kit::{block, eventually, in_flight, lab_to, raw_server};

const ASKS: &str = "GET /chat HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const GRANTS: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Grants an upgrade, speaks first, echoes until the client has said all, and then says one thing more.
fn echo_server() -> std::net::SocketAddr {
    raw_server(|mut wire| {
        let head = wire.read_until("\r\n\r\n");
        assert!(head.contains("connection: upgrade\r\n"), "{head}");
        assert!(head.contains("upgrade: websocket\r\n"), "{head}");
        wire.send(&format!("{GRANTS}hello"));
        let said = wire.read_to_end();
        wire.send(&format!("you said {said}"));
    })
}

fn outcome(bench: &Bench, outcome: Outcome) -> u64 {
    bench.shared().plan().listener(0).unwrap().meter.counters.read().of(outcome)
}

#[test]
fn a_tunnel_carries_both_ways_and_half_closes() {
    let bench = Bench::run(&lab_to(echo_server(), "http1", ""));
    let mut client = bench.dial("front");
    client.send(ASKS);
    let head = client.read_until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("upgrade: websocket\r\n"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    client.read_until("hello");
    assert_eq!(in_flight(bench.shared()), 1);
    // What would be a broken request if anybody still took it for one.
    client.send("\0 not HTTP\n");
    client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read_to_end(), "you said \0 not HTTP\n");
    block(eventually("ended", || outcome(&bench, Outcome::Carried) == 1));
    assert_eq!(in_flight(bench.shared()), 0);
    let counters = bench.shared().plan().listener(0).unwrap().meter.counters.read();
    assert_eq!((counters.bytes_in, counters.bytes_out), (11, 25));
    assert_eq!(bench.shared().tallies.connections.load(SeqCst), 0);
}

#[test]
fn bytes_behind_the_request_wait_for_the_answer() {
    let bench = Bench::run(&lab_to(echo_server(), "http1", ""));
    let mut client = bench.dial("front");
    client.send(&format!("{ASKS}at once"));
    client.read_until("hello");
    client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read_to_end(), "you said at once");
}

#[test]
fn a_refused_upgrade_is_a_plain_answer() {
    let server = raw_server(|mut wire| {
        for _ in 0..2 {
            wire.read_until("\r\n\r\n");
            wire.send("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
        }
    });
    let bench = Bench::run(&lab_to(server, "http1", ""));
    let mut client = bench.dial("front");
    for _ in 0..2 {
        client.send(ASKS);
        assert!(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 403 Forbidden\r\n"));
        client.read_until("no");
    }
    block(eventually("ended", || in_flight(bench.shared()) == 0));
}

#[test]
fn upgrades_that_nobody_should_follow_are_not_forwarded() {
    let server = raw_server(|mut wire| {
        for _ in 0..10 {
            let head = wire.read_until("\r\n\r\n").to_lowercase();
            let seen = head.contains("upgrade");
            wire.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{seen:5}"));
        }
    });
    let bench = Bench::run(&lab_to(server, "http1", ""));
    let h2c = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\
        http2-settings: AAMAAABkAAQAAP__\r\n\r\n";
    let unnamed = "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n";
    let old = "GET / HTTP/1.0\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    for request in [h2c, unnamed, old] {
        let mut client = bench.dial("front");
        client.send(request);
        client.read_until("\r\n\r\n");
        assert_eq!(client.read_until("e"), "false", "{request}");
    }
}

#[test]
fn a_switch_nobody_asked_for_is_a_bad_answer() {
    let server = raw_server(|mut wire| {
        wire.read_until("\r\n\r\n");
        wire.send(GRANTS);
        wire.read_to_end();
    });
    let bench = Bench::run(&lab_to(server, "http1", ""));
    let mut client = bench.dial("front");
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 502 "));
}

#[test]
fn connect_is_refused_with_a_reason() {
    let bench = Bench::run(&lab_to(echo_server(), "http1", ""));
    let mut client = bench.dial("front");
    client.send("CONNECT internal:22 HTTP/1.1\r\nhost: internal:22\r\n\r\n");
    let answer = client.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
    assert!(answer.contains("CONNECT is not allowed"), "{answer}");
}

#[test]
fn connect_opens_a_tunnel_where_it_is_allowed() {
    let server = raw_server(|mut wire| {
        let head = wire.read_until("\r\n\r\n");
        assert!(head.starts_with("CONNECT internal:22 HTTP/1.1\r\n"), "{head}");
        wire.send("HTTP/1.1 200 OK\r\n\r\nhello");
        let said = wire.read_to_end();
        wire.send(&format!("you said {said}"));
    });
    let lab = lab_to(server, "http1", "").replace("routes:", "http: (connect: true), routes:");
    let bench = Bench::run(&lab);
    let mut client = bench.dial("front");
    client.send("CONNECT internal:22 HTTP/1.1\r\nhost: internal:22\r\n\r\n");
    assert!(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
    client.read_until("hello");
    client.send("ping");
    client.0.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.read_to_end(), "you said ping");
}

#[test]
fn a_silent_tunnel_ends_after_its_time() {
    let lab = lab_to(echo_server(), "http1", "").replace("idle: \"1s\"", "tunnel: \"200ms\"");
    let bench = Bench::run(&lab);
    let mut client = bench.dial("front");
    client.send(ASKS);
    client.read_until("hello");
    client.read_to_end();
    block(eventually("let go", || in_flight(bench.shared()) == 0));
}

#[test]
fn a_closed_listener_closes_its_tunnels() {
    let bench = Bench::run(&lab_to(echo_server(), "http1", ""));
    let mut client = bench.dial("front");
    client.send(ASKS);
    client.read_until("hello");
    bench.close("front", Duration::from_millis(50));
    client.read_to_end();
    block(eventually("let go", || in_flight(bench.shared()) == 0));
}
