//! Stands between a client's socket and hyper, and lets through only requests whose framing leaves no doubt.
//!
//! hyper's parser forgives: it takes bare line feeds, two equal Content-Lengths, and Content-Length beside
//! Transfer-Encoding. What it forgave would be sent on in a cleaned form, and the client's next proxy may have read
//! it otherwise. So the bytes are checked before hyper sees them, where they lie, without a copy as long as heads
//! arrive whole. In the place of a refused request hyper gets a harmless one, so that the refusal is answered in its
//! turn, after the requests that came before it, by the same code that answers everything.
//!
//! **Upgrades.** After a request that asks to switch protocols, the bytes that follow are either the tunnel's or a
//! next request, and only the answer tells which. Read as a request, a tunnel's first bytes would be a violation, and
//! the stand-in for it would lie in hyper's buffer and go down the tunnel; passed on unread, they would be a way to
//! smuggle. So they are held back, unread, until the host says "tunnel" or "answered". An honest client sends
//! nothing before the answer, so nobody waits for this.

mod alarm;
mod state;
mod write;

#[cfg(test)]
mod tests;

pub(super) use state::GuardState;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use super::framing::{Bounds, End, Framing, Scan, Violation};
use crate::lab::Limits;
use crate::period::Clock;
use alarm::Alarm;

/// The limits of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GuardSettings {
    pub bounds: Bounds,
    /// From the first byte of a head, or from the beginning of the connection, to the whole head.
    pub header_timeout_ns: u64,
    /// Between two requests.
    pub idle_timeout_ns: u64,
    /// How long a client may not take what is written to it.
    pub write_timeout_ns: u64,
}

impl From<&Limits> for GuardSettings {
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

/// A client's connection as hyper gets it.
pub(super) struct Guard<S> {
    inner: S,
    state: Arc<GuardState>,
    settings: GuardSettings,
    clock: Arc<dyn Clock>,
    framing: Framing,
    /// Read from the socket and not yet handed on.
    held: Vec<u8>,
    /// So many of the held bytes, from the start, may be handed on.
    approved: usize,
    ending: Ending,
    phase: Phase,
    read_alarm: Alarm,
    /// Who waits for bytes that may come without the socket waking anybody.
    reader: Option<Waker>,
    /// An interim response that was begun is ended before anything else is written.
    interim: Bytes,
    /// Since when a write makes no progress.
    stalled_ns: Option<u64>,
    write_alarm: Alarm,
    lingers_since_ns: Option<u64>,
    lingered: usize,
}

/// How reading goes on when the held bytes are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    /// All was said about a refusal. The stand-in says `connection: close`, so hyper reads no further request; an end
    /// of the stream would make it drop the answer, because it would look as if the client had left.
    Silent,
    Broken(Violation),
    Closed,
}

/// What is waited for, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Busy,
    Head { since_ns: u64 },
    Idle { since_ns: u64 },
}

impl<S> Guard<S> {
    pub(super) fn new(
        inner: S,
        settings: GuardSettings,
        clock: Arc<dyn Clock>,
    ) -> (Self, Arc<GuardState>) {
        let state = Arc::new(GuardState::new());
        let guard = Self {
            inner,
            state: Arc::clone(&state),
            settings,
            framing: Framing::new(settings.bounds),
            held: Vec::new(),
            approved: 0,
            ending: Ending::Open,
            phase: Phase::Head { since_ns: clock.now_ns() },
            clock,
            read_alarm: Alarm::default(),
            reader: None,
            interim: Bytes::new(),
            stalled_ns: None,
            write_alarm: Alarm::default(),
            lingers_since_ns: None,
            lingered: 0,
        };
        (guard, state)
    }

    fn scan_held(&mut self) {
        let scan = self.framing.scan(&self.held[self.approved..]);
        self.approved += scan.passed;
        self.settle(scan);
    }

    /// Draws the consequences of a scan after which `held` ends with what was not passed.
    fn settle(&mut self, scan: Scan) {
        if scan.passed > 0 {
            self.phase = Phase::Busy;
        }
        match scan.end {
            End::More => {}
            End::Refused(violation) => self.refuse(violation),
            End::Broken(violation) => {
                self.held.truncate(self.approved);
                self.state.break_body(violation);
                self.ending = Ending::Broken(violation);
            }
        }
    }

    fn refuse(&mut self, violation: Violation) {
        self.held.truncate(self.approved);
        self.held.extend_from_slice(STAND_IN);
        self.approved = self.held.len();
        self.state.refuse(self.framing.n_heads(), violation);
        self.ending = Ending::Silent;
    }

    /// Hands on what is held and approved; whether that was anything.
    fn hand_on(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let length = self.approved.min(buf.remaining());
        if length == 0 {
            return false;
        }
        buf.put_slice(&self.held[..length]);
        self.approved -= length;
        if length == self.held.len() {
            // The memory, too: a connection that once sent a long head in pieces may be silent for long.
            self.held = Vec::new();
        } else {
            self.held.drain(..length);
        }
        true
    }

