//! Servers are asked how they are, and those that are not well get no requests.

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use evenkeel::balance::Health;
use evenkeel::balance::health::Cause;
use evenkeel::proxy::What;

use crate::bench::{Bench, Wire};
use crate::origin::{Origin, Reply, get, lab, wait_until};

/// What happened to the servers' health since the last look.
pub(crate) fn health_events(bench: &Bench) -> Vec<(String, Health, Cause)> {
    let events = bench.shared().events.drain();
    let healths = events.filter_map(|event| match event.what {
        What::Health { server, to, cause, .. } => Some((server.to_string(), to, cause)),
        _ => None,
    });
    healths.collect()
}

pub(crate) fn health_of(bench: &Bench, server: usize) -> Health {
    bench.pool("web").balancing().members()[server].standing.health()
}

pub(crate) fn await_health(bench: &Bench, server: usize, health: Health) {
    wait_until(&format!("server {server} is {health:?}"), || health_of(bench, server) == health);
}

pub(crate) fn checked(probe: &str) -> String {
    format!(
        "health: (active: (probe: {probe}, interval: \"20ms\", timeout: \"5s\", rise: 2, fall: 3))"
    )
}

#[test]
fn a_server_that_fails_its_checks_gets_no_requests_until_it_passes_again() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let bench = Bench::run(&lab(
        &[("a", &a, ""), ("b", &b, "")],
        &checked("http(path: \"/up\", host: \"shop.example\")"),
        "",
    ));
    let front = bench.address("front");
    wait_until("both were checked", || a.probes().len() > 2 && b.probes().len() > 2);
    assert_eq!(health_of(&bench, 0), Health::Up);
    a.answer_with(|asked| if asked.is_probe() { Reply::Status(500) } else { Reply::Name });
    await_health(&bench, 0, Health::Down);
    let before = a.n_asked();
    assert!((0..6).all(|_| get(front).body == "b"));
    assert_eq!(a.n_asked(), before);
    a.answer_with(|_| Reply::Name);
    await_health(&bench, 0, Health::Up);
    assert!((0..2).any(|_| get(front).body == "a"));
    let probe = &a.probes()[0].head;
    assert!(probe.starts_with("GET /up HTTP/1.1\r\n"), "{probe}");
    for field in ["host: shop.example", "user-agent: evenkeel-health", "x-evenkeel-probe: 1"] {
        assert!(probe.contains(field), "{probe}");
    }
    let events = health_events(&bench);
    assert_eq!(events[0], ("a".into(), Health::Down, Cause::ChecksFailed { in_a_row: 3 }));
    assert_eq!(events[1], ("a".into(), Health::Up, Cause::ChecksPassed { in_a_row: 2 }));
    let counted = bench.pool("web").servers[0].meter.counters.read().started;
    assert_eq!(counted, a.n_asked() as u64, "checks are no requests");
}

#[test]
fn a_connection_is_enough_for_a_tcp_check() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], &checked("tcp"), ""));
    wait_until("both were checked", || a.n_accepted() > 2 && b.n_accepted() > 2);
    a.die();
    await_health(&bench, 0, Health::Down);
    a.revive();
    await_health(&bench, 0, Health::Up);
    assert_eq!(health_of(&bench, 1), Health::Up);
}

#[test]
fn status_and_text_are_what_the_check_asks_for() {
    let answers = [
        ("204 in range", "HTTP/1.1 204 No Content\r\n\r\n", "", true),
        ("302 beyond range", "HTTP/1.1 302 So\r\ncontent-length: 0\r\n\r\n", "", false),
        ("text there", "HTTP/1.1 200 So\r\ncontent-length: 8\r\n\r\nall fine", "fine", true),
        ("text not there", "HTTP/1.1 200 So\r\ncontent-length: 8\r\n\r\nall well", "fine", false),
        ("not HTTP", "hello\r\n\r\n", "", false),
    ];
    for (what, answer, text, good) in answers {
        let a = Origin::answering("a", move |_| Reply::ThenClose(Reply::Raw(answer.into()).into()));
        let body =
            if text.is_empty() { String::new() } else { format!(", body: Some(\"{text}\")") };
        let probe = format!("http(path: \"/\", status: (200, 299){body})");
        let bench = Bench::run(&lab(&[("a", &a, "")], &checked(&probe), ""));
        wait_until(what, || a.n_accepted() > 8);
        assert_eq!(health_of(&bench, 0) == Health::Up, good, "{what}");
    }
}

#[test]
fn a_body_without_end_is_not_read_to_its_end() {
    let flood = format!("HTTP/1.1 200 So\r\n\r\n{}", "x".repeat(300_000));
    let a = Origin::answering("a", move |_| {
        Reply::After(Duration::ZERO, Reply::Raw(flood.clone()).into())
    });
    let probe = "http(path: \"/\", body: Some(\"never\"))";
    let bench = Bench::run(&lab(&[("a", &a, "")], &checked(probe), ""));
    await_health(&bench, 0, Health::Down);
}

#[test]
fn a_check_speaks_the_proxy_protocol_where_requests_do() {
    for (version, greeting) in
        [("v1", "PROXY UNKNOWN\r\n"), ("v2", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, hears) = mpsc::sync_channel(1);
        let read = move || {
            let mut wire = Wire(listener.accept().unwrap().0);
            heard.send(wire.read_until("x-evenkeel-probe: 1")).unwrap();
        };
        std::thread::Builder::new().name("listening".to_owned()).spawn(read).unwrap();
        let _bench = Bench::run(&format!(
            "(version: 1, pools: [(name: \"web\", servers: [(name: \"a\", address: \"{address}\")], \
             {}, upstream: (proxy_protocol: {version}))], \
             listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\")])",
            checked("http(path: \"/\")")
        ));
        let heard = hears.recv().unwrap();
        assert_eq!(heard.split_once("GET / ").unwrap().0, greeting);
    }
}

#[test]
fn new_plans_keep_the_schedule_of_the_checks() {
    let a = Origin::start("a");
    let mut bench = Bench::run(&lab(
        &[("a", &a, "")],
        "health: (active: (probe: http(path: \"/\"), interval: \"200ms\", timeout: \"100ms\"))",
        "",
    ));
    let mut weight = 1;
    wait_until("five checks came between ever new plans", || {
        weight = weight % 100 + 1;
        bench.lab.pools[0].servers[0].weight = weight;
        bench.publish();
        std::thread::sleep(Duration::from_millis(10));
        a.probes().len() >= 5
    });
}

#[test]
fn a_server_stays_down_over_new_plans_and_comes_up_when_checks_are_switched_off() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], &checked("tcp"), ""));
    a.die();
    await_health(&bench, 0, Health::Down);
    bench.lab.pools[0].servers[1].weight = 3;
    bench.publish();
    assert_eq!(health_of(&bench, 0), Health::Down);
    bench.lab.pools[0].servers.reverse();
    bench.publish();
    assert_eq!((health_of(&bench, 0), health_of(&bench, 1)), (Health::Up, Health::Down));
    health_events(&bench);
    bench.lab.pools[0].health.active = None;
    bench.publish();
    assert_eq!(health_of(&bench, 1), Health::Up);
    assert_eq!(health_events(&bench), [("a".into(), Health::Up, Cause::RulesChanged)]);
    let accepted = b.n_accepted();
    std::thread::sleep(Duration::from_millis(100));
    assert!(b.n_accepted() <= accepted + 1, "checks go on though they were switched off");
}
