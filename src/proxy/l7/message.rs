//! The heads of requests and answers, whatever protocol they come by and go by.

use http::{Method, StatusCode, Uri, Version};

use super::super::fields::Fields;
use super::super::network::Network;
use super::download::Download;

/// The head of a request.
#[derive(Debug, Clone)]
pub(super) struct RequestHead {
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// As the client sent it.
    pub(super) version: Version,
    pub(super) fields: Fields,
}

/// The head of an answer.
#[derive(Debug, Default)]
pub(super) struct AnswerHead {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    /// Where it is not the usual one.
    pub(super) reason: Option<Box<[u8]>>,
    pub(super) fields: Fields,
}

/// What a client is answered.
pub(super) struct Reply<N: Network> {
    pub(super) head: AnswerHead,
    pub(super) body: Download<N>,
}

impl From<http::request::Parts> for RequestHead {
    fn from(head: http::request::Parts) -> Self {
        let http::request::Parts { method, uri, version, headers, .. } = head;
        Self { method, uri, version, fields: Fields::from_map(&headers) }
    }
}

impl From<http::response::Parts> for AnswerHead {
    fn from(head: http::response::Parts) -> Self {
        let http::response::Parts { status, version, headers, .. } = head;
        Self { status, version, reason: None, fields: Fields::from_map(&headers) }
    }
}

impl AnswerHead {
    pub(super) fn new(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }

    /// Writes it as HTTP/1.1 has it, but for the empty line at its end.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.write_as(Version::HTTP_11, out);
    }

    /// The same in the version that the client speaks.
    pub(super) fn write_as(&self, version: Version, out: &mut Vec<u8>) {
        let is_old = version == Version::HTTP_10;
        out.extend_from_slice(if is_old { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
        out.extend_from_slice(self.status.as_str().as_bytes());
        out.push(b' ');
        let usual = self.status.canonical_reason().unwrap_or_default().as_bytes();
        out.extend_from_slice(self.reason.as_deref().unwrap_or(usual));
        out.extend_from_slice(b"\r\n");
        self.fields.write(out);
    }
}
