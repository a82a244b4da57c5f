//! A client's connection: what is read of it and what waits to be written to it.
//!
//! One request at a time. What a client sends behind it is left where it lies until the answer is out, so answers come in
//! order without a queue, and what follows a wish to switch protocols is looked at only when it is known what it is.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWrite as _, ReadBuf};

use super::super::super::alarm::Alarm;
use super::super::super::fields::Fields;
use super::super::super::framing::{Body, Framing, Piece, Violation};
use super::super::super::inbox::Inbox;
use super::super::super::network::Wire;
use super::super::super::transport::Transport;
use super::super::message::AnswerHead;
use super::super::upload::UploadError;
use super::head::Reading;
use super::settings::Settings;
use crate::period::Clock;

/// A client's connection, shared by who reads the request's body and who writes the answer.
pub(in super::super) struct Line<S> {
    transport: Transport<S>,
    inbox: Inbox,
    framing: Framing,
    settings: Settings,
    clock: Arc<dyn Clock>,
    /// To be written before anything else.
    pub(super) out: Vec<u8>,
    n_written: usize,
    body: BodyState,
    trailers: Fields,
    /// Where the bytes of a large body are read to.
    room: BytesMut,
    /// What broke the body of the request.
    violation: Option<Violation>,
    phase: Phase,
    read_alarm: Alarm,
    write_alarm: Alarm,
    /// For the server's answer.
    answer_alarm: Alarm,
    /// Since when a write makes no progress.
    stalled_ns: Option<u64>,
    n_interims_dropped: u64,
    /// The client has said that nothing more comes.
    left: bool,
}

/// What is known of the body of the request under way.
#[derive(Debug, Clone, Copy, Default)]
struct BodyState {
    /// Its client sends it only when it is told to.
    awaited: bool,
    ended: bool,
    /// How long its head says it is.
    length: Option<u64>,
}

/// What a connection waits for, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Busy,
    Head {
        since_ns: u64,
    },
    /// Not known before the time is looked at.
    Idle {
        since_ns: Option<u64>,
    },
}

/// There is no further request.
pub(super) enum End {
    Closed,
    Refused(Violation),
}

