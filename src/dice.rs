//! Seeded randomness: chance is always an argument, so every run can be repeated.

/// A small, fast generator whose sequence never changes between runs, machines or releases.
///
/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): one addition and a mixer per draw. It passes
/// `BigCrush`, costs about a nanosecond, and its whole state is one number that can be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dice {
    state: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Independent dice for one of many users of the same seed: a client, a connection, a lane.
    pub fn stream(seed: u64, stream: u64) -> Self {
        Self::new(mix(seed ^ mix(stream.wrapping_add(GOLDEN_GAMMA))))
    }

    /// The number that gives these dice again: `Dice::new(dice.seed())`.
    pub fn seed(&self) -> u64 {
        self.state
    }

    pub fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// A whole number in `0..limit`.
    ///
    /// Lemire's multiplication (ACM TOMACS 2019) without the rejection step: the bias is below
    /// `limit / 2^64`, far under anything a run could show.
    pub fn below(&mut self, limit: u64) -> u64 {
        assert!(limit > 0, "there is no number below 0 to draw");
        ((u128::from(self.roll()) * u128::from(limit)) >> 64) as u64
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 * UNIT_STEP
    }

    /// A number in `(0, 1]`, safe to take the logarithm of.
    pub fn unit_above_zero(&mut self) -> f64 {
        ((self.roll() >> 11) + 1) as f64 * UNIT_STEP
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// The finaliser of `SplitMix64`: every input bit moves every output bit.
pub fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
const UNIT_STEP: f64 = 1.0 / (1_u64 << 53) as f64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // Reference values of SplitMix64 with seed 1234567 (Vigna's splitmix64.c).
        let mut dice = Dice::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| dice.roll()).collect();
        assert_eq!(
            drawn,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn below_reaches_every_number_and_none_beyond() {
        let mut dice = Dice::new(7);
        let mut seen = [0_u32; 5];
        for _ in 0..1_000 {
            seen[dice.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
    }

    #[test]
    fn unit_stays_inside_its_interval() {
        let mut dice = Dice::new(1);
        for _ in 0..10_000 {
            let (low, high) = (dice.unit(), dice.unit_above_zero());
            assert!((0.0..1.0).contains(&low) && 0.0 < high && high <= 1.0);
        }
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Dice::stream(1, 0).roll(), Dice::stream(1, 1).roll());
        assert_eq!(Dice::stream(1, 5), Dice::stream(1, 5));
    }
}
