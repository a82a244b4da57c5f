//! What is tried again, what never is, and what keeps retries within bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use evenkeel::lab::{Budget, RetryOn};
use evenkeel::meter::{Outcome, TimeoutKind};

use crate::bench::Bench;
use crate::origin::{Answer, Asked, Client, Origin, Reply, get, lab_with_route, wait_until};

const QUICK: &str = "backoff: (base: \"0s\", max: \"0s\")";
const PATIENT: &str = "health: (passive: (consecutive_failures: 0))";

/// A pool of the servers behind a route with these settings.
fn bench(servers: &[&Origin], route: &str) -> Bench {
    let names = ["a", "b", "c", "d"];
    let servers: Vec<_> =
        names.iter().zip(servers).map(|(name, origin)| (*name, *origin, "")).collect();
    Bench::run(&lab_with_route(&servers, PATIENT, route))
}

fn retries(on: &str) -> String {
    format!("retries: (attempts: 3, on: [{on}], {QUICK})")
}

fn all_idle(bench: &Bench) {
    let pool = bench.pool("web");
    wait_until("nothing is in flight", || {
        (0..pool.servers.len()).all(|server| pool.in_flight(server) == 0)
    });
}

#[test]
fn a_get_goes_to_another_server_when_its_connection_breaks() {
    let (a, b) = (Origin::answering("a", |_| Reply::Close), Origin::start("b"));
    let bench = bench(&[&a, &b], &retries("connect, reset"));
    assert!((0..6).all(|_| get(bench.address("front")).body == "b"));
    assert!(a.n_asked() >= 3);
    all_idle(&bench);
}

#[test]
fn a_post_is_not_repeated_after_a_server_has_seen_it_unless_the_route_says_so() {
    for (more, status, n_seen) in [("", 502, 1), ("non_idempotent: true,", 200, 2)] {
        let (a, b) = (Origin::answering("a", |_| Reply::Close), Origin::start("b"));
        let route =
            retries("connect, reset").replace("attempts: 3,", &format!("attempts: 3, {more}"));
        let bench = bench(&[&a, &b], &route);
        let answer = Client::connect(bench.address("front")).post("order");
        assert_eq!((answer.status, a.n_asked() + b.n_asked()), (status, n_seen));
        assert!(b.asked().iter().all(|asked| asked.body == "order"));
    }
}

#[test]
fn a_post_goes_on_where_no_server_has_seen_it() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    a.die();
    let bench = bench(&[&a, &b], &retries("connect"));
    let mut client = Client::connect(bench.address("front"));
    assert!((0..4).all(|_| client.post("order").body == "b"));
    assert_eq!(b.n_asked(), 4);
}

#[test]
fn a_server_that_dies_under_load_costs_no_request() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let bench = bench(&[&a, &b], &retries("connect, reset"));
    let front = bench.address("front");
    std::thread::scope(|scope| {
        let ask = || {
            let mut client = Client::connect(front);
            assert!((0..300).all(|_| client.get("").status == 200));
        };
        for number in 0..4 {
            let builder = std::thread::Builder::new().name(format!("client-{number}"));
            builder.spawn_scoped(scope, ask).unwrap();
        }
        for _ in 0..3 {
            a.wait_for_asked(a.n_asked() + 10);
            a.die();
            a.revive();
        }
    });
    all_idle(&bench);
}

/// Answers so many requests on each connection and then closes it without a word.
fn closing_after(name: &str, most: usize) -> Origin {
    Origin::answering(name, move |asked| match (asked.connection * 7 + asked.nth) % most {
        0 => Reply::ThenClose(Reply::Name.into()),
        _ => Reply::Name,
    })
}

#[test]
fn a_connection_closed_while_it_rested_costs_no_get_even_without_retries() {
    let a = closing_after("a", 4);
    let bench = bench(&[&a], "retries: (attempts: 1)");
    let mut client = Client::connect(bench.address("front"));
    assert!((0..400).all(|_| client.get("").body == "a"));
    assert!(a.n_accepted() > 50);
}

