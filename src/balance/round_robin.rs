//! Round robin: everybody in turn.
//!
//! The oldest rule there is. One shared counter; the member at `counter mod n` is next. A member that
//! cannot be used is passed over by counting on, so that its share is spread over all others instead
//! of falling to its neighbour. Weights are ignored, except that weight 0 drains.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::member::Member;
use super::picture::Picture;
use super::remainder::Divisor;
use super::view::View;
use super::{About, Balancer, Origin, Recipe};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoundRobin {}

impl Recipe for RoundRobin {
    const ABOUT: About = About {
        name: "round-robin",
        title: "Round robin",
        summary: "everybody in turn",
        weights: "ignored, except that 0 drains",
        text: "Requests go to the servers one after the other, in their order, whatever each of them is busy \
               with. Fair in numbers, blind to time: a slow server gets as many requests as a fast one.",
        keyed: false,
        settings: &[],
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Turn {
            cursor: Arc::clone(&origin.cursor),
            order: (0..members.len() as u32).collect(),
            count: Divisor::new(members.len()),
        })
    }
}

struct Turn {
    cursor: Arc<AtomicU64>,
    order: Vec<u32>,
    count: Divisor,
}

impl Turn {
    fn next(&self) -> usize {
        self.count.remainder(self.cursor.fetch_add(1, Relaxed))
    }

    /// Apart from the usual case, whose atomic addition waits for everything that was stored before it.
    #[cold]
    #[inline(never)]
    fn pass_over(&self, view: &View<'_>) -> Option<usize> {
        // Twice round, because another worker may take the usable turns of the first round.
        (1..2 * self.order.len())
            .map(|_| self.next())
            .find(|&place| view.usable(place))
            .or_else(|| view.usable_indexes().next())
    }
}

impl Balancer for Turn {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        if self.order.is_empty() {
            return None;
        }
        let place = self.next();
        let found = if view.usable(place) { Some(place) } else { self.pass_over(view) };
        notes.add(|decision| {
            decision.rule = Some(Rule::NextInTurn);
            decision
                .fact(Quantity::Position, Value::Count(found.map_or(0, |place| place as u64 + 1)));
        });
        found
    }

    fn picture(&self) -> Picture<'_> {
        let next = self.count.remainder(self.cursor.load(Relaxed));
        Picture::Schedule { order: (&self.order).into(), next }
    }
}
