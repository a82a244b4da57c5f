//! Answers of the proxy's own that are no refusals: what routes say themselves, and what ends here.

use bytes::Bytes;
use http::StatusCode;

use super::super::fields::Name;
use super::super::network::Network;
use super::super::plan::Goal;
use super::download::Download;
use super::journey::Journey;
use super::message::{AnswerHead, Reply, RequestHead};
use super::rewrite;
use crate::meter::{Outcome, StatusClass};

/// What a route says that leads to no pool.
#[expect(clippy::boxed_local, reason = "a journey is boxed for all its life")]
pub(super) fn answer<N: Network>(
    goal: &Goal,
    host: &str,
    head: &RequestHead,
    mut journey: Box<Journey>,
) -> Reply<N> {
    let (status, text) = match goal {
        Goal::Answer { status, body, .. } => (*status, body.clone()),
        Goal::Redirect { status, .. } => (*status, Bytes::new()),
        Goal::Pool(_) | Goal::Split { .. } => (502, Bytes::new()),
    };
    let mut answer = AnswerHead::new(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    match goal {
        Goal::Redirect { location, .. } => {
            if let Some(location) = rewrite::location(location, host, &head.uri) {
                answer.fields.add(Name::Location, location.as_bytes());
            }
        }
        Goal::Answer { content_type: Some(content_type), .. } => {
            answer.fields.add(Name::ContentType, content_type.as_bytes());
        }
        _ => {}
    }
    if journey.is_last() {
        answer.fields.set(Name::Connection, b"close");
    }
    journey.end(Outcome::Answered(StatusClass::of(status)));
    Reply { head: answer, body: Download::own(text) }
}

/// An answer for a request that may go no further.
#[expect(clippy::boxed_local, reason = "a journey is boxed for all its life")]
pub(super) fn no_further<N: Network>(mut journey: Box<Journey>) -> Reply<N> {
    journey.end(Outcome::Answered(StatusClass::Success));
    Reply { head: AnswerHead::new(StatusCode::NO_CONTENT), body: Download::own(Bytes::new()) }
}

/// The listener was removed while the connection was idle.
pub(super) fn gone<N: Network>() -> Reply<N> {
    let text = Bytes::from_static(b"503 Service Unavailable this listener was closed\n");
    let mut head = AnswerHead::new(StatusCode::SERVICE_UNAVAILABLE);
    head.fields.set(Name::Connection, b"close");
    Reply { head, body: Download::own(text) }
}
