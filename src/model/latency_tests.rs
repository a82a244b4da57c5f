//! Latency against closed forms, its written forms, and what it refuses.

use super::*;
use crate::model::sampling::{assert_mean, assert_share_below, draw_many};

const DRAWS: usize = 200_000;
const MS: f64 = 1e6;

/// Draws, then compares the mean (where the deviation is known) and the shares below some points.
fn check(text: &str, deviation_ms: Option<f64>, shares: &[(f64, f64)]) {
    let latency: Latency = text.parse().unwrap();
    let samples = draw_many(DRAWS, 11, |dice| latency.draw(dice));
    if let Some(deviation_ms) = deviation_ms {
        assert_mean(&samples, latency.mean_ns().unwrap(), deviation_ms * MS);
    }
    for &(point_ms, share) in shares {
        assert_share_below(&samples, point_ms * MS, share);
    }
}

#[test]
fn a_constant_never_varies() {
    let latency: Latency = "20ms".parse().unwrap();
    assert!(draw_many(100, 1, |dice| latency.draw(dice)).iter().all(|&ns| ns == 2e7));
    assert_eq!(latency.mean_ns(), Some(20.0 * MS));
}

#[test]
fn uniform_fits_its_closed_form() {
    check(
        "uniform:10ms,30ms",
        Some(20.0 / 12.0_f64.sqrt()),
        &[(12.0, 0.1), (20.0, 0.5), (29.0, 0.95)],
    );
}

#[test]
fn a_normal_far_from_zero_fits_its_closed_form() {
    check(
        "normal:40ms,5ms",
        Some(5.0),
        &[(40.0, 0.5), (45.0, 0.841_344_746_068_542_9), (31.775_731_865_242_64, 0.05)],
    );
}

#[test]
fn a_normal_cut_at_zero_fits_the_truncated_closed_form() {
    // Mean 5 and deviation 10: 30.85 % of the bell lies below zero. The truncated variance is
    // 1 - a l - l^2 with l = density / share and a = 1/2, so the deviation is 6.964 ms.
    let above = normal::share_below(0.5);
    let share = |ms: f64| (normal::share_below((ms - 5.0) / 10.0) - (1.0 - above)) / above;
    let shares: Vec<_> = [1.0, 5.0, 12.0, 25.0].map(|ms| (ms, share(ms))).into();
    let density = libm::exp(-0.125) / std::f64::consts::TAU.sqrt() / above;
    let deviation_ms = 10.0 * (1.0 - 0.5 * density - density * density).sqrt();
    check("normal:5ms,10ms", Some(deviation_ms), &shares);
    // With a mean of zero it is the half-normal distribution, whose mean is sqrt(2 / pi).
    let half: Latency = "normal:0s,10ms".parse().unwrap();
    let expected = 10.0 * MS * std::f64::consts::FRAC_2_PI.sqrt();
    assert!((half.mean_ns().unwrap() / expected - 1.0).abs() < 1e-12);
}

#[test]
fn log_normal_fits_its_closed_form() {
    let variance = 0.16_f64;
    let mean = 20.0 * libm::exp(variance / 2.0);
    let deviation_ms = mean * libm::expm1(variance).sqrt();
    let p99 = 20.0 * libm::exp(0.4 * 2.326_347_874_040_841);
    check("lognormal:20ms,0.4", Some(deviation_ms), &[(20.0, 0.5), (p99, 0.99)]);
}

#[test]
fn exponential_fits_its_closed_form() {
    let share = |ms: f64| (ms, -libm::expm1(-ms / 20.0));
    check("exponential:20ms", Some(20.0), &[share(1.0), share(20.0), share(80.0), share(150.0)]);
}

#[test]
fn pareto_fits_its_closed_form_even_without_a_mean() {
    // Shape 3 has a variance: least^2 * shape / ((shape - 1)^2 (shape - 2)) = 75 ms^2.
    check("pareto:10ms,3", Some(75.0_f64.sqrt()), &[(20.0, 1.0 - 0.125), (100.0, 1.0 - 1e-3)]);
    check("pareto:10ms,1.5", None, &[(20.0, 1.0 - libm::pow(0.5, 1.5)), (1_000.0, 0.999)]);
    assert_eq!("pareto:10ms,1".parse::<Latency>().unwrap().mean_ns(), None);
}

