//! Buffers for copying, shared by all connections of a thread.
//!
//! A connection holds one only between a read and the writes that empty it, so silent connections hold none, and the
//! buffer used last, which the next read takes, is still in the processor's cache.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// A buffer on loan from its thread.
pub(super) struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    pub(super) fn take() -> Self {
        let kept = KEPT.with_borrow_mut(Vec::pop);
        Self { bytes: kept.unwrap_or_else(|| vec![0; BUFFER_BYTES]) }
    }

    /// Doubles it, for the rare head that is longer.
    pub(super) fn grow(&mut self) {
        self.bytes.resize(2 * self.bytes.len(), 0);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.len() != BUFFER_BYTES {
            return;
        }
        // At the thread's own end there is nowhere to put it, and no need to.
        let _gone = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT_MAX {
                kept.push(bytes);
            }
        });
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Also the longest datagram.
pub(super) const BUFFER_BYTES: usize = 64 * 1024;
/// Each thread keeps a mebibyte: more are in use only while that many readers are slow.
const KEPT_MAX: usize = 16;
