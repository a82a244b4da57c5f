//! What is under way can be seen before it has ended.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use crate::kit::{Running, connect, wait_for};

/// One slow place at `a`, so that of three requests one is in service and two wait.
const LAB: &str = r#"(
    version: 1,
    workers: 1,
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
    pools: [(
        name: "web",
        servers: [(name: "a", mock: (latency: constant("30s"), concurrency_limit: 1))],
    )],
)"#;

#[test]
fn a_request_is_seen_on_its_way_before_its_record_is_whole() {
    let running = Running::start("under-way", LAB);
    let address = running.address("front");
    let clients: Vec<_> = (0..3).map(|_| send(address)).collect();
    let mut begun = Vec::new();
    wait_for("three tries", || {
        let seen = running.engine.observe();
        assert!(seen.requests.is_empty(), "none has ended");
        begun.extend(seen.begun);
        let mock = seen.pools[0].servers[0].mock;
        begun.len() == 3 && mock.is_some_and(|mock| (mock.busy, mock.waiting) == (1, 2))
    });
    assert!(begun.iter().all(|it| &*it.server == "a" && it.attempt == 0));
    assert!(begun.iter().all(|it| it.pool.as_deref() == Some("web") && it.came_ns <= it.at_ns));
    drop(clients);
}

/// A request whose answer nobody waits for yet.
fn send(address: SocketAddr) -> TcpStream {
    let mut client = connect(address);
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    client
}
