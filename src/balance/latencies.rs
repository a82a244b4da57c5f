//! What a server remembers of its latency: a few recent answers for each number in flight.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::estimate::Estimate;

/// Latencies by how many others a request met at its server. It hangs off the member's load, so that it
/// outlives a change of the plan; its size is fixed, and it is written and read without a lock.
#[derive(Debug)]
pub struct Latencies {
    steps: Box<[Step]>,
    /// A bit for each step that may hold something recent.
    filled: AtomicU64,
}

impl Default for Latencies {
    fn default() -> Self {
        let steps = std::iter::repeat_with(Step::default).take(STEPS).collect();
        Self { steps, filled: AtomicU64::new(0) }
    }
}

/// The newest latencies among requests that met about as many others.
#[derive(Debug, Default)]
struct Step {
    newest: [AtomicU64; KEPT],
    written: AtomicU32,
}

impl Latencies {
    pub(super) fn keep(&self, beside: u32, latency_ns: u64, now_ns: u64) {
        let index = step_of(beside);
        let step = &self.steps[index];
        let place = step.written.fetch_add(1, Relaxed) as usize % KEPT;
        step.newest[place].store(Estimate::new(latency_ns as f64, now_ns).pack(), Relaxed);
        self.filled.fetch_or(1 << index, Relaxed);
    }

    /// The median of the recent requests that met about `in_flight` others, or as near to that as there are
    /// any. Of two steps as near, the lower speaks.
    pub(super) fn median_ns(&self, in_flight: u32, now_ns: u64) -> Option<f64> {
        let wanted = step_of(in_flight);
        loop {
            let nearest = nearest_bit(self.filled.load(Relaxed), wanted)?;
            if let Some(median) = self.steps[nearest].median_ns(now_ns) {
                return Some(median);
            }
            // A sample that comes in just now is lost to the reader until the next one sets the bit again.
            self.filled.fetch_and(!(1 << nearest), Relaxed);
        }
    }
}

impl Step {
    fn median_ns(&self, now_ns: u64) -> Option<f64> {
        let mut recent = [0.0_f32; KEPT];
        let mut count = 0;
        for estimate in self.newest.iter().filter_map(Estimate::read) {
            if estimate.age_ns(now_ns) <= RECENT_NS {
                recent[count] = estimate.latency_ns;
                count += 1;
            }
        }
        let recent = &mut recent[..count];
        recent.sort_unstable_by(f32::total_cmp);
        recent.get(count / 2).copied().map(f64::from)
    }
}

/// Each number up to 7 has a step of its own; above, each doubling has four.
fn step_of(in_flight: u32) -> usize {
    if in_flight < 8 {
        return in_flight as usize;
    }
    let doublings = in_flight.ilog2();
    let quarter = in_flight >> (doublings - 2) & 3;
    (8 + 4 * (doublings - 3) + quarter).min(STEPS as u32 - 1) as usize
}

fn nearest_bit(bits: u64, wanted: usize) -> Option<usize> {
    let below = bits & (u64::MAX >> (63 - wanted));
    let above = bits & (u64::MAX << wanted);
    let below = below.checked_ilog2().map(|bit| bit as usize);
    let above = (above != 0).then(|| above.trailing_zeros() as usize);
    match (below, above) {
        (Some(below), Some(above)) if above - wanted < wanted - below => Some(above),
        (below, above) => below.or(above),
    }
}

/// Up to 4,095 in flight are told apart.
const STEPS: usize = 44;
const KEPT: usize = 9;
/// What is older says nothing any more: a server nobody chose for so long is asked anew.
const RECENT_NS: u64 = 10_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn median_ms(latencies: &Latencies, in_flight: u32, now_ns: u64) -> Option<f64> {
        Some((latencies.median_ns(in_flight, now_ns)? / 1e6 * 100.0).round() / 100.0)
    }

    #[test]
    fn an_idle_server_answers_with_what_idle_it_took() {
        let latencies = Latencies::default();
        for beside in 0..20 {
            latencies.keep(beside, u64::from(beside + 1) * 10 * MS, MS);
        }
        assert_eq!(median_ms(&latencies, 0, 2 * MS), Some(10.0));
        assert_eq!(median_ms(&latencies, 5, 2 * MS), Some(60.0));
    }

    #[test]
    fn the_nearest_number_in_flight_speaks_where_the_own_is_silent() {
        let latencies = Latencies::default();
        assert_eq!(median_ms(&latencies, 3, 0), None);
        latencies.keep(2, 20 * MS, MS);
        latencies.keep(900, 70 * MS, MS);
        assert_eq!(median_ms(&latencies, 0, MS), Some(20.0));
        assert_eq!(median_ms(&latencies, 5, MS), Some(20.0));
        assert_eq!(median_ms(&latencies, 500, MS), Some(70.0));
        assert_eq!(median_ms(&latencies, u32::MAX, MS), Some(70.0));
    }

    #[test]
    fn only_the_newest_and_recent_count() {
        let latencies = Latencies::default();
        for latency_ms in 1..=100 {
            latencies.keep(0, latency_ms * MS, latency_ms * MS);
        }
        assert_eq!(median_ms(&latencies, 0, 100 * MS), Some(96.0));
        assert_eq!(median_ms(&latencies, 0, 100 * MS + 2 * RECENT_NS), None);
        latencies.keep(0, 7 * MS, 3 * RECENT_NS);
        assert_eq!(median_ms(&latencies, 0, 3 * RECENT_NS), Some(7.0));
    }

    #[test]
    fn steps_rise_with_the_number_in_flight() {
        let steps: Vec<usize> = (0..5_000).map(step_of).collect();
        assert!(steps.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{steps:?}");
        assert_eq!((steps[7], steps[8], steps[9], steps[10], steps[4_999]), (7, 8, 8, 9, 43));
        assert_eq!(step_of(u32::MAX), 43);
    }
}