#[test]
fn a_post_is_never_sent_twice_over_connections_that_were_closed() {
    let a = closing_after("a", 3);
    let bench = bench(&[&a], &retries("connect, reset"));
    let mut client = Client::connect(bench.address("front"));
    let mut n_good = 0;
    for number in 0..300 {
        n_good += usize::from(client.post(&format!("order {number}")).status == 200);
    }
    let mut seen: Vec<String> = a.asked().into_iter().map(|asked| asked.body).collect();
    let n_seen = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), n_seen, "an order came twice");
    assert!(n_good > 250, "{n_good} of 300 orders went through");
}

#[test]
fn a_kept_body_is_sent_again_and_a_longer_one_is_not() {
    let put = |length: usize| {
        let body = "x".repeat(length);
        format!("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    for (length, status) in [(1_000, 200), (100_000, 502)] {
        let (a, b) = (Origin::answering("a", |_| Reply::Close), Origin::start("b"));
        let bench = bench(&[&a, &b], &retries("reset"));
        let answer = Client::connect(bench.address("front")).ask(&put(length));
        assert_eq!(answer.status, status, "{length}");
        assert!(b.asked().iter().all(|asked| asked.body.len() == length));
    }
}

#[test]
fn the_last_answer_of_a_server_reaches_the_client_when_retries_are_used_up() {
    let (a, b) = (
        Origin::answering("a", |_| Reply::Status(503)),
        Origin::answering("b", |_| Reply::Status(503)),
    );
    let bench = bench(&[&a, &b], &retries("gateway_error"));
    let answer = get(bench.address("front"));
    assert_eq!((answer.status, &answer.body[..6]), (503, "503 of"));
    assert_eq!(a.n_asked() + b.n_asked(), 3);
    all_idle(&bench);
}

#[test]
fn an_answer_that_could_not_be_bettered_is_passed_on() {
    let (a, b) = (Origin::answering("a", |_| Reply::Status(503)), Origin::start("b"));
    b.die();
    let bench = bench(&[&a, &b], &retries("gateway_error"));
    let answers: Vec<Answer> = (0..2).map(|_| get(bench.address("front"))).collect();
    assert!(answers.iter().any(|answer| answer.body == "503 of a"), "{answers:?}");
    all_idle(&bench);
}

#[test]
fn a_slow_try_is_given_up_for_another_server() {
    for limit in ["timeouts: (response: \"60ms\")", "retries: (per_try_timeout: \"60ms\")"] {
        let (a, b) = (Origin::answering("a", |_| Reply::Hang), Origin::start("b"));
        let route = match limit.strip_prefix("retries: (") {
            Some(more) => retries("timeout").replace("attempts", &more.replace(')', ", attempts")),
            None => format!("{}, {limit}", retries("timeout")),
        };
        let bench = bench(&[&a, &b], &route);
        assert!((0..4).all(|_| get(bench.address("front")).body == "b"), "{limit}");
        assert!(a.n_asked() >= 2);
        all_idle(&bench);
    }
}

#[test]
fn the_total_time_holds_over_all_tries_and_the_body() {
    let hang = |_: &Asked| Reply::Hang;
    let a = Origin::answering("a", hang);
    let route = format!("{}, timeouts: (total: \"150ms\")", retries("timeout"))
        .replace("attempts", "per_try_timeout: \"60ms\", attempts");
    let bench = bench(&[&a], &route);
    let mut client = Client::connect(bench.address("front"));
    assert_eq!(client.get("").status, 504);
    assert!((2..=3).contains(&a.n_asked()));
    let half = "HTTP/1.1 200 So\r\ncontent-length: 100\r\n\r\nhalf";
    a.answer_with(move |_| Reply::Raw(half.to_owned()));
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.answer()));
    assert!(cut.is_err(), "an answer cut short looks whole");
    let counters = &bench.pool("web").servers[0].meter.counters;
    let late = Outcome::TimedOut(TimeoutKind::Total);
    wait_until("both were counted", || counters.read().of(late) == 2);
    all_idle(&bench);
}

