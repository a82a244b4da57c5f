//! A request's body on its way to a server: streamed, bounded, and kept for repeating where that is asked for.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::time::{Instant, Sleep};

use super::super::plan::RoutePlan;
use crate::lab::RetryOn;

use super::http1::Near;
use super::http2_body::Http2Body;

/// The body of one try. All tries of a request read from one source.
pub(super) struct Upload {
    source: Option<Rc<Source>>,
    /// How many of the kept pieces this try has sent.
    n_sent: usize,
    /// Which of the source's readers this is: a new try takes the client's body over from the one before.
    turn: u64,
    stalled: Option<Pin<Box<Sleep>>>,
}

/// Where a request's body comes from.
pub(super) struct Source {
    state: RefCell<State>,
    limits: UploadLimits,
    size: SizeHint,
    gate: RefCell<Gate>,
}

/// Whether the body may begin: a client that expects `100 Continue` sends nothing before it, and is told to go on
/// when somebody asks for its body. That is done once the server has said so, too.
enum Gate {
    Open,
    Shut { patience: Pin<Box<Sleep>>, waker: Option<Waker> },
}

struct State {
    body: Received,
    /// What was read so far, if it is kept.
    kept: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    n_bytes: u64,
    /// Something was read that was not kept, so the body cannot be sent a second time.
    spent: bool,
    ended: bool,
    turn: u64,
    /// Whether the client was asked for more and has not sent it yet.
    at_client: bool,
    /// When something was last handed on, or asked for.
    moved: Instant,
    failure: Option<UploadError>,
}

