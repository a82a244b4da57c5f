//! One reading of everything by name, and what changed between two.

use std::collections::BTreeMap;

use super::counters::{CounterReading, Counters};
use super::histogram::Histogram;
use super::reading::LatencyReading;

/// What is measured of one named thing: a server, a listener, a client group.
#[derive(Debug, Default)]
pub struct Meter {
    pub counters: Counters,
    pub latency: Histogram,
}

/// A plain copy of a meter, or the difference of two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeterReading {
    pub counters: CounterReading,
    pub latency: LatencyReading,
}

/// The readings of everything that is measured, taken at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    pub at_ns: u64,
    pub readings: BTreeMap<String, MeterReading>,
}

/// What happened between two observations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub over_ns: u64,
    pub readings: BTreeMap<String, MeterReading>,
}

impl Meter {
    pub fn read(&self) -> MeterReading {
        MeterReading { counters: self.counters.read(), latency: self.latency.read() }
    }
}

impl MeterReading {
    /// Both together: a pool is the sum of its servers.
    pub fn merge(&self, other: &Self) -> Self {
        Self {
            counters: self.counters.merge(&other.counters),
            latency: self.latency.merge(&other.latency),
        }
    }

    /// What was measured after `earlier`.
    ///
    /// A meter that shows less than before is not the same one: the name was removed and given again.
    /// Then all of it is new.
    pub fn since(&self, earlier: &Self) -> Self {
        let begun_anew = self.counters.started < earlier.counters.started
            || self.latency.count() < earlier.latency.count();
        if begun_anew {
            return self.clone();
        }
        Self {
            counters: self.counters.since(&earlier.counters),
            latency: self.latency.since(&earlier.latency),
        }
    }
}

impl Observation {
    /// Reads every meter; `at_ns` is the time at which the caller did so.
    pub fn take<'a>(at_ns: u64, meters: impl IntoIterator<Item = (&'a str, &'a Meter)>) -> Self {
        let readings =
            meters.into_iter().map(|(name, meter)| (name.to_owned(), meter.read())).collect();
        Self { at_ns, readings }
    }

    /// What happened after `earlier`. A new name shows all it has; a name that is gone is left out.
    pub fn since(&self, earlier: &Self) -> Change {
        let difference = |(name, later): (&String, &MeterReading)| {
            let change = earlier
                .readings
                .get(name)
                .map_or_else(|| later.clone(), |earlier| later.since(earlier));
            (name.clone(), change)
        };
        Change {
            over_ns: self.at_ns.saturating_sub(earlier.at_ns),
            readings: self.readings.iter().map(difference).collect(),
        }
    }
}

impl Change {
    /// Requests finished per second under a name; `None` for an unknown name or no time.
    pub fn finished_per_second(&self, name: &str) -> Option<f64> {
        let finished = self.readings.get(name)?.counters.finished();
        (self.over_ns > 0).then(|| finished as f64 * 1e9 / self.over_ns as f64)
    }

    /// The part of all finished requests that each name had; empty where nothing finished.
    pub fn shares(&self) -> impl Iterator<Item = (&str, f64)> {
        let finished = |reading: &MeterReading| reading.counters.finished();
        let total: u64 = self.readings.values().map(finished).sum();
        self.readings
            .iter()
            .filter(move |_| total > 0)
            .map(move |(name, reading)| (name.as_str(), finished(reading) as f64 / total as f64))
    }

    /// Everything together.
    pub fn total(&self) -> MeterReading {
        self.readings.values().fold(MeterReading::default(), |total, reading| total.merge(reading))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{Outcome, StatusClass};

    fn serve(meter: &Meter, requests: u64) {
        for ns in 0..requests {
            meter.counters.start();
            meter.latency.record(ns);
            meter.counters.finish(Outcome::Answered(StatusClass::Success));
        }
    }

    #[test]
    fn the_difference_of_two_observations_is_what_happened_between() {
        let (a, b) = (Meter::default(), Meter::default());
        serve(&a, 100);
        let earlier = Observation::take(1_000_000_000, [("a", &a)]);
        serve(&a, 30);
        serve(&b, 10);
        let later = Observation::take(3_000_000_000, [("a", &a), ("b", &b)]);
        let change = later.since(&earlier);
        assert_eq!(change.finished_per_second("a"), Some(15.0));
        assert_eq!(change.finished_per_second("b"), Some(5.0), "a new name shows all it has");
        assert_eq!(change.finished_per_second("c"), None);
        assert_eq!(change.shares().collect::<Vec<_>>(), [("a", 0.75), ("b", 0.25)]);
        assert_eq!(change.total().latency.count(), 40);
    }

    #[test]
    fn a_name_given_again_shows_all_of_its_new_meter() {
        let (old, new) = (Meter::default(), Meter::default());
        serve(&old, 100);
        serve(&new, 7);
        let change =
            Observation::take(2, [("a", &new)]).since(&Observation::take(1, [("a", &old)]));
        assert_eq!(change.readings["a"], new.read());
    }

    #[test]
    fn no_time_and_no_requests_have_no_rate_and_no_share() {
        let meter = Meter::default();
        let now = Observation::take(5, [("a", &meter)]);
        let change = now.since(&now);
        assert_eq!(change.finished_per_second("a"), None);
        assert_eq!(change.shares().count(), 0);
    }
}
