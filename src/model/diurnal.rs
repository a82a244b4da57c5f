//! A rate that swings between two values like a day, and the exact gaps of its Poisson process.

use std::f64::consts::{PI, TAU};

use crate::period::Period;

/// The rate at a time: `low` at 0, `high` half a period later, a cosine between.
pub(super) fn rate(low: f64, high: f64, period: Period, now_ns: u64) -> f64 {
    let (middle, swing) = middle_and_swing(low, high);
    middle - swing * libm::cos(TAU * phase_secs(period, now_ns) / secs(period))
}

/// How long until the integral of the rate has grown by `mass`.
///
/// Thinning would throw away almost every candidate in a night with few requests, so the integral is
/// inverted instead: whole periods by division, the rest by Newton's steps kept inside a bracket.
pub(super) fn gap_secs(low: f64, high: f64, period: Period, now_ns: u64, mass: f64) -> f64 {
    let (middle, swing) = middle_and_swing(low, high);
    let period_secs = secs(period);
    let mass_of_period = middle * period_secs;
    let periods = (mass / mass_of_period).floor();
    if !periods.is_finite() {
        return f64::INFINITY;
    }
    let wave = Wave { middle, swing, period_secs, start_secs: phase_secs(period, now_ns) };
    periods * period_secs + wave.invert(mass - periods * mass_of_period)
}

struct Wave {
    middle: f64,
    swing: f64,
    period_secs: f64,
    start_secs: f64,
}

impl Wave {
    /// The gap within one period over which the rate adds up to `mass`.
    fn invert(&self, mass: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.period_secs);
        let mut gap = mass / self.middle;
        for _ in 0..STEPS_MAX {
            let miss = self.mass(gap) - mass;
            if miss < 0.0 {
                low = gap;
            } else {
                high = gap;
            }
            let newton = gap - miss / self.rate(gap);
            // Where the rate is almost zero a step may leave the bracket: halve that instead.
            let inside = newton >= low && newton <= high;
            let next = if inside { newton } else { f64::midpoint(low, high) };
            if (next - gap).abs() < CLOSE_SECS {
                return next;
            }
            gap = next;
        }
        gap
    }

    fn rate(&self, gap: f64) -> f64 {
        self.middle - self.swing * libm::cos(TAU * (self.start_secs + gap) / self.period_secs)
    }

    /// The integral of the rate over `gap`, as a product so that short gaps do not cancel.
    fn mass(&self, gap: f64) -> f64 {
        let half_turn = PI * gap / self.period_secs;
        let middle_turn = TAU * self.start_secs / self.period_secs + half_turn;
        let swung = libm::cos(middle_turn) * libm::sin(half_turn);
        self.middle * gap - self.swing * self.period_secs / PI * swung
    }
}

fn middle_and_swing(low: f64, high: f64) -> (f64, f64) {
    (f64::midpoint(low, high), (high - low) / 2.0)
}

fn phase_secs(period: Period, now_ns: u64) -> f64 {
    (now_ns % period.ns().max(1)) as f64 / 1e9
}

fn secs(period: Period) -> f64 {
    period.ns().max(1) as f64 / 1e9
}

/// Halving alone brings a day down to a nanosecond in 47 steps, a year in 55.
const STEPS_MAX: u32 = 64;
const CLOSE_SECS: f64 = 1e-10;
