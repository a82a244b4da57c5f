//! A pool in force: the balancing of one plan, and the state that outlives plans.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use arc_swap::ArcSwapWeak;

use super::health::Watch;
use super::server::Server;
use super::shared::Shared;
use super::sticky::{Sticky, UnstuckCounts};
use super::waiting::Waiting;
use crate::balance::pool::Pool;
use crate::lab;
use crate::period::Clock;

/// One pool of one plan. Requests in flight keep the one they began with.
pub struct PoolInForce {
    pub name: Arc<str>,
    pub settings: Arc<lab::Pool>,
    /// One for all workers, or one for each where they count for themselves.
    pub(super) shares: Vec<Arc<Pool>>,
    /// In the order of the members.
    pub servers: Vec<Arc<Server>>,
    pub(super) keyed: bool,
    /// Kept from plan to plan for as long as stickiness is set as it is.
    pub(super) sticky: Arc<Sticky>,
    pub state: Arc<PoolState>,
}

/// What a pool keeps from plan to plan, by its name.
pub struct PoolState {
    /// The newest pool of this name; nothing once it was removed.
    pub(super) current: ArcSwapWeak<PoolInForce>,
    pub(super) waiting: Waiting,
    pub(super) watch: Watch,
    pub(super) unstuck: UnstuckCounts,
    /// Requests under way, and how many of their tries are repetitions: for the retry budget.
    pub(super) under_way: AtomicU32,
    pub(super) retrying: AtomicU32,
    pub(super) clock: Arc<dyn Clock>,
}

impl PoolInForce {
    /// The balancing that a worker asks.
    pub(super) fn share(&self, worker: usize) -> &Arc<Pool> {
        &self.shares[if self.shares.len() == 1 { 0 } else { worker }]
    }

    /// The balancing of the first worker, which is everybody's unless a lab says otherwise.
    pub fn balancing(&self) -> &Pool {
        &self.shares[0]
    }

    pub fn in_flight(&self, index: usize) -> u32 {
        self.shares.iter().map(|share| share.members()[index].in_flight()).sum()
    }

    pub fn n_waiting(&self) -> usize {
        self.state.waiting.len()
    }

    /// The newest pool of this name, or this one where none follows.
    pub(super) fn newest(self: &Arc<Self>) -> Arc<Self> {
        self.state.current.load().upgrade().unwrap_or_else(|| Arc::clone(self))
    }
}

impl PoolState {
    pub(super) fn new(settings: &lab::Pool, shared: &Shared) -> Self {
        let in_line = Arc::clone(&shared.tallies.in_line);
        let (events, bell) = (Arc::clone(&shared.events), Arc::clone(&shared.bell));
        Self {
            current: ArcSwapWeak::default(),
            waiting: Waiting::new(settings.queue.limit as usize, in_line),
            watch: Watch::new(settings, events, bell),
            unstuck: UnstuckCounts::default(),
            under_way: AtomicU32::new(0),
            retrying: AtomicU32::new(0),
            clock: Arc::clone(&shared.clock),
        }
    }

    /// Answers that did not count for health because too many came at once.
    pub fn unjudged(&self) -> u64 {
        self.watch.unjudged()
    }
}
