//! What a mock counts: written by its own thread, read by any.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::model::FailureKind;

#[derive(Default)]
pub(super) struct Gauges {
    pub(super) busy: AtomicUsize,
    pub(super) waiting: AtomicUsize,
    pub(super) connections: AtomicUsize,
    arrived: AtomicU64,
    served: AtomicU64,
    overloaded: AtomicU64,
    turned_away: AtomicU64,
    probes: AtomicU64,
    failed: [AtomicU64; KINDS],
}

/// What a mock has counted since its start, over all its lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MockReading {
    /// In service now.
    pub busy: usize,
    /// Waiting for a place now.
    pub waiting: usize,
    /// Open now.
    pub connections: usize,
    /// Requests that came, without probes.
    pub arrived: u64,
    /// Requests that were answered as they should be.
    pub served: u64,
    /// Requests that found its queue full.
    pub overloaded: u64,
    /// Connections beyond its limit.
    pub turned_away: u64,
    /// Health probes, however they ended.
    pub probes: u64,
    failed: [u64; KINDS],
}

/// Reads a mock's counts from afar.
#[derive(Clone)]
pub struct MockMeter(Arc<Gauges>);

impl MockMeter {
    pub(super) fn of(gauges: &Arc<Gauges>) -> Self {
        Self(Arc::clone(gauges))
    }

    pub fn read(&self) -> MockReading {
        self.0.read()
    }
}

impl std::fmt::Debug for MockMeter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("MockMeter").field(&self.read()).finish()
    }
}

impl MockReading {
    /// How often a failure happened. Statuses are counted together.
    pub fn failed(&self, kind: FailureKind) -> u64 {
        self.failed[slot(kind)]
    }
}

impl Gauges {
    /// Counts a request and returns how many came before it.
    pub(super) fn arrive(&self) -> u64 {
        self.arrived.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn serve(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn overload(&self) {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn turn_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn probe(&self) {
        self.probes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fail(&self, kind: FailureKind) {
        self.failed[slot(kind)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> MockReading {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MockReading {
            busy: self.busy.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            arrived: count(&self.arrived),
            served: count(&self.served),
            overloaded: count(&self.overloaded),
            turned_away: count(&self.turned_away),
            probes: count(&self.probes),
            failed: self.failed.each_ref().map(count),
        }
    }
}

fn slot(kind: FailureKind) -> usize {
    match kind {
        FailureKind::Status(_) => 0,
        FailureKind::Refuse => 1,
        FailureKind::Reset => 2,
        FailureKind::Hang => 3,
        FailureKind::CloseMidBody => 4,
        FailureKind::SlowBody => 5,
        FailureKind::WrongHealth => 6,
    }
}

const KINDS: usize = 7;
