//! Counts of times in narrow buckets, recorded without a lock and without waiting.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::reading::{Cell, LatencyReading};

/// A log-linear histogram of nanoseconds.
///
/// ```text
///    value    0 … 127     128 … 255    256 … 511    512 … 1023        … 2^42
///    buckets  128 of 1    128 of 1     128 of 2     128 of 4 each     then one for the rest
/// ```
///
/// Every value below 256 ns has a bucket of its own; above, a bucket is at most 1/128 of its lowest
/// value wide, so a quantile is never too low and at most 1/128 (0.8 %) too high. What takes 2^42 ns
/// (73 minutes) or longer is counted in the last bucket. It takes 37 KB and never grows.
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            sum_ns: AtomicU64::new(0),
            max_ns: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one time. Two additions, and a maximum only when it is a new one; safe from any thread.
    pub fn record(&self, ns: u64) {
        // New maxima are rare, so the usual way only reads.
        if ns > self.max_ns.load(Relaxed) {
            self.max_ns.fetch_max(ns, Relaxed);
        }
        self.sum_ns.fetch_add(ns.min(RANGE_NS), Relaxed);
        // Last, and released: whoever reads this count also sees the maximum that belongs to it.
        self.buckets[bucket_of(ns)].fetch_add(1, Release);
    }

    /// The same for the only owner, without the price of atomic additions.
    pub fn record_alone(&mut self, ns: u64) {
        *self.buckets[bucket_of(ns)].get_mut() += 1;
        let sum_ns = self.sum_ns.get_mut();
        *sum_ns = sum_ns.wrapping_add(ns.min(RANGE_NS));
        let max_ns = self.max_ns.get_mut();
        *max_ns = ns.max(*max_ns);
    }

    /// What was counted so far. Records made meanwhile are in this reading or in the next.
    pub fn read(&self) -> LatencyReading {
        let cells = self
            .buckets
            .iter()
            .enumerate()
            .map(|(bucket, count)| Cell { bucket: bucket as u16, count: count.load(Acquire) })
            .filter(|cell| cell.count > 0)
            .collect();
        LatencyReading::new(cells, self.sum_ns.load(Relaxed), self.max_ns.load(Relaxed))
    }
}

/// The bucket in which a value is counted.
pub(super) fn bucket_of(ns: u64) -> usize {
    if ns >= RANGE_NS {
        return BUCKETS - 1;
    }
    // Values below one octave of steps are exact; or-ing that octave in saves a branch.
    let octave = (ns | STEPS).ilog2() - STEP_BITS;
    (u64::from(octave) * STEPS + (ns >> octave)) as usize
}

/// The lowest and the highest value that a bucket counts.
pub(super) fn bounds(bucket: usize) -> (u64, u64) {
    if bucket >= BUCKETS - 1 {
        return (RANGE_NS, u64::MAX);
    }
    let bucket = bucket as u64;
    let octave = (bucket / STEPS).saturating_sub(1);
    let low = (bucket - octave * STEPS) << octave;
    (low, low + ((1 << octave) - 1))
}

/// An octave has 2^7 steps, which makes the error at most 1/128.
const STEP_BITS: u32 = 7;
const STEPS: u64 = 1 << STEP_BITS;
const RANGE_BITS: u32 = 42;
pub(super) const RANGE_NS: u64 = 1 << RANGE_BITS;
/// The exact ones, one octave after the other, and the last for everything beyond.
pub(super) const BUCKETS: usize = ((RANGE_BITS - STEP_BITS + 1) as usize) * STEPS as usize + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_narrow_and_join_without_gap_or_overlap() {
        let mut next = 0;
        for bucket in 0..BUCKETS {
            let (low, high) = bounds(bucket);
            assert_eq!(low, next, "bucket {bucket}");
            assert_eq!((bucket_of(low), bucket_of(high)), (bucket, bucket));
            let narrow = bucket == BUCKETS - 1 || (high - low) * 128 <= low;
            assert!(narrow, "{low} to {high} is wider than 1/128");
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends with the last value");
    }

    #[test]
    fn short_times_are_exact() {
        assert!((0..256).all(|ns| bounds(bucket_of(ns)) == (ns, ns)));
    }

    #[test]
    fn what_is_beyond_the_range_is_counted() {
        let histogram = Histogram::default();
        histogram.record(u64::MAX);
        histogram.record(RANGE_NS);
        histogram.record(5);
        let reading = histogram.read();
        assert_eq!((reading.count(), reading.beyond(), reading.max_ns()), (3, 2, u64::MAX));
        assert_eq!(reading.quantile(1.0), Some(u64::MAX));
    }

    #[test]
    fn threads_recording_together_lose_nothing() {
        let histogram = Histogram::default();
        let (threads, each) = (4_u64, 50_000_u64);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let histogram = &histogram;
                std::thread::Builder::new()
                    .name(format!("recorder-{thread}"))
                    .spawn_scoped(scope, move || {
                        for ns in 0..each {
                            histogram.record(ns * threads + thread);
                        }
                    })
                    .unwrap();
            }
        });
        let (reading, n) = (histogram.read(), threads * each);
        assert_eq!((reading.count(), reading.max_ns()), (n, n - 1));
        assert_eq!(reading.mean_ns(), Some((n - 1) as f64 / 2.0));
    }
}
