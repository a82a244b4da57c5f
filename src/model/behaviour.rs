//! Everything a mock server does with a request.

use serde::{Deserialize, Serialize};

use super::failure::Failures;
use super::flaw::{Flaw, ModelError};
use super::latency::{Latency, whole_ns};
use super::station::Station;
use crate::dice::Dice;
use crate::period::Period;

/// How a mock behaves. The default is a healthy server that takes 20 ms and any number at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    pub latency: Latency,
    /// Requests in service at once; without it every request starts at once.
    pub concurrency_limit: Option<u32>,
    /// Requests that may wait for one in service to finish; the next is refused.
    pub queue_limit: u32,
    pub failures: Failures,
    pub warm_up: Option<WarmUp>,
    pub slow_spells: Option<SlowSpells>,
    pub answer_bytes: u64,
}

/// A cold start: service takes `factor` times as long at first and falls evenly to normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmUp {
    pub over: Period,
    pub factor: f64,
}

/// Slow times that come back: service takes `factor` times as long `for` a while, once `every` period.
///
/// The first spell begins one whole period after the mock's start, so that a lab opens calm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowSpells {
    pub every: Period,
    #[serde(rename = "for")]
    pub lasting: Period,
    pub factor: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            latency: Latency::default(),
            concurrency_limit: None,
            queue_limit: 1_000,
            failures: Failures::default(),
            warm_up: None,
            slow_spells: None,
            answer_bytes: 1_024,
        }
    }
}

impl Behaviour {
    /// How long the request that starts `now_ns` after the mock did is in service.
    pub fn service_ns(&self, now_ns: u64, dice: &mut Dice) -> u64 {
        let drawn_ns = self.latency.draw(dice);
        let slowdown = self.slowdown(now_ns);
        if slowdown == 1.0 { drawn_ns } else { whole_ns(drawn_ns as f64 * slowdown) }
    }

    /// How many times as long as normal everything takes at `now_ns`.
    pub fn slowdown(&self, now_ns: u64) -> f64 {
        let cold = self.warm_up.as_ref().map_or(1.0, |warm_up| warm_up.factor_at(now_ns));
        let spell = self.slow_spells.as_ref().map_or(1.0, |spells| spells.factor_at(now_ns));
        cold * spell
    }

    /// An empty station with this behaviour's limits.
    pub fn station<T>(&self) -> Station<T> {
        Station::new(self.concurrency_limit, self.queue_limit)
    }

    pub fn flaws(&self) -> Vec<Flaw> {
        let Self { latency, failures, warm_up, slow_spells, .. } = self;
        let limits = [
            self.concurrency_limit.and_then(|limit| {
                Flaw::outside("concurrency_limit", f64::from(limit), 1.0, REQUESTS_MAX)
            }),
            Flaw::outside("queue_limit", f64::from(self.queue_limit), 0.0, REQUESTS_MAX),
            Flaw::outside("answer_bytes", self.answer_bytes as f64, 0.0, ANSWER_BYTES_MAX),
        ];
        let inside = |name: &'static str| move |flaw: Flaw| flaw.within(name);
        let mut flaws: Vec<Flaw> = limits.into_iter().flatten().collect();
        flaws.extend(latency.flaws().into_iter().map(inside("latency")));
        flaws.extend(failures.flaws().into_iter().map(inside("failures")));
        flaws.extend(warm_up.iter().filter_map(WarmUp::flaw).map(inside("warm_up")));
        flaws.extend(slow_spells.iter().flat_map(SlowSpells::flaws).map(inside("slow_spells")));
        flaws
    }
}

impl WarmUp {
    fn factor_at(&self, now_ns: u64) -> f64 {
        let over_ns = self.over.ns();
        if now_ns >= over_ns {
            return 1.0;
        }
        let left = (over_ns - now_ns) as f64 / over_ns as f64;
        1.0 + (self.factor - 1.0) * left
    }

    fn flaw(&self) -> Option<Flaw> {
        Flaw::outside("factor", self.factor, FACTOR_MIN, FACTOR_MAX)
    }
}

impl SlowSpells {
    fn factor_at(&self, now_ns: u64) -> f64 {
        let every_ns = self.every.ns().max(1);
        let slow = now_ns >= every_ns && now_ns % every_ns < self.lasting.ns();
        if slow { self.factor } else { 1.0 }
    }

    fn flaws(&self) -> Vec<Flaw> {
        let overlap = self.lasting > self.every || self.every.is_zero();
        let spell =
            ModelError::Spell { every: self.every.to_string(), lasting: self.lasting.to_string() };
        overlap
            .then(|| Flaw::new("for", spell))
            .into_iter()
            .chain(Flaw::outside("factor", self.factor, FACTOR_MIN, FACTOR_MAX))
            .collect()
    }
}

const REQUESTS_MAX: f64 = 1e6;
/// A gigabyte: more would measure the loopback and not the balancer.
const ANSWER_BYTES_MAX: f64 = (1_u64 << 30) as f64;
/// Below 1 a server is faster than normal, which is a fair thing to try.
const FACTOR_MIN: f64 = 0.01;
const FACTOR_MAX: f64 = 10_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    #[test]
    fn a_warm_up_falls_evenly_to_normal() {
        let cold = Behaviour {
            latency: Latency::Constant(Period::from_millis(10)),
            warm_up: Some(WarmUp { over: Period::from_secs(10), factor: 5.0 }),
            ..Behaviour::default()
        };
        let service_ms =
            |secs: u64| cold.service_ns(secs * SECOND_NS, &mut Dice::new(1)) as f64 / 1e6;
        assert_eq!([0, 5, 9, 10, 99].map(service_ms), [50.0, 30.0, 14.0, 10.0, 10.0]);
    }

    #[test]
    fn slow_spells_come_back_on_time_and_not_at_the_start() {
        let moody = Behaviour {
            slow_spells: Some(SlowSpells {
                every: Period::from_secs(30),
                lasting: Period::from_secs(5),
                factor: 10.0,
            }),
            ..Behaviour::default()
        };
        let factor = |secs: u64| moody.slowdown(secs * SECOND_NS);
        assert_eq!([0, 4, 29, 30, 34, 35, 60, 64, 65].map(factor), {
            [1.0, 1.0, 1.0, 10.0, 10.0, 1.0, 10.0, 10.0, 1.0]
        });
    }

    #[test]
    fn every_flaw_is_named_with_its_place() {
        let second = Period::from_secs(1);
        let broken = Behaviour {
            latency: Latency::LogNormal { median: second, sigma: 7.0 },
            concurrency_limit: Some(0),
            answer_bytes: 99_999_999_999,
            failures: Failures { reset: 2.0, ..Failures::default() },
            warm_up: Some(WarmUp { over: second, factor: 0.0 }),
            slow_spells: Some(SlowSpells {
                every: second,
                lasting: Period::from_secs(2),
                factor: -1.0,
            }),
            ..Behaviour::default()
        };
        let places: Vec<String> = broken.flaws().into_iter().map(|flaw| flaw.place).collect();
        assert_eq!(
            places,
            [
                "concurrency_limit",
                "answer_bytes",
                "latency.sigma",
                "failures.reset",
                "warm_up.factor",
                "slow_spells.for",
                "slow_spells.factor"
            ]
        );
        assert!(Behaviour::default().flaws().is_empty());
        assert!(broken.service_ns(0, &mut Dice::new(1)) <= Period::MAX.ns());
    }
}
