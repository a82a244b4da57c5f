//! HAProxy's `balance roundrobin`: the [`Wheel`], told at each turn who is in service.

use std::sync::Arc;

use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::balance::{Balancer, Origin, Wheel, haproxy};
use crate::dice::Dice;

pub(super) fn build(members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    // Every change finds the wheel as the one before left it, even with no request between them.
    origin.wheel.lock().follow(&weights(members, false));
    Box::new(Turning { wheel: Arc::clone(&origin.wheel) })
}

fn weights(members: &[Member], panic: bool) -> impl Iterator<Item = (u32, u32)> + Clone {
    members.iter().map(move |member| (member.id, haproxy::weight(member, panic)))
}

struct Turning {
    wheel: Arc<Wheel>,
}

impl Balancer for Turning {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let mut state = self.wheel.lock();
        state.follow(&weights(view.members, view.panic));
        notes.add(|decision| {
            decision.rule = Some(Rule::EarliestDeadline);
            for index in view.usable_indexes() {
                let due = Value::Count(state.due_at(index).into());
                decision.saw(view, index, Quantity::Deadline, due);
                let weight = Value::Count(view.members[index].weight.into());
                decision.saw(view, index, Quantity::Weight, weight);
            }
        });
        state.turn(|index| view.usable(index))
    }

    /// The turns that come next if nothing changes and nobody is full.
    fn picture(&self) -> Picture<'_> {
        let mut state = self.wheel.lock().clone();
        let count = state.period().min(DRAWN_MAX);
        let order: Vec<u32> =
            (0..count).map_while(|_| state.turn(|_| true)).map(|place| place as u32).collect();
        Picture::Schedule { order: order.into(), next: 0 }
    }
}

const DRAWN_MAX: u32 = 4_096;
