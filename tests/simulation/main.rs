//! The data plane under a simulated network and time: seeds decide who fails when, and a seed replays.
//!
//! `EVENKEEL_SEEDS=5000` runs so many; `EVENKEEL_SEED=17` runs that one alone.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod front;
mod journal;
#[path = "../chaos/marks.rs"]
mod marks;
mod scenario;
mod server;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use scenario::{Faults, run};

#[test]
fn no_answer_is_wrong_and_everybody_is_served_once_faults_end() {
    over_seeds(Faults::Some);
}

#[test]
fn live_changes_lose_nothing_where_nothing_fails() {
    over_seeds(Faults::None);
}

fn over_seeds(faults: Faults) {
    let one: Option<u64> = number_of("EVENKEEL_SEED");
    let count = number_of("EVENKEEL_SEEDS").unwrap_or(SEEDS);
    let (first, end) = one.map_or((0, count), |seed| (seed, seed + 1));
    let next = AtomicU64::new(first);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= end {
                return failed;
            }
            if catch_unwind(AssertUnwindSafe(|| run(seed, faults))).is_err() {
                failed.push(seed);
            }
        }
    };
    let hands = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let mut failed: Vec<u64> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands).map(|_| scope.spawn(work)).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    failed.sort_unstable();
    assert!(
        failed.is_empty(),
        "{} of {} seeds fail: {failed:?}; replay one with EVENKEEL_SEED={} cargo test --test simulation",
        failed.len(),
        end - first,
        failed[0],
    );
}

fn number_of(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

const SEEDS: u64 = 100;
