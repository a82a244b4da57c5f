//! What the tests of abuse have in common.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::bench::{Bench, named_server};
use crate::message::{Message, Stop, Wire};

/// A proxy in front of one good server, with these limits and this route.
pub(crate) fn bench(limits: &str, route: &str) -> Bench {
    bench_before(named_server("a"), limits, route)
}

pub(crate) fn bench_before(server: SocketAddr, limits: &str, route: &str) -> Bench {
    Bench::run(&format!(
        "(version: 1, workers: 1, limits: ({limits}), listeners: [(name: \"front\", \
         address: \"127.0.0.1:0\", routes: [(to: pool(\"web\"), {route})])], \
         pools: [(name: \"web\", servers: [(name: \"a\", address: \"{server}\")])])"
    ))
}

pub(crate) fn dial(bench: &Bench) -> Wire {
    Wire::connect(bench.address("front"))
}

/// One more request on a connection.
pub(crate) fn ask(wire: &mut Wire) -> Result<Message, Stop> {
    wire.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    answer(wire)
}

pub(crate) fn answer(wire: &mut Wire) -> Result<Message, Stop> {
    let mut message = wire.head()?;
    let framing = message.answer_framing(false);
    wire.body(&mut message, framing);
    Ok(message)
}

/// Somebody who means no harm is served.
pub(crate) fn assert_serves(bench: &Bench) {
    let answer = ask(&mut dial(bench)).unwrap();
    assert_eq!((answer.status(), answer.body.as_slice()), (200, &b"a"[..]));
}

/// The proxy ended the connection, with one of these statuses or without a word.
pub(crate) fn assert_turned_away(wire: &mut Wire, statuses: &[u16]) {
    if let Ok(message) = wire.head() {
        assert!(statuses.contains(&message.status()), "{}", message.line);
    }
    assert_ne!(wire.drain(), Stop::Late, "the connection is still there");
}

pub(crate) fn open_connections(bench: &Bench) -> usize {
    bench.shared().tallies.connections.load(Relaxed)
}

/// Waits for a condition, for so long that only a fault can miss it.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}

/// Memory in use by this process, where the system tells.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

pub(crate) const MEGABYTE: u64 = 1024 * 1024;
