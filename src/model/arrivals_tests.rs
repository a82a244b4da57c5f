//! Arrivals against the processes they claim to be.

use super::*;
use crate::model::sampling::{SIGMAS, assert_counts, assert_distribution, assert_mean};

const SECOND_NS: u64 = 1_000_000_000;

/// The first `n` times, from 0.
fn times(arrivals: &Arrivals, n: usize, seed: u64) -> Vec<u64> {
    let mut dice = Dice::new(seed);
    let next = |now_ns: &u64, dice: &mut Dice| arrivals.next_after(*now_ns, dice);
    let first = next(&0, &mut dice);
    std::iter::successors(first, |now_ns| next(now_ns, &mut dice)).take(n).collect()
}

/// The time-change theorem: under the integral of its rate, a Poisson process has gaps that are
/// exponential with mean 1, whatever the rate does.
fn check_poisson(arrivals: &Arrivals, n: usize, integral: impl Fn(f64) -> f64) {
    let times = times(arrivals, n, 21);
    assert_eq!(times.len(), n);
    let masses: Vec<f64> = times.iter().map(|&ns| integral(ns as f64 / 1e9)).collect();
    let gaps: Vec<f64> =
        std::iter::once(masses[0]).chain(masses.windows(2).map(|pair| pair[1] - pair[0])).collect();
    assert_mean(&gaps, 1.0, 1.0);
    assert_distribution(gaps, |gap| -libm::expm1(-gap));
    // Neighbours must not know of each other: their correlation strays by 1 / sqrt(n).
    let pairs: f64 = masses.windows(3).map(|m| (m[1] - m[0] - 1.0) * (m[2] - m[1] - 1.0)).sum();
    assert!((pairs / n as f64).abs() < SIGMAS / (n as f64).sqrt());
}

#[test]
fn poisson_gaps_are_exponential_and_independent() {
    for per_second in [0.001, 100.0, 50_000.0] {
        check_poisson(&Arrivals::Poisson { per_second }, 50_000, |secs| secs * per_second);
    }
}

#[test]
fn a_million_a_second_is_a_million_a_second() {
    let n = 200_000;
    let times = times(&Arrivals::Poisson { per_second: 1e6 }, n, 4);
    let secs = *times.last().unwrap() as f64 / 1e9;
    // The time of the n-th strays by sqrt(n) gaps.
    assert!((secs * 1e6 - n as f64).abs() < SIGMAS * (n as f64).sqrt(), "{secs}");
}

#[test]
fn steady_requests_are_evenly_spaced_and_never_drift() {
    let (mut now_ns, mut dice) = (0, Dice::new(1));
    for number in 1..=700_000_u64 {
        now_ns = Arrivals::Steady { per_second: 7_000.0 }.next_after(now_ns, &mut dice).unwrap();
        assert_eq!(now_ns, number * SECOND_NS / 7_000);
    }
    assert_eq!(now_ns, 100 * SECOND_NS);
    // A year in, the next one is still where it belongs.
    let year_ns = Period::MAX.ns();
    let next = Arrivals::Steady { per_second: 3.0 }.next_after(year_ns, &mut dice);
    assert_eq!(next, Some(year_ns + 333_333_333));
}

#[test]
fn bursts_come_together_and_keep_the_average() {
    let bursts = Arrivals::Bursts { per_second: 100.0, size: 25 };
    assert_eq!(times(&bursts, 4, 1), [1, 2, 3, 4].map(|quarter| quarter * SECOND_NS / 4));
    assert_eq!((bursts.at_once(), Arrivals::default().at_once()), (25, 1));
}

#[test]
fn ramps_are_poisson_with_the_ramped_rate() {
    for (from, to) in [(0.0, 2_000.0), (2_000.0, 100.0), (500.0, 500.0)] {
        let ramp = Arrivals::Ramp { from, to, over: Period::from_secs(10) };
        check_poisson(&ramp, 15_000, |secs| {
            let ramped = secs.min(10.0);
            from * ramped + (to - from) * ramped * ramped / 20.0 + to * (secs - ramped)
        });
    }
}

#[test]
fn a_ramp_to_nothing_ends() {
    let ramp = Arrivals::Ramp { from: 100.0, to: 0.0, over: Period::from_secs(20) };
    let times = times(&ramp, 1_000_000, 5);
    // The count is Poisson with mean 1,000.
    assert!((times.len() as f64 - 1_000.0).abs() < SIGMAS * 1_000.0_f64.sqrt(), "{}", times.len());
    assert!(*times.last().unwrap() <= 20 * SECOND_NS);
}

