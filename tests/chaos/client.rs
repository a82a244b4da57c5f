//! A client that checks every answer, and what all clients and servers write down.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
#[expect(clippy::disallowed_types, reason = "what was seen is compared across threads")]
use std::sync::{Mutex, PoisonError};

use evenkeel::dice::Dice;

use crate::marks::sum;
use crate::message::{Framing, Wire};

#[derive(Debug, Default)]
#[expect(clippy::disallowed_types, reason = "what was seen is compared across threads")]
pub(crate) struct Tally {
    pub(crate) answered: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) broken: AtomicU64,
    /// Nothing may fail any more.
    pub(crate) calm: AtomicBool,
    seen: Mutex<BTreeMap<u64, Sight>>,
    faults: Mutex<Vec<String>>,
}

/// What servers saw of a request.
#[derive(Debug, Default, Clone, Copy)]
struct Sight {
    times: u32,
    /// An answer was begun and not ended.
    cut: bool,
}

impl Tally {
    /// A server took a request up.
    pub(crate) fn saw(&self, number: u64) {
        self.note(number, |sight| sight.times += 1);
    }

    /// A server ends its connection within the answer.
    pub(crate) fn cut(&self, number: u64) {
        self.note(number, |sight| sight.cut = true);
    }

    fn note(&self, number: u64, what: impl FnOnce(&mut Sight)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        what(seen.entry(number).or_default());
    }

    fn sight(&self, number: u64) -> Sight {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&number).unwrap_or_default()
    }

    fn fault(&self, what: String) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) struct Client {
    pub(crate) number: u64,
    pub(crate) address: SocketAddr,
    pub(crate) dice: Dice,
    pub(crate) tally: Arc<Tally>,
}

/// What may happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Nothing,
    /// Servers fail.
    Refuse,
    /// Its own server ended within its answer.
    Break,
}

/// How a request ended.
enum Ended {
    Answered,
    Refused(u16),
    Broken(String),
}

impl Client {
    pub(crate) fn run(mut self, stop: &AtomicBool) {
        let mut wire = None;
        let mut round = 0;
        while !stop.load(Relaxed) {
            round += 1;
            let number = self.number * 10_000_000 + round;
            let method = ["GET", "POST", "PUT"][self.dice.below(3) as usize];
            let calm = self.tally.calm.load(Relaxed);
            let ended = self.ask(&mut wire, number, method);
            let sight = self.tally.sight(number);
            self.count(
                &ended,
                if calm {
                    Right::Nothing
                } else if sight.cut {
                    Right::Break
                } else {
                    Right::Refuse
                },
                &format!("{method} {number}"),
            );
            if method == "POST" && sight.times > 1 {
                self.tally.fault(format!("{method} {number} reached servers twice"));
            }
            if self.dice.chance(0.05) {
                wire = None;
            }
        }
    }

    fn count(&self, ended: &Ended, right: Right, name: &str) {
        let tally = &self.tally;
        match ended {
            Ended::Answered => drop(tally.answered.fetch_add(1, Relaxed)),
            Ended::Refused(status) => {
                tally.refused.fetch_add(1, Relaxed);
                if right == Right::Nothing || !matches!(status, 502..=504) {
                    tally.fault(format!("{name}: status {status} where it may {right:?}"));
                }
            }
            Ended::Broken(how) => {
                tally.broken.fetch_add(1, Relaxed);
                if right != Right::Break {
                    tally.fault(format!("{name}: {how} where it may {right:?}"));
                }
            }
        }
    }

    fn ask(&mut self, kept: &mut Option<Wire>, number: u64, method: &str) -> Ended {
        let mut wire = kept.take().unwrap_or_else(|| Wire::connect(self.address));
        let length = if method == "GET" { 0 } else { self.dice.below(20_000) as usize };
        let body: Vec<u8> = (0..length).map(|i| (number as usize + i) as u8).collect();
        let head =
            format!("{method} /{number} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
        wire.send(&[head.as_bytes(), &body].concat());
        // The proxy answers everything, and never closes a connection that it did not say it would.
        let mut answer = match wire.head() {
            Ok(answer) => answer,
            Err(stop) => return Ended::Broken(format!("no head, {stop:?}")),
        };
        let framing = answer.answer_framing(false);
        wire.body(&mut answer, framing);
        if !answer.complete || framing == Framing::ToEnd {
            return Ended::Broken("cut".to_owned());
        }
        if wire.taken != wire.read.len() {
            self.tally.fault(format!("{number}: more came than was asked for"));
        }
        let closes = answer.values("connection").contains(&"close");
        if !closes {
            wire.read.clear();
            wire.taken = 0;
            *kept = Some(wire);
        }
        if answer.status() != 200 {
            return Ended::Refused(answer.status());
        }
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let padding = "y".repeat(number as usize % 3000);
        let expected = format!("{number} {length} {} {padding}", sum(&body));
        if text != expected {
            let shown = &text[..text.len().min(60)];
            self.tally.fault(format!("{number}: got {shown:?}, an answer to something else"));
        }
        Ended::Answered
    }
}
