//! Numbers of which a few are drawn often and most hardly ever.

use crate::dice::Dice;

/// Draws from `1..=count` with odds proportional to `1 / k^exponent`, given as `k - 1`.
///
/// Rejection-inversion (Hörmann and Derflinger, ACM TOMACS 6(3), 1996): exact for any count, constant
/// time and memory, more than nine rolls in ten are kept. The logarithms are libm's, so the same dice
/// give the same numbers on every system.
#[derive(Debug, Clone, PartialEq)]
pub struct Zipf {
    count: u64,
    exponent: f64,
    /// The integral of the hat up to the first and up to the last number.
    area_first: f64,
    area_last: f64,
    /// Distances below this are accepted without looking at the hat.
    squeeze: f64,
}

impl Zipf {
    /// A count of 0 is taken as 1, and an exponent that is negative or no number as 0, which is uniform.
    pub fn new(count: u64, exponent: f64) -> Self {
        let count = count.max(1);
        let exponent = if exponent.is_nan() { 0.0 } else { exponent.clamp(0.0, EXPONENT_MAX) };
        let area = |x| area(x, exponent);
        Self {
            count,
            exponent,
            area_first: area(1.5) - 1.0,
            area_last: area(count as f64 + 0.5),
            squeeze: 2.0 - area_inverse(area(2.5) - height(2.0, exponent), exponent),
        }
    }

    pub fn draw(&self, dice: &mut Dice) -> u64 {
        let Self { count, exponent, area_first, area_last, squeeze } = *self;
        loop {
            let under_hat = area_last + dice.unit() * (area_first - area_last);
            let x = area_inverse(under_hat, exponent);
            // A float cast saturates, so an x just outside ends on the first or last number.
            let number = ((x + 0.5) as u64).clamp(1, count);
            let middle = number as f64;
            if middle - x <= squeeze
                || under_hat >= area(middle + 0.5, exponent) - height(middle, exponent)
            {
                return number - 1;
            }
        }
    }

    /// The odds of the number drawn as `index`, given the sum that [`Zipf::weight_sum`] takes.
    pub fn weight(&self, index: u64) -> f64 {
        height(index as f64 + 1.0, self.exponent)
    }

    /// The sum of all weights. Takes time in proportion to the count: for drawings and tests.
    pub fn weight_sum(&self) -> f64 {
        // Smallest first, so that the many small ones are not lost beside the first.
        (0..self.count).rev().map(|index| self.weight(index)).sum()
    }
}

/// The density without its constant: `x^-exponent`.
fn height(x: f64, exponent: f64) -> f64 {
    libm::exp(-exponent * libm::log(x))
}

/// The integral of the density: `(x^(1 - exponent) - 1) / (1 - exponent)`, and `ln x` at exponent 1.
fn area(x: f64, exponent: f64) -> f64 {
    let log_x = libm::log(x);
    expm1_over((1.0 - exponent) * log_x) * log_x
}

fn area_inverse(area: f64, exponent: f64) -> f64 {
    // Rounding may carry the product a hair below -1, where the logarithm ends.
    let product = (area * (1.0 - exponent)).max(-1.0);
    libm::exp(log1p_over(product) * area)
}

/// `(e^x - 1) / x`, whole through 0, so that exponents near 1 lose no digits.
fn expm1_over(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::expm1(x) / x } else { 1.0 + x / 2.0 }
}

/// `ln(1 + x) / x`, whole through 0.
fn log1p_over(x: f64) -> f64 {
    if x.abs() > 1e-8 { libm::log1p(x) / x } else { 1.0 - x / 2.0 }
}

/// At 20 the second number already has odds of one in a million.
pub(super) const EXPONENT_MAX: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sampling::assert_counts;

    #[test]
    fn frequencies_fit_the_odds() {
        for (count, exponent) in
            [(1, 1.0), (2, 0.5), (10, 0.0), (50, 1.0), (1_000, 0.99), (100_000, 1.1), (300, 2.5)]
        {
            check(count, exponent);
        }
    }

    /// Cells below ten expected draws are put together, as chi-square demands.
    fn check(count: u64, exponent: f64) {
        let draws = 200_000_u32;
        let zipf = Zipf::new(count, exponent);
        let mut dice = Dice::new(count ^ 0x77);
        let mut drawn = vec![0_u64; count as usize];
        for _ in 0..draws {
            drawn[zipf.draw(&mut dice) as usize] += 1;
        }
        let (sum, mut cells) = (zipf.weight_sum(), vec![(0_u64, 0.0_f64)]);
        for (index, &found) in drawn.iter().enumerate() {
            let cell = cells.last_mut().unwrap();
            cell.0 += found;
            cell.1 += f64::from(draws) * zipf.weight(index as u64) / sum;
            if cell.1 >= 10.0 {
                cells.push((0, 0.0));
            }
        }
        let rest = cells.pop().unwrap();
        let last = cells.last_mut().unwrap();
        *last = (last.0 + rest.0, last.1 + rest.1);
        let (found, expected): (Vec<u64>, Vec<f64>) = cells.into_iter().unzip();
        if found.len() > 1 {
            assert_counts(&found, &expected);
        }
    }

    #[test]
    fn a_billion_keys_take_no_longer() {
        let zipf = Zipf::new(1_000_000_000, 1.0);
        let mut dice = Dice::new(6);
        let n = 20_000;
        let first = (0..n).filter(|_| zipf.draw(&mut dice) == 0).count() as f64;
        // The harmonic number of 10^9 is ln(10^9) + Euler's constant = 21.3005.
        let odds = 1.0 / 21.300_481_5;
        let limit = 4.5 * (f64::from(n) * odds * (1.0 - odds)).sqrt();
        assert!((first - f64::from(n) * odds).abs() < limit, "{first}");
    }

    #[test]
    fn the_same_dice_give_the_same_numbers_everywhere() {
        // The paper's definition written anew in mpmath with 40 digits.
        let zipf = Zipf::new(1_000_000, 1.1);
        let mut dice = Dice::new(42);
        let drawn: Vec<u64> = (0..12).map(|_| zipf.draw(&mut dice)).collect();
        assert_eq!(drawn, [4, 15_691, 1_653, 574, 314_888, 1, 4_859, 2, 613, 16, 6_293, 73]);
    }

    #[test]
    fn nonsense_draws_inside_the_range() {
        for exponent in [f64::NAN, f64::INFINITY, -3.0, 1.0 + 1e-12, 20.0] {
            for count in [0, 1, 2, u64::MAX] {
                let (zipf, mut dice) = (Zipf::new(count, exponent), Dice::new(1));
                assert!((0..200).all(|_| zipf.draw(&mut dice) < count.max(1)));
            }
        }
    }
}
