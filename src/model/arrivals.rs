//! When requests come: a closed loop of users, or an open loop by the clock.

use serde::{Deserialize, Serialize};

use super::diurnal;
use super::flaw::{Flaw, ModelError};
use super::latency::{Latency, draw_exponential};
use crate::dice::Dice;
use crate::period::Period;

/// When a client group sends. Rates are requests per second, up to a million.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Arrivals {
    /// Each user sends, waits for the answer, thinks, and sends again: a slow server slows the load.
    Closed { users: u32, think: Latency },
    /// Evenly spaced, to the nanosecond and without drift.
    Steady { per_second: f64 },
    /// Independent of each other, as from many unrelated people.
    Poisson { per_second: f64 },
    /// `size` at once, the bursts evenly spaced, `per_second` on average.
    Bursts { per_second: f64, size: u32 },
    /// Poisson with a rate that moves evenly and then stays.
    Ramp { from: f64, to: f64, over: Period },
    /// Poisson with a rate that swings like a day, from `low` at the start to `high` half a period later.
    Diurnal { low: f64, high: f64, period: Period },
}

impl Default for Arrivals {
    fn default() -> Self {
        Self::Poisson { per_second: 100.0 }
    }
}

impl Arrivals {
    /// The next time at which requests are sent, later than `now_ns`; [`Arrivals::at_once`] says how many.
    ///
    /// `None` for a closed loop, whose users send when they are ready, and where no request comes
    /// within a year. A function of the time alone, so that a dragged rate takes hold at once.
    pub fn next_after(&self, now_ns: u64, dice: &mut Dice) -> Option<u64> {
        match *self {
            Self::Closed { .. } => None,
            Self::Steady { per_second } => next_multiple(now_ns, per_second, 1),
            Self::Bursts { per_second, size } => next_multiple(now_ns, per_second, size),
            Self::Poisson { .. } | Self::Ramp { .. } | Self::Diurnal { .. } => {
                let gap_secs = self.gap_secs(now_ns, draw_exponential(dice))?;
                // Zero would stop time, and rounding down would raise high rates.
                let gap_ns = ((gap_secs * 1e9 + 0.5) as u64).max(1);
                now_ns.checked_add(gap_ns)
            }
        }
    }

    /// How many requests are sent at each time.
    pub fn at_once(&self) -> u32 {
        if let Self::Bursts { size, .. } = self { *size } else { 1 }
    }

    /// The rate that is asked for at a time; `None` for a closed loop, whose rate is an outcome.
    pub fn rate_at(&self, now_ns: u64) -> Option<f64> {
        match *self {
            Self::Closed { .. } => None,
            Self::Steady { per_second }
            | Self::Poisson { per_second }
            | Self::Bursts { per_second, .. } => Some(per_second),
            Self::Ramp { from, to, over } => {
                let done = (now_ns as f64 / over.ns().max(1) as f64).min(1.0);
                Some(from + (to - from) * done)
            }
            Self::Diurnal { low, high, period } => Some(diurnal::rate(low, high, period, now_ns)),
        }
    }

    pub fn flaws(&self) -> Vec<Flaw> {
        let rate = |place, value| Flaw::outside(place, value, 0.0, RATE_MAX);
        match self {
            Self::Closed { users, think } => {
                let mut flaws: Vec<Flaw> =
                    Flaw::outside("users", f64::from(*users), 1.0, AT_ONCE_MAX)
                        .into_iter()
                        .collect();
                flaws.extend(think.flaws().into_iter().map(|flaw| flaw.within("think")));
                flaws
            }
            Self::Steady { per_second } | Self::Poisson { per_second } => {
                rate("per_second", *per_second).into_iter().collect()
            }
            Self::Bursts { per_second, size } => {
                let size = Flaw::outside("size", f64::from(*size), 1.0, AT_ONCE_MAX);
                rate("per_second", *per_second).into_iter().chain(size).collect()
            }
            Self::Ramp { from, to, .. } => {
                rate("from", *from).into_iter().chain(rate("to", *to)).collect()
            }
            Self::Diurnal { low, high, period } => {
                let order = || ModelError::Order { low: low.to_string(), high: high.to_string() };
                let short = || ModelError::range(period, "1ms", Period::MAX);
                [
                    rate("low", *low),
                    rate("high", *high),
                    (low > high).then(|| Flaw::new("low", order())),
                    (period.ns() < PERIOD_MIN_NS).then(|| Flaw::new("period", short())),
                ]
                .into_iter()
                .flatten()
                .collect()
            }
        }
    }

    /// How long until the integral of the rate has grown by `mass`.
    ///
    /// With an exponential mass of mean 1 this is an exact Poisson process with that rate (inversion,
    /// Lewis and Shedler, Naval Research Logistics 26, 1979); no candidate is thrown away.
    fn gap_secs(&self, now_ns: u64, mass: f64) -> Option<f64> {
        let gap_secs = match *self {
            Self::Poisson { per_second } => mass / per_second,
            Self::Ramp { from, to, over } => ramp_gap_secs(from, to, over, now_ns, mass),
            Self::Diurnal { low, high, period } => {
                diurnal::gap_secs(low, high, period, now_ns, mass)
            }
            Self::Closed { .. } | Self::Steady { .. } | Self::Bursts { .. } => return None,
        };
        // Rates of zero or nonsense give infinity, a negative gap or "not a number".
        (gap_secs >= 0.0 && gap_secs <= Period::MAX.secs()).then_some(gap_secs)
    }
}

/// The first multiple of `size / per_second` after now.
///
/// Each time is computed from its number, in whole numbers, so errors cannot add up.
fn next_multiple(now_ns: u64, per_second: f64, size: u32) -> Option<u64> {
    let per_second_e6 = u128::from((per_second * 1e6 + 0.5) as u64);
    if per_second_e6 == 0 || size == 0 {
        return None;
    }
    let scaled_gap = NS_PER_SECOND_E6 * u128::from(size);
    let number = ((u128::from(now_ns) + 1) * per_second_e6).div_ceil(scaled_gap);
    let next_ns = (number * scaled_gap / per_second_e6).try_into().ok()?;
    (next_ns - now_ns <= Period::MAX.ns()).then_some(next_ns)
}

fn ramp_gap_secs(from: f64, to: f64, over: Period, now_ns: u64, mass: f64) -> f64 {
    let left = over.ns().saturating_sub(now_ns) as f64 / 1e9;
    let slope = if over.is_zero() { 0.0 } else { (to - from) / over.secs() };
    let rate = to - slope * left;
    let mass_left = f64::midpoint(rate, to) * left;
    if mass > mass_left {
        return left + (mass - mass_left) / to;
    }
    // The root of rate * x + slope / 2 * x^2 = mass, in the form that does not cancel.
    let root = (rate * rate + 2.0 * slope * mass).max(0.0).sqrt();
    2.0 * mass / (rate + root)
}

const NS_PER_SECOND_E6: u128 = 1_000_000_000_000_000;
const RATE_MAX: f64 = 1e6;
const AT_ONCE_MAX: f64 = 1e5;
const PERIOD_MIN_NS: u64 = 1_000_000;

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;
