//! What may be chance and what may not.

use evenkeel::balance::Algorithm;

/// Pearson's test: the squared deviations of the counts from their parts are no more than chance makes them.
pub(crate) fn check_chance(algorithm: &Algorithm, counts: &[u64], parts: &[f64]) {
    let picks = counts.iter().sum::<u64>() as f64;
    let whole: f64 = parts.iter().sum();
    let square = |(&count, part): (&u64, &f64)| {
        let expected = picks * part / whole;
        (count as f64 - expected) * (count as f64 - expected) / expected
    };
    let squares: f64 = counts.iter().zip(parts).map(square).sum();
    let most = chi_square_limit(counts.len() - 1, SIGMAS);
    assert!(squares < most, "{algorithm:?} {parts:?}: {counts:?} gives {squares}, above {most}");
}

/// Where a chi-square lies this many standard deviations from its middle, by Wilson and Hilferty's cube root
/// (Proceedings of the National Academy of Sciences 17, 1931).
pub(crate) fn chi_square_limit(degrees: usize, sigmas: f64) -> f64 {
    let degrees = degrees as f64;
    let ninth = 2.0 / (9.0 * degrees);
    let root = (1.0 - ninth + sigmas * ninth.sqrt()).max(0.0);
    degrees * root * root * root
}

/// One in 300 000 by chance alone, and nothing is drawn anew from run to run: what passes once passes always.
pub(crate) const SIGMAS: f64 = 4.5;
