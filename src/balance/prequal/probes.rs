//! The pool of answers: a fixed number of them, read and replaced without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::super::estimate::Estimate;

pub(super) struct Probes {
    slots: Vec<Slot>,
    ttl_ns: u64,
    hot_quantile: f64,
    /// The numbers in flight of the latest answers, also of those that have left the pool: a few probes alone
    /// could not say what is much.
    answered: [AtomicU32; ANSWERED],
    answers: AtomicU64,
}

impl Probes {
    pub(super) fn new(count: usize, ttl_ns: u64, hot_quantile: f64) -> Self {
        let slots = std::iter::repeat_with(Slot::default).take(count.clamp(2, POOL_MAX)).collect();
        let answered = std::array::from_fn(|_| AtomicU32::new(0));
        Self { slots, ttl_ns, hot_quantile, answered, answers: AtomicU64::new(0) }
    }

    pub(super) fn pooled(&self) -> impl Iterator<Item = (&Slot, Probe)> {
        self.slots.iter().filter_map(|slot| Some((slot, slot.read()?)))
    }

    pub(super) fn drop_expired(&self, now_ns: u64) {
        for (slot, probe) in self.pooled() {
            if probe.estimate.age_ns(now_ns) > self.ttl_ns {
                slot.clear();
            }
        }
    }

    /// The number in flight above which a probe is hot.
    pub(super) fn threshold(&self) -> u32 {
        let count = (self.answers.load(Relaxed) as usize).min(ANSWERED);
        if count == 0 {
            return 0;
        }
        let mut counts = [0; ANSWERED];
        for (place, in_flight) in counts.iter_mut().zip(&self.answered[..count]) {
            *place = in_flight.load(Relaxed);
        }
        let cold = (self.hot_quantile.clamp(0.0, 1.0) * count as f64) as usize;
        *counts[..count].select_nth_unstable(cold.min(count - 1)).1
    }

    pub(super) fn worst(&self, threshold: u32) -> Option<(&Slot, Probe)> {
        let hot = self.pooled().filter(|(_, probe)| probe.in_flight > threshold);
        hot.max_by_key(|(_, probe)| probe.in_flight).or_else(|| {
            self.pooled().max_by(|(_, one), (_, other)| {
                one.estimate.latency_ns.total_cmp(&other.estimate.latency_ns)
            })
        })
    }

    /// In place of the same server's last answer, or into a free slot, or the oldest one's. Two answers of one
    /// server would let the older speak for it after the newer was used.
    pub(super) fn keep(&self, probe: Probe, now_ns: u64) {
        let answer = self.answers.fetch_add(1, Relaxed) as usize % ANSWERED;
        self.answered[answer].store(probe.in_flight, Relaxed);
        let claim = |slot: &&Slot| match slot.read() {
            Some(old) if old.member == probe.member => (2, 0),
            None => (1, 0),
            Some(old) => (0, old.estimate.age_ns(now_ns)),
        };
        if let Some(slot) = self.slots.iter().max_by_key(claim) {
            slot.write(probe);
        }
    }
}

/// Room for one probe in two words. Two requests that are placed at the very same moment may see one word of an
/// old and one of a new probe; they then decide on a wrong number once, as they do on any probe that is late.
#[derive(Default)]
pub(super) struct Slot {
    who: AtomicU64,
    what: AtomicU64,
}

/// A server's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Probe {
    pub(super) member: u16,
    /// How often it may still be used.
    pub(super) uses: u16,
    pub(super) in_flight: u32,
    /// Its latency, and when it answered.
    pub(super) estimate: Estimate,
}

impl Slot {
    pub(super) fn read(&self) -> Option<Probe> {
        let who = self.who.load(Relaxed);
        let uses = (who >> 32) as u16;
        (uses > 0).then(|| Probe {
            member: (who >> 48) as u16,
            uses,
            in_flight: who as u32,
            estimate: Estimate::unpack(self.what.load(Relaxed)),
        })
    }

    pub(super) fn write(&self, probe: Probe) {
        let Probe { member, uses, in_flight, estimate } = probe;
        self.what.store(estimate.pack(), Relaxed);
        let who = u64::from(member) << 48 | u64::from(uses) << 32 | u64::from(in_flight);
        self.who.store(who, Relaxed);
    }

    pub(super) fn clear(&self) {
        self.who.store(0, Relaxed);
    }
}

pub(super) const POOL_MAX: usize = 64;
const ANSWERED: usize = 64;