impl<S: Wire> Line<S> {
    pub(super) fn new(transport: Transport<S>, settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            inbox: Inbox::default(),
            framing: Framing::new(settings.bounds),
            settings,
            phase: Phase::Head { since_ns: clock.now_ns() },
            clock,
            out: Vec::new(),
            n_written: 0,
            body: BodyState { ended: true, ..BodyState::default() },
            trailers: Fields::default(),
            room: BytesMut::new(),
            violation: None,
            read_alarm: Alarm::default(),
            write_alarm: Alarm::default(),
            answer_alarm: Alarm::default(),
            stalled_ns: None,
            n_interims_dropped: 0,
            left: false,
        }
    }

    /// Reads the next head. Nobody waits for it longer than is allowed.
    pub(super) fn poll_head(
        &mut self,
        ctx: &mut Context<'_>,
        reading: &mut Reading,
    ) -> Poll<Result<Body, End>> {
        loop {
            match self.framing.piece(self.inbox.bytes(), reading) {
                Ok(Some((Piece::Head(body), length))) => {
                    self.inbox.used(length);
                    self.phase = Phase::Busy;
                    let length = match body {
                        Body::None => Some(0),
                        Body::Sized(length) => Some(length),
                        Body::Chunked => None,
                    };
                    self.body = BodyState { ended: body == Body::None, awaited: false, length };
                    return Poll::Ready(Ok(body));
                }
                // Between two requests there is nothing else.
                Ok(Some(_)) => return Poll::Ready(Err(End::Closed)),
                Ok(None) => {}
                Err(violation) => return Poll::Ready(Err(End::Refused(violation))),
            }
            match self.inbox.poll_fill(ctx, &mut self.transport) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    self.left = true;
                    return Poll::Ready(Err(End::Closed));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return self.poll_time(ctx),
            }
        }
    }

    /// Whether nothing of a next request has come.
    pub(super) fn is_idle(&self) -> bool {
        self.inbox.is_empty()
    }

    /// Whether the client has left. Asked only while nothing else is read.
    pub(super) fn poll_gone(&mut self, ctx: &mut Context<'_>) -> Poll<()> {
        if !self.body.ended || !self.inbox.is_empty() {
            return Poll::Pending;
        }
        match ready!(self.inbox.poll_fill(ctx, &mut self.transport)) {
            Ok(0) | Err(_) => Poll::Ready(()),
            Ok(_) => Poll::Pending,
        }
    }

    /// The request was answered, and the next one may come.
    pub(super) fn go_on(&mut self) {
        self.framing.go_on();
        self.phase = Phase::Idle { since_ns: None };
        self.trailers = Fields::default();
        self.room = BytesMut::new();
        if self.out.capacity() > OUT_BYTES_MAX {
            self.out = Vec::new();
        }
    }

    /// The client waits for a word before it sends its body.
    pub(super) fn await_body(&mut self) {
        self.body.awaited = true;
    }

    /// The answer has begun: there is no more room for a word before it.
    pub(super) fn begin_answer(&mut self) {
        self.body.awaited = false;
    }

    /// Reads and forgets what is there of the request's body. Whether that was the end of it.
    pub(super) fn drain(&mut self) -> bool {
        let mut ctx = Context::from_waker(Waker::noop());
        let mut drained = 0;
        while !self.body.ended && drained < DRAINED_BYTES_MAX {
            match self.poll_frame(&mut ctx) {
                Poll::Ready(Some(Ok(frame))) => drained += frame.data_ref().map_or(0, Bytes::len),
                Poll::Ready(None) => {}
                Poll::Ready(Some(Err(_))) | Poll::Pending => break,
            }
        }
        self.body.ended
    }

    /// Writes what waits. A client that takes nothing for too long is an error.
    pub(super) fn poll_out(&mut self, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.n_written < self.out.len() {
            let bytes = &self.out[self.n_written..];
            let polled = Pin::new(&mut self.transport).poll_write(ctx, bytes);
            self.n_written += ready!(self.progress(ctx, polled))?;
        }
        self.out.clear();
        self.n_written = 0;
        Poll::Ready(Ok(()))
    }

    /// Writes what comes before the answer, if there is anything.
    pub(super) fn poll_interims(&mut self, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_out(ctx))?;
        self.poll_flush(ctx)
    }

    /// Writes what waits and, behind it, of `piece` as much as goes. Returns how much of the piece went.
    pub(super) fn poll_write(
        &mut self,
        ctx: &mut Context<'_>,
        piece: &[u8],
    ) -> Poll<io::Result<usize>> {
        let waiting = &self.out[self.n_written..];
        let n_waiting = waiting.len();
        let polled = if n_waiting == 0 {
            Pin::new(&mut self.transport).poll_write(ctx, piece)
        } else if self.transport.is_write_vectored() {
            let slices = [io::IoSlice::new(waiting), io::IoSlice::new(piece)];
            Pin::new(&mut self.transport).poll_write_vectored(ctx, &slices)
        } else {
            Pin::new(&mut self.transport).poll_write(ctx, waiting)
        };
        let n_bytes = ready!(self.progress(ctx, polled))?;
        if n_bytes < n_waiting {
            self.n_written += n_bytes;
            return Poll::Ready(Ok(0));
        }
        self.out.clear();
        self.n_written = 0;
        Poll::Ready(Ok(n_bytes - n_waiting))
    }

    pub(super) fn poll_flush(&mut self, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.transport).poll_flush(ctx);
        if polled.is_ready() {
            polled
        } else {
            self.progress(ctx, Poll::Pending).map_ok(drop::<usize>)
        }
    }

    /// Says that no more will come. Whether it `lingers`, and goes on reading, or is closed now.
    pub(super) fn poll_shutdown(
        &mut self,
        ctx: &mut Context<'_>,
        lingers: bool,
    ) -> Poll<io::Result<()>> {
        if (self.left || !lingers) && self.transport.bare_wire().is_some() {
            // Nobody is there to hear it, or closing the socket says the same.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.transport).poll_shutdown(ctx)
    }

    /// Reads what the client still sends, for a while and up to a limit, and forgets it. A socket that is closed with
    /// unread bytes resets the connection, and the answer would be lost with it (RFC 9112 section 9.6).
    pub(super) fn poll_linger(&mut self, ctx: &mut Context<'_>, linger: &mut Linger) -> Poll<()> {
        let now_ns = self.clock.now_ns();
        let since_ns = *linger.since_ns.get_or_insert(now_ns);
        if self.write_alarm.is_over(now_ns, since_ns.saturating_add(LINGER_NS), ctx) {
            return Poll::Ready(());
        }
        let mut memory = [0; 2048];
        while linger.n_bytes < LINGER_BYTES_MAX {
            let mut room = ReadBuf::new(&mut memory);
            let polled = ready!(Pin::new(&mut self.transport).poll_read(ctx, &mut room));
            if polled.is_err() || room.filled().is_empty() {
                break;
            }
            linger.n_bytes += room.filled().len();
        }
        Poll::Ready(())
    }

    pub(super) fn n_interims_dropped(&self) -> u64 {
        self.n_interims_dropped
    }

    /// The connection as bytes, once it is no HTTP any more.
    pub(super) fn into_transport(mut self) -> Transport<S> {
        let ahead = self.inbox.take();
        self.transport.put_back(ahead);
        self.transport
    }

    /// A write that stands still for too long is an error.
    fn progress(
        &mut self,
        ctx: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(_) => {
                self.stalled_ns = None;
                polled
            }
            Poll::Pending => {
                let now_ns = self.clock.now_ns();
                let since_ns = *self.stalled_ns.get_or_insert(now_ns);
                let deadline_ns = since_ns.saturating_add(self.settings.write_timeout_ns);
                if self.write_alarm.is_over(now_ns, deadline_ns, ctx) {
                    let message = "the client does not read its answer";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
                }
                Poll::Pending
            }
        }
    }

    /// Whether the time for the next head is over.
    fn poll_time(&mut self, ctx: &mut Context<'_>) -> Poll<Result<Body, End>> {
        let has_begun = !self.inbox.is_empty();
        let now_ns = self.clock.now_ns();
        if has_begun && !matches!(self.phase, Phase::Head { .. }) {
            self.phase = Phase::Head { since_ns: now_ns };
        }
        let deadline_ns = match &mut self.phase {
            Phase::Busy => return Poll::Pending,
            Phase::Head { since_ns } => since_ns.saturating_add(self.settings.header_timeout_ns),
            Phase::Idle { since_ns } => {
                since_ns.get_or_insert(now_ns).saturating_add(self.settings.idle_timeout_ns)
            }
        };
        if !self.read_alarm.is_over(now_ns, deadline_ns, ctx) {
            return Poll::Pending;
        }
        Poll::Ready(Err(if has_begun {
            End::Refused(Violation::head_too_slow())
        } else {
            End::Closed
        }))
    }

    /// Reads on in the request's body.
    fn poll_frame(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        loop {
            if self.body.ended {
                return Poll::Ready(None);
            }
            match self.framing.piece(self.inbox.bytes(), &mut self.trailers) {
                Ok(Some((Piece::Data, length))) => {
                    let data = Bytes::copy_from_slice(&self.inbox.bytes()[..length]);
                    self.inbox.used(length);
                    self.note_end();
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(Some((piece, length))) => {
                    self.inbox.used(length);
                    if piece == Piece::Trailers {
                        self.body.ended = true;
                        let trailers = std::mem::take(&mut self.trailers);
                        let any = !trailers.is_empty();
                        return Poll::Ready(any.then(|| Ok(Frame::trailers(trailers.to_map()))));
                    }
                }
                Ok(None) => match ready!(self.poll_body_bytes(ctx)) {
                    Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(None) => {}
                    Err(failure) => return Poll::Ready(Some(Err(failure))),
                },
                Err(violation) => {
                    self.violation = Some(violation);
                    return Poll::Ready(Some(Err(UploadError::Broken)));
                }
            }
        }
    }

    /// Reads more of the body: straight into memory that is handed on, where all of it is data.
    fn poll_body_bytes(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, UploadError>> {
        if std::mem::take(&mut self.body.awaited) {
            self.out.extend_from_slice(CONTINUE);
            // What does not go at once goes with the next write of whoever answers.
            if let Poll::Ready(Ok(n_bytes)) =
                Pin::new(&mut self.transport).poll_write(ctx, &self.out[self.n_written..])
            {
                self.n_written += n_bytes;
                let _later = Pin::new(&mut self.transport).poll_flush(ctx);
            }
        }
        let left = self.framing.left_of_sized();
        if !self.inbox.is_empty() || left < LARGE_BYTES {
            return match ready!(self.inbox.poll_fill(ctx, &mut self.transport)) {
                Ok(0) | Err(_) => Poll::Ready(Err(UploadError::Broken)),
                Ok(_) => Poll::Ready(Ok(None)),
            };
        }
        // Memory of pieces that have gone is used again.
        self.room.reserve(ROOM_BYTES);
        let limit = usize::try_from(left).unwrap_or(usize::MAX);
        let mut room = (&mut self.room).limit(limit);
        let read = std::pin::pin!(self.transport.read_buf(&mut room)).poll(ctx);
        match ready!(read) {
            Ok(0) | Err(_) => Poll::Ready(Err(UploadError::Broken)),
            Ok(_) => {
                let data = self.room.split().freeze();
                // It is data by its length, and no longer than that.
                let _data = self.framing.piece(&data, &mut self.trailers);
                self.note_end();
                Poll::Ready(Ok(Some(data)))
            }
        }
    }

    fn note_end(&mut self) {
        self.body.ended = !self.framing.is_in_body();
    }
}

/// How much was read of what a client still sent.
#[derive(Default)]
pub(super) struct Linger {
    since_ns: Option<u64>,
    n_bytes: usize,
}

/// What the rest of the proxy sees of a client's connection.
pub(in super::super) trait Near {
    fn is_end_stream(&self) -> bool;

    fn size_hint(&self) -> SizeHint;

    fn poll_frame(&self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>>;

    /// Writes an answer that is not yet the answer.
    fn interim(&self, head: &AnswerHead);

    /// What broke the body of the request under way.
    fn violation(&self) -> Option<Violation>;

    /// Ready once the deadline for the server's answer is over. The time now is asked for where it is not given.
    fn poll_late(&self, now_ns: Option<u64>, deadline_ns: u64, ctx: &mut Context<'_>) -> Poll<()>;
}

impl<S: Wire> Near for RefCell<Line<S>> {
    fn is_end_stream(&self) -> bool {
        self.borrow().body.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.borrow().body.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    fn poll_frame(&self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        self.borrow_mut().poll_frame(ctx)
    }

    fn interim(&self, head: &AnswerHead) {
        let mut line = self.borrow_mut();
        if line.out.len() > INTERIM_BYTES_MAX {
            line.n_interims_dropped += 1;
            return;
        }
        head.write(&mut line.out);
        line.out.extend_from_slice(b"\r\n");
    }

    fn violation(&self) -> Option<Violation> {
        self.borrow().violation
    }

    fn poll_late(&self, now_ns: Option<u64>, deadline_ns: u64, ctx: &mut Context<'_>) -> Poll<()> {
        let line = &mut *self.borrow_mut();
        let now_ns = now_ns.unwrap_or_else(|| line.clock.now_ns());
        if line.answer_alarm.is_over(now_ns, deadline_ns, ctx) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// Interim answers that wait for a client to read them.
const INTERIM_BYTES_MAX: usize = 16 * 1024;
/// What is left of a body that nobody wants: read past, if it is there already and no more than this.
const DRAINED_BYTES_MAX: usize = 256 * 1024;
/// A connection at rest keeps no more of the memory that its answers were written from.
const OUT_BYTES_MAX: usize = 1024;
const LINGER_NS: u64 = 1_000_000_000;
const LINGER_BYTES_MAX: usize = 256 * 1024;
/// From here on a body is read into memory of its own.
const LARGE_BYTES: u64 = 16 * 1024;
const ROOM_BYTES: usize = 64 * 1024;
