//! Tells HTTP/2 with prior knowledge from HTTP/1.1 by the first bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use super::protocol::Io;

/// A connection of which the first bytes have been looked at.
pub(super) struct Sniffed<S> {
    io: S,
    first: Bytes,
}

impl<S: Io> Sniffed<S> {
    /// Reads until it is clear whether the client speaks HTTP/2.
    pub(super) async fn begin(mut io: S) -> io::Result<(Self, bool)> {
        let mut first = Vec::with_capacity(FIRST_READ);
        loop {
            let n_read = io.read_buf(&mut first).await?;
            let n_known = first.len().min(PREFACE.len());
            let may_be_http2 = first[..n_known] == PREFACE[..n_known];
            if n_read == 0 || !may_be_http2 || n_known == PREFACE.len() {
                let is_http2 = may_be_http2 && n_known == PREFACE.len();
                return Ok((Self { io, first: first.into() }, is_http2));
            }
        }
    }
}

impl<S: Io> AsyncRead for Sniffed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let n_taken = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first[..n_taken]);
        self.first.advance(n_taken);
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Sniffed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// RFC 9113, 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FIRST_READ: usize = 2_048;
