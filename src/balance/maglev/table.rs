//! A table at work: a remainder, a look, and another look if that server cannot be used.

use super::super::bounded::Bound;
use super::super::decision::{Notes, Quantity, Rule, Value};
use super::super::picture::Picture;
use super::super::remainder::Divisor;
use super::super::view::View;
use super::super::{Balancer, key};
use crate::dice::Dice;

pub(super) struct Table {
    owners: Vec<u32>,
    slots: Divisor,
    bound: Bound,
}

impl Table {
    pub(super) fn new(owners: Vec<u32>, bound: Bound) -> Self {
        let slots = Divisor::new(owners.len());
        Self { owners, slots, bound }
    }

    #[inline]
    fn choose(&self, view: &View<'_>, hash: u64, notes: &mut Notes) -> Option<usize> {
        if self.owners.is_empty() {
            return None;
        }
        let slot = self.slots.remainder(hash);
        let owner = self.owners[slot] as usize;
        if view.usable(owner) {
            note(notes, Rule::Slot, 0, slot);
            return Some(owner);
        }
        self.choose_another(view, hash, notes)
    }

    /// As many attempts with an altered hash as find almost always somebody, then slot after slot.
    #[cold]
    #[inline(never)]
    fn choose_another(&self, view: &View<'_>, hash: u64, notes: &mut Notes) -> Option<usize> {
        view.usable_indexes().next()?;
        for attempt in 1..ATTEMPTS {
            let slot = self.slots.remainder(hash ^ (u64::MAX - attempt + 1));
            let owner = self.owners[slot] as usize;
            if view.usable(owner) {
                note(notes, Rule::NextOwner, attempt, slot);
                return Some(owner);
            }
        }
        let (before, after) = self.owners.split_at(self.slots.remainder(hash));
        let owner = after.iter().chain(before).find(|&&owner| view.usable(owner as usize));
        notes.add(|decision| decision.rule = Some(Rule::NextOwner));
        // A server can be without a slot if the table is smaller than the pool.
        owner.map(|&owner| owner as usize).or_else(|| view.usable_indexes().next())
    }
}

impl Balancer for Table {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let hash = key::position(view, key::hash, dice, notes);
        self.bound.pick(view, hash, notes, |view, notes| self.choose(view, hash, notes))
    }

    fn picture(&self) -> Picture<'_> {
        Picture::Table { owners: (&self.owners).into() }
    }
}

fn note(notes: &mut Notes, rule: Rule, attempt: u64, slot: usize) {
    notes.add(|decision| {
        decision.rule.get_or_insert(rule);
        decision.fact(Quantity::Slot, Value::Count(slot as u64));
        decision.fact(Quantity::Attempt, Value::Count(attempt + 1));
    });
}

const ATTEMPTS: u64 = 32;

#[cfg(test)]
mod tests {
    use super::super::fill::envoy;
    use super::*;
    use crate::balance::member::Member;
    use crate::balance::view::Request;

    #[test]
    fn retries_go_where_envoy_sends_them() {
        let members = (0..6)
            .map(|index| Member::new(&format!("127.0.0.1:{}", index + 90), index, 1))
            .collect::<Vec<_>>();
        let table = Table::new(envoy(&members, 7), Bound::None);
        let mut request = Request::keyed(b"any");
        for expected in [1, 0, 5] {
            let view = View::new(&members, &request);
            assert_eq!(table.choose(&view, 10, &mut Notes::off()), Some(expected));
            request.tried.add(expected as u32);
        }
    }
}
