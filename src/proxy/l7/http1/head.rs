//! The head of a request as it is read.

use bytes::Bytes;
use http::{Method, Uri, Version};

use super::super::super::fields::Fields;
use super::super::super::framing::{Listening, Violation};
use super::super::message::RequestHead;

/// What was read of a head so far.
#[derive(Default)]
pub(super) struct Reading {
    method: Option<Method>,
    target: Bytes,
    is_http10: bool,
    fields: Fields,
}

impl Reading {
    /// The whole head. Its framing was checked while it was read; its target is checked here.
    pub(super) fn into_head(self) -> Result<RequestHead, Violation> {
        let uri = Uri::from_maybe_shared(self.target).map_err(|_odd| Violation::bad_target())?;
        Ok(RequestHead {
            method: self.method.unwrap_or_default(),
            uri,
            version: if self.is_http10 { Version::HTTP_10 } else { Version::HTTP_11 },
            fields: self.fields,
        })
    }

    /// What is answered in the place of a head that was refused.
    pub(super) fn stand_in() -> RequestHead {
        RequestHead {
            method: Method::GET,
            uri: Uri::from_static("/"),
            version: Version::HTTP_11,
            fields: Fields::default(),
        }
    }
}

impl Listening for Reading {
    fn request_line(&mut self, method: &[u8], target: &[u8], is_http10: bool) {
        // Not before there is a head: whoever waits for one would hold it, too.
        self.fields.reserve(FIELDS_BYTES, FIELDS);
        self.method = Method::from_bytes(method).ok();
        self.target = Bytes::copy_from_slice(target);
        self.is_http10 = is_http10;
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        self.fields.push(name, value);
    }
}

/// Room for an ordinary head, and for what is added to it.
const FIELDS_BYTES: usize = 1000;
const FIELDS: usize = 24;
