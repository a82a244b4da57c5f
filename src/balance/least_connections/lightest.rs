//! The lowest load for each unit of weight, ties in smooth order: what NGINX's `least_conn` and `least_time` share.

use crate::balance::decision::{Notes, Rule};
use crate::balance::member::Member;
use crate::balance::view::View;
use crate::balance::weighted::smooth;

/// `load` is of one member; it may change under our hands, so a tie is settled by what was seen.
pub(in crate::balance) fn pick(
    view: &View<'_>,
    load: impl Fn(usize, &Member) -> u64,
    rule: impl FnOnce() -> Rule,
    notes: &mut Notes,
) -> Option<usize> {
    let mut usable = view.usable_indexes();
    let first = usable.next()?;
    let mut best = Weighed::new(view, first, &load);
    let mut ties = Ties::new(first);
    for index in usable {
        let weighed = Weighed::new(view, index, &load);
        if weighed.is_lighter_than(best) {
            best = weighed;
            ties.begin_anew(index);
        } else {
            ties.add_if(weighed.is_as_light_as(best), index);
        }
    }
    notes.add(|decision| {
        decision.rule = Some(if ties.count > 1 { Rule::MostCredit } else { rule() });
    });
    match ties.listed() {
        Some(&[only]) => Some(only as usize),
        Some(listed) => smooth::turn_of(view, listed.iter().map(|&index| index as usize), notes),
        None => {
            let is_tied = |&index: &usize| Weighed::new(view, index, &load).is_as_light_as(best);
            // Nobody is left of the tie if other workers loaded all of it meanwhile.
            smooth::turn_of(view, view.usable_indexes().filter(is_tied), notes).or(Some(first))
        }
    }
}

/// Who shares the lowest load, written down as long as they are not too many.
///
/// Who ties is as good as random, so it is written down without a branch: every member takes the next line, and
/// the line counts only if it tied. With that, and as nobody is looked at twice, a pick among a hundred busy
/// servers takes 250 ns instead of 375.
struct Ties {
    indexes: [u32; LISTED_MAX],
    count: usize,
}

impl Ties {
    fn new(index: usize) -> Self {
        let mut ties = Self { indexes: [0; LISTED_MAX], count: 0 };
        ties.begin_anew(index);
        ties
    }

    fn begin_anew(&mut self, index: usize) {
        self.indexes[0] = index as u32;
        self.count = 1;
    }

    #[inline]
    fn add_if(&mut self, tied: bool, index: usize) {
        // The last line is overwritten when there is no other, and then the list is not used.
        self.indexes[self.count.min(LISTED_MAX - 1)] = index as u32;
        self.count += usize::from(tied);
    }

    fn listed(&self) -> Option<&[u32]> {
        if self.count < LISTED_MAX { self.indexes.get(..self.count) } else { None }
    }
}

/// A load and the weight that carries it, compared as fractions.
#[derive(Clone, Copy)]
struct Weighed {
    load: u64,
    weight: u64,
}

impl Weighed {
    fn new(view: &View<'_>, index: usize, load: impl Fn(usize, &Member) -> u64) -> Self {
        let member = &view.members[index];
        Self { load: load(index, member), weight: u64::from(member.weight) }
    }

    fn is_lighter_than(self, other: Self) -> bool {
        self.load * other.weight < other.load * self.weight
    }

    fn is_as_light_as(self, other: Self) -> bool {
        self.load * other.weight == other.load * self.weight
    }
}

const LISTED_MAX: usize = 64;
