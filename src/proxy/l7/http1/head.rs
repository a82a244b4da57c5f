//! The head of a request as it is read.

use std::mem;

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
    pub(super) fn head(&mut self) -> Result<RequestHead, Violation> {
        let target = mem::take(&mut self.target);
        let uri = Uri::from_maybe_shared(target).map_err(|_odd| Violation::bad_target())?;
        Ok(RequestHead {
            method: self.method.take().unwrap_or_default(),
            uri,
            version: self.version(),
            fields: mem::take(&mut self.fields),
        })
    }

    /// What was read of a head that is refused, with a dash in the place of what was not.
    pub(super) fn refused(self) -> RequestHead {
        let version = self.version();
        let target = Uri::from_maybe_shared(self.target);
        RequestHead {
            method: self.method.or_else(|| Method::from_bytes(b"-").ok()).unwrap_or_default(),
            uri: target.unwrap_or_else(|_unread| Uri::from_static("-")),
            version,
            fields: Fields::default(),
        }
    }

    fn version(&self) -> Version {
        if self.is_http10 { Version::HTTP_10 } else { Version::HTTP_11 }
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
