//! The answers to real requests tell who is well: ejection, panic, the circuit breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use evenkeel::balance::Health;
use evenkeel::balance::health::Cause;

use crate::bench::Bench;
use crate::checks::{health_events, health_of};
use crate::origin::{Client, Origin, Reply, get, lab, lab_with_route, wait_until};

const ONE_TRY: &str = "retries: (attempts: 1)";
const EJECT: &str = "health: (passive: (consecutive_failures: 3, count_server_errors: true, \
                     interval: \"1h\"), ejection: (base: \"150ms\", max: \"10s\"))";

fn failing(name: &str) -> Origin {
    Origin::answering(name, |_| Reply::Status(500))
}

/// Asks until a server's health has changed to this.
fn ask_until(bench: &Bench, server: usize, health: Health) {
    let front = bench.address("front");
    wait_until(&format!("server {server} is {health:?}"), || {
        get(front);
        health_of(bench, server) == health
    });
}

#[test]
fn failures_in_a_row_eject_a_server_and_for_longer_each_time() {
    let (a, b) = (failing("a"), Origin::start("b"));
    let bench = Bench::run(&lab_with_route(&[("a", &a, ""), ("b", &b, "")], EJECT, ONE_TRY));
    let mut spells_ms = Vec::new();
    for _ in 0..3 {
        ask_until(&bench, 0, Health::Ejected);
        let before = a.n_asked();
        assert!((0..5).all(|_| get(bench.address("front")).body == "b"));
        assert_eq!(a.n_asked(), before);
        wait_until("it is let in again", || health_of(&bench, 0) == Health::Up);
        let [ejected, up] = &times(&bench)[..] else { panic!("two changes") };
        spells_ms.push((up - ejected) / 1_000_000);
    }
    assert!(spells_ms[0] >= 150 && spells_ms[1] >= 300 && spells_ms[2] >= 450, "{spells_ms:?}");
}

fn times(bench: &Bench) -> Vec<u64> {
    bench.shared().events.drain().map(|event| event.at_ns).collect()
}

#[test]
fn a_good_answer_makes_up_for_failures_before_it() {
    let count = Arc::new(AtomicUsize::new(0));
    let a = Origin::answering("a", move |_| match count.fetch_add(1, SeqCst) % 3 {
        2 => Reply::Name,
        _ => Reply::Status(500),
    });
    let b = Origin::start("b");
    let bench = Bench::run(&lab_with_route(&[("a", &a, ""), ("b", &b, "")], EJECT, ONE_TRY));
    let mut client = Client::connect(bench.address("front"));
    for _ in 0..60 {
        client.get("");
    }
    assert_eq!(a.n_asked(), 30);
    assert_eq!(health_events(&bench), []);
}

#[test]
fn good_intervals_shorten_the_next_ejection() {
    let (a, b) = (failing("a"), Origin::start("b"));
    let rules = EJECT.replace("1h", "40ms");
    let bench = Bench::run(&lab_with_route(&[("a", &a, ""), ("b", &b, "")], &rules, ONE_TRY));
    let mut spells_ms = Vec::new();
    for _ in 0..3 {
        ask_until(&bench, 0, Health::Ejected);
        wait_until("it is let in again", || health_of(&bench, 0) == Health::Up);
        let [ejected, up] = &times(&bench)[..] else { panic!("two changes") };
        spells_ms.push((up - ejected) / 1_000_000);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(spells_ms.iter().all(|&spell_ms| spell_ms < 290), "{spells_ms:?}");
}

#[test]
fn a_server_that_refuses_is_ejected_without_a_failed_request() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    a.die();
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], EJECT, ""));
    let front = bench.address("front");
    assert!((0..10).all(|_| get(front).body == "b"));
    let events = health_events(&bench);
    assert_eq!(events, [("a".into(), Health::Ejected, Cause::FailuresInARow { count: 3 })]);
}

#[test]
fn below_the_panic_threshold_health_is_ignored() {
    let (a, b) = (failing("a"), Origin::start("b"));
    let rules = EJECT.replace("150ms", "10s");
    let servers = [("a", &a, ""), ("b", &b, "")];
    let mut bench = Bench::run(&lab_with_route(&servers, &rules, ONE_TRY));
    ask_until(&bench, 0, Health::Ejected);
    bench.lab.pools[0].over_provisioning = Some(140);
    bench.lab.pools[0].panic_below = 51;
    bench.publish();
    let bodies: Vec<String> = (0..4).map(|_| get(bench.address("front")).body).collect();
    assert_eq!(bodies.iter().filter(|body| *body == "500 of a").count(), 2, "{bodies:?}");
    bench.lab.pools[0].panic_below = 50;
    bench.publish();
    assert!((0..4).all(|_| get(bench.address("front")).body == "b"));
}

#[test]
fn an_open_circuit_is_tried_by_one_request_at_a_time_before_it_closes() {
    let (a, b) = (failing("a"), Origin::start("b"));
    let rules = "health: (passive: (consecutive_failures: 0, count_server_errors: true), \
                 breaker: (failure_percent: 50, min_requests: 4, open: \"100ms\", trials: 3))";
    let text = lab_with_route(&[("a", &a, ""), ("b", &b, "")], rules, ONE_TRY);
    let bench = Bench::run(&text.replacen("version: 1,", "version: 1, workers: 2,", 1));
    ask_until(&bench, 0, Health::Ejected);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    a.answer_with(move |_| {
        seen.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        now.fetch_sub(1, SeqCst);
        Reply::Name
    });
    let before = a.n_asked();
    wait_until("it is on trial", || health_of(&bench, 0) == Health::Trial);
    let front = bench.address("front");
    let mut clients: Vec<Client> = (0..8).map(|_| Client::connect(front)).collect();
    while a.n_asked() - before < 3 {
        for client in &mut clients {
            client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        }
        assert!(clients.iter_mut().all(|client| client.answer().unwrap().status == 200));
        assert!(a.n_asked() - before > 3 || most.load(SeqCst) <= 1, "two trials at once");
    }
    wait_until("the circuit is closed", || health_of(&bench, 0) == Health::Up);
    let events = health_events(&bench);
    let to: Vec<Health> = events.iter().map(|(_, to, _)| *to).collect();
    assert_eq!(to, [Health::Ejected, Health::Trial, Health::Up]);
    assert_eq!(events[2].2, Cause::CircuitClosed);
}

#[test]
fn whoever_waits_moves_to_a_server_that_comes_up() {
    let (a, b) = (failing("a"), Origin::answering("b", |_| Reply::Hang));
    let servers = [("a", &a, ""), ("b", &b, "concurrency: Some(1)")];
    let bench = Bench::run(&lab_with_route(&servers, EJECT, ONE_TRY));
    let front = bench.address("front");
    let mut held = Vec::new();
    while health_of(&bench, 0) != Health::Ejected {
        let mut client = Client::connect(front);
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        held.push(client);
        std::thread::sleep(Duration::from_millis(10));
    }
    a.answer_with(|_| Reply::Name);
    let mut waiting: Vec<Client> = (0..3).map(|_| Client::connect(front)).collect();
    for client in &mut waiting {
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    }
    let answers = waiting.iter_mut().map(|client| client.answer().unwrap().body);
    assert!(answers.into_iter().all(|body| body == "a"));
}
