//! One period of an order, written down, and a shared place in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::balance::Origin;
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::remainder::Divisor;

/// Which member each turn of a period belongs to. A turn is one atomic addition, so workers share one order.
pub(super) struct Turns {
    order: Vec<u32>,
    period: Divisor,
    cursor: Arc<AtomicU64>,
}

impl Turns {
    /// `arrange` gets the turns that each member has in a period and puts them in order.
    pub(super) fn new(
        members: &[Member],
        origin: &Origin,
        arrange: impl FnOnce(&[u64]) -> Vec<u32>,
    ) -> Self {
        let order = arrange(&turns_of(members));
        let period = Divisor::new(order.len());
        Self { order, period, cursor: Arc::clone(&origin.cursor) }
    }

    /// How many turns a period has.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Counts on, and says how far the count was.
    pub(super) fn count(&self) -> u64 {
        self.cursor.fetch_add(1, Relaxed)
    }

    /// The place in the period that belongs to a count; the period is not empty.
    pub(super) fn place(&self, count: u64) -> usize {
        self.period.remainder(count)
    }

    pub(super) fn owner(&self, place: usize) -> usize {
        self.order[place] as usize
    }

    /// When a member's next turn at or after this place is due, in periods from the start of this one.
    pub(super) fn deadline(&self, member: usize, place: usize) -> f64 {
        let turns = |order: &[u32]| order.iter().filter(|&&owner| owner as usize == member).count();
        (turns(&self.order[..place]) + 1) as f64 / turns(&self.order) as f64
    }

    pub(super) fn picture(&self) -> Picture<'_> {
        let next = match self.order.len() {
            0 => 0,
            _ => self.place(self.cursor.load(Relaxed)),
        };
        Picture::Schedule { order: (&self.order).into(), next }
    }
}

/// The weights in lowest terms: as many turns as a period needs and no more.
///
/// Weights whose period would be longer than `PERIOD_MAX` are rounded to parts of it, nobody below one turn.
/// An exact order of that length could not be told from this one in anybody's lifetime of requests, and
/// would cost more memory than the proxy.
fn turns_of(members: &[Member]) -> Vec<u64> {
    let weights = || members.iter().map(|member| u64::from(member.weight));
    let divisor = weights().fold(0, greatest_common_divisor).max(1);
    let sum = weights().sum::<u64>() / divisor;
    if sum <= PERIOD_MAX {
        return weights().map(|weight| weight / divisor).collect();
    }
    weights()
        .map(|weight| (weight / divisor * PERIOD_MAX / sum).max(u64::from(weight > 0)))
        .collect()
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

const PERIOD_MAX: u64 = 1 << 16;

/// Members a, b, c … with these weights.
#[cfg(test)]
pub(super) fn members(weights: &[u32]) -> Vec<Member> {
    let names = 'a'..='z';
    names
        .zip(weights)
        .enumerate()
        .map(|(index, (name, &weight))| Member::new(&name.to_string(), index, weight))
        .collect()
}

/// The names of the members picked, in one word.
#[cfg(test)]
pub(super) fn letters(
    balancer: &dyn crate::balance::Balancer,
    members: &[Member],
    count: usize,
) -> String {
    use crate::balance::{Notes, Request, View};
    let (request, mut dice) = (Request::default(), crate::dice::Dice::new(1));
    let view = View::new(members, &request);
    (0..count)
        .map(|_| balancer.pick(&view, &mut dice, &mut Notes::off()).unwrap())
        .map(|index| &*members[index].name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_no_longer_than_it_must_be() {
        assert_eq!(turns_of(&members(&[50, 10, 10])), [5, 1, 1]);
        assert_eq!(turns_of(&members(&[0, 6, 4])), [0, 3, 2]);
        assert_eq!(turns_of(&members(&[0, 0])), [0, 0]);
    }

    #[test]
    fn huge_weights_are_rounded_and_nobody_is_lost() {
        let turns = turns_of(&members(&[u32::MAX, u32::MAX - 1, 1]));
        assert_eq!(turns[2], 1);
        assert!(turns.iter().sum::<u64>() <= PERIOD_MAX + 3 && turns[0].abs_diff(turns[1]) <= 1);
    }
}
