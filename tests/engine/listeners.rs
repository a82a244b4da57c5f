//! What does not speak HTTP: TCP, UDP, TLS that is led on unopened.

use crate::kit::{Running, connect_tls, echo, echo_udp};

#[test]
fn tcp_is_carried_both_ways_and_half_closed() {
    let running = Running::start(
        "tcp",
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", protocol: tcp, pool: "echo")],
            pools: [(
                name: "echo",
                servers: [(name: "a", mock: (latency: constant("1ms"))), (name: "b", mock: (latency: constant("1ms")))],
                mocks: (protocol: tcp_echo),
            )],
        )"#,
    );
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
    for _ in 0..4 {
        assert!(echo(running.address("front"), &bytes) == bytes);
    }
    let shares = running.engine.observe().figures;
    let shares = shares.pool("echo").unwrap().shares().into_iter().map(|(_, share)| share);
    assert_eq!(shares.collect::<Vec<_>>(), [0.5, 0.5]);
}

#[test]
fn datagrams_come_back_from_the_address_they_were_sent_to() {
    let running = Running::start(
        "udp",
        r#"(
            version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", protocol: udp, pool: "echo")],
            pools: [(
                name: "echo",
                servers: [(name: "a", mock: (latency: constant("1ms"))), (name: "b", mock: (latency: constant("1ms")))],
                mocks: (protocol: udp_echo),
            )],
        )"#,
    );
    for number in 0..8_u8 {
        assert_eq!(echo_udp(running.address("front"), &[number; 100]), [number; 100]);
    }
}

#[test]
fn tls_is_led_on_unopened_by_the_name_it_asks_for() {
    // The inner listener has the certificates; the outer one has none and looks at the name only.
    let inner = Running::start(
        "passthrough",
        r#"(
            version: 1,
            listeners: [(
                name: "inner",
                address: "127.0.0.1:0",
                routes: [(to: answer(status: 200, body: "from within"))],
                tls: (certificates: local(hosts: ["inner.test"])),
            )],
        )"#,
    );
    let to = inner.address("inner");
    let text = format!(
        r#"(
            version: 1,
            listeners: [(
                name: "outer",
                address: "127.0.0.1:0",
                protocol: tls_passthrough,
                routes: [(when: (sni: ["inner.test"]), to: pool("inner"))],
            )],
            pools: [(name: "inner", servers: [(name: "a", address: "{to}")])],
        )"#
    );
    let outer = Running::start("passthrough-outer", &text);
    let mut stream = connect_tls(outer.address("outer"), "inner.test", &inner.trusting());
    let (status, _, body) = crate::kit::ask(&mut stream, "/");
    assert_eq!((status, body.as_str()), (200, "from within"));
}
