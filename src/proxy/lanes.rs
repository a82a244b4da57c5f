//! HTTP/2 connections to one server, shared by the requests of a worker.
//!
//! **How many.** One carries up to as many requests at once as the server allows, and no more than [`STREAMS_MAX`].
//! When all are full, another is opened, up to [`LANES_MAX`]; beyond that a request waits for a place on the emptiest
//! one. Those who wait are requests of clients, which are bounded already by connections and streams.
//!
//! **Opening** is done once, however many requests ask for it at the same moment, and by a task of its own, so that a
//! client who leaves does not make others wait for a second attempt.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::sync::Notify;

use crate::meter::Outcome;

/// All connections of one worker to one server.
#[derive(Default)]
pub(super) struct Lanes {
    open: RefCell<Vec<Lane>>,
    opening: RefCell<Option<Rc<Opening>>>,
    /// The server chose HTTP/1.1 in the last TLS handshake.
    refused: Cell<bool>,
}

/// One connection.
#[derive(Clone)]
struct Lane {
    sender: SendRequest<Bytes>,
    state: Rc<LaneState>,
}

/// What is known of a connection by those who use it.
#[derive(Default)]
pub(super) struct LaneState {
    streams: Cell<usize>,
    n_requests: Cell<u32>,
    /// Nothing new may begin on it: it broke, or its server said so.
    closed: Cell<bool>,
    used_ns: Cell<u64>,
}

/// A place for one request on a connection.
pub(super) struct Seat {
    lane: Lane,
    /// Whether the connection has carried requests before.
    pub(super) reused: bool,
}

/// An attempt to open a connection.
#[derive(Default)]
pub(super) struct Opening {
    done: Notify,
    result: Cell<Option<Result<(), Outcome>>>,
}

impl Lanes {
    /// A place, unless another connection should be opened first; or, `crowded`, a place in any case.
    pub(super) fn seat(
        &self,
        now_ns: u64,
        requests_max: Option<u32>,
        crowded: bool,
    ) -> Option<Seat> {
        let mut open = self.open.borrow_mut();
        open.retain(|lane| !lane.state.closed.get());
        let emptiest = open.iter().min_by_key(|lane| lane.state.streams.get())?;
        if !crowded && emptiest.is_full() && open.len() < LANES_MAX {
            return None;
        }
        let lane = emptiest.clone();
        let LaneState { streams, n_requests, closed, used_ns } = &*lane.state;
        streams.set(streams.get() + 1);
        let before = n_requests.replace(n_requests.get() + 1);
        used_ns.set(now_ns);
        if requests_max.is_some_and(|most| before + 1 >= most) {
            closed.set(true);
        }
        Some(Seat { lane, reused: before > 0 })
    }

    /// Adds a connection that was opened just now.
    pub(super) fn add(&self, sender: SendRequest<Bytes>) -> Rc<LaneState> {
        let state = Rc::new(LaneState::default());
        self.open.borrow_mut().push(Lane { sender, state: Rc::clone(&state) });
        self.refused.set(false);
        state
    }

    /// Remembers that the server speaks HTTP/1.1 only.
    pub(super) fn refuse(&self) {
        self.refused.set(true);
    }

    pub(super) fn are_refused(&self) -> bool {
        self.refused.get()
    }

    /// The attempt that is under way, or a new one, which `begin` has to make.
    pub(super) fn opening(&self, begin: impl FnOnce(Rc<Opening>)) -> Rc<Opening> {
        if let Some(opening) = &*self.opening.borrow() {
            return Rc::clone(opening);
        }
        let opening = Rc::new(Opening::default());
        *self.opening.borrow_mut() = Some(Rc::clone(&opening));
        begin(Rc::clone(&opening));
        opening
    }

    pub(super) fn opened(&self, opening: &Opening, result: Result<(), Outcome>) {
        *self.opening.borrow_mut() = None;
        opening.result.set(Some(result));
        opening.done.notify_waiters();
    }

    /// Lets go of connections that rested too long. Returns whether any are left.
    pub(super) fn tidy(&self, oldest_ns: u64) -> bool {
        let mut open = self.open.borrow_mut();
        open.retain(|Lane { state, .. }| {
            let rests = state.streams.get() == 0 && state.used_ns.get() < oldest_ns;
            !rests && !state.closed.get()
        });
        !open.is_empty()
    }
}

impl Opening {
    pub(super) async fn result(&self) -> Result<(), Outcome> {
        let done = self.done.notified();
        if self.result.get().is_none() {
            done.await;
        }
        self.result.get().unwrap_or(Err(Outcome::Reset))
    }
}

impl LaneState {
    pub(super) fn is_in_use(&self) -> bool {
        self.streams.get() > 0
    }

    pub(super) fn close(&self) {
        self.closed.set(true);
    }
}

impl Lane {
    fn is_full(&self) -> bool {
        self.state.streams.get() >= self.sender.current_max_send_streams().min(STREAMS_MAX)
    }
}

impl Seat {
    pub(super) fn sender(&mut self) -> &mut SendRequest<Bytes> {
        &mut self.lane.sender
    }

    /// Lets nothing new begin on the connection; what is under way there may finish.
    pub(super) fn close_lane(&self) {
        self.lane.state.close();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let streams = &self.lane.state.streams;
        streams.set(streams.get() - 1);
    }
}

/// Requests at once on one connection. With the windows in `l7::http2_server` it also bounds what readers that have
/// stopped can hold back.
pub(super) const STREAMS_MAX: usize = 128;
/// Connections to one server by one worker.
const LANES_MAX: usize = 8;
