//! A connection's bytes, encrypted or not, with what was read ahead of its reader.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

/// One end of a connection.
pub(super) struct Transport<S> {
    /// Read from the connection, but not yet by whom it is for.
    ahead: Bytes,
    pub(super) way: Way<S>,
}

pub(super) enum Way<S> {
    Plain(S),
    Encrypted(Box<TlsStream<Transport<S>>>),
}

impl<S> Transport<S> {
    pub(super) fn plain(stream: S, ahead: Bytes) -> Self {
        Self { ahead, way: Way::Plain(stream) }
    }

    pub(super) fn encrypted(stream: impl Into<TlsStream<Self>>) -> Self {
        Self { ahead: Bytes::new(), way: Way::Encrypted(Box::new(stream.into())) }
    }

    /// Puts bytes back in front of what comes.
    pub(super) fn put_back(&mut self, ahead: Bytes) {
        assert!(self.ahead.is_empty(), "bytes were put back before the earlier ones were read");
        self.ahead = ahead;
    }

    /// The connection underneath.
    pub(super) fn wire(&self) -> &S {
        match &self.way {
            Way::Plain(stream) => stream,
            Way::Encrypted(stream) => stream.get_ref().0.wire(),
        }
    }

    /// The same where nothing is between it and the reader.
    pub(super) fn bare_wire(&self) -> Option<&S> {
        match &self.way {
            Way::Plain(stream) if self.ahead.is_empty() => Some(stream),
            _ => None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let n_bytes = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead[..n_bytes]);
            self.ahead.advance(n_bytes);
            if self.ahead.is_empty() {
                // The memory, too, which an emptied one would hold for as long as the connection lasts.
                self.ahead = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_read(ctx, buffer),
            Way::Encrypted(stream) => Pin::new(stream).poll_read(ctx, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_write(ctx, bytes),
            Way::Encrypted(stream) => Pin::new(stream).poll_write(ctx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_flush(ctx),
            Way::Encrypted(stream) => Pin::new(stream).poll_flush(ctx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_shutdown(ctx),
            Way::Encrypted(stream) => Pin::new(stream).poll_shutdown(ctx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_write_vectored(ctx, slices),
            Way::Encrypted(stream) => Pin::new(stream).poll_write_vectored(ctx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.way {
            Way::Plain(stream) => stream.is_write_vectored(),
            Way::Encrypted(stream) => stream.is_write_vectored(),
        }
    }
}
