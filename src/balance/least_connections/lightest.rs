//! The lowest load for each unit of weight, ties in smooth order: what NGINX's `least_conn` and `least_time` share.

use crate::balance::decision::{Notes, Rule};
use crate::balance::member::Member;
use crate::balance::view::View;
use crate::balance::weighted::smooth;

/// `load` is of one member; it may change under our hands, so a tie is judged against what was seen first.
pub(in crate::balance) fn pick(
    view: &View<'_>,
    load: impl Fn(usize, &Member) -> u64,
    rule: impl FnOnce() -> Rule,
    notes: &mut Notes,
) -> Option<usize> {
    let mut best: Option<Weighed> = None;
    let mut tied = false;
    for index in view.usable_indexes() {
        let weighed = Weighed::new(view, index, &load);
        match best {
            Some(lowest) if weighed.is_as_light_as(lowest) => tied = true,
            Some(lowest) if !weighed.is_lighter_than(lowest) => {}
            _ => {
                best = Some(weighed);
                tied = false;
            }
        }
    }
    let best = best?;
    notes.add(|decision| decision.rule = Some(if tied { Rule::MostCredit } else { rule() }));
    if !tied {
        return Some(best.index);
    }
    let is_tied = |index| Weighed::new(view, index, &load).is_as_light_as(best);
    // Nobody is left of the tie if other workers loaded all of it meanwhile.
    smooth::turn_among(view, is_tied, notes).or(Some(best.index))
}

/// A load and the weight that carries it, compared as fractions.
#[derive(Clone, Copy)]
struct Weighed {
    index: usize,
    load: u64,
    weight: u64,
}

impl Weighed {
    fn new(view: &View<'_>, index: usize, load: impl Fn(usize, &Member) -> u64) -> Self {
        let member = &view.members[index];
        Self { index, load: load(index, member), weight: u64::from(member.weight) }
    }

    fn is_lighter_than(self, other: Self) -> bool {
        self.load * other.weight < other.load * self.weight
    }

    fn is_as_light_as(self, other: Self) -> bool {
        self.load * other.weight == other.load * self.weight
    }
}
