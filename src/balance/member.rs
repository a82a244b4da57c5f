//! A member of a pool as an algorithm sees it: fixed facts, and shared numbers that change.

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use super::latencies::Latencies;

/// One server of a pool. Cheap to clone: everything that changes is shared.
#[derive(Debug, Clone)]
pub struct Member {
    /// What people call it, and what keys are hashed against: a changed port must not move keys.
    pub name: Arc<str>,
    /// Its place in the whole pool. A group of the pool sees some of the members only.
    pub index: u32,
    /// A number that stays with the server while others come and go, as `HAProxy` hashes it.
    pub id: u32,
    /// 0 drains: no new request comes here.
    pub weight: u32,
    /// The most requests it may have in flight; 0 for no limit.
    pub limit: u32,
    /// Taken out by hand: finishes what it has, gets nothing new.
    pub drained: bool,
    pub load: Arc<Load>,
    pub standing: Arc<Standing>,
}

impl Member {
    /// A healthy, idle member without a limit.
    pub fn new(name: &str, index: usize, weight: u32) -> Self {
        Self {
            name: name.into(),
            index: index as u32,
            id: index as u32 + 1,
            weight,
            limit: 0,
            drained: false,
            load: Arc::default(),
            standing: Arc::default(),
        }
    }

    pub fn in_flight(&self) -> u32 {
        self.load.in_flight.load(Relaxed)
    }

    /// Whether it takes nothing new, but for those that are bound to it.
    pub fn is_draining(&self) -> bool {
        self.drained || self.weight == 0
    }

    pub fn is_full(&self) -> bool {
        self.limit != 0 && self.in_flight() >= self.limit
    }

    /// Whether nothing about the member itself speaks against it.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.standing.health() == Health::Up && !self.is_draining() && !self.is_full()
    }
}

/// What the requests do to a member, and what algorithms remember of it.
///
/// It hangs off the member by `Arc` and is carried by name into every later plan, so that a change of
/// weight, membership or algorithm forgets nothing. Each worker has its own where a lab asks for
/// `state: per_worker`.
#[derive(Debug, Default)]
pub struct Load {
    /// Requests between pick and the end of their response body.
    pub in_flight: AtomicU32,
    /// Smooth weighted round robin: what the member is owed, NGINX's current weight.
    pub credit: AtomicI64,
    /// What failures took off its weight and successes have not given back, as NGINX counts it.
    pub penalty: AtomicI64,
    /// `HAProxy`'s least connections: when the member last took its place in line, and as what it did.
    pub lined_up: AtomicU64,
    pub lined_up_as: AtomicU64,
    /// Peak EWMA: estimate and time of the last sample, packed into one word.
    pub peak: AtomicU64,
    /// Prequal: latencies by number in flight, there from the first time that Prequal is in force.
    pub latencies: OnceLock<Latencies>,
    /// NGINX's least time: moving average of the response time in milliseconds.
    pub mean_ms: AtomicU32,
    /// NGINX's least time: when the average was last checked, in milliseconds.
    pub checked_ms: AtomicU64,
}

/// Whether a member can be trusted with work. Shared by all workers.
#[derive(Debug, Default)]
pub struct Standing {
    health: AtomicU8,
    since_ns: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    #[default]
    Up,
    /// Failed its checks.
    Down,
    /// Set aside because its answers were bad.
    Ejected,
    /// Its circuit is half open: one request at a time may try it.
    Trial,
}

impl Standing {
    pub fn health(&self) -> Health {
        match self.health.load(Relaxed) {
            0 => Health::Up,
            1 => Health::Down,
            2 => Health::Ejected,
            _ => Health::Trial,
        }
    }

    /// When it joined, or last came up. Slow start counts from here.
    pub fn since_ns(&self) -> u64 {
        self.since_ns.load(Relaxed)
    }

    pub fn set(&self, health: Health, now_ns: u64) {
        let word = match health {
            Health::Up => 0,
            Health::Down => 1,
            Health::Ejected => 2,
            Health::Trial => 3,
        };
        self.since_ns.store(now_ns, Relaxed);
        self.health.store(word, Relaxed);
    }
}

/// How one request at a member ended: what `learn` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    pub now_ns: u64,
    /// How many others the member had in flight when this one began.
    pub beside: u32,
    /// From the pick to the first byte of the response.
    pub first_byte_ns: u64,
    /// From the pick to the end of the response body.
    pub latency_ns: u64,
    pub succeeded: bool,
}
