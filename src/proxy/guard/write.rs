//! The guard's way out: interim responses between messages, and readers that stopped reading.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Guard;

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    /// Writes what waits to be written between two messages. hyper flushes its stream only when its own buffer is
    /// empty, and begins an answer only after it tried to flush the one before; so between a completed flush and the
    /// next write there is a gap.
    fn write_interims(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while !self.interim.is_empty() {
                let polled = Pin::new(&mut self.inner).poll_write(cx, &self.interim);
                let written = ready!(self.progress(cx, polled))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.interim.advance(written);
            }
            // Frees the memory of the last one, too.
            self.interim = Bytes::new();
            if !self.state.is_drained() {
                return Poll::Ready(Ok(()));
            }
            match self.state.next_interim() {
                Some(next) => self.interim = next,
                None => return Poll::Ready(Ok(())),
            }
        }
    }

    /// A write that stands still for too long is an error.
    fn progress<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled_ns = None;
            return polled;
        }
        if self.state.is_tunnel() {
            return polled;
        }
        let now_ns = self.clock.now_ns();
        let since_ns = *self.stalled_ns.get_or_insert(now_ns);
        let deadline_ns = since_ns.saturating_add(self.settings.write_timeout_ns);
        if self.write_alarm.is_over(now_ns, deadline_ns, cx) {
            let message = "the client does not read its answer";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
        }
        Poll::Pending
    }

    fn before_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.state.is_tunnel() && self.interim.is_empty() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.write_interims(cx))?;
        self.state.set_drained(false);
        Poll::Ready(Ok(()))
    }

    /// After the end of an answer: time runs for the next request, and a reader that waited to learn what its bytes
    /// are may be told.
    fn after_flush(&mut self, cx: &mut Context<'_>) {
        if self.reader.is_none() || !self.all_answered() {
            return;
        }
        let must_look = self.framing.is_undecided() || self.time_is_over(cx);
        if let Some(reader) = self.reader.take()
            && must_look
        {
            reader.wake();
        }
    }

    /// Reads what the client still sends, for a while and up to a limit, and forgets it. A socket that is closed with
    /// unread bytes resets the connection, and the refusal would be lost with it (RFC 9112 section 9.6).
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let now_ns = self.clock.now_ns();
        let since_ns = *self.lingers_since_ns.get_or_insert(now_ns);
        if self.write_alarm.is_over(now_ns, since_ns.saturating_add(LINGER_NS), cx) {
            return Poll::Ready(Ok(()));
        }
        let mut memory = [0; 2048];
        while self.lingered < LINGER_BYTES_MAX {
            let mut room = ReadBuf::new(&mut memory);
            let polled = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut room));
            if polled.is_err() || room.filled().is_empty() {
                break;
            }
            self.lingered += room.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.before_write(cx))?;
        let polled = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.progress(cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.before_write(cx))?;
        let polled = Pin::new(&mut this.inner).poll_write_vectored(cx, slices);
        this.progress(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.state.is_tunnel() && this.interim.is_empty() {
            return Pin::new(&mut this.inner).poll_flush(cx);
        }
        let polled = Pin::new(&mut this.inner).poll_flush(cx);
        ready!(this.progress(cx, polled))?;
        this.state.set_drained(true);
        ready!(this.write_interims(cx))?;
        let polled = Pin::new(&mut this.inner).poll_flush(cx);
        ready!(this.progress(cx, polled))?;
        this.after_flush(cx);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
        if this.state.has_refused() { this.linger(cx) } else { Poll::Ready(Ok(())) }
    }
}

const LINGER_NS: u64 = 1_000_000_000;
const LINGER_BYTES_MAX: usize = 256 * 1024;
