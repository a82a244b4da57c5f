//! All turns of a member in one row, as Pingora takes them.
//!
//! Each member stands in the list as often as its weight says; a counter walks the list. If the member whose
//! turn it is cannot be used, the counter goes on and now points into the plain list of members, so a
//! heavy member's turns are spread evenly and not by weight. Source: Pingora,
//! `pingora-load-balancing/src/selection/weighted.rs`. Newer versions of it sort the members by
//! falling weight first; here they keep the pool's order, which a person can see and set.

use super::turns::Turns;
use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::balance::{Balancer, Origin};
use crate::dice::Dice;

pub(super) fn build(members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    Box::new(Blocks { turns: Turns::new(members, origin, in_rows) })
}

struct Blocks {
    turns: Turns,
}

impl Balancer for Blocks {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        if self.turns.len() == 0 {
            return None;
        }
        let place = self.turns.place(self.turns.count());
        let owner = self.turns.owner(place);
        notes.add(|decision| {
            decision.rule = Some(Rule::NextInTurn);
            decision.fact(Quantity::Position, Value::Count(place as u64 + 1));
        });
        if view.usable(owner) { Some(owner) } else { self.next_in_plain_list(view) }
    }

    fn picture(&self) -> Picture<'_> {
        self.turns.picture()
    }
}

impl Blocks {
    #[cold]
    #[inline(never)]
    fn next_in_plain_list(&self, view: &View<'_>) -> Option<usize> {
        let members_count = view.members.len();
        (0..members_count)
            .map(|_| (self.turns.count() % members_count as u64) as usize)
            .find(|&index| view.usable(index))
            .or_else(|| view.usable_indexes().next())
    }
}

fn in_rows(weights: &[u64]) -> Vec<u32> {
    (0..)
        .zip(weights)
        .flat_map(|(index, &weight)| std::iter::repeat_n(index, weight as usize))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::weighted::turns::{letters, members};

    #[test]
    fn orders_are_those_of_the_published_source() {
        for (weights, order) in
            [([5, 1, 1], "aaaaabcaaaaabc"), ([3, 2, 1], "aaabbcaaabbc"), ([2, 2, 1], "aabbcaabbc")]
        {
            let members = members(&weights);
            let balancer = build(&members, &Origin::default());
            assert_eq!(letters(balancer.as_ref(), &members, order.len()), order);
        }
    }

    #[test]
    fn a_rejected_turn_falls_to_the_plain_list() {
        let mut members = members(&[3, 1, 1]);
        members[0].drained = true;
        let balancer = build(&members, &Origin::default());
        // Counts 0 a→1 b · 2 a→3 a, 4 b · 5 a→6 a, 7 b · 8 b · 9 c · 10 a→11 c, by hand.
        assert_eq!(letters(balancer.as_ref(), &members, 6), "bbbbcc");
    }
}
