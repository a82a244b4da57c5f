//! A ticket: the proof that a request is counted at a server. Whoever holds it, ends it exactly once.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::pool::PoolInForce;
use super::server::Server;
use crate::balance::Sample;
use crate::meter::Outcome;

/// One try of a request at one server, from the pick to the end of the answer's body.
pub struct Ticket {
    pub(super) pool: Arc<PoolInForce>,
    worker: usize,
    pub(super) index: usize,
    beside: u32,
    pub(super) started_ns: u64,
    first_byte_ns: Option<u64>,
    ended: bool,
}

impl Ticket {
    /// For whoever got a place at a member, by its index: `beside` is what taking it returned.
    pub(super) fn new(
        pool: Arc<PoolInForce>,
        worker: usize,
        (index, beside): (usize, u32),
        started_ns: u64,
    ) -> Self {
        pool.state.under_way.fetch_add(1, Relaxed);
        pool.servers[index].meter.counters.start();
        Self { pool, worker, index, beside, started_ns, first_byte_ns: None, ended: false }
    }

    pub(super) fn server(&self) -> &Arc<Server> {
        &self.pool.servers[self.index]
    }

    pub(super) fn first_byte(&mut self, now_ns: u64) {
        self.first_byte_ns = Some(now_ns);
    }

    /// When the answer began.
    pub(super) fn first_byte_ns(&self) -> Option<u64> {
        self.first_byte_ns
    }

    pub(super) fn end(self, outcome: Outcome) {
        let now_ns = self.pool.state.clock.now_ns();
        self.end_at(outcome, now_ns);
    }

    /// The same for whoever has looked at the clock already.
    pub(super) fn end_at(mut self, outcome: Outcome, now_ns: u64) {
        self.finish(outcome, now_ns);
    }

    fn finish(&mut self, outcome: Outcome, now_ns: u64) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let latency_ns = now_ns.saturating_sub(self.started_ns);
        let first_byte_ns = self.first_byte_ns.map_or(latency_ns, |at_ns| at_ns - self.started_ns);
        let sample = Sample {
            now_ns,
            beside: self.beside,
            first_byte_ns,
            latency_ns,
            succeeded: !outcome.is_error(),
        };
        let meter = &self.server().meter;
        meter.latency.record(latency_ns);
        meter.counters.finish(outcome);
        self.pool.share(self.worker).finish(self.index, &sample);
        self.pool.state.under_way.fetch_sub(1, Relaxed);
        self.pool.answered(self.index, outcome, now_ns);
        self.pool.place_came_free(self.index);
    }
}

impl Drop for Ticket {
    /// A request that is dropped before its end was given up by its client.
    fn drop(&mut self) {
        if !self.ended {
            let now_ns = self.pool.state.clock.now_ns();
            self.finish(Outcome::ClientLeft, now_ns);
        }
    }
}

impl PoolInForce {
    /// Gives a place that came free to somebody who waits, in the newest pool of this name.
    pub(super) fn place_came_free(self: &Arc<Self>, index: usize) {
        if self.state.waiting.len() == 0 {
            return;
        }
        let newest = self.newest();
        let index = if Arc::ptr_eq(&newest, self) {
            Some(index)
        } else {
            newest.balancing().index_of(&self.servers[index].name)
        };
        if let Some(index) = index {
            newest.state.waiting.hand_out(&newest, index);
        }
    }
}
