//! What a client group measured, written by its thread and read from any other.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};
use std::sync::{Arc, OnceLock};

use super::identity::Shown;
use crate::meter::{Histogram, Meter, Recent};

#[derive(Debug)]
pub(super) struct Tally {
    /// Latency from when a request should have been sent.
    pub(super) meter: Arc<Meter>,
    /// Latency from when it was sent, which hides what a stall made wait.
    pub(super) from_send: Histogram,
    pub(super) in_flight: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) behind_ns: AtomicU64,
    pub(super) wrong_answers: AtomicU64,
    pub(super) stale_connections: AtomicU64,
    pub(super) lost_sessions: AtomicU64,
    pub(super) lost: Recent<LostSession>,
    pub(super) last_answer_ns: AtomicU64,
    servers: Box<[OnceLock<ServerCount>]>,
    unnamed: AtomicU64,
    shown: AtomicU8,
}

/// Moments of a group that are not in its meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauges {
    pub in_flight: u64,
    pub open_connections: u64,
    /// How late the last request was sent: the client itself cannot keep up.
    pub behind_ns: u64,
    /// Answers to another request than was asked.
    pub wrong_answers: u64,
    /// Kept connections that were found closed; their requests went out again on new ones.
    pub stale_connections: u64,
    /// Sessions that a server no longer knew.
    pub lost_sessions: u64,
}

/// A server did not know an identity's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSession {
    pub at_ns: u64,
    pub identity: u32,
    pub number: u64,
    /// Who answered, if it said so.
    pub server: Option<String>,
}

#[derive(Debug)]
struct ServerCount {
    name: Box<str>,
    answers: AtomicU64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            meter: Arc::default(),
            from_send: Histogram::default(),
            in_flight: AtomicU64::new(0),
            open: AtomicU64::new(0),
            behind_ns: AtomicU64::new(0),
            wrong_answers: AtomicU64::new(0),
            stale_connections: AtomicU64::new(0),
            lost_sessions: AtomicU64::new(0),
            lost: Recent::new(LOST_KEPT),
            last_answer_ns: AtomicU64::new(0),
            servers: (0..SERVERS_MAX).map(|_| OnceLock::new()).collect(),
            unnamed: AtomicU64::new(0),
            shown: AtomicU8::new(Shown::Nothing as u8),
        }
    }
}

impl Tally {
    /// Counts an answer for whoever gave it.
    pub(super) fn answered_by(&self, name: Option<&[u8]>) {
        match name.and_then(|name| self.count_of(name)) {
            Some(count) => count.answers.fetch_add(1, Relaxed),
            None => self.unnamed.fetch_add(1, Relaxed),
        };
    }

    /// Answers by server in the order of their first answers, and those without a name, or of one beyond the
    /// bound on names.
    pub(super) fn answers(&self) -> (Vec<(String, u64)>, u64) {
        let named = self.servers.iter().map_while(OnceLock::get);
        let named = named.map(|count| (count.name.to_string(), count.answers.load(Relaxed)));
        (named.collect(), self.unnamed.load(Relaxed))
    }

    pub(super) fn set_shown(&self, shown: Shown) {
        self.shown.store(shown as u8, Relaxed);
    }

    pub(super) fn shown(&self) -> Shown {
        Shown::ALL[usize::from(self.shown.load(Relaxed)).min(Shown::ALL.len() - 1)]
    }

    pub(super) fn gauges(&self) -> Gauges {
        Gauges {
            in_flight: self.in_flight.load(Relaxed),
            open_connections: self.open.load(Relaxed),
            behind_ns: self.behind_ns.load(Relaxed),
            wrong_answers: self.wrong_answers.load(Relaxed),
            stale_connections: self.stale_connections.load(Relaxed),
            lost_sessions: self.lost_sessions.load(Relaxed),
        }
    }

    /// A list that only grows, so it needs no lock. The names are few, and those that answer most came first.
    fn count_of(&self, name: &[u8]) -> Option<&ServerCount> {
        let name = std::str::from_utf8(name).ok().filter(|name| name.len() <= NAME_BYTES_MAX)?;
        let new = || ServerCount { name: name.into(), answers: AtomicU64::new(0) };
        self.servers.iter().map(|slot| slot.get_or_init(new)).find(|count| *count.name == *name)
    }
}

/// Counts something as long as it lives.
#[derive(Debug)]
pub(super) struct Open(Arc<Tally>);

impl Open {
    pub(super) fn new(tally: &Arc<Tally>) -> Self {
        tally.open.fetch_add(1, Relaxed);
        Self(Arc::clone(tally))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

const SERVERS_MAX: usize = 256;
const NAME_BYTES_MAX: usize = 256;
/// Broken sessions kept for looking at; all are counted.
const LOST_KEPT: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_server_up_to_a_bound() {
        let tally = Tally::default();
        for _ in 0..3 {
            tally.answered_by(Some(b"a"));
        }
        tally.answered_by(Some(b"b"));
        tally.answered_by(None);
        assert_eq!(tally.answers(), (vec![("a".to_owned(), 3), ("b".to_owned(), 1)], 1));
        for number in 0..1_000 {
            tally.answered_by(Some(format!("s{number}").as_bytes()));
        }
        let (named, unnamed) = tally.answers();
        assert_eq!((named.len() as u64, unnamed), (256, 1 + 1_002 - 256));
    }
}
