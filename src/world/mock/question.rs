//! What a client asks, and what came with it.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;

use super::http::Cut;
use crate::hash::Xxh64;

pub(super) struct Question {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) upgrade: Option<OnUpgrade>,
    /// Of the health check, which asks about the server and is none of its work.
    pub(super) is_probe: bool,
    /// How many came before.
    pub(super) number: u64,
    body: Incoming,
    receipt: Option<Receipt>,
}

/// What was received, so that the client can see that it arrived whole.
struct Receipt {
    n_bytes: u64,
    hash: u64,
}

impl Question {
    pub(super) fn new(request: Request<Incoming>) -> Self {
        let (mut parts, body) = request.into_parts();
        Self {
            upgrade: parts.extensions.remove::<OnUpgrade>(),
            is_probe: is_probe(&parts.headers),
            method: parts.method,
            uri: parts.uri,
            version: parts.version,
            headers: parts.headers,
            number: 0,
            body,
            receipt: None,
        }
    }

    /// Reads the body to its end and keeps nothing of it but its size and its hash.
    pub(super) async fn read_body(&mut self) -> Result<(), Cut> {
        if self.body.is_end_stream() && !matches!(self.method, Method::POST | Method::PUT) {
            return Ok(());
        }
        let (mut n_bytes, mut hasher) = (0, Xxh64::new(0));
        while let Some(frame) = self.body.frame().await {
            // The client left in the middle, or what it sent was no body: nobody waits for an answer.
            let frame = frame.map_err(|_gone| Cut::in_the_middle())?;
            if let Some(bytes) = frame.data_ref() {
                n_bytes += bytes.len() as u64;
                hasher.update(bytes);
            }
        }
        self.receipt = Some(Receipt { n_bytes, hash: hasher.finish() });
        Ok(())
    }

    /// Reads the body and keeps it; `None` if it is larger than that.
    pub(super) async fn read_message(&mut self, most: usize) -> Result<Option<Bytes>, Cut> {
        let mut message = BytesMut::new();
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|_gone| Cut::in_the_middle())?;
            let Ok(bytes) = frame.into_data() else { continue };
            if message.len() + bytes.len() > most {
                return Ok(None);
            }
            message.extend_from_slice(&bytes);
        }
        Ok(Some(message.freeze()))
    }

    /// Tells the client what was received.
    pub(super) fn report(&self, headers: &mut HeaderMap) {
        if let Some(mark) = self.headers.get(REQUEST_MARK) {
            headers.insert(REQUEST_MARK, mark.clone());
        }
        if let Some(Receipt { n_bytes, hash }) = &self.receipt {
            headers.insert("x-evenkeel-body-bytes", HeaderValue::from(*n_bytes));
            headers.extend(
                HeaderValue::from_str(&format!("{hash:016x}"))
                    .ok()
                    .map(|hash| (http::HeaderName::from_static("x-evenkeel-body-hash"), hash)),
            );
        }
    }
}

/// A health check says that it is one.
fn is_probe(headers: &HeaderMap) -> bool {
    headers.contains_key("x-evenkeel-probe")
        || headers
            .get(header::USER_AGENT)
            .is_some_and(|agent| agent.as_bytes().starts_with(b"evenkeel-health"))
}

/// Comes back as it was sent, so that a client can see that an answer belongs to its request.
const REQUEST_MARK: &str = "x-evenkeel-request";
