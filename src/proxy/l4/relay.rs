//! Carries bytes both ways between two connections until both have ended.
//!
//! The end of one side's bytes is passed on as the end of the other's (half-close), and the other direction goes on. A
//! connection that breaks breaks the other one, so that neither side takes a torn stream for a whole one.

use std::future::poll_fn;
use std::io;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::super::buffers::{BUFFER_BYTES, Buffer};
use super::splice::Pipe;

/// One of the two connections.
pub(in super::super) trait End: AsyncRead + AsyncWrite + Unpin {
    /// The socket, where its bytes are the connection's bytes as they are.
    fn bare(&self) -> Option<&TcpStream>;

    /// Makes the coming close a reset.
    fn abort(&self);
}

/// Is told what was carried, at most once each time the connection wakes.
pub(in super::super) trait Tally {
    fn carried(&mut self, to_server: u64, to_client: u64);
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ended {
    /// Both sides said all they had to say.
    InOrder,
    /// Neither side said anything for too long.
    Idle,
    ClientBroke,
    ServerBroke,
}

/// A connection that has not ended in order. Dropped as such it is reset, so that nobody takes a torn stream for a whole
/// one: also where a listener's grace is over, or a panic passes through.
pub(in super::super) struct Unfinished<E: End> {
    end: E,
    finished: bool,
}

impl<E: End> Unfinished<E> {
    pub(in super::super) fn new(end: E) -> Self {
        Self { end, finished: false }
    }

    fn finish(mut self) {
        self.finished = true;
    }
}

impl<E: End> Drop for Unfinished<E> {
    fn drop(&mut self) {
        if !self.finished {
            self.end.abort();
        }
    }
}

impl<E: End> Deref for Unfinished<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.end
    }
}

impl<E: End> DerefMut for Unfinished<E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.end
    }
}

/// Carries until the end and closes both.
pub(in super::super) async fn relay(
    mut client: Unfinished<impl End>,
    mut server: Unfinished<impl End>,
    idle: Duration,
    tally: &mut impl Tally,
) -> Ended {
    let (mut up, mut down) = (Direction::default(), Direction::default());
    let mut patience = Patience::new(idle);
    let ended = poll_fn(|ctx| {
        let upwards = up.poll(ctx, &mut *client, &mut *server, down.is_done());
        let downwards = down.poll(ctx, &mut *server, &mut *client, up.is_done());
        let (to_server, to_client) = (up.take_moved(), down.take_moved());
        if to_server + to_client > 0 {
            tally.carried(to_server, to_client);
            patience.moved = true;
        }
        match (upwards, downwards) {
            (Poll::Ready(Err(Broken::Source)), _) | (_, Poll::Ready(Err(Broken::Sink))) => {
                Poll::Ready(Ended::ClientBroke)
            }
            (Poll::Ready(Err(Broken::Sink)), _) | (_, Poll::Ready(Err(Broken::Source))) => {
                Poll::Ready(Ended::ServerBroke)
            }
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ended::InOrder),
            _ => patience.poll_exhausted(ctx).map(|()| Ended::Idle),
        }
    });
    let ended = ended.await;
    if ended == Ended::InOrder {
        client.finish();
        server.finish();
    }
    ended
}

/// Bytes on their way from a source to a sink.
#[derive(Default)]
struct Direction {
    stage: Stage,
    /// Read and not yet written, because the sink is slow.
    held: Option<Held>,
    unflushed: bool,
    moved: u64,
    /// Large pieces in a row.
    streak: u32,
    /// While bytes come in bulk, they go through here and not through this program.
    pipe: Option<Pipe>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Open,
    /// The source has ended; the sink is to be told.
    Ending,
    Done,
}

struct Held {
    buffer: Buffer,
    start: usize,
    end: usize,
}

/// Which end of a direction failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Source,
    Sink,
}

