//! The way to a client beside its answer: interim responses.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use http::{Response, StatusCode};

use super::super::framing::Violation;
use super::super::headers::{Switching, strip_response};
use super::http1::Near;
use super::message::AnswerHead;

/// Who asked, as far as it matters before the answer.
#[derive(Clone)]
pub(super) enum Client {
    Http1 {
        line: Rc<dyn Near>,
        /// HTTP/1.0 knows no interim responses: one would be taken for the answer.
        hints: bool,
    },
    Http2(Rc<RefCell<SendResponse<Bytes>>>),
}

impl Client {
    /// What broke the body of its request.
    pub(super) fn violation(&self) -> Option<Violation> {
        match self {
            Self::Http1 { line, .. } => line.violation(),
            Self::Http2(_) => None,
        }
    }

    /// Ends after so long. A connection that carries one request at a time has one timer for all of them, because
    /// nearly all are answered long before: setting one up for each costs two locks and more.
    pub(super) async fn waits(&self, most: Duration, now_ns: u64) {
        match self {
            Self::Http1 { line, .. } => {
                let deadline_ns = now_ns.saturating_add(most.as_nanos() as u64);
                let mut now_ns = Some(now_ns);
                poll_fn(|ctx| line.poll_late(now_ns.take(), deadline_ns, ctx)).await;
            }
            Self::Http2(_) => tokio::time::sleep(most).await,
        }
    }

    /// Passes on an interim response of a server (RFC 9110 section 15.2). They are hints: one that cannot be sent is
    /// left out, and the answer comes all the same.
    pub(super) fn pass_on(&self, mut interim: AnswerHead) {
        strip_response(&mut interim.fields, Switching::No);
        match self {
            Self::Http1 { hints: false, .. } => {}
            Self::Http1 { line, .. } => line.interim(&interim),
            Self::Http2(respond) => {
                let mut response = Response::new(());
                *response.status_mut() = interim.status;
                *response.headers_mut() = interim.fields.to_map();
                drop(respond.borrow_mut().send_informational(response));
            }
        }
    }

    /// Lets a client that waits for it send its body.
    pub(super) fn continues(respond: &RefCell<SendResponse<Bytes>>) {
        let mut interim = Response::new(());
        *interim.status_mut() = StatusCode::CONTINUE;
        drop(respond.borrow_mut().send_informational(interim));
    }
}
