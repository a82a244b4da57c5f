//! HTTP as the RFCs write it: what clients and servers may see of the proxy between them, byte for byte.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../proxy/bench.rs"]
#[expect(dead_code, reason = "these tests bring servers and connections of their own")]
mod bench;
mod case;
mod client;
mod h2;
mod judge;
mod message;
mod peer;
mod runner;
#[path = "../proxy/secrets.rs"]
#[expect(dead_code, reason = "nothing here is encrypted")]
mod secrets;
mod server;
mod table;
#[path = "../proxy/vigil.rs"]
mod vigil;

macro_rules! tables {
    ($($table:ident),* $(,)?) => {
        $(#[test]
        fn $table() {
            runner::run(&table::$table::cases());
        })*
    };
}

tables! {
    targets,
    hosts,
    syntax,
    framing,
    chunks,
    hop_by_hop,
    forwarded,
    request_bodies,
    answers,
    bad_answers,
    connections,
    interims,
    upgrades,
    limits,
}

#[test]
fn requests_of_http2() {
    h2::run(&h2::requests());
}

#[test]
fn malformed_requests_of_http2() {
    h2::run(&h2::malformed_requests());
}

#[test]
fn broken_connections_of_http2() {
    h2::run(&h2::broken_connections());
}
