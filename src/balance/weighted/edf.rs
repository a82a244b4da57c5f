//! Earliest deadline first, as Envoy and Traefik take turns.
//!
//! A member of weight w has a deadline every 1/w; the earliest deadline is next, and of equal deadlines the one
//! that has waited longer. Source: Envoy, `source/common/upstream/edf_scheduler.h`; Traefik, `wrr.go`. Heavy
//! members come first in a row, because every light one's first deadline lies late.
//!
//! Those programs add up 1/w in floating point, so deadlines that are equal on paper differ in the last bit and
//! the order drifts from period to period. Here nothing is added up: a member's k-th deadline is the fraction
//! k/w, compared by cross-multiplication. And the order need not be worked out while picking:
//!
//! - Of two equal deadlines, the one inserted first has its previous deadline further back, which is the
//!   member of the smaller weight; of equal weights it is the first in the pool, as at the start.
//! - So the order of two turns depends on their deadlines and weights only, not on the time, and repeats
//!   after one unit of time (with weights in lowest terms): one period, sorted once, is the whole schedule.
//!
//! A member that cannot be used has its turn passed over and its deadline moved on, as in Traefik. Envoy begins
//! at a drawn place in every worker; here it begins at the start, so that orders can be compared.

use super::turns::Turns;
use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::balance::{Balancer, Origin};
use crate::dice::Dice;

pub(super) fn build(members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    Box::new(Deadlines { turns: Turns::new(members, origin, by_deadline) })
}

struct Deadlines {
    turns: Turns,
}

impl Balancer for Deadlines {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        if self.turns.len() == 0 {
            return None;
        }
        let place = self.turns.place(self.turns.count());
        let usable = view.usable(self.turns.owner(place));
        let found = if usable { Some(place) } else { self.pass_over(view) };
        notes.add(|decision| {
            decision.rule = Some(Rule::EarliestDeadline);
            for index in view.usable_indexes() {
                let due = self.turns.deadline(index, found.unwrap_or(0));
                decision.saw(view, index, Quantity::Deadline, Value::Real(due));
            }
        });
        // Other workers may have taken all the turns of the only usable member.
        found.map(|place| self.turns.owner(place)).or_else(|| view.usable_indexes().next())
    }

    fn picture(&self) -> Picture<'_> {
        self.turns.picture()
    }
}

impl Deadlines {
    #[cold]
    #[inline(never)]
    fn pass_over(&self, view: &View<'_>) -> Option<usize> {
        // The bound is for a period in which every turn belongs to a member that cannot be used.
        (1..self.turns.len())
            .map(|_| self.turns.place(self.turns.count()))
            .find(|&place| view.usable(self.turns.owner(place)))
    }
}

fn by_deadline(weights: &[u64]) -> Vec<u32> {
    let mut turns: Vec<(u64, u64, u32)> = (0..)
        .zip(weights)
        .flat_map(|(index, &weight)| (1..=weight).map(move |count| (count, weight, index)))
        .collect();
    // count/weight compared as fractions. Weights in lowest terms are far below 2^32 here.
    turns.sort_unstable_by(|one, other| {
        (one.0 * other.1)
            .cmp(&(other.0 * one.1))
            .then(one.1.cmp(&other.1))
            .then(one.2.cmp(&other.2))
    });
    turns.into_iter().map(|(_, _, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::weighted::Weighted;
    use crate::balance::weighted::turns::{letters, members};
    use crate::balance::{Recipe as _, Request};
    use proptest::prelude::*;

    fn picked(weights: &[u32], count: usize) -> String {
        let members = members(weights);
        letters(build(&members, &Origin::default()).as_ref(), &members, count)
    }

    #[test]
    fn orders_are_those_of_a_queue_with_exact_deadlines() {
        assert_eq!(picked(&[5, 1, 1], 7), "aaaabca");
        assert_eq!(picked(&[3, 2, 1], 6), "abacba");
        assert_eq!(picked(&[2, 1], 3), "aba");
        assert_eq!(picked(&[4, 4, 2], 10), "abcababcab");
    }

    #[test]
    fn the_second_period_is_like_the_first() {
        assert_eq!(picked(&[5, 1, 1], 21), "aaaabcaaaaabcaaaaabca");
    }

    #[test]
    fn a_decision_names_the_deadlines() {
        let members = members(&[5, 1, 1]);
        let balancer = build(&members, &Origin::default());
        letters(balancer.as_ref(), &members, 4);
        let (request, mut notes) = (Request::default(), Notes::on());
        let picked = balancer.pick(&View::new(&members, &request), &mut Dice::new(0), &mut notes);
        let mut decision = notes.take().unwrap();
        decision.choice = picked.map(|index| index as u32);
        let sentence = decision.sentence(&Weighted::ABOUT);
        assert_eq!(sentence, "weighted round robin: b has deadline 1, a 1, c 1");
    }

    #[test]
    fn equal_weights_take_turns() {
        assert_eq!(picked(&[3, 3, 3], 6), "abcabc");
    }

    #[test]
    fn a_member_that_cannot_be_used_is_passed_over() {
        let mut members = members(&[5, 1, 1]);
        members[0].drained = true;
        assert_eq!(letters(build(&members, &Origin::default()).as_ref(), &members, 6), "bcbcbc");
    }

    /// The queue itself, literally: fractions over a common denominator, an insertion number for ties.
    fn queue(weights: &[u32], count: usize) -> String {
        let denominator: u64 = weights.iter().map(|&weight| u64::from(weight)).product();
        let step = |index: usize| denominator / u64::from(weights[index]);
        let mut waiting: Vec<(u64, usize, usize)> =
            (0..weights.len()).map(|index| (step(index), index, index)).collect();
        let mut picked = String::new();
        for insertion in 0..count {
            let place = (0..waiting.len()).min_by_key(|&place| waiting[place]).unwrap();
            let (deadline, _, index) = waiting.remove(place);
            picked.push((b'a' + index as u8) as char);
            waiting.push((deadline + step(index), weights.len() + insertion, index));
        }
        picked
    }

    proptest! {
        #[test]
        fn the_written_order_is_the_order_of_the_queue(
            weights in proptest::collection::vec(1_u32..20, 1..8),
        ) {
            prop_assert_eq!(picked(&weights, 300), queue(&weights, 300));
        }
    }
}
