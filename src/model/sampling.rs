//! How far a sample may stray by chance, so that a test's tolerance is derived and not guessed.
//!
//! Every limit is that of 4.5 standard errors: a right implementation fails one fresh seed in 150,000.

use crate::dice::Dice;

pub(super) const SIGMAS: f64 = 4.5;

/// The mean of `n` draws strays by `deviation / sqrt(n)`.
pub(super) fn assert_mean(samples: &[f64], mean: f64, deviation: f64) {
    let found = samples.iter().sum::<f64>() / samples.len() as f64;
    let limit = SIGMAS * deviation / (samples.len() as f64).sqrt();
    assert!((found - mean).abs() <= limit, "mean {found}, expected {mean} ± {limit}");
}

/// The count of draws below a point is binomial with the share that the distribution has there.
pub(super) fn assert_share_below(samples: &[f64], point: f64, share: f64) {
    let n = samples.len() as f64;
    let found = samples.iter().filter(|&&sample| sample <= point).count() as f64 / n;
    let limit = SIGMAS * (share * (1.0 - share) / n).sqrt();
    assert!((found - share).abs() <= limit, "share below {point}: {found}, not {share} ± {limit}");
}

/// Kolmogorov and Smirnov: `P(D sqrt(n) > x)` tends to `2 exp(-2 x^2)`, 6.8e-6 at 2.51.
pub(super) fn assert_distribution(mut samples: Vec<f64>, share_below: impl Fn(f64) -> f64) {
    samples.sort_by(f64::total_cmp);
    let n = samples.len() as f64;
    let distance = samples.iter().enumerate().fold(0.0_f64, |distance, (rank, &sample)| {
        let share = share_below(sample);
        distance.max((share - rank as f64 / n).abs()).max(((rank + 1) as f64 / n - share).abs())
    });
    assert!(distance * n.sqrt() < 2.51, "distance {}", distance * n.sqrt());
}

/// Chi-square against expected counts, its limit by Wilson and Hilferty's cube root.
pub(super) fn assert_counts(found: &[u64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    assert!(expected.iter().all(|&count| count >= 10.0), "cells too small to judge");
    let chi_square: f64 = found
        .iter()
        .zip(expected)
        .map(|(&found, &expected)| (found as f64 - expected) * (found as f64 - expected) / expected)
        .sum();
    let freedom = (found.len() - 1) as f64;
    let spread = 2.0 / (9.0 * freedom);
    let root = 1.0 - spread + SIGMAS * spread.sqrt();
    let limit = freedom * root * root * root;
    assert!(chi_square < limit, "chi-square {chi_square}, limit {limit}");
}

pub(super) fn draw_many(n: usize, seed: u64, mut draw: impl FnMut(&mut Dice) -> u64) -> Vec<f64> {
    let mut dice = Dice::new(seed);
    (0..n).map(|_| draw(&mut dice) as f64).collect()
}
