//! What happened in the data plane that is not a request, with its cause.

use std::sync::Arc;

use crate::balance::Health;
use crate::balance::health::Cause;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    pub at_ns: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// A server's health has changed.
    Health { pool: Arc<str>, server: Arc<str>, to: Health, cause: Cause },
    /// A connection was refused or closed because of what its client did.
    Misbehaved { listener: Arc<str>, why: String },
    /// Something of the system failed: a certificate, an accept.
    Trouble { listener: Arc<str>, why: String },
}
