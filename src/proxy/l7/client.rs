//! The way to a client beside its answer: interim responses.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::server::SendResponse;
use http::{Response, StatusCode};

use super::super::guard::GuardState;
use super::super::headers::{Switching, strip_response};

/// Who asked, as far as it matters before the answer.
#[derive(Clone)]
pub(super) enum Client {
    Http1 {
        guard: Arc<GuardState>,
        /// HTTP/1.0 knows no interim responses: one would be taken for the answer.
        hints: bool,
    },
    Http2(Rc<RefCell<SendResponse<Bytes>>>),
}

impl Client {
    pub(super) fn guard(&self) -> Option<Arc<GuardState>> {
        match self {
            Self::Http1 { guard, .. } => Some(Arc::clone(guard)),
            Self::Http2(_) => None,
        }
    }

    /// Passes on an interim response of a server (RFC 9110 section 15.2). They are hints: one that cannot be sent is
    /// left out, and the answer comes all the same.
    pub(super) fn pass_on(&self, mut interim: Response<()>) {
        strip_response(interim.headers_mut(), Switching::No);
        match self {
            Self::Http1 { hints: false, .. } => {}
            Self::Http1 { guard, .. } => drop(guard.send_interim(written(&interim))),
            Self::Http2(respond) => drop(respond.borrow_mut().send_informational(interim)),
        }
    }

    /// Lets a client that waits for it send its body.
    pub(super) fn continues(respond: &RefCell<SendResponse<Bytes>>) {
        let mut interim = Response::new(());
        *interim.status_mut() = StatusCode::CONTINUE;
        drop(respond.borrow_mut().send_informational(interim));
    }
}

/// The head as HTTP/1.1 has it.
fn written(interim: &Response<()>) -> Bytes {
    let mut head = BytesMut::with_capacity(256);
    let status = interim.status();
    head.put_slice(b"HTTP/1.1 ");
    head.put_slice(status.as_str().as_bytes());
    head.put_slice(b" ");
    head.put_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.put_slice(b"\r\n");
    for (name, value) in interim.headers() {
        head.put_slice(name.as_str().as_bytes());
        head.put_slice(b": ");
        head.put_slice(value.as_bytes());
        head.put_slice(b"\r\n");
    }
    head.put_slice(b"\r\n");
    head.freeze()
}
