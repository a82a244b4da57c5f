//! What one connection may ask of us.

use super::super::super::framing::Bounds;
use crate::lab::Limits;

/// The limits of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) bounds: Bounds,
    /// From the first byte of a head, or from the beginning of the connection, to the whole head.
    pub(super) header_timeout_ns: u64,
    /// Between two requests.
    pub(super) idle_timeout_ns: u64,
    /// How long a client may not take what is written to it.
    pub(super) write_timeout_ns: u64,
}

impl From<&Limits> for Settings {
    fn from(limits: &Limits) -> Self {
        Self {
            bounds: Bounds {
                header_bytes: limits.header_bytes as usize,
                header_count: limits.header_count,
            },
            header_timeout_ns: limits.header_timeout.ns(),
            idle_timeout_ns: limits.idle_timeout.ns(),
            write_timeout_ns: limits.idle_timeout.ns(),
        }
    }
}
