//! Answers of the proxy's own that are no refusals: what routes say themselves, and what ends here.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use super::super::network::Network;
use super::super::plan::Goal;
use super::download::Download;
use super::journey::Journey;
use super::rewrite;
use crate::meter::{Outcome, StatusClass};

/// What a route says that leads to no pool.
#[expect(clippy::boxed_local, reason = "a journey is boxed for all its life")]
pub(super) fn answer<N: Network>(
    goal: &Goal,
    host: &str,
    head: &Parts,
    mut journey: Box<Journey>,
) -> Response<Download<N>> {
    let (status, text) = match goal {
        Goal::Answer { status, body, .. } => (*status, body.clone()),
        Goal::Redirect { status, .. } => (*status, Bytes::new()),
        Goal::Pool(_) | Goal::Split { .. } => (502, Bytes::new()),
    };
    let mut response = Response::new(Download::Own { text, _journey: None });
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    match goal {
        Goal::Redirect { location, .. } => {
            if let Some(location) = rewrite::location(location, host, &head.uri) {
                response.headers_mut().insert(header::LOCATION, location);
            }
        }
        Goal::Answer { content_type: Some(content_type), .. } => {
            response.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
        }
        _ => {}
    }
    journey.answer_begins();
    if journey.is_last() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    journey.end(Outcome::Answered(StatusClass::of(status)));
    response
}

/// An answer for a request that may go no further.
#[expect(clippy::boxed_local, reason = "a journey is boxed for all its life")]
pub(super) fn no_further<N: Network>(mut journey: Box<Journey>) -> Response<Download<N>> {
    journey.answer_begins();
    journey.end(Outcome::Answered(StatusClass::Success));
    let mut response = Response::new(Download::Own { text: Bytes::new(), _journey: None });
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The listener was removed while the connection was idle.
pub(super) fn gone<N: Network>() -> Response<Download<N>> {
    let text = Bytes::from_static(b"503 Service Unavailable this listener was closed\n");
    let mut response = Response::new(Download::Own { text, _journey: None });
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
