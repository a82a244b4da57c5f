//! What a guard and the host of its connection tell each other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;

use crate::proxy::framing::Violation;

/// Shared between one connection's guard and whoever answers its requests. Both live on one thread; hyper wants
/// `Send` of what an upgraded connection is made of, hence atomics.
#[derive(Debug)]
pub(crate) struct GuardState {
    refusal: OnceLock<(u64, Violation)>,
    broken: OnceLock<Violation>,
    tunnel: AtomicBool,
    answered: AtomicU64,
    interims: OnceLock<ArrayQueue<Bytes>>,
    interims_dropped: AtomicU64,
    /// All that hyper wrote has gone to the socket, and it ended there.
    drained: AtomicBool,
}

/// What becomes of an interim response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interim {
    /// It is written before anything else.
    Now,
    /// An earlier answer is still on its way out; it follows that one, unless its own final answer comes first.
    Later,
    /// Too many wait already.
    Dropped,
}

impl GuardState {
    pub(super) fn new() -> Self {
        Self {
            refusal: OnceLock::new(),
            broken: OnceLock::new(),
            tunnel: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            interims: OnceLock::new(),
            interims_dropped: AtomicU64::new(0),
            drained: AtomicBool::new(true),
        }
    }

    /// Why the request with this number, counted from 0 on this connection, is refused. Its method, target and
    /// fields are stand-ins.
    pub(crate) fn refusal_of(&self, number: u64) -> Option<&Violation> {
        self.refusal.get().filter(|(refused, _)| *refused == number).map(|(_, violation)| violation)
    }

    /// What broke the body of the last request.
    pub(crate) fn broken(&self) -> Option<&Violation> {
        self.broken.get()
    }

    /// From here on the connection is no HTTP any more: everything passes and no time is measured. To be called
    /// before the answer that says so is given to hyper.
    pub(crate) fn become_tunnel(&self) {
        self.tunnel.store(true, Relaxed);
    }

    /// Queues a complete, serialised 1xx head.
    pub(crate) fn send_interim(&self, head: Bytes) -> Interim {
        let queue = self.interims.get_or_init(|| ArrayQueue::new(INTERIMS_MAX));
        if queue.push(head).is_err() {
            self.interims_dropped.fetch_add(1, Relaxed);
            return Interim::Dropped;
        }
        if self.drained.load(Relaxed) { Interim::Now } else { Interim::Later }
    }

    /// To be called before each final answer is given to hyper: an interim response that found no gap until now
    /// would come behind its final one and be taken for the next request's.
    pub(crate) fn answer_begins(&self) {
        if self.drained.load(Relaxed) {
            return;
        }
        while self.next_interim().is_some() {
            self.interims_dropped.fetch_add(1, Relaxed);
        }
    }

    /// To be called at the end of each answer's body, the refused request's included: without it the connection
    /// never counts as idle, and what follows a refused upgrade is never read.
    pub(crate) fn answered(&self) {
        self.answered.fetch_add(1, Relaxed);
    }

    /// Interim responses that were not sent.
    pub(crate) fn interims_dropped(&self) -> u64 {
        self.interims_dropped.load(Relaxed)
    }

    pub(super) fn refuse(&self, number: u64, violation: Violation) {
        // Only the first refusal of a connection counts; nothing is read after it.
        let _already = self.refusal.set((number, violation));
    }

    pub(super) fn break_body(&self, violation: Violation) {
        let _already = self.broken.set(violation);
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel.load(Relaxed)
    }

    pub(super) fn n_answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    pub(super) fn next_interim(&self) -> Option<Bytes> {
        self.interims.get().and_then(ArrayQueue::pop)
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drained.load(Relaxed)
    }

    pub(super) fn set_drained(&self, drained: bool) {
        self.drained.store(drained, Relaxed);
    }

    pub(super) fn has_refused(&self) -> bool {
        self.refusal.get().is_some() || self.broken.get().is_some()
    }
}

const INTERIMS_MAX: usize = 8;
