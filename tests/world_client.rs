//! Client groups on real sockets: when they send, as whom, what, and what they measure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "world_client/protocols.rs"]
mod protocols;
#[path = "world_client/server.rs"]
mod server;
#[path = "world_client/stage.rs"]
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use evenkeel::lab::{Carrier, Client, Identities, Key, RequestKind, Requests, address_of};
use evenkeel::meter::{LimitKind, Outcome, StatusClass, TimeoutKind};
use evenkeel::model::{Arrivals, Keys, Latency};
use evenkeel::period::Period;
use evenkeel::world::client::{Shown, Target};

use server::{ReadsProxyLine, Reply, Server, ok};
use stage::{OK, SEED, Stage, identities, steady, users, wait};

#[test]
fn an_open_loop_sends_exactly_what_its_rate_asks_for() {
    let server = Server::start(|_| ok(""));
    let stage = Stage::for_a_second(steady(500.0), server.address);
    // Every 2 ms after the beginning and before the end of the second.
    let counters = stage.finished(499);
    assert_eq!((counters.started, counters.of(OK), counters.errors()), (499, 499, 0));
    let numbers: BTreeSet<u64> = server.heard().iter().map(server::Heard::number).collect();
    assert_eq!(numbers, (1..=499).collect());
}

#[test]
fn a_stall_shows_in_the_latency_of_everyone_who_should_have_been_served() {
    let stalls = Arc::new(AtomicBool::new(true));
    let until = Arc::clone(&stalls);
    let server = Server::start(move |_| {
        while until.load(SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        ok("")
    });
    let stage = Stage::for_a_second(steady(200.0), server.address);
    wait("half the requests to be due", || stage.counters().started >= 100);
    stalls.store(false, SeqCst);
    stage.finished(199);
    let latency = stage.handle().meter().read().latency;
    // Those of the first 300 ms, one every 5 ms, waited 200 ms and more.
    let slow = 1.0 - latency.share_within(200_000_000).unwrap();
    assert!(slow * 199.0 >= 55.0, "{slow}");
}

#[test]
fn a_closed_loop_never_has_more_under_way_than_users() {
    let delay = Duration::from_millis(3);
    let server = Server::start(move |heard| match ok("") {
        Reply::Bytes(bytes) if heard.number() % 2 == 0 => Reply::After(delay, bytes),
        reply => reply,
    });
    let stage = Stage::start(users(7), server.address);
    stage.finished(500);
    assert_eq!(server.memory.most_at_once.load(SeqCst), 7);
    let gone = stage.handle().gauges();
    assert!(gone.in_flight <= 7 && gone.open_connections <= 7, "{gone:?}");
}

#[test]
fn every_identity_comes_from_its_own_address() {
    let server = Server::start(|_| ok(""));
    let stage = Stage::for_a_second(identities(5), server.address);
    stage.finished(199);
    let seen: BTreeSet<IpAddr> = server.heard().iter().map(|heard| heard.from.ip()).collect();
    if stage.handle().shown() == Shown::OwnAddress {
        assert_eq!(seen, (0..5).map(address_of).collect());
    }
}

#[test]
fn identities_show_themselves_in_the_proxy_protocol_or_in_a_header() {
    let as_shown_by =
        |shown_by| Client { identities: Identities { count: 4, shown_by }, ..steady(200.0) };
    let wanted: BTreeSet<IpAddr> = (0..4).map(address_of).collect();
    let server = Server::start_with(ReadsProxyLine::Yes, |_| ok(""));
    let stage = Stage::for_a_second(as_shown_by(Carrier::ProxyProtocol), server.address);
    stage.finished(199);
    let seen: BTreeSet<IpAddr> = server.heard().iter().map(|heard| heard.from.ip()).collect();
    assert_eq!(seen, wanted);
    let server = Server::start(|_| ok(""));
    let stage = Stage::for_a_second(as_shown_by(Carrier::Forwarded), server.address);
    stage.finished(199);
    let named = |heard: &server::Heard| heard.field("x-forwarded-for").unwrap().parse().unwrap();
    assert_eq!(server.heard().iter().map(named).collect::<BTreeSet<IpAddr>>(), wanted);
}

#[test]
fn cookies_come_back_to_whoever_gave_them() {
    let server =
        Server::start(|heard| ok(&format!("set-cookie: who={}; Path=/\r\n", heard.from.ip())));
    let stage = Stage::start(users(3), server.address);
    stage.finished(60);
    let heard = server.heard();
    let returned = heard.iter().filter(|heard| heard.on_connection > 0);
    for heard in returned {
        assert_eq!(heard.field("cookie").unwrap(), format!("who={}", heard.from.ip()));
    }
    let first = heard.iter().find(|heard| heard.on_connection == 0).unwrap();
    assert_eq!(first.field("cookie"), None);
}

#[test]
fn requests_are_those_of_the_same_lab_in_virtual_time() {
    let kind = |path: &str, weight| RequestKind {
        path: path.to_owned(),
        weight,
        ..RequestKind::default()
    };
    let client = Client {
        keys: Keys::Zipf { count: 1_000, exponent: 1.1 },
        key_in: Some(Key::Header("x-key".to_owned())),
        requests: vec![kind("/a/{key}", 3), kind("/b", 1)],
        ..identities(20)
    };
    let server = Server::start(|_| ok(""));
    let stage = Stage::for_a_second(client.clone(), server.address);
    stage.finished(199);
    let mut heard = server.heard();
    heard.sort_by_key(server::Heard::number);
    let mut requests = Requests::new(&client, SEED, 0);
    for heard in heard {
        let asked = requests.draw(None);
        let key = client.keys.text(asked.key);
        assert_eq!(heard.field("x-key"), Some(&*key));
        let path = if asked.kind == 0 { format!("/a/{key}") } else { "/b".to_owned() };
        assert_eq!(heard.path(), path);
        if stage.handle().shown() == Shown::OwnAddress {
            assert_eq!(heard.from.ip(), address_of(asked.identity));
        }
    }
}

#[test]
fn a_live_change_keeps_connections_and_takes_hold_at_once() {
    let server = Server::start(|_| ok("set-cookie: a=1\r\n"));
    let mut stage = Stage::start(users(3), server.address);
    stage.finished(50);
    stage.retune(|client| {
        client.requests = vec![RequestKind { path: "/new".to_owned(), ..RequestKind::default() }];
    });
    wait("the new path", || server.heard().iter().any(|heard| heard.path() == "/new"));
    let think = Latency::Constant(Period::from_millis(1));
    stage.retune(|client| client.arrivals = Arrivals::Closed { users: 2, think });
    let before = stage.counters().finished();
    let counters = stage.finished(before + 50);
    assert_eq!((server.memory.accepted.load(SeqCst), counters.errors()), (3, 0));
    let later = server.heard();
    assert!(later.iter().rev().take(20).all(|heard| heard.field("cookie") == Some("a=1")));
    stage.retune(|client| client.enabled = false);
    wait("the last answer", || stage.handle().gauges().in_flight == 0);
    let stopped = stage.counters();
    assert_eq!(stopped.started, stopped.finished());
    stage.retune(|client| client.enabled = true);
    stage.finished(stopped.started + 20);
}

#[test]
fn held_requests_wait_and_go_out_in_their_order() {
    let server = Server::start(|_| ok(""));
    let stage = Stage::for_a_second(Client { identities: one(), ..steady(100.0) }, server.address);
    stage.handle().hold(true);
    wait("some to be held", || stage.handle().gauges().in_flight >= 20);
    assert!(stage.counters().finished() <= 2, "what came before the hold may have passed");
    stage.handle().hold(false);
    stage.finished(99);
    let latency = stage.handle().meter().read().latency;
    assert!(latency.max_ns() >= 100_000_000, "held from when they should have been sent");
    assert!(stage.handle().latency_from_send().quantile(0.5).unwrap() < latency.max_ns());
    assert_eq!(stage.counters().of(OK), 99);
}

#[test]
fn a_request_that_is_not_answered_in_time_is_given_up() {
    let server = Server::start(|heard| if heard.number() == 1 { Reply::Hang } else { ok("") });
    let client = Client { timeout: Period::from_millis(150), ..steady(20.0) };
    let stage = Stage::for_a_second(client, server.address);
    let counters = stage.finished(19);
    assert_eq!(counters.of(Outcome::TimedOut(TimeoutKind::Total)), 1);
    assert_eq!(counters.of(OK), 18);
    let latency = stage.handle().meter().read().latency;
    assert!(latency.max_ns() >= 149_000_000, "who gave up waiting has waited");
}

#[test]
fn every_way_to_fail_has_its_outcome() {
    let replies: [(fn() -> Reply, Outcome); 7] = [
        (|| Reply::Reset, Outcome::Reset),
        (|| Reply::BytesThenClose(String::new()), Outcome::Reset),
        (|| cut("content-length: 10\r\n"), Outcome::Reset),
        (|| cut("transfer-encoding: chunked\r\n"), Outcome::Reset),
        (|| Reply::Bytes("nonsense\r\n\r\n".to_owned()), Outcome::BadResponse),
        (
            || Reply::Bytes("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_owned()),
            answered(StatusClass::ServerError),
        ),
        (|| Reply::BytesThenClose("HTTP/1.0 200 OK\r\n\r\nto the end".to_owned()), OK),
    ];
    for (reply, outcome) in replies {
        let server = Server::start(move |_| reply());
        let client = Client { keep_alive: false, ..steady(20.0) };
        let stage = Stage::for_a_second(client, server.address);
        let counters = stage.finished(19);
        assert_eq!(
            counters.of(outcome),
            19,
            "{outcome:?}: {:?}",
            counters.outcomes().collect::<Vec<_>>()
        );
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let counters = Stage::for_a_second(steady(20.0), nobody).finished(19);
    assert_eq!(counters.of(Outcome::Refused), 19);
}

#[test]
fn a_refusal_of_the_balancer_is_counted_for_what_it_is() {
    let server = Server::start(|_| {
        let head = "HTTP/1.1 503 No\r\nx-evenkeel-outcome: queue_full\r\ncontent-length: 0\r\n\r\n";
        Reply::Bytes(head.to_owned())
    });
    let counters = Stage::for_a_second(steady(20.0), server.address).finished(19);
    assert_eq!(counters.of(Outcome::QueueFull), 19);
}

fn cut(fields: &str) -> Reply {
    Reply::BytesThenClose(format!("HTTP/1.1 200 OK\r\n{fields}\r\n5\r\nxx"))
}

fn answered(class: StatusClass) -> Outcome {
    Outcome::Answered(class)
}

#[test]
fn a_kept_connection_found_closed_is_replaced_without_a_word() {
    // Closed after an answer that promised to keep it, and closed instead of an answer.
    let server = Server::start(|heard| match (heard.connection % 2, heard.on_connection) {
        (0, _) => Reply::BytesThenClose("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()),
        (_, 0) => ok(""),
        _ => Reply::BytesThenClose(String::new()),
    });
    let stage = Stage::start(users(1), server.address);
    let counters = stage.finished(50);
    assert_eq!((counters.of(OK), counters.errors()), (counters.finished(), 0));
    assert!(stage.handle().gauges().stale_connections >= 20);
}

#[test]
fn who_answered_what_is_known() {
    let server = Server::start(|heard| {
        let number = heard.number();
        let name = if number.is_multiple_of(4) { "b" } else { "a" };
        let echoed = if number == 9 { 8 } else { number };
        let session = if number == 5 { "x-evenkeel-session: lost\r\n" } else { "" };
        ok(&format!("X-Evenkeel-Server: {name}\r\nx-evenkeel-request: {echoed}\r\n{session}"))
    });
    let stage = Stage::for_a_second(steady(101.0), server.address);
    stage.finished(100);
    let answers = stage.handle().answers();
    let shares: BTreeMap<String, u64> = answers.by_server.into_iter().collect();
    assert_eq!((shares["a"], shares["b"], answers.unnamed), (75, 25, 0));
    assert_eq!(stage.handle().gauges().wrong_answers, 1);
    let lost = stage.handle().lost_sessions();
    assert_eq!((lost.len(), lost[0].number, lost[0].server.as_deref()), (1, 5, Some("a")));
    assert_eq!(
        (stage.handle().gauges().lost_sessions, stage.handle().lost_sessions()),
        (1, vec![])
    );
}

#[test]
fn bodies_of_every_size_arrive_whole() {
    for bytes in [1, 5_000, 3_000_000] {
        let server = Server::start(|_| ok(""));
        let kind =
            RequestKind { method: "POST".to_owned(), body_bytes: bytes, ..RequestKind::default() };
        let client = Client { requests: vec![kind], ..steady(10.0) };
        let stage = Stage::for_a_second(client, server.address);
        let counters = stage.finished(9);
        assert_eq!(counters.of(OK), 9);
        assert!(server.heard().iter().all(|heard| heard.body == bytes as usize));
        assert!(counters.bytes_in >= 9 * u64::from(bytes) && counters.bytes_out > 9 * 20);
    }
}

#[test]
fn a_lab_has_only_so_many_requests_under_way() {
    let server = Server::start(|_| Reply::Hang);
    let burst = Arrivals::Bursts { per_second: 10_500.0, size: 10_500 };
    let client = Client { arrivals: burst, timeout: Period::from_millis(50), ..identities(1) };
    let held = Client { timeout: Period::from_secs(30), ..client };
    let stage = Stage::start(held, server.address);
    stage.handle().hold(true);
    wait("the burst", || stage.counters().started >= 10_500);
    wait("what is too much", || stage.counters().finished() >= 500);
    let counters = stage.counters();
    assert_eq!(counters.of(Outcome::LimitHit(LimitKind::Connections)), 500);
}

#[test]
fn nothing_is_left_of_a_group_that_is_dropped() {
    let server =
        Server::start(|heard| if heard.number().is_multiple_of(3) { Reply::Hang } else { ok("") });
    let mut stage = Stage::start(steady(300.0), server.address);
    let hang = || server.heard().iter().filter(|heard| heard.number().is_multiple_of(3)).count();
    wait("requests that hang", || hang() >= 20);
    assert!(server.memory.open.load(SeqCst) >= 20);
    let meter = stage.handle().meter();
    stage.handle = None;
    wait("every connection to close", || server.memory.open.load(SeqCst) == 0);
    wait("every request to be counted", || {
        let counters = meter.read().counters;
        counters.started == counters.finished()
    });
    assert!(meter.read().counters.of(Outcome::ClientLeft) >= 20);
}

#[test]
fn another_target_is_taken_from_the_next_request_on() {
    let (one, two) = (Server::start(|_| ok("")), Server::start(|_| ok("")));
    let stage = Stage::start(users(2), one.address);
    stage.finished(10);
    stage.handle().retune(stage.client.clone(), Target::http(two.address));
    wait("the other server to be asked", || two.heard().len() > 10);
    wait("the first one to be left alone", || one.memory.open.load(SeqCst) == 0);
    assert_eq!(stage.counters().errors(), 0);
}

fn one() -> Identities {
    Identities { count: 1, ..Identities::default() }
}
