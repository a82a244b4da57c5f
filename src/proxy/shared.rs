//! What all workers share: the plan in force, and what is read of them from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::event::{Event, Events};
use super::plan::Plan;
use super::record::{Begun, Record};
use super::token::Key;
use crate::meter::Recent;
use crate::period::Clock;

/// Shared by all workers, and with whoever observes them.
pub struct Shared {
    pub(super) plan: ArcSwap<Plan>,
    pub clock: Arc<dyn Clock>,
    /// Sampled requests.
    pub records: Recent<Record>,
    /// Tries of sampled requests that have begun.
    pub begun: Recent<Begun>,
    pub events: Arc<Events>,
    pub tallies: Tallies,
    /// Signs stickiness cookies.
    pub(super) cookie_key: Key,
    /// Wakes who watches over the servers' health.
    pub(super) bell: Arc<Notify>,
    /// Counts the servers there ever were.
    pub(super) serials: AtomicU64,
}

/// Numbers of the data plane as a whole.
#[derive(Debug, Default)]
pub struct Tallies {
    /// Client connections that are open now.
    pub connections: AtomicUsize,
    pub accepted: AtomicU64,
    /// Connections turned away because there were too many.
    pub turned_away: AtomicU64,
    pub failed_handshakes: AtomicU64,
    /// Interim responses that clients did not get, because too many came at once.
    pub interims_dropped: AtomicU64,
    /// Requests that wait for a server with room, over all pools.
    pub in_line: Arc<AtomicUsize>,
    /// Requests that are being tried again, over all routes, and how often there were too many of them.
    pub retrying: AtomicUsize,
    pub retry_limit_hits: AtomicU64,
    /// Requests that were measured but not recorded for looking at.
    pub unsampled: AtomicU64,
}

impl Shared {
    pub fn new(clock: Arc<dyn Clock>, history: usize, cookie_key: [u8; 32]) -> Self {
        Self {
            plan: ArcSwap::from_pointee(Plan::default()),
            clock,
            records: Recent::new(history),
            begun: Recent::new(BEGUN),
            events: Arc::new(Events::new(EVENTS)),
            tallies: Tallies::default(),
            cookie_key: Key::new(&cookie_key),
            bell: Arc::default(),
            serials: AtomicU64::new(1),
        }
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.load_full()
    }

    pub(super) fn tell(&self, event: impl FnOnce(u64) -> Event) {
        self.events.push(event(self.clock.now_ns()));
    }

    /// Tells that the newest try of a sampled request has begun.
    pub(super) fn tell_begun(&self, record: &Record) {
        if let Some(begun) = Begun::newest_of(record) {
            self.begun.push(begun);
        }
    }
}

impl Tallies {
    /// Takes a place among the open connections, if there are fewer than `limit`.
    pub(super) fn admit(&self, limit: usize) -> bool {
        self.accepted.fetch_add(1, Relaxed);
        if self.connections.fetch_add(1, Relaxed) >= limit {
            self.connections.fetch_sub(1, Relaxed);
            self.turned_away.fetch_add(1, Relaxed);
            return false;
        }
        true
    }

    /// Counts a request among those that are being tried again, if there are fewer than `limit`.
    pub(super) fn begin_retry(&self, limit: u32) -> bool {
        let within = self.retrying.fetch_add(1, Relaxed) < limit as usize;
        if !within {
            self.retrying.fetch_sub(1, Relaxed);
            self.retry_limit_hits.fetch_add(1, Relaxed);
        }
        within
    }

    pub(super) fn end_retry(&self) {
        self.retrying.fetch_sub(1, Relaxed);
    }

    pub(super) fn leave(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }
}

/// Tries that have begun, kept until somebody reads them: what is not fetched in time is of no use any more.
const BEGUN: usize = 1024;
/// Events kept until somebody reads them.
const EVENTS: usize = 4096;
