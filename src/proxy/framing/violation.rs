//! Why a request is refused before anybody reads what it wants.

use super::line::Fault;
use crate::meter::{LimitKind, Outcome, TimeoutKind};

/// A broken rule, with the status that says so to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    pub status: u16,
    pub outcome: Outcome,
    /// What and where, in one sentence without a full stop.
    pub message: &'static str,
}

impl Violation {
    pub(super) const fn bad(message: &'static str) -> Self {
        Self::with_status(400, message)
    }

    pub(super) const fn with_status(status: u16, message: &'static str) -> Self {
        Self { status, outcome: Outcome::BadRequest, message }
    }

    pub(super) const fn too_many_fields() -> Self {
        let outcome = Outcome::LimitHit(LimitKind::HeaderCount);
        Self { status: 431, outcome, message: "the request has too many header fields" }
    }

    pub(super) const fn head_too_long() -> Self {
        let outcome = Outcome::LimitHit(LimitKind::HeadSize);
        Self { status: 431, outcome, message: "the head of the request is too long" }
    }

    pub(super) const fn target_too_long() -> Self {
        let outcome = Outcome::LimitHit(LimitKind::HeadSize);
        Self { status: 414, outcome, message: "the request line is too long" }
    }

    pub(in super::super) const fn bad_target() -> Self {
        Self::bad("the target of the request is not one")
    }

    pub(in super::super) const fn head_too_slow() -> Self {
        let outcome = Outcome::TimedOut(TimeoutKind::RequestHead);
        Self { status: 408, outcome, message: "the head of the request took too long to arrive" }
    }

    pub(super) const fn of_line(fault: Fault, too_long: Self) -> Self {
        match fault {
            Fault::TooLong => too_long,
            Fault::BareLineFeed => {
                Self::bad("a line of the request ends without a carriage return")
            }
            Fault::BareCarriageReturn => {
                Self::bad("a line of the request has a carriage return without a line feed")
            }
            Fault::Nul => Self::bad("a line of the request has a NUL character"),
            Fault::Control => Self::bad("a line of the request has a control character"),
        }
    }
}
