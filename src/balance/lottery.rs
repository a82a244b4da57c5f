//! Draw members by weight in constant time: the base of every algorithm that begins with chance.
//!
//! Walker's alias method as Vose builds it ("A linear algorithm for generating random numbers with a given
//! distribution", IEEE TSE 1991): each of `n` columns belongs to one member up to a threshold and to another
//! above it, so one draw chooses a column and a side.

use super::decision::{Draw, Notes};
use super::member::Member;
use super::view::View;
use crate::dice::Dice;

pub(super) struct Lottery {
    columns: Vec<Column>,
}

#[derive(Clone, Copy)]
struct Column {
    /// The part of the column, out of 2^64, that belongs to its own member; all of it where both are the same.
    threshold: u64,
    member: u32,
    other: u32,
}

impl Lottery {
    pub(super) fn new(members: &[Member]) -> Self {
        let weights: Vec<(u32, u128)> = (0..)
            .zip(members)
            .filter(|(_, member)| member.weight > 0)
            .map(|(index, member)| (index, u128::from(member.weight)))
            .collect();
        let total: u128 = weights.iter().map(|&(_, weight)| weight).sum();
        // In units of which each column holds `total`, weights are whole numbers and nothing is rounded
        // before the threshold.
        let scaled = weights.iter().map(|&(index, weight)| (index, weight * weights.len() as u128));
        let (mut small, mut large): (Vec<_>, Vec<_>) = scaled.partition(|&(_, part)| part < total);
        let mut columns = Vec::with_capacity(weights.len());
        while let Some((member, part)) = small.pop() {
            // Parts sum up to `total` for each column left, so beside a small one there is a large one.
            let Some((other, rest)) = large.pop() else { break };
            let threshold = ((part << 64) / total) as u64;
            columns.push(Column { threshold, member, other });
            let rest = rest + part - total;
            if rest < total { small.push((other, rest)) } else { large.push((other, rest)) }
        }
        columns.extend(large.into_iter().map(|(member, _)| Column::whole(member)));
        Self { columns }
    }

    /// A member by weight, usable or not; `None` where all weights are 0.
    #[inline]
    fn draw(&self, dice: &mut Dice) -> Option<usize> {
        let product = u128::from(dice.roll()) * self.columns.len() as u128;
        let Column { threshold, member, other } = *self.columns.get((product >> 64) as usize)?;
        let own = (product as u64) < threshold;
        Some(if own { member } else { other } as usize)
    }

    /// A usable member by weight, other than those taken already.
    ///
    /// Drawn again while the lot falls on somebody who is out of the question: what comes out is exactly
    /// the weights among the others. Where hardly anybody is usable, they are counted through instead.
    #[inline]
    pub(super) fn draw_usable(
        &self,
        view: &View<'_>,
        taken: &[u32],
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Option<usize> {
        if taken.len() >= self.columns.len() {
            return None;
        }
        let fits = |index: usize| !taken.contains(&(index as u32)) && view.usable(index);
        for _ in 0..REDRAWS {
            let index = self.draw(dice)?;
            note(view, notes, index);
            if fits(index) {
                return Some(index);
            }
        }
        let weight = |index: usize| u64::from(view.members[index].weight);
        let total = view.usable_indexes().filter(|&index| fits(index)).map(weight).sum();
        if total == 0 {
            return None;
        }
        let mut left = dice.below(total);
        let chosen = view.usable_indexes().filter(|&index| fits(index)).find(|&index| {
            let passed = left >= weight(index);
            left = left.saturating_sub(weight(index));
            !passed
        })?;
        note(view, notes, chosen);
        Some(chosen)
    }
}

impl Column {
    fn whole(member: u32) -> Self {
        Self { threshold: u64::MAX, member, other: member }
    }
}

fn note(view: &View<'_>, notes: &mut Notes, index: usize) {
    notes.add(|decision| {
        decision.draws.push(Draw {
            drawn: index as u64,
            of: view.members.len() as u64,
            member: Some(view.members[index].index),
        });
    });
}

const REDRAWS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    fn check(weights: &[u32], drained: &[usize]) {
        let mut members: Vec<Member> = weights
            .iter()
            .enumerate()
            .map(|(index, &weight)| Member::new("m", index, weight))
            .collect();
        for &index in drained {
            members[index].drained = true;
        }
        let request = Request::default();
        let view = View::new(&members, &request);
        let lottery = Lottery::new(&members);
        let mut dice = Dice::new(23);
        let mut counts = vec![0_u32; weights.len()];
        for _ in 0..DRAWS {
            let drawn = lottery.draw_usable(&view, &[], &mut dice, &mut Notes::off());
            counts[drawn.unwrap()] += 1;
        }
        let usable = |index: &usize| view.usable(*index);
        let total: f64 =
            (0..weights.len()).filter(usable).map(|index| f64::from(weights[index])).sum();
        for (index, &count) in counts.iter().enumerate() {
            let share = if view.usable(index) { f64::from(weights[index]) / total } else { 0.0 };
            let expected = f64::from(DRAWS) * share;
            let four_sigma = 4.0 * (expected * (1.0 - share)).sqrt();
            assert!((f64::from(count) - expected).abs() <= four_sigma, "{weights:?}: {counts:?}");
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        check(&[1], &[]);
        check(&[1, 1, 1], &[]);
        check(&[5, 1, 1], &[]);
        check(&[1, 2, 3, 4, 0, 90], &[]);
        check(&[u32::MAX, u32::MAX, 1], &[]);
    }

    #[test]
    fn the_share_of_the_unusable_falls_to_the_others_by_weight() {
        check(&[5, 3, 1], &[0]);
        // So heavy that sixteen draws in a row often miss everybody else.
        check(&[10_000, 3, 1], &[0]);
    }

    #[test]
    fn nobody_usable_is_nobody_drawn() {
        let members = [Member::new("m", 0, 0), Member::new("m", 1, 0)];
        let request = Request::default();
        let view = View::new(&members, &request);
        let draw = |members: &[Member]| {
            Lottery::new(members).draw_usable(&view, &[], &mut Dice::new(1), &mut Notes::off())
        };
        assert_eq!(draw(&members), None);
        assert_eq!(draw(&[]), None);
    }

    const DRAWS: u32 = 60_000;
}
