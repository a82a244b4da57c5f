//! A client's connection, which can end with a reset instead of a farewell.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How a connection ends when it is dropped. Shared by the connection and whoever decides about it.
#[derive(Default)]
pub(super) struct Ending {
    resets: AtomicBool,
    /// Of the server as a whole.
    dead: Arc<AtomicBool>,
}

impl Ending {
    pub(super) fn of_server(dead: &Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self { resets: AtomicBool::new(false), dead: Arc::clone(dead) })
    }

    pub(super) fn reset(&self) {
        self.resets.store(true, Ordering::Relaxed);
    }

    fn is_reset(&self) -> bool {
        self.resets.load(Ordering::Relaxed) || self.dead.load(Ordering::Relaxed)
    }
}

pub(super) struct Wire {
    stream: TcpStream,
    ending: Arc<Ending>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, ending: Arc<Ending>) -> Self {
        // Without it a small answer may wait for an acknowledgement; a system that refuses serves all the same.
        stream.set_nodelay(true).ok();
        Self { stream, ending }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.ending.is_reset() {
            // Closing a socket that does not linger sends RST. Where that cannot be set the client is gone already.
            self.stream.set_zero_linger().ok();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
