//! Where dots are, followed step by step.

use std::sync::Arc;

use super::*;

const MS: u64 = 1_000_000;
/// When a request that came at 0 is at the balancer, in the picture.
const BALANCER: u64 = SEEN_NS + PIPE_NS;

/// A request that came at 0 and was tried at these servers, each at a time.
fn record(tries: &[(&str, u64, Option<Outcome>)], outcome: Outcome, total_ns: u64) -> Arc<Record> {
    let attempt = |&(server, began_ns, outcome): &(&str, u64, Option<Outcome>)| Attempt {
        server: server.into(),
        decision: None,
        began_ns,
        outcome,
        reused_connection: true,
    };
    Arc::new(Record {
        at_ns: 0,
        number: 7,
        worker: 1,
        connection: 1,
        listener: "front".into(),
        route: None,
        pool: Some("web".into()),
        client: "127.0.0.1:5000".parse().unwrap(),
        method: "GET".to_owned(),
        target: "/".to_owned(),
        host: String::new(),
        version: "1.1",
        status: None,
        outcome,
        attempts: tries.iter().map(attempt).collect(),
        phases: crate::engine::Phases { total_ns, ..Default::default() },
        bytes_in: 0,
        bytes_out: 0,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
    })
}

fn places(record: &Arc<Record>, moment_ns: u64) -> Vec<Place> {
    let mut found = Vec::new();
    let track = Track::of_record(record, &Senders::default());
    track.places(moment_ns, |place| found.push(place));
    found
}

fn good() -> Outcome {
    Outcome::Answered(StatusClass::Success)
}

#[test]
fn a_dot_waits_as_long_as_its_request_did() {
    // 30 ms in line, 400 ms at the server.
    let record = record(&[("a", 30 * MS, Some(good()))], good(), 430 * MS);
    let half = PIPE_NS / 2;
    let at_server_ns = BALANCER + 30 * MS + PIPE_NS;
    let pipe = |back| vec![Place::ServerPipe { number: 0, way: 0.5, back }];
    let client = |back| vec![Place::ClientPipe { way: 0.5, back }];
    let waits = vec![Place::AtServer { number: 0, since_ns: at_server_ns }];
    let expected = [
        (SEEN_NS - 1, vec![]),
        (SEEN_NS + half, client(false)),
        (BALANCER + 29 * MS, vec![Place::AtBalancer]),
        (BALANCER + 30 * MS + half, pipe(false)),
        (at_server_ns, waits.clone()),
        (at_server_ns + 399 * MS, waits),
        (at_server_ns + 400 * MS + half, pipe(true)),
        (at_server_ns + 400 * MS + PIPE_NS + half, client(true)),
        (at_server_ns + 400 * MS + 2 * PIPE_NS, vec![]),
    ];
    for (moment_ns, expected) in expected {
        assert_eq!(places(&record, moment_ns), expected, "at {} ms", moment_ns / MS);
    }
}

#[test]
fn a_retry_comes_back_from_where_it_failed_and_goes_elsewhere() {
    let tries = [("a", 0, Some(Outcome::Refused)), ("b", 2 * MS, Some(good()))];
    let record = record(&tries, good(), 20 * MS);
    let failed_ns = BALANCER + PIPE_NS + 2 * MS;
    let stopped = |since_ns| Place::Stopped {
        number: Some(0),
        age: part_of(since_ns, STOPPED_NS),
        why: "refused",
    };
    let half = PIPE_NS / 2;
    let back = Place::ServerPipe { number: 0, way: 0.5, back: true };
    assert_eq!(places(&record, failed_ns + half), [back, stopped(half)]);
    let again = Place::ServerPipe { number: 1, way: 0.5, back: false };
    let again_ns = PIPE_NS + half;
    assert_eq!(places(&record, failed_ns + again_ns), [stopped(again_ns), again]);
}

#[test]
fn what_failed_stops_where_it_failed_with_its_reason() {
    let at_server =
        record(&[("a", 0, None)], Outcome::TimedOut(crate::meter::TimeoutKind::Response), MS);
    let (number, why) = (Some(0), "no answer in time");
    let stopped_ns = BALANCER + PIPE_NS + MS;
    assert_eq!(places(&at_server, stopped_ns), [Place::Stopped { number, age: 0.0, why }]);
    assert_eq!(places(&at_server, stopped_ns + STOPPED_NS), []);
    let refused = record(&[], Outcome::QueueFull, 0);
    let stopped = Place::Stopped { number: None, age: 0.0, why: "queue full" };
    assert_eq!(places(&refused, BALANCER), [stopped]);
}

#[test]
fn what_the_balancer_answers_itself_turns_round_there() {
    let redirect = record(&[], Outcome::Answered(StatusClass::Redirection), 0);
    let back = Place::ClientPipe { way: 0.5, back: true };
    assert_eq!(places(&redirect, BALANCER + PIPE_NS / 2), [back]);
}

#[test]
fn a_request_without_a_record_stays_at_its_server() {
    let begun = Begun {
        at_ns: 0,
        came_ns: 0,
        number: 7,
        worker: 1,
        attempt: 0,
        listener: "front".into(),
        pool: Some("web".into()),
        server: "a".into(),
        client: "127.0.0.1:5000".parse().unwrap(),
        is_yours: false,
    };
    let begun = [begun];
    let track = Track::of_begun(&begun, &Senders::default()).unwrap();
    let since_ns = BALANCER + PIPE_NS;
    track.places(3600 * 1000 * MS, |place| {
        assert_eq!(place, Place::AtServer { number: 0, since_ns });
    });
    assert_eq!(track.last_pick(BALANCER), Some((0, "a")));
    assert_eq!(track.last_pick(BALANCER - 1), None);
}
