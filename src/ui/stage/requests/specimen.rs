//! Requests made for tests.

use crate::engine::{Attempt, Observation, Phases, Record};
use crate::meter::{Outcome, StatusClass};
use crate::ui::story::Story;

/// A person's `GET /cart` that server `a`, `b` or `c` answered, a millisecond after the one before.
pub(in crate::ui) fn record(number: u64) -> Record {
    let server = ["a", "b", "c"][(number % 3) as usize];
    let status = if number % 10 == 9 { 502 } else { 200 };
    let outcome = Outcome::Answered(StatusClass::of(status));
    let at_ns = number * 1_000_000;
    let attempt = Attempt {
        server: server.into(),
        decision: None,
        began_ns: at_ns,
        outcome: Some(outcome),
        reused_connection: true,
    };
    Record {
        at_ns,
        number,
        worker: 0,
        connection: number / 8,
        listener: "front".into(),
        route: None,
        pool: Some("web".into()),
        client: ([127, 0, 0, 1], 40_000 + (number % 1_000) as u16).into(),
        method: "GET".to_owned(),
        target: format!("/cart/{}", number % 97),
        host: "127.0.0.1".to_owned(),
        version: "1.1",
        status: Some(status),
        outcome,
        attempts: vec![attempt],
        phases: Phases { total_ns: 30_000_000 + number % 900, ..Phases::default() },
        bytes_in: 0,
        bytes_out: 120,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
    }
}

pub(in crate::ui) fn story(n_requests: u64) -> Story {
    let mut story = Story::default();
    tell(&mut story, 0, n_requests);
    story
}

pub(in crate::ui) fn tell(story: &mut Story, from: u64, n_requests: u64) {
    let requests = (from..from + n_requests).map(|number| record(number).into()).collect();
    let at_ns = (from + n_requests) * 1_000_000 + 40_000_000;
    story.tell(Observation { at_ns, requests, ..Observation::default() });
}
