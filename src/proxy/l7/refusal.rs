//! Answers that the proxy gives itself: a clear status, and a body that names the reason.

use bytes::Bytes;
use http::StatusCode;

use super::super::fields::Name;
use super::super::framing::Violation;
use super::super::network::Network;
use super::download::Download;
use super::journey::Journey;
use super::message::{AnswerHead, Reply};
use crate::meter::{LimitKind, Outcome, TimeoutKind};

/// Why a request was not answered by a server.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) outcome: Outcome,
    pub(super) why: String,
    /// Whether nothing more can be read from this connection.
    pub(super) closes: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, outcome: Outcome, why: impl Into<String>) -> Self {
        Self { status, outcome, why: why.into(), closes: false }
    }

    /// The refusal that an outcome of the last try amounts to.
    pub(super) fn of(outcome: Outcome) -> Self {
        let (status, why) = match outcome {
            Outcome::NoServer => (503, "no server can take the request"),
            Outcome::QueueFull => (503, "all servers are busy and the line is full"),
            Outcome::TimedOut(TimeoutKind::Queue) => (503, "no server had room in time"),
            Outcome::TimedOut(TimeoutKind::Connect) => {
                (504, "the server could not be reached in time")
            }
            Outcome::TimedOut(TimeoutKind::TlsHandshake) => {
                (504, "the server did not finish the TLS handshake in time")
            }
            Outcome::TimedOut(TimeoutKind::Total) => (504, "the request took longer than allowed"),
            Outcome::TimedOut(TimeoutKind::RequestHead) => (408, "the request came too slowly"),
            Outcome::TimedOut(TimeoutKind::Idle) => (408, "the request's body stopped coming"),
            Outcome::TimedOut(TimeoutKind::Response) => (504, "the server did not answer in time"),
            Outcome::Refused => (502, "the server refused the connection"),
            Outcome::Reset => (502, "the server's connection broke before its answer"),
            Outcome::BadResponse => (502, "the server's answer was not valid HTTP"),
            Outcome::LimitHit(LimitKind::BodySize) => (413, "the request's body is too long"),
            Outcome::LimitHit(LimitKind::Retries) => {
                (503, "too many requests are being tried again")
            }
            Outcome::LimitHit(_) => (503, "a limit was reached"),
            Outcome::BadRequest => (400, "the request is not valid"),
            Outcome::ClientLeft => (400, "the request ended before all of it had come"),
            Outcome::Answered(_) | Outcome::Carried => (502, "the request failed"),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        Self::new(status, outcome, why)
    }

    /// The refusal of a request whose framing broke a rule.
    pub(super) fn of_violation(violation: Violation) -> Self {
        let Violation { status, outcome, message } = violation;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, outcome, message).closing()
    }

    pub(super) fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// The answer; the journey ends with it.
    #[expect(clippy::boxed_local, reason = "a journey is boxed for all its life")]
    pub(super) fn answer<N: Network>(self, mut journey: Box<Journey>) -> Reply<N> {
        let text = Bytes::from(format!("{} {}\n", self.status, self.why));
        journey.n_bytes_out = text.len() as u64;
        if let Some(record) = &mut journey.record {
            record.status = Some(self.status.as_u16());
        }
        let closes = self.closes || journey.is_last();
        journey.end(self.outcome);
        let mut head = AnswerHead::new(self.status);
        head.fields.add(Name::ContentType, b"text/plain; charset=utf-8");
        head.fields.add(Name::XEvenkeelOutcome, self.outcome.name().as_bytes());
        if closes {
            head.fields.add(Name::Connection, b"close");
        }
        Reply { head, body: Download::own(text) }
    }
}
