//! NGINX's smooth weighted round robin, which its other algorithms fall back to as well.
//!
//! At each pick every candidate's credit grows by its weight; the largest credit wins, the first of equals; the
//! winner pays the sum of what was handed out. So credits always add up to zero, a heavy server is never
//! more than one turn ahead of its share, and its turns are spread out: 5, 1, 1 gives a a b a c a a.
//! Source: NGINX, `ngx_http_upstream_round_robin.c`, and the worked example in its commit 52327e0 of 2012.
//!
//! Failures lower the weight that counts (`health/max_fails.rs` says by how much) and each pick that a member takes
//! part in gives one unit back.
//!
//! Credits are atomics on the members, shared by all workers and kept through every change of the pool. Picks
//! that come one after another are exact. Picks at the same instant may both see the other's half-finished
//! handing out and choose the same server; what was handed out is still paid, so shares cannot drift.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::balance::Balancer;
use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::member::{Load, Member};
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::dice::Dice;

pub(super) fn build(members: &[Member]) -> Box<dyn Balancer> {
    Box::new(Smooth { loads: members.iter().map(|member| Arc::clone(&member.load)).collect() })
}

/// One turn among the usable members. The caller says by which rule it came to this.
pub(in crate::balance) fn turn(view: &View<'_>, notes: &mut Notes) -> Option<usize> {
    turn_of(view, view.usable_indexes(), notes)
}

/// One turn among those members that take part. The others' credits stay as they are.
pub(in crate::balance) fn turn_of(
    view: &View<'_>,
    taking_part: impl Iterator<Item = usize>,
    notes: &mut Notes,
) -> Option<usize> {
    let mut best = None;
    let mut handed_out = 0;
    for index in taking_part {
        let member = &view.members[index];
        let weight = effective_weight(member);
        let credit = member.load.credit.fetch_add(weight, Relaxed) + weight;
        handed_out += weight;
        give_back(member);
        if best.is_none_or(|(_, most)| credit > most) {
            best = Some((index, credit));
        }
        notes.add(|decision| {
            decision.saw(view, index, Quantity::Weight, Value::Signed(weight));
            decision.saw(view, index, Quantity::Credit, Value::Signed(credit));
        });
    }
    let (index, _) = best?;
    view.members[index].load.credit.fetch_sub(handed_out, Relaxed);
    Some(index)
}

/// Gives back one unit of what failures took off a member's weight.
pub(in crate::balance) fn give_back(member: &Member) {
    let penalty = &member.load.penalty;
    if penalty.load(Relaxed) > 0 {
        lower(penalty);
    }
}

struct Smooth {
    loads: Vec<Arc<Load>>,
}

impl Balancer for Smooth {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        notes.add(|decision| decision.rule = Some(Rule::MostCredit));
        turn(view, notes)
    }

    fn picture(&self) -> Picture<'_> {
        let values = self.loads.iter().map(|load| load.credit.load(Relaxed) as f64).collect();
        Picture::Scores { what: Quantity::Credit, values }
    }
}

/// A penalty from before a weight was lowered may exceed it, hence the bound.
fn effective_weight(member: &Member) -> i64 {
    let penalty = member.load.penalty.load(Relaxed);
    (i64::from(member.weight) - penalty).max(0)
}

