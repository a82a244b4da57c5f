//! First: the first server that has room.
//!
//! HAProxy's `balance first` (`src/lb_fas.c` in HAProxy 2.6): servers are asked in the order of their ids, and
//! each is filled up to its concurrency limit before the next one gets anything. The servers at the end stay
//! idle and can be switched off. Without limits everything goes to the first server.

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::member::Member;
use super::view::View;
use super::{About, Balancer, Origin, Recipe};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct First {}

impl Recipe for First {
    const ABOUT: About = About {
        name: "first",
        title: "First",
        summary: "fills one server up to its limit before the next",
        weights: "ignored, except that 0 drains; the concurrency limits decide",
        text: "Every request goes to the first server that has room, so that as few servers as possible are \
               busy and the last ones can be switched off. It needs concurrency limits: a server without \
               one always has room, and nobody after it gets anything.",
        keyed: false,
        settings: &[],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        let mut order: Vec<u32> = (0..members.len() as u32).collect();
        order.sort_by_key(|&index| members[index as usize].id);
        Box::new(InOrder { order })
    }
}

struct InOrder {
    order: Vec<u32>,
}

impl Balancer for InOrder {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        notes.add(|decision| {
            decision.rule = Some(Rule::FirstWithRoom);
            for (index, member) in view.members.iter().enumerate() {
                let in_flight = member.in_flight();
                decision.saw(view, index, Quantity::InFlight, Value::Count(in_flight.into()));
                decision.saw(view, index, Quantity::Limit, Value::Count(member.limit.into()));
            }
        });
        self.order.iter().map(|&index| index as usize).find(|&index| view.usable(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Request;
    use std::sync::atomic::Ordering::Relaxed;

    fn check(ids: [u32; 3], expected: [usize; 5]) {
        let mut members: Vec<Member> = ["a", "b", "c"]
            .iter()
            .enumerate()
            .map(|(index, name)| Member::new(name, index, 1))
            .collect();
        for (member, id) in members.iter_mut().zip(ids) {
            (member.id, member.limit) = (id, 2);
        }
        let balancer = First {}.build(&members, &Origin::default());
        let request = Request::default();
        let picks = expected.map(|_| {
            let view = View::new(&members, &request);
            let picked = balancer.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap();
            members[picked].load.in_flight.fetch_add(1, Relaxed);
            picked
        });
        assert_eq!(picks, expected);
    }

    #[test]
    fn each_server_is_filled_before_the_next() {
        check([1, 2, 3], [0, 0, 1, 1, 2]);
    }

    #[test]
    fn ids_say_who_comes_first() {
        check([30, 10, 20], [1, 1, 2, 2, 0]);
    }
}
