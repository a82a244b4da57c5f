//! How far a share may lie from what is expected and still be chance.

/// What a share of `n` requests may be if each of them goes there with the odds `expected`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub expected: f64,
    /// To either side.
    pub allowed: f64,
}

impl Band {
    pub fn new(expected: f64, n: u64) -> Self {
        let noise = (expected * (1.0 - expected) / n.max(1) as f64).max(0.0).sqrt();
        Self { expected, allowed: DEVIATIONS * noise + ROUNDING }
    }

    pub fn holds(self, share: f64) -> bool {
        (share - self.expected).abs() <= self.allowed
    }

    pub fn low(self) -> f64 {
        (self.expected - self.allowed).max(0.0)
    }

    pub fn high(self) -> f64 {
        (self.expected + self.allowed).min(1.0)
    }
}

/// As many deviations as an expectation of a lab is judged with: chance alone leaves the band less than once in fifteen
/// thousand times. It is looked at all the time, so a narrower band would cry wolf.
const DEVIATIONS: f64 = 4.0;
/// Expected shares are counted over some thousand picks, so they are a little off themselves.
const ROUNDING: f64 = 0.005;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    #[test]
    fn drawn_shares_stay_inside_and_others_do_not() {
        let mut dice = Dice::new(1);
        let n = 400;
        for _ in 0..2_000 {
            let hits = (0..n).filter(|_| dice.chance(0.25)).count();
            assert!(Band::new(0.25, n).holds(hits as f64 / n as f64), "{hits} of {n}");
        }
        assert!(!Band::new(0.25, n).holds(0.4));
        assert_eq!(Band::new(0.0, 10).low(), 0.0);
    }
}
