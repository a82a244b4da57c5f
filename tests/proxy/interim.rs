//! Answers before the answer: 103 is passed on, 100 lets a body begin when its server wants it.

use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::Empty;

use crate::bench::Bench;
use crate::http_kit::{
    ask_http1, ask_http2, block, http2, http2_server, lab_to, raw_server, request,
};

const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n";
const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

#[test]
fn early_hints_reach_clients_of_both_versions() {
    let http1_server = raw_server(|mut wire| {
        for _ in 0..2 {
            wire.read_until("\r\n\r\n");
            wire.send(HINTS);
            std::thread::sleep(Duration::from_millis(20));
            wire.send(HINTS);
            wire.send(FINE);
        }
    });
    for (server, protocol, n) in [(http1_server, "http1", 2), (http2_server(), "h2c", 1)] {
        let bench = Bench::run(&lab_to(server, protocol, ""));
        let hints = vec![StatusCode::EARLY_HINTS; n];
        block(async {
            let plain: Request<Empty<bytes::Bytes>> =
                request("GET", "/hints").body(Empty::new()).unwrap();
            let reply = ask_http1(bench.address("front"), plain).await.unwrap();
            assert_eq!((reply.status.as_u16(), reply.interims), (200, hints.clone()), "{protocol}");
            let mut sender = http2(bench.address("front")).await;
            let plain = request("GET", "/hints").body(()).unwrap();
            let reply = ask_http2(&mut sender, plain, &[], None).await.unwrap();
            assert_eq!((reply.status.as_u16(), reply.interims), (200, hints), "{protocol}");
        });
    }
}

const ASKS: &str =
    "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";

#[test]
fn a_body_is_asked_for_when_its_server_asks() {
    let server = raw_server(|mut wire| {
        let head = wire.read_until("\r\n\r\n");
        assert!(head.contains("expect: 100-continue"), "{head}");
        wire.send("HTTP/1.1 100 Continue\r\n\r\n");
        wire.read_until("body");
        wire.send(FINE);
    });
    let bench = Bench::run(&lab_to(server, "http1", ""));
    let mut client = bench.dial("front");
    client.send(ASKS);
    assert_eq!(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    assert!(client.read_until("fine").starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_server_that_does_not_know_the_expectation_gets_the_body_after_a_while() {
    let server = raw_server(|mut wire| {
        wire.read_until("body");
        wire.send(FINE);
    });
    let bench = Bench::run(&lab_to(server, "http1", ""));
    let mut client = bench.dial("front");
    client.send(ASKS);
    client.read_until("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    client.read_until("fine");
}

#[test]
fn a_refusal_comes_without_asking_for_the_body_and_closes() {
    let server = raw_server(|mut wire| {
        wire.read_until("\r\n\r\n");
        wire.send("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
        wire.read_to_end();
    });
    let dead = "127.0.0.1:9".parse().unwrap();
    for (server, status) in [(server, "401"), (dead, "502")] {
        let bench = Bench::run(&lab_to(server, "http1", ""));
        let mut client = bench.dial("front");
        client.send(ASKS);
        let answer = client.read_to_end();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(!answer.contains("100 Continue"), "{answer}");
    }
}

#[test]
fn a_body_is_asked_for_over_http2() {
    let server = raw_server(|mut wire| {
        wire.read_until("\r\n\r\n");
        wire.send("HTTP/1.1 100 Continue\r\n\r\n");
        wire.read_until("body");
        wire.send(FINE);
    });
    let bench = Bench::run(&lab_to(server, "http1", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let post = request("POST", "/").header("expect", "100-continue").body(()).unwrap();
        let body = [bytes::Bytes::from_static(b"body")];
        let reply = ask_http2(&mut sender, post, &body, None).await.unwrap();
        assert_eq!(reply.interims, [StatusCode::CONTINUE]);
        assert_eq!(reply.body, b"fine");
    });
}