    fn all_answered(&self) -> bool {
        self.state.n_answered() >= self.framing.n_heads()
    }

    /// Whether the time for what is waited for is over. If so, the ending is set.
    fn time_is_over(&mut self, cx: &mut Context<'_>) -> bool {
        if self.ending != Ending::Open {
            return false;
        }
        let has_begun = self.framing.is_in_head() && self.approved < self.held.len();
        match self.phase {
            Phase::Head { .. } => {}
            _ if has_begun => self.phase = Phase::Head { since_ns: self.clock.now_ns() },
            Phase::Idle { .. } => {}
            Phase::Busy if self.all_answered() => {
                self.phase = Phase::Idle { since_ns: self.clock.now_ns() };
            }
            Phase::Busy => return false,
        }
        let deadline_ns = match self.phase {
            Phase::Busy => return false,
            Phase::Head { since_ns } => since_ns.saturating_add(self.settings.header_timeout_ns),
            Phase::Idle { since_ns } => since_ns.saturating_add(self.settings.idle_timeout_ns),
        };
        if !self.read_alarm.is_over(self.clock.now_ns(), deadline_ns, cx) {
            return false;
        }
        if has_begun {
            self.refuse(Violation::head_too_slow());
        } else {
            self.ending = Ending::Closed;
        }
        true
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Reads into the caller's memory and takes back what may not be handed on yet.
    fn read_in_place(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Read>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let fresh = &buf.filled()[before..];
        if fresh.is_empty() {
            return Poll::Ready(Ok(Read::End));
        }
        let scan = self.framing.scan(fresh);
        self.held.extend_from_slice(&fresh[scan.passed..]);
        buf.set_filled(before + scan.passed);
        self.settle(scan);
        Poll::Ready(Ok(if scan.passed > 0 { Read::Handed } else { Read::Kept }))
    }

    /// Reads behind what is held, so that a head or a line that came in pieces lies in one.
    fn read_behind_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Read>> {
        let before = self.held.len();
        self.held.resize(before + HELD_STEP_BYTES, 0);
        let mut room = ReadBuf::new(&mut self.held[before..]);
        let polled = Pin::new(&mut self.inner).poll_read(cx, &mut room);
        let length = room.filled().len();
        self.held.truncate(before + length);
        ready!(polled)?;
        if length == 0 {
            return Poll::Ready(Ok(Read::End));
        }
        self.scan_held();
        Poll::Ready(Ok(Read::Kept))
    }

    fn read_open(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Read>> {
        if self.framing.is_undecided() {
            if self.all_answered() {
                self.framing.go_on();
                self.scan_held();
                return Poll::Ready(Ok(Read::Kept));
            }
            self.reader = Some(cx.waker().clone());
            if !self.held.is_empty() {
                return Poll::Pending;
            }
        }
        let polled = if self.held.is_empty() {
            self.read_in_place(cx, buf)
        } else {
            self.read_behind_held(cx)
        };
        match polled {
            Poll::Pending if self.time_is_over(cx) => Poll::Ready(Ok(Read::Kept)),
            Poll::Pending => {
                self.note_reader(cx);
                Poll::Pending
            }
            done @ Poll::Ready(_) => done,
        }
    }

    /// The end of an answer starts the time until the next request, and hyper does not ask for bytes again then.
    fn note_reader(&mut self, cx: &Context<'_>) {
        if self.phase == Phase::Busy
            && self.reader.as_ref().is_none_or(|known| !known.will_wake(cx.waker()))
        {
            self.reader = Some(cx.waker().clone());
        }
    }
}

enum Read {
    /// Something stands in the caller's memory.
    Handed,
    /// What came is held; look again.
    Kept,
    End,
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if this.state.is_tunnel() && this.ending == Ending::Open {
            this.approved = this.held.len();
            if this.approved == 0 {
                return Pin::new(&mut this.inner).poll_read(cx, buf);
            }
        }
        loop {
            if this.hand_on(buf) {
                return Poll::Ready(Ok(()));
            }
            match this.ending {
                Ending::Open => {}
                Ending::Silent => return Poll::Pending,
                Ending::Closed => return Poll::Ready(Ok(())),
                Ending::Broken(violation) => {
                    this.ending = Ending::Silent;
                    return Poll::Ready(Err(invalid(violation)));
                }
            }
            match ready!(this.read_open(cx, buf))? {
                Read::Handed | Read::End => return Poll::Ready(Ok(())),
                Read::Kept => {}
            }
        }
    }
}

fn invalid(violation: Violation) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, violation.message)
}

/// What hyper is given in the place of a refused request.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";
const HELD_STEP_BYTES: usize = 4096;