#[test]
fn samples_of_a_file_are_equally_likely() {
    let mut latency = Latency::file("times.txt");
    assert_eq!((latency.mean_ns(), latency.draw(&mut Dice::new(1))), (None, 0));
    latency.set_samples(read_samples("# measured\n10ms\n\n 20ms\n60ms\n").unwrap());
    assert_eq!(latency.mean_ns(), Some(30.0 * MS));
    let samples = draw_many(DRAWS, 3, |dice| latency.draw(dice));
    assert_share_below(&samples, 10.0 * MS, 1.0 / 3.0);
    assert_share_below(&samples, 20.0 * MS, 2.0 / 3.0);
}

#[test]
fn the_mean_of_short_times_is_not_rounded_away() {
    let latency: Latency = "exponential:20ns".parse().unwrap();
    // The rounding adds at most half a nanosecond to the deviation.
    assert_mean(&draw_many(DRAWS, 5, |dice| latency.draw(dice)), 20.0, 20.5);
}

#[test]
fn no_draw_is_longer_than_a_year() {
    for text in ["pareto:300d,0.1", "lognormal:365d,5", "exponential:365d", "normal:365d,365d"] {
        let latency: Latency = text.parse().unwrap();
        let samples = draw_many(1_000, 2, |dice| latency.draw(dice));
        assert!(samples.iter().all(|&ns| ns <= Period::MAX.ns() as f64), "{text}");
    }
}

#[test]
fn every_distribution_takes_one_roll() {
    for text in FORMS_READ {
        let (mut dice, mut beside) = (Dice::new(9), Dice::new(9));
        let latency: Latency = text.parse().unwrap();
        latency.draw(&mut dice);
        beside.roll();
        let rolled = dice == beside;
        assert!(rolled || text.starts_with("constant") || text.starts_with("file"), "{text}");
    }
}

#[test]
fn nonsense_that_was_not_checked_draws_something_and_does_not_panic() {
    let period = Period::from_millis(1);
    for number in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        for latency in [
            Latency::LogNormal { median: period, sigma: number },
            Latency::Pareto { least: period, shape: number },
        ] {
            assert!(latency.draw(&mut Dice::new(4)) <= Period::MAX.ns());
        }
    }
    let upside_down = Latency::Uniform { low: Period::MAX, high: Period::ZERO };
    assert!(upside_down.draw(&mut Dice::new(4)) <= Period::MAX.ns());
}

#[test]
fn what_is_written_is_read_back() {
    for text in FORMS_READ {
        assert_eq!(text.parse::<Latency>().unwrap().to_string(), text);
    }
}

#[test]
fn bad_values_are_refused_with_a_remedy() {
    for (text, remedy) in [
        ("gauss:1ms", "write constant:20ms, uniform"),
        ("uniform:1ms", "write constant:20ms, uniform"),
        ("constant:20", "write a number and a unit"),
        ("uniform:3ms,1ms", "swap them"),
        ("lognormal:1ms,fast", "write one such as 0.4"),
        ("lognormal:1ms,9", "outside 0 to 5: write a value between"),
        ("lognormal:1ms,NaN", "outside 0 to 5"),
        ("pareto:1ms,0", "outside 0.1 to 100"),
        ("file:", "write at least one character"),
    ] {
        let error = text.parse::<Latency>().unwrap_err().to_string();
        assert!(error.contains(remedy), "{text}: {error}");
    }
    assert!(read_samples("1ms\nfast\n").unwrap_err().to_string().starts_with("line 2: `fast`"));
    assert!(read_samples("# none\n").unwrap_err().to_string().contains("one period on each line"));
}

const FORMS_READ: [&str; 7] = [
    "constant:20ms",
    "uniform:10ms,30ms",
    "normal:20ms,5ms",
    "lognormal:20ms,0.4",
    "exponential:20ms",
    "pareto:10ms,1.5",
    "file:a,b.txt",
];