#[test]
fn a_day_is_poisson_with_the_swinging_rate() {
    for (low, high, secs) in [(0.0, 1_000.0, 20.0), (50.0, 150.0, 3.0), (0.0, 0.5, 1.0)] {
        let period = Period::from_secs(secs as u64);
        let turn = std::f64::consts::TAU / secs;
        check_poisson(&Arrivals::Diurnal { low, high, period }, 20_000, |at| {
            f64::midpoint(low, high) * at - (high - low) / 2.0 / turn * libm::sin(turn * at)
        });
    }
}

#[test]
fn the_hours_of_a_day_have_their_shares() {
    let day = Arrivals::Diurnal { low: 10.0, high: 100.0, period: Period::from_secs(24) };
    let mut hours = [0_u64; 24];
    let days = 40.0;
    for ns in times(&day, 100_000, 6).iter().take_while(|&&ns| ns < 40 * 24 * SECOND_NS) {
        hours[(ns / SECOND_NS % 24) as usize] += 1;
    }
    let integral = |hour: f64| {
        let turn = std::f64::consts::TAU / 24.0;
        55.0 * hour - 45.0 / turn * libm::sin(turn * hour)
    };
    let expected: Vec<f64> = (0..24)
        .map(|hour| days * (integral(f64::from(hour) + 1.0) - integral(f64::from(hour))))
        .collect();
    assert_counts(&hours, &expected);
}

#[test]
fn a_quiet_night_with_a_busy_day_answers_at_once() {
    let day = Arrivals::Diurnal { low: 0.0, high: 1e6, period: Period::MAX };
    let mut dice = Dice::new(2);
    let first = day.next_after(0, &mut dice).unwrap();
    let rate = day.rate_at(first).unwrap();
    assert!(rate > 0.0 && rate < 1.0, "first after {first} ns at {rate}/s");
}

#[test]
fn the_rate_shown_is_the_rate_meant() {
    let at = |arrivals: &Arrivals, secs: u64| arrivals.rate_at(secs * SECOND_NS).unwrap();
    let ramp = Arrivals::Ramp { from: 10.0, to: 20.0, over: Period::from_secs(10) };
    assert_eq!([0, 5, 10, 99].map(|secs| at(&ramp, secs)), [10.0, 15.0, 20.0, 20.0]);
    let day = Arrivals::Diurnal { low: 10.0, high: 20.0, period: Period::from_secs(24) };
    assert_eq!([0, 12, 24].map(|secs| at(&day, secs)), [10.0, 20.0, 10.0]);
    assert_eq!(Arrivals::Closed { users: 1, think: Latency::default() }.rate_at(0), None);
}

#[test]
fn a_rate_of_zero_or_nonsense_sends_nothing_and_does_not_hang() {
    let period = Period::from_secs(1);
    for rate in [0.0, -1.0, f64::NAN, 1e-300] {
        for arrivals in [
            Arrivals::Steady { per_second: rate },
            Arrivals::Poisson { per_second: rate },
            Arrivals::Bursts { per_second: rate, size: 3 },
            Arrivals::Ramp { from: rate, to: rate, over: period },
            Arrivals::Diurnal { low: rate, high: rate, period },
        ] {
            assert_eq!(arrivals.next_after(5, &mut Dice::new(1)), None, "{arrivals:?}");
        }
    }
    let closed = Arrivals::Closed { users: 3, think: Latency::default() };
    assert_eq!(closed.next_after(0, &mut Dice::new(1)), None);
    let endless = Arrivals::Poisson { per_second: f64::INFINITY };
    assert_eq!(endless.next_after(7, &mut Dice::new(1)), Some(8), "time goes on");
    assert_eq!(Arrivals::default().next_after(u64::MAX, &mut Dice::new(1)), None);
    let instant = Arrivals::Diurnal { low: 1.0, high: 2.0, period: Period::ZERO };
    assert!(instant.next_after(0, &mut Dice::new(1)).is_some());
}

#[test]
fn bad_values_are_refused_with_their_place() {
    let think = Latency::LogNormal { median: Period::ZERO, sigma: -1.0 };
    let broken = [
        (Arrivals::Closed { users: 0, think }, "users think.sigma"),
        (Arrivals::Poisson { per_second: 2e6 }, "per_second"),
        (Arrivals::Bursts { per_second: f64::NAN, size: 0 }, "per_second size"),
        (Arrivals::Ramp { from: -1.0, to: -1.0, over: Period::ZERO }, "from to"),
        (Arrivals::Diurnal { low: 2.0, high: 1.0, period: Period::ZERO }, "low period"),
    ];
    for (arrivals, places) in broken {
        let found: Vec<String> = arrivals.flaws().into_iter().map(|flaw| flaw.place).collect();
        assert_eq!(found.join(" "), places);
    }
}