/// By one, but not below zero, whatever other workers do meanwhile.
#[cold]
fn lower(penalty: &AtomicI64) {
    // An error says that another worker gave the last unit back, which is as good.
    penalty.fetch_update(Relaxed, Relaxed, |units| (units > 0).then(|| units - 1)).ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Origin;
    use crate::balance::view::Request;
    use crate::balance::weighted::turns::{letters, members};

    fn picked(members: &[Member], count: usize) -> String {
        letters(build(members).as_ref(), members, count)
    }

    #[test]
    fn the_order_is_the_one_printed_with_the_invention() {
        // Commit 52327e0 of NGINX: { a, a, b, a, c, a, a } for weights 5, 1, 1.
        assert_eq!(picked(&members(&[5, 1, 1]), 14), "aabacaaaabacaa");
    }

    #[test]
    fn orders_are_those_of_a_running_nginx() {
        assert_eq!(picked(&members(&[3, 2, 1]), 6), "abacba");
        assert_eq!(picked(&members(&[2, 1]), 3), "aba");
        assert_eq!(picked(&members(&[4, 4, 2]), 10), "abcababcab");
    }

    #[test]
    fn credits_add_up_to_zero_after_every_pick() {
        let members = members(&[7, 5, 3, 2, 1]);
        for count in 0..40 {
            picked(&members, count);
            let sum: i64 = members.iter().map(|member| member.load.credit.load(Relaxed)).sum();
            assert_eq!(sum, 0, "after {count} picks");
        }
    }

    #[test]
    fn nobody_is_a_whole_turn_ahead_of_its_share() {
        let weights = [7, 5, 3, 2, 1];
        let order = picked(&members(&weights), 180);
        for length in 1..=order.len() {
            for (weight, letter) in weights.iter().zip("abcde".chars()) {
                let count = order[..length].matches(letter).count() as f64;
                let share = f64::from(*weight) / 18.0 * length as f64;
                assert!((count - share).abs() < 1.0, "{letter} after {length}: {count}, {share}");
            }
        }
    }

    #[test]
    fn workers_at_the_same_time_do_not_shift_the_shares() {
        let members = members(&[5, 1, 1]);
        let orders: Vec<String> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| picked(&members, 35_000))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let count: usize = orders.iter().map(|order| order.matches('a').count()).sum();
        let credits: Vec<i64> =
            members.iter().map(|member| member.load.credit.load(Relaxed)).collect();
        assert_eq!(credits.iter().sum::<i64>(), 0);
        // What a member was handed out less what it paid is its credit: 5 a pick, 7 for each of its own.
        assert_eq!(credits[0], 140_000 * 5 - i64::try_from(count).unwrap() * 7);
        // Each worker can miss a few turns of the others; it does not add up over 35 000 turns each.
        assert!(credits.iter().all(|credit| credit.abs() < 100), "{credits:?}");
    }

    #[test]
    fn a_change_of_weight_keeps_the_credits() {
        let mut members = members(&[5, 1, 1]);
        picked(&members, 2);
        assert_eq!(members[0].load.credit.load(Relaxed), -4);
        members[2].weight = 4;
        // Credits 1+5-5…: a 1, b 3, c 6, as the rule says by hand.
        assert_eq!(picked(&members, 1), "c");
    }

    #[test]
    fn a_penalty_is_given_back_one_unit_a_pick() {
        let members = members(&[3, 1]);
        members[0].load.penalty.store(3, Relaxed);
        // By hand: weights that count 0,1 · 1,1 · 2,1 · 3,1; credits after each pick 0,0 · 1,1 → -1,1 …
        assert_eq!(picked(&members, 4), "baba");
        assert_eq!(members[0].load.penalty.load(Relaxed), 0);
    }

    #[test]
    fn a_drained_member_gets_no_turn_and_no_credit() {
        let mut members = members(&[2, 1, 1]);
        members[1].drained = true;
        assert_eq!(picked(&members, 6), "acaaca");
        assert_eq!(members[1].load.credit.load(Relaxed), 0);
    }

    #[test]
    fn the_decision_holds_the_credits_that_were_compared() {
        let members = members(&[5, 1, 1]);
        let request = Request::default();
        let mut notes = Notes::on();
        build(&members).pick(&View::new(&members, &request), &mut Dice::new(0), &mut notes);
        let decision = notes.take().unwrap();
        assert_eq!(decision.rule, Some(Rule::MostCredit));
        let credits: Vec<Value> =
            decision.candidates.iter().map(|candidate| candidate.seen[1].value).collect();
        assert_eq!(credits, [Value::Signed(5), Value::Signed(1), Value::Signed(1)]);
    }

    #[test]
    fn the_picture_shows_the_credits_in_use() {
        let members = members(&[5, 1, 1]);
        let balancer = crate::balance::weighted::Weighted::default();
        let balancer = crate::balance::Recipe::build(&balancer, &members, &Origin::default());
        letters(balancer.as_ref(), &members, 1);
        let values = vec![-2.0, 1.0, 1.0];
        assert_eq!(balancer.picture(), Picture::Scores { what: Quantity::Credit, values });
    }
}
