//! A latency estimate and when it was made, in one atomic word: no lock, and no half-written pair.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The estimate stands in the upper half as a single precision float, the time in the lower half in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) latency_ns: f32,
    pub(super) tick: u32,
}

impl Estimate {
    pub(super) fn new(latency_ns: f64, now_ns: u64) -> Self {
        Self { latency_ns: latency_ns as f32, tick: tick(now_ns) }
    }

    /// What was written last; nothing if that never happened.
    pub(super) fn read(word: &AtomicU64) -> Option<Self> {
        match word.load(Relaxed) {
            0 => None,
            packed => Some(Self::unpack(packed)),
        }
    }

    /// Replaces what is there by what `renew` makes of it, in one compare-and-swap that is tried again only
    /// if another sample came in between.
    pub(super) fn update(word: &AtomicU64, renew: impl Fn(Option<Self>) -> Self) {
        let replaced = word.fetch_update(Relaxed, Relaxed, |packed| {
            let old = (packed != 0).then(|| Self::unpack(packed));
            Some(renew(old).pack())
        });
        debug_assert!(replaced.is_ok(), "there is always something to write");
    }

    pub(super) fn age_ns(self, now_ns: u64) -> u64 {
        let ticks = tick(now_ns).wrapping_sub(self.tick);
        // Another worker's clock may be a moment ahead.
        if ticks > u32::MAX / 2 { 0 } else { u64::from(ticks) << TICK_BITS }
    }

    pub(super) fn latency(self) -> f64 {
        f64::from(self.latency_ns)
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.latency_ns.to_bits()) << 32 | u64::from(self.tick)
    }

    pub(super) fn unpack(packed: u64) -> Self {
        Self { latency_ns: f32::from_bits((packed >> 32) as u32), tick: packed as u32 }
    }
}

/// What is left of a value after some time, if it falls to a third (1/e) within `decay_ns`.
pub(super) fn remains(age_ns: u64, decay_ns: u64) -> f64 {
    libm::exp(-(age_ns as f64) / decay_ns.max(1) as f64)
}

fn tick(now_ns: u64) -> u32 {
    (now_ns >> TICK_BITS) as u32
}

/// A tick is 2^16 ns, 66 microseconds: far below any decay, and three days pass before ticks repeat.
const TICK_BITS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let word = AtomicU64::new(0);
        assert_eq!(Estimate::read(&word), None);
        let estimate = Estimate::new(1_500_000.0, 5_000_000_000);
        Estimate::update(&word, |old| {
            assert_eq!(old, None);
            estimate
        });
        assert_eq!(Estimate::read(&word), Some(estimate));
        assert_eq!(estimate.age_ns(5_000_000_000), 0);
        let age = estimate.age_ns(6_000_000_000);
        assert!(age.abs_diff(1_000_000_000) <= 1 << TICK_BITS, "{age}");
        assert_eq!(estimate.age_ns(4_900_000_000), 0, "a clock behind is no age");
    }
}