#[test]
fn a_slow_upload_is_not_a_late_answer() {
    let a = Origin::start("a");
    let bench = bench(&[&a], "timeouts: (response: \"150ms\", idle: \"5s\")");
    let mut client = Client::connect(bench.address("front"));
    client.send("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\n");
    for _ in 0..8 {
        std::thread::sleep(Duration::from_millis(40));
        client.send("x");
    }
    assert_eq!(client.answer().unwrap().status, 200);
}

#[test]
fn a_client_that_stops_sending_its_body_is_told_and_its_server_not_blamed() {
    let a = Origin::start("a");
    let bench = bench(&[&a], "timeouts: (idle: \"50ms\")");
    let mut client = Client::connect(bench.address("front"));
    client.send("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 8\r\n\r\nhalf");
    assert_eq!(client.answer().unwrap().status, 408);
    all_idle(&bench);
    assert_eq!(bench.pool("web").servers[0].meter.counters.read().errors(), 0);
}

#[test]
fn retries_stay_within_their_budget() {
    let a =
        Origin::answering("a", |_| Reply::After(Duration::from_millis(30), Reply::Close.into()));
    let mut bench = bench(&[&a], &retries("reset"));
    let budget = Budget { percent: 0.0, floor: 1 };
    bench.lab.listeners[0].routes[0].retries.budget = budget;
    bench.lab.listeners[0].routes[0].retries.attempts = 2;
    bench.lab.listeners[0].routes[0].retries.on = vec![RetryOn::Reset];
    bench.publish();
    let mut clients: Vec<Client> =
        (0..8).map(|_| Client::connect(bench.address("front"))).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    }
    assert!(clients.iter_mut().all(|client| client.answer().unwrap().status == 502));
    let n_retries = bench.shared().plan().listener(0).unwrap().meter.counters.read().retries;
    assert!((1..=3).contains(&n_retries), "{n_retries} retries with a floor of 1");
    assert_eq!(a.n_asked() as u64, 8 + n_retries);
    bench.lab.limits.retries = 0;
    bench.publish();
    assert_eq!(get(bench.address("front")).status, 503);
    assert_eq!(bench.shared().tallies.retry_limit_hits.load(SeqCst), 1);
    assert_eq!(bench.shared().tallies.retrying.load(SeqCst), 0);
}

#[test]
fn a_hedge_is_answered_by_whoever_is_first_and_the_other_is_let_go() {
    let count = Arc::new(AtomicUsize::new(0));
    let hangs = |_: &Asked| Reply::Hang;
    let a = Origin::answering("a", hangs);
    let seen = Arc::clone(&count);
    let b = Origin::answering("b", move |_| {
        seen.fetch_add(1, SeqCst);
        Reply::Name
    });
    let route = "retries: (attempts: 2, hedge: (after: \"30ms\", extra: 1))";
    let bench = bench(&[&a, &b], route);
    let mut client = Client::connect(bench.address("front"));
    assert!((0..6).all(|_| client.get("").body == "b"));
    all_idle(&bench);
    assert_eq!(count.load(SeqCst), 6);
    assert!(a.n_asked() >= 3);
    client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx");
    let mut other = Client::connect(bench.address("front"));
    other.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx");
    wait_until("both servers have a POST", || {
        a.asked().iter().any(Asked::is_post) && b.asked().iter().any(Asked::is_post)
    });
    std::thread::sleep(Duration::from_millis(80));
    let n_posts = [&a, &b].map(|it| it.asked().iter().filter(|asked| asked.is_post()).count());
    assert_eq!(n_posts, [1, 1], "no POST is hedged");
}
