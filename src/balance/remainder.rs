//! The remainder by a number that stays the same, without a division.

/// What numbers are divided by: a count of slots, servers or turns.
///
/// Barrett's way ("Implementing the Rivest Shamir and Adleman public key encryption algorithm", CRYPTO 1986):
/// multiplied by the reciprocal, a number gives its quotient or one less, and so its remainder or one divisor
/// more. A division would take as long as all the rest of a pick by table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divisor {
    divisor: u64,
    /// 2^64 divided by it.
    reciprocal: u64,
}

impl Divisor {
    /// 0 stands for 1, because whoever has nothing to choose from asks for no remainder.
    pub(super) fn new(divisor: usize) -> Self {
        let divisor = divisor.max(1) as u64;
        Self { divisor, reciprocal: u64::MAX / divisor }
    }

    #[inline]
    pub(super) fn remainder(&self, number: u64) -> usize {
        let quotient = (u128::from(number) * u128::from(self.reciprocal)) >> 64;
        let rest = number.wrapping_sub((quotient as u64).wrapping_mul(self.divisor));
        (if rest >= self.divisor { rest - self.divisor } else { rest }) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;

    #[test]
    fn remainders_are_those_of_a_division() {
        let mut dice = Dice::new(19);
        for divisor in [1_u64, 2, 3, 7, 64, 65_537, 5_000_011, u64::from(u32::MAX), u64::MAX] {
            let by = Divisor::new(divisor as usize);
            let edges = [0, 1, divisor - 1, divisor, u64::MAX - 1, u64::MAX];
            for number in edges.into_iter().chain((0..10_000).map(|_| dice.roll())) {
                assert_eq!(by.remainder(number) as u64, number % divisor, "{number} by {divisor}");
            }
        }
    }
}
