//! Plain counts of one thing: started, ended and how, tried again, bytes.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::outcome::{OUTCOMES, Outcome};

/// Counts that only grow, written from any thread. How many are in flight is not kept here: that is a
/// load, on which choices depend.
#[derive(Debug, Default)]
pub struct Counters {
    started: AtomicU64,
    outcomes: [AtomicU64; OUTCOMES],
    retries: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Counters {
    pub fn start(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    pub fn finish(&self, outcome: Outcome) {
        self.outcomes[outcome.index()].fetch_add(1, Release);
    }

    /// The same for the only owner, without the price of an atomic addition.
    pub fn start_alone(&mut self) {
        *self.started.get_mut() += 1;
    }

    /// The same for the only owner.
    pub fn finish_alone(&mut self, outcome: Outcome) {
        *self.outcomes[outcome.index()].get_mut() += 1;
    }

    /// Another try of a request that was counted as started before.
    pub fn retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    /// Bytes that came from the client (`bytes_in`) and that went to it (`bytes_out`).
    pub fn carry(&self, bytes_in: u64, bytes_out: u64) {
        self.bytes_in.fetch_add(bytes_in, Relaxed);
        self.bytes_out.fetch_add(bytes_out, Relaxed);
    }

    pub fn read(&self) -> CounterReading {
        // Ends before starts, so that a reading never shows more ended than started.
        let outcomes = std::array::from_fn(|index| self.outcomes[index].load(Acquire));
        CounterReading {
            outcomes,
            retries: self.retries.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            started: self.started.load(Relaxed),
        }
    }
}

/// A plain copy of counters, or the difference of two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CounterReading {
    pub started: u64,
    pub retries: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    outcomes: [u64; OUTCOMES],
}

impl CounterReading {
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome.index()]
    }

    pub fn finished(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    pub fn errors(&self) -> u64 {
        self.outcomes().filter(|(outcome, _count)| outcome.is_error()).map(|(_, count)| count).sum()
    }

    /// Every outcome that happened, in the order of [`Outcome::ALL`].
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL.into_iter().zip(self.outcomes).filter(|&(_outcome, count)| count > 0)
    }

    /// Both together.
    pub fn merge(&self, other: &Self) -> Self {
        self.combine(other, u64::saturating_add)
    }

    /// What was counted after `earlier`, a reading of the same counters.
    pub fn since(&self, earlier: &Self) -> Self {
        self.combine(earlier, u64::saturating_sub)
    }

    fn combine(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            started: operation(self.started, other.started),
            retries: operation(self.retries, other.retries),
            bytes_in: operation(self.bytes_in, other.bytes_in),
            bytes_out: operation(self.bytes_out, other.bytes_out),
            outcomes: std::array::from_fn(|index| {
                operation(self.outcomes[index], other.outcomes[index])
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{StatusClass, TimeoutKind};

    const OK: Outcome = Outcome::Answered(StatusClass::Success);
    const SLOW: Outcome = Outcome::TimedOut(TimeoutKind::Connect);

    #[test]
    fn an_only_owner_counts_the_same() {
        let (shared, mut own) = (Counters::default(), Counters::default());
        for outcome in Outcome::ALL {
            shared.start();
            shared.finish(outcome);
            own.start_alone();
            own.finish_alone(outcome);
        }
        assert_eq!(shared.read(), own.read());
    }

    #[test]
    fn every_end_is_counted_under_its_kind() {
        let counters = Counters::default();
        for outcome in Outcome::ALL {
            counters.start();
            counters.finish(outcome);
        }
        counters.finish(OK);
        let reading = counters.read();
        assert_eq!((reading.started, reading.finished()), (27, 28));
        assert_eq!((reading.of(OK), reading.of(SLOW), reading.errors()), (2, 1, 20));
    }

    #[test]
    fn a_difference_is_what_happened_between_two_readings() {
        let counters = Counters::default();
        counters.start();
        counters.finish(SLOW);
        counters.carry(10, 1);
        let earlier = counters.read();
        counters.start();
        counters.retry();
        counters.carry(5, 700);
        counters.finish(OK);
        let later = counters.read();
        let between = later.since(&earlier);
        assert_eq!(between.outcomes().collect::<Vec<_>>(), [(OK, 1)]);
        assert_eq!((between.started, between.retries), (1, 1));
        assert_eq!((between.bytes_in, between.bytes_out), (5, 700));
        assert_eq!(earlier.merge(&between), later);
    }

    #[test]
    fn threads_counting_together_lose_nothing() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                std::thread::Builder::new()
                    .name(format!("counter-{thread}"))
                    .spawn_scoped(scope, || {
                        for _ in 0..20_000 {
                            counters.start();
                            counters.carry(3, 2);
                            counters.finish(SLOW);
                        }
                    })
                    .unwrap();
            }
        });
        let reading = counters.read();
        assert_eq!((reading.started, reading.of(SLOW)), (80_000, 80_000));
        assert_eq!((reading.bytes_in, reading.bytes_out), (240_000, 160_000));
    }
}
