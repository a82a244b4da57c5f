//! Bytes that were read from a connection and not yet used.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::buffers::Buffer;

/// Holds memory only while it holds bytes, so that a silent connection holds none.
#[derive(Default)]
pub(super) struct Inbox {
    buffer: Option<Buffer>,
    start: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer[self.start..self.end])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Forgets so many bytes from the front.
    pub(super) fn used(&mut self, n_bytes: usize) {
        self.start += n_bytes;
        if self.start == self.end {
            *self = Self::default();
        }
    }

    /// Reads behind what is held. Nothing read is the end of the connection.
    pub(super) fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        ctx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = self.buffer.take().unwrap_or_else(Buffer::take);
        if self.end == buffer.len() {
            buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end == buffer.len() {
                buffer.grow();
            }
        }
        let mut room = ReadBuf::new(&mut buffer[self.end..]);
        let polled = Pin::new(stream).poll_read(ctx, &mut room);
        let n_bytes = room.filled().len();
        self.end += n_bytes;
        if !self.is_empty() {
            self.buffer = Some(buffer);
        }
        ready!(polled)?;
        Poll::Ready(Ok(n_bytes))
    }

    /// Takes all out.
    pub(super) fn take(&mut self) -> bytes::Bytes {
        let bytes = bytes::Bytes::copy_from_slice(self.bytes());
        *self = Self::default();
        bytes
    }
}
