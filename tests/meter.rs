//! The histogram's promises for any times at all.

use evenkeel::meter::{Histogram, LatencyReading};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_error_is_at_most_one_in_128(ns in time()) {
        // A far longer time beside it keeps the bar of the first from being cut at the maximum.
        let bar = read(&[ns, u64::MAX]).bars().next().unwrap();
        prop_assert!(bar.low_ns <= ns && ns <= bar.high_ns);
        prop_assert!((bar.high_ns - ns) * 128 <= ns);
    }

    #[test]
    fn both_ways_of_recording_agree(times in vec(any::<u64>(), 0..99)) {
        let mut alone = Histogram::default();
        for &ns in &times {
            alone.record_alone(ns);
        }
        prop_assert_eq!(read(&times), alone.read());
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_times_within_one_in_128(
        mut times in vec(time(), 1..300),
        q in 0.0_f64..=1.0,
    ) {
        let reading = read(&times);
        times.sort_unstable();
        let rank = ((q * times.len() as f64).ceil() as usize).clamp(1, times.len());
        let (exact, found) = (times[rank - 1], reading.quantile(q).unwrap());
        prop_assert!(exact <= found && (found - exact) * 128 <= exact, "{exact} {found}");
        prop_assert_eq!(reading.quantile(1.0), times.last().copied());
        prop_assert_eq!(reading.max_ns(), times[times.len() - 1]);
        let mean = times.iter().sum::<u64>() as f64 / times.len() as f64;
        prop_assert_eq!(reading.mean_ns(), Some(mean));
    }

    #[test]
    fn merging_is_counting_everything_in_one(
        left in vec(time(), 0..100),
        right in vec(time(), 0..100),
    ) {
        prop_assert_eq!(read(&left).merge(&read(&right)), read(&[left, right].concat()));
    }

    #[test]
    fn the_difference_is_what_came_between(
        before in vec(time(), 0..100),
        between in vec(time(), 0..100),
    ) {
        let alone = read(&between);
        let difference = read(&[before.clone(), between].concat()).since(&read(&before));
        prop_assert_eq!(difference.count(), alone.count());
        prop_assert_eq!(difference.mean_ns(), alone.mean_ns());
        prop_assert!(difference.max_ns() >= alone.max_ns());
        prop_assert!((difference.max_ns() - alone.max_ns()) * 128 <= alone.max_ns());
        let cells = |reading: &LatencyReading| -> Vec<(u64, u64)> {
            reading.bars().map(|bar| (bar.low_ns, bar.count)).collect()
        };
        prop_assert_eq!(cells(&difference), cells(&alone));
    }
}

fn read(times: &[u64]) -> LatencyReading {
    let histogram = Histogram::default();
    for &ns in times {
        histogram.record(ns);
    }
    histogram.read()
}

/// Every magnitude up to an hour.
fn time() -> impl Strategy<Value = u64> {
    (22_u32..64, any::<u64>()).prop_map(|(shift, bits)| bits >> shift)
}
