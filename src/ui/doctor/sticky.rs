//! Clients that are held where they were.

use super::causes::Finding;
use super::diagnosis::{Cause, Level};
use super::keys::key_of;
use super::sight::Sight;
use super::words::{counted, shares};
use crate::balance::Rule;
use crate::engine::Record;
use crate::lab::{Key, Stickiness};

/// Stickiness as the cause: it is on, and most requests went where it sent them.
pub(super) fn held(sight: &Sight<'_>) -> Option<Finding> {
    let (what, cookie) = match &sight.pool.stickiness {
        Stickiness::Off => return None,
        Stickiness::Inserted(cookie) => ("A sticky cookie holds", Some(cookie.name.as_str())),
        Stickiness::Application(cookie) => ("A sticky cookie holds", Some(cookie.name.as_str())),
        Stickiness::Source(_) => ("The table of sources holds", None),
    };
    let held: Vec<&&Record> = sight.requests.iter().filter(|record| is_held(record)).collect();
    (held.len() * 2 >= sight.requests.len() && !held.is_empty()).then(|| {
        let percent = held.len() * 100 / sight.requests.len();
        let clients = sight.count(|record| is_held(record).then(|| client_of(record, cookie)));
        let sentence = format!(
            "{what} {} where they are, {percent} % of the requests: {}",
            counted(clients.len() as u64, "client"),
            shares(&sight.rows)
        );
        let found = Finding::new(Level::Warn, Cause::Sticky, sentence);
        let found = Finding { emphasis: Some(what.to_owned()), ..found };
        found.remedy("more clients, a shorter time to be held, or no stickiness")
    })
}

fn is_held(record: &Record) -> bool {
    let decision = record.attempts.first().and_then(|attempt| attempt.decision.as_ref());
    decision.is_some_and(|decision| decision.rule == Some(Rule::Stuck))
}

/// Many clients may share an address; what their cookie says tells them apart only if it is their own.
fn client_of(record: &Record, cookie: Option<&str>) -> (String, Option<String>) {
    let value = cookie.and_then(|name| key_of(record, &Key::Cookie(name.to_owned())));
    (record.client.ip().to_string(), value)
}