/// A body as a client's connection hands it over.
pub(super) enum Received {
    Http1(Rc<dyn Near>),
    Http2(Rc<Http2Body>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UploadLimits {
    pub(super) bytes: u64,
    pub(super) kept_bytes: u64,
    /// How long the client may send nothing.
    pub(super) idle: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum UploadError {
    #[error("the request's body is longer than allowed")]
    TooLong,
    #[error("the client stopped sending the request's body")]
    Stalled,
    #[error("the client's connection broke within the request's body")]
    Broken,
    #[error("another try has taken over the request's body")]
    Superseded,
}

/// Whom a request's body waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    AtClient,
    /// The server has not taken what is there since then.
    AtServer(Instant),
    Ended(Instant),
}

impl UploadLimits {
    /// The body is kept only where a request may be sent again after a server has seen it.
    pub(super) fn of(route: &RoutePlan, method: &Method, body_bytes: u64) -> Self {
        let retries = &route.retries;
        let after_sending = retries.on.iter().any(|on| *on != RetryOn::Connect);
        let again = method.is_idempotent() || retries.non_idempotent && after_sending;
        Self {
            bytes: body_bytes,
            kept_bytes: if again { u64::from(retries.replay_bytes) } else { 0 },
            idle: route.timeouts.idle.map(|idle| Duration::from_nanos(idle.ns())),
        }
    }
}

impl Source {
    /// `None` for a request without a body.
    pub(super) fn new(body: Received, limits: UploadLimits) -> Option<Rc<Self>> {
        if body.is_end_stream() {
            return None;
        }
        let size = body.size_hint();
        let state = State {
            body,
            kept: Vec::new(),
            trailers: None,
            n_bytes: 0,
            spent: false,
            ended: false,
            turn: 0,
            at_client: false,
            moved: Instant::now(),
            failure: None,
        };
        Some(Rc::new(Self { state: state.into(), limits, size, gate: Gate::Open.into() }))
    }

    /// Lets the body wait until the server wants it. Servers that do not know the expectation just wait, so after a
    /// while it begins anyway (RFC 9110 section 10.1.1).
    pub(super) fn hold_back(&self) {
        let patience = Box::pin(tokio::time::sleep(CONTINUE_PATIENCE));
        *self.gate.borrow_mut() = Gate::Shut { patience, waker: None };
    }

    /// Ends the wait.
    pub(super) fn let_go(&self) {
        self.state.borrow_mut().moved = Instant::now();
        if let Gate::Shut { waker: Some(waker), .. } = self.gate.replace(Gate::Open) {
            waker.wake();
        }
    }

    /// Whether all of it was read.
    pub(super) fn has_ended(&self) -> bool {
        self.state.borrow().ended
    }

    fn poll_gate(&self, ctx: &mut Context<'_>) -> Poll<()> {
        let mut gate = self.gate.borrow_mut();
        if let Gate::Shut { patience, waker } = &mut *gate {
            *waker = Some(ctx.waker().clone());
            ready!(patience.as_mut().poll(ctx));
            self.state.borrow_mut().moved = Instant::now();
            *gate = Gate::Open;
        }
        Poll::Ready(())
    }

    /// Whether the whole body can be sent once more.
    pub(super) fn can_repeat(&self) -> bool {
        let state = self.state.borrow();
        !state.spent && state.failure.is_none()
    }

    /// Whether all of the body is here and kept, so that several may send it at once.
    pub(super) fn is_whole(&self) -> bool {
        self.state.borrow().ended && self.can_repeat()
    }

    /// Whom the sending of the body waits for.
    pub(super) fn pace(&self) -> Pace {
        let state = self.state.borrow();
        match (state.ended, state.at_client) {
            (true, _) => Pace::Ended(state.moved),
            (false, true) => Pace::AtClient,
            // Nobody is late while nothing may be sent yet.
            _ if matches!(*self.gate.borrow(), Gate::Shut { .. }) => Pace::AtClient,
            (false, false) => Pace::AtServer(state.moved),
        }
    }

    pub(super) fn n_bytes(&self) -> u64 {
        self.state.borrow().n_bytes
    }

    pub(super) fn failure(&self) -> Option<UploadError> {
        self.state.borrow().failure
    }
}

impl Upload {
    pub(super) fn of(source: Option<&Rc<Source>>) -> Self {
        let turn = source.map_or(0, |source| {
            let mut state = source.state.borrow_mut();
            state.turn += 1;
            state.moved = Instant::now();
            state.turn
        });
        Self { source: source.cloned(), n_sent: 0, turn, stalled: None }
    }

    fn poll_source(
        &mut self,
        source: &Source,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        ready!(source.poll_gate(ctx));
        let mut state = source.state.borrow_mut();
        if let Some(piece) = state.kept.get(self.n_sent).cloned() {
            self.n_sent += 1;
            state.moved = Instant::now();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if state.ended {
            let trailers = state.trailers.clone().filter(|_| self.n_sent != usize::MAX);
            self.n_sent = usize::MAX;
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        }
        if state.turn != self.turn {
            return Poll::Ready(Some(Err(UploadError::Superseded)));
        }
        let polled = state.body.poll_frame(ctx);
        state.at_client = polled.is_pending();
        match polled {
            Poll::Pending => self.poll_stalled(source, &mut state, ctx),
            Poll::Ready(frame) => {
                self.stalled = None;
                state.moved = Instant::now();
                Poll::Ready(self.take(frame, source, &mut state))
            }
        }
    }

    fn take(
        &mut self,
        frame: Option<Result<Frame<Bytes>, UploadError>>,
        source: &Source,
        state: &mut State,
    ) -> Option<Result<Frame<Bytes>, UploadError>> {
        match frame {
            None => {
                state.ended = true;
                self.n_sent = usize::MAX;
                None
            }
            Some(Err(failure)) => Some(Err(state.fail(failure))),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    state.n_bytes += data.len() as u64;
                    if state.n_bytes > source.limits.bytes {
                        return Some(Err(state.fail(UploadError::TooLong)));
                    }
                    state.keep(data, source.limits.kept_bytes);
                    self.n_sent = state.kept.len();
                } else if let Some(trailers) = frame.trailers_ref() {
                    state.trailers = Some(trailers.clone());
                    state.ended = true;
                    self.n_sent = usize::MAX;
                }
                Some(Ok(frame))
            }
        }
    }

    fn poll_stalled(
        &mut self,
        source: &Source,
        state: &mut State,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let Some(idle) = source.limits.idle else { return Poll::Pending };
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        ready!(timer.as_mut().poll(ctx));
        Poll::Ready(Some(Err(state.fail(UploadError::Stalled))))
    }
}

impl State {
    fn fail(&mut self, failure: UploadError) -> UploadError {
        *self.failure.get_or_insert(failure)
    }

    fn keep(&mut self, data: &Bytes, most: u64) {
        if !self.spent && self.n_bytes <= most {
            self.kept.push(data.clone());
        } else {
            self.spent = true;
            self.kept.clear();
        }
    }
}

impl Received {
    pub(super) fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
        }
    }

    fn poll_frame(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        match self {
            Self::Http1(body) => body.poll_frame(ctx),
            Self::Http2(body) => body.poll_frame(ctx),
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        match self.source.clone() {
            Some(source) => self.poll_source(&source, ctx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.source.as_ref().map_or_else(|| SizeHint::with_exact(0), |source| source.size)
    }
}

/// As long as curl waits.
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);
