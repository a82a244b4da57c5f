//! What all client groups of one lab have in common: when it began, the numbers of requests, the bound on them.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

#[derive(Debug)]
pub struct Traffic {
    /// Arrivals are planned from here, by the world's clock.
    pub(super) began_ns: u64,
    under_way_max: u64,
    numbered: AtomicU64,
    under_way: AtomicU64,
}

impl Traffic {
    /// `under_way_max` bounds the requests under way over all groups.
    pub fn new(began_ns: u64, under_way_max: u32) -> Self {
        Self {
            began_ns,
            under_way_max: u64::from(under_way_max),
            numbered: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
        }
    }

    /// How long it has been going on.
    pub fn age_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.began_ns)
    }

    /// Requests sent so far, over all groups.
    pub fn numbered(&self) -> u64 {
        self.numbered.load(Relaxed)
    }

    pub fn under_way(&self) -> u64 {
        self.under_way.load(Relaxed)
    }

    /// The next request's number, from 1. A mock draws its work from it.
    pub(super) fn next_number(&self) -> u64 {
        self.numbered.fetch_add(1, Relaxed) + 1
    }

    /// Takes a place among the requests under way, if there is one.
    pub(super) fn enter(&self) -> bool {
        let entered = self.under_way.fetch_add(1, Relaxed) < self.under_way_max;
        if !entered {
            self.leave();
        }
        entered
    }

    pub(super) fn leave(&self) {
        self.under_way.fetch_sub(1, Relaxed);
    }
}
