//! The client's side of a case: write, read what comes, and tell how the connection ended.

use std::net::SocketAddr;

use crate::case::{Act, Case, Gets};
use crate::message::{Framing, Message, Stop, Wire};
use crate::server::SENTINEL;

/// Everything the client got.
pub(crate) struct Got {
    pub(crate) answers: Vec<Answer>,
    /// How the connection ended, where the case asks.
    pub(crate) ended: Option<Stop>,
    /// Whether a further request on the connection was answered, where the case asks.
    pub(crate) answered_again: Option<bool>,
    pub(crate) raw: String,
}

pub(crate) struct Answer {
    pub(crate) interims: Vec<Message>,
    pub(crate) message: Message,
    pub(crate) framing: Framing,
}

impl Got {
    pub(crate) fn of(case: &Case, address: SocketAddr) -> Self {
        let mut wire = Wire::connect(address);
        let mut bodiless = false;
        for act in &case.client {
            match act {
                Act::Send(bytes) => {
                    bodiless |= bytes.starts_with(b"HEAD ");
                    wire.send(bytes);
                }
                Act::Await(mark) => drop(wire.await_mark(mark)),
                Act::Linger => {}
            }
        }
        let mut answers = Vec::new();
        while answers.len() < case.n_answers {
            match answer(&mut wire, bodiless) {
                Some(answer) => answers.push(answer),
                None => break,
            }
        }
        let mut got = Self { answers, ended: None, answered_again: None, raw: String::new() };
        if case.gets.iter().any(|it| matches!(it, Gets::Tunnelled(_))) {
            tunnel(&mut wire, &mut got, case);
        }
        if case.gets.iter().any(|it| matches!(it, Gets::Closed)) {
            got.ended = Some(wire.drain());
        }
        if case.gets.iter().any(|it| matches!(it, Gets::Open)) {
            got.answered_again = Some(sentinel_is_answered(&mut wire));
        }
        got.raw = String::from_utf8_lossy(&wire.read).into_owned();
        got
    }
}

/// Whether a request that is always in order is answered as it must be.
pub(crate) fn sentinel_is_answered(wire: &mut Wire) -> bool {
    wire.send(SENTINEL.as_bytes());
    answer(wire, false)
        .is_some_and(|it| it.message.status() == 200 && it.message.body == b"sentinel")
}

fn answer(wire: &mut Wire, bodiless: bool) -> Option<Answer> {
    let mut interims = Vec::new();
    loop {
        let mut message = wire.head().ok()?;
        if matches!(message.status(), 100 | 102..=199) {
            interims.push(message);
            continue;
        }
        let framing = message.answer_framing(bodiless);
        wire.body(&mut message, framing);
        return Some(Answer { interims, message, framing });
    }
}

fn tunnel(wire: &mut Wire, got: &mut Got, case: &Case) {
    let expected = case.gets.iter().find_map(|it| match it {
        Gets::Tunnelled(text) => Some(*text),
        _ => None,
    });
    let arrived = wire.await_mark(expected.unwrap_or_default()).is_ok();
    if let Some(last) = got.answers.last_mut() {
        last.message.body = wire.read[wire.taken..].to_vec();
        last.message.complete = arrived;
    }
}