impl Direction {
    fn poll(
        &mut self,
        ctx: &mut Context<'_>,
        source: &mut impl End,
        sink: &mut impl End,
        is_last: bool,
    ) -> Poll<Result<(), Broken>> {
        loop {
            ready!(self.poll_write_held(ctx, sink))?;
            match self.stage {
                Stage::Open if self.pipe.is_some() => ready!(self.poll_pipe(ctx, source, sink))?,
                Stage::Open => ready!(self.poll_copy(ctx, source, sink))?,
                // Nothing is left to be read from it, and closing it says the same.
                Stage::Ending if is_last && sink.bare().is_some() => self.stage = Stage::Done,
                Stage::Ending => {
                    ready!(Pin::new(&mut *sink).poll_shutdown(ctx))
                        .map_err(|_lost| Broken::Sink)?;
                    self.stage = Stage::Done;
                }
                Stage::Done => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_write_held(
        &mut self,
        ctx: &mut Context<'_>,
        sink: &mut impl End,
    ) -> Poll<Result<(), Broken>> {
        while let Some(held) = &mut self.held {
            let bytes = &held.buffer[held.start..held.end];
            match ready!(Pin::new(&mut *sink).poll_write(ctx, bytes)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Broken::Sink)),
                Ok(n_bytes) => held.start += n_bytes,
            }
            self.unflushed = true;
            if held.start == held.end {
                self.held = None;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads one piece into a buffer.
    fn poll_copy(
        &mut self,
        ctx: &mut Context<'_>,
        source: &mut impl End,
        sink: &mut impl End,
    ) -> Poll<Result<(), Broken>> {
        let mut buffer = Buffer::take();
        let mut unread = ReadBuf::new(&mut buffer);
        let n_bytes = match Pin::new(&mut *source).poll_read(ctx, &mut unread) {
            Poll::Ready(Ok(())) => unread.filled().len(),
            // TLS that ends without saying so. Many do, and all that came was authentic.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken::Source)),
            Poll::Pending => return self.poll_flush(ctx, sink),
        };
        if n_bytes == 0 {
            self.stage = Stage::Ending;
            return Poll::Ready(Ok(()));
        }
        self.moved += n_bytes as u64;
        self.held = Some(Held { buffer, start: 0, end: n_bytes });
        self.streak = if n_bytes >= LARGE_BYTES { self.streak + 1 } else { 0 };
        if self.streak >= STREAK && source.bare().is_some() && sink.bare().is_some() {
            self.pipe = Pipe::take();
            self.streak = 0;
        }
        Poll::Ready(Ok(()))
    }

    /// Always pending: nothing can be read now.
    fn poll_flush(
        &mut self,
        ctx: &mut Context<'_>,
        sink: &mut impl End,
    ) -> Poll<Result<(), Broken>> {
        if self.unflushed {
            ready!(Pin::new(sink).poll_flush(ctx)).map_err(|_lost| Broken::Sink)?;
            self.unflushed = false;
        }
        Poll::Pending
    }

    /// Moves one piece from socket to socket inside the kernel.
    fn poll_pipe(
        &mut self,
        ctx: &mut Context<'_>,
        source: &impl End,
        sink: &impl End,
    ) -> Poll<Result<(), Broken>> {
        let (Some(pipe), Some(from), Some(to)) = (&mut self.pipe, source.bare(), sink.bare())
        else {
            self.pipe = None;
            return Poll::Ready(Ok(()));
        };
        if pipe.is_empty() {
            let n_bytes = ready!(pipe.poll_fill(ctx, from)).map_err(|_lost| Broken::Source)?;
            if n_bytes == 0 {
                self.stage = Stage::Ending;
                self.pipe = None;
                return Poll::Ready(Ok(()));
            }
            self.moved += n_bytes as u64;
            self.streak = if n_bytes < SMALL_BYTES { self.streak + 1 } else { 0 };
        }
        ready!(pipe.poll_drain(ctx, to)).map_err(|_lost| Broken::Sink)?;
        if self.streak >= STREAK {
            self.pipe = None;
            self.streak = 0;
        }
        Poll::Ready(Ok(()))
    }

    fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    fn take_moved(&mut self) -> u64 {
        std::mem::take(&mut self.moved)
    }
}

/// Notices silence, at no cost for those who speak: instead of a timer set anew with each piece, one that looks now and
/// then whether something moved since it looked last.
struct Patience {
    sleep: Pin<Box<Sleep>>,
    look_every: Duration,
    silent_looks: u32,
    moved: bool,
}

impl Patience {
    fn new(idle: Duration) -> Self {
        let look_every = idle / LOOKS;
        Self { sleep: Box::pin(sleep(look_every)), look_every, silent_looks: 0, moved: false }
    }

    /// Ready after a silence of at least the idle time, and of a quarter more at most.
    fn poll_exhausted(&mut self, ctx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.sleep.as_mut().poll(ctx));
            self.silent_looks = if self.moved { 0 } else { self.silent_looks + 1 };
            self.moved = false;
            if self.silent_looks >= LOOKS {
                return Poll::Ready(());
            }
            self.sleep.set(sleep(self.look_every));
        }
    }
}

const LOOKS: u32 = 4;
/// From here on a piece speaks for bulk. A relay that keeps up with its source rarely sees the buffer full.
const LARGE_BYTES: usize = BUFFER_BYTES / 4;
/// Below this a piece speaks against it.
const SMALL_BYTES: usize = 4 * 1024;
/// So many pieces of a kind in a row decide.
const STREAK: u32 = 4;
