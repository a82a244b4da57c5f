//! Bounded loads: consistent hashing that passes over a server which has more than its part in flight.
//!
//! Mirrokni, Thorup and Zadimoghaddam, "Consistent hashing with bounded loads" (SODA 2018, arXiv 1608.01350).
//! With a bound `c`, no server takes a request that would lift it above `c` times the average of requests in
//! flight, rounded up; the key's owner is passed over and the next one in the algorithm's own order takes it.
//! A tight bound is even and moves many keys; a loose one is calm and lets hot keys pile up.
//!
//! Envoy jumps instead of walking (Chen et al., arXiv 1908.08762): the next server on the ring would inherit the
//! whole overflow, a shuffle seeded by the key spreads it.

use super::decision::{Exclusion, Notes, Quantity, Rule, Value};
use super::mersenne::Mersenne;
use super::view::{Room, View};

/// How an algorithm keeps its servers' loads within a multiple of the average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bound {
    None,
    /// On to the next owner in the algorithm's own order.
    Walk(f64),
    /// Envoy's: on to a server drawn by the key's hash, and in need to the least overloaded one.
    Jump(f64),
}

impl Bound {
    /// Picks by `choose`, which keeps to whoever the view it is given calls usable. Where a bound leaves
    /// nobody, an overloaded server is better than none.
    #[inline]
    pub(super) fn pick(
        self,
        view: &View<'_>,
        hash: u64,
        notes: &mut Notes,
        choose: impl Fn(&View<'_>, &mut Notes) -> Option<usize>,
    ) -> Option<usize> {
        match self {
            Self::None => choose(view, notes),
            bound => bound.pick_within(view, hash, notes, choose),
        }
    }

    /// Apart from the above, so that a pick without a bound carries none of its weight.
    #[inline(never)]
    fn pick_within(
        self,
        view: &View<'_>,
        hash: u64,
        notes: &mut Notes,
        choose: impl Fn(&View<'_>, &mut Notes) -> Option<usize>,
    ) -> Option<usize> {
        match self {
            Self::None => choose(view, notes),
            Self::Walk(factor) => {
                let bounded = View { room: Some(room(view, factor)), ..*view };
                note_bounds(&bounded, notes);
                choose(&bounded, notes).or_else(|| choose(view, notes))
            }
            Self::Jump(factor) => {
                let owner = choose(view, notes)?;
                Some(Jump::new(view, factor).settle(owner, hash, notes))
            }
        }
    }
}

/// Capacity for `factor` times the requests in flight, this one included, shared out by weight over those
/// who could take a request at some time. Finished members' requests still count: they are load all the same.
fn room(view: &View<'_>, factor: f64) -> Room {
    let takes_part = |index| {
        !matches!(
            view.exclusion(index),
            Some(Exclusion::Drained | Exclusion::Down | Exclusion::Ejected | Exclusion::OtherGroup)
        )
    };
    let weights = view.members.iter().enumerate().filter(|&(index, _)| takes_part(index));
    Room {
        slots: (factor.max(1.0) * (in_flight_total(view) + 1) as f64).ceil() as u64,
        weight_total: weights.map(|(_, member)| u64::from(member.weight)).sum(),
    }
}

fn in_flight_total(view: &View<'_>) -> u64 {
    view.members.iter().map(|member| u64::from(member.in_flight())).sum()
}

fn note_bounds(bounded: &View<'_>, notes: &mut Notes) {
    notes.add(|decision| {
        let Some(room) = bounded.room else { return };
        for (index, member) in bounded.members.iter().enumerate() {
            let in_flight = u64::from(member.in_flight());
            let bound = u64::from(room.of(member));
            decision.saw(bounded, index, Quantity::InFlight, Value::Count(in_flight));
            decision.saw(bounded, index, Quantity::Bound, Value::Count(bound));
        }
        decision.exclude(bounded);
    });
}

/// Envoy's `BoundedLoadHashingLoadBalancer`, number by number.
struct Jump<'v> {
    view: &'v View<'v>,
    slots: f64,
    weight_total: f64,
}

impl<'v> Jump<'v> {
    fn new(view: &'v View<'v>, factor: f64) -> Self {
        let percent = libm::round(factor.max(1.0) * 100.0) as u64;
        let slots = ((in_flight_total(view) + 1) * percent).div_ceil(100);
        let weights = view.usable_indexes().map(|index| f64::from(view.members[index].weight));
        Self { view, slots: slots as f64, weight_total: weights.sum() }
    }

    /// Above 1 is too much, so a server may end with one request more than its slots.
    fn overload(&self, index: usize) -> f64 {
        let member = &self.view.members[index];
        f64::from(member.in_flight()) / self.slots_of(index)
    }

    fn slots_of(&self, index: usize) -> f64 {
        let share = f64::from(self.view.members[index].weight) / self.weight_total;
        (self.slots * share).ceil().max(1.0)
    }

    fn settle(&self, owner: usize, hash: u64, notes: &mut Notes) -> usize {
        let chosen = match self.overload(owner) {
            fine if fine <= 1.0 => owner,
            _ => self.detour(owner, hash),
        };
        notes.add(|decision| {
            for index in self.view.usable_indexes() {
                let in_flight = u64::from(self.view.members[index].in_flight());
                let bound = Value::Count(self.slots_of(index) as u64);
                decision.saw(self.view, index, Quantity::InFlight, Value::Count(in_flight));
                decision.saw(self.view, index, Quantity::Bound, bound);
                if self.overload(index) > 1.0 && index != chosen {
                    decision.rule_out(self.view, index, Exclusion::OverBound);
                }
            }
            if chosen != owner {
                decision.rule = Some(Rule::NextOwner);
            }
        });
        chosen
    }

    /// The first server with room in an order shuffled by the key, else the least overloaded.
    fn detour(&self, owner: usize, hash: u64) -> usize {
        // On the stack, because nothing on the way of a request allocates. Larger pools shuffle only as
        // many servers; that many full ones in a row do not occur while the bound leaves room for all.
        let mut order = [0_u32; SHUFFLED_MAX];
        let mut count = 0;
        for (place, index) in order.iter_mut().zip(self.view.usable_indexes()) {
            *place = index as u32;
            count += 1;
        }
        let mut shuffle = Mersenne::new(hash as u32);
        let mut least = (owner, self.overload(owner));
        for done in 0..count {
            order.swap(done, done + shuffle.below((count - done) as u32) as usize);
            let other = order[done] as usize;
            if other == owner {
                continue;
            }
            match self.overload(other) {
                fine if fine <= 1.0 => return other,
                load if load < least.1 => least = (other, load),
                _ => {}
            }
        }
        least.0
    }
}

const SHUFFLED_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::member::Member;
    use crate::balance::view::Request;
    use std::sync::atomic::Ordering::Relaxed;

    fn loaded(loads: &[(u32, u32)]) -> Vec<Member> {
        let member = |(index, &(weight, in_flight)): (usize, &(u32, u32))| {
            let member = Member::new(&format!("m{index}"), index, weight);
            member.load.in_flight.store(in_flight, Relaxed);
            member
        };
        loads.iter().enumerate().map(member).collect()
    }

    fn jumped(loads: &[(u32, u32)], factor: f64, owner: usize, hash: u64) -> usize {
        let members = loaded(loads);
        let request = Request::default();
        let view = View::new(&members, &request);
        let pick = Bound::Jump(factor).pick(&view, hash, &mut Notes::off(), |_, _| Some(owner));
        pick.unwrap()
    }

    /// Loads that make some of five servers overloaded, as Envoy's tests do.
    fn overloaded(full: &[usize], owner: usize, hash: u64) -> usize {
        let mut loads = [(1, 0); 5];
        for &index in full {
            loads[index].1 = 10;
        }
        jumped(&loads, 1.0, owner, hash)
    }

    #[test]
    fn an_overloaded_owner_is_left_as_envoy_leaves_it() {
        assert_eq!(overloaded(&[], 2, 2), 2);
        assert_eq!(overloaded(&[2], 2, 2), 1);
        assert_eq!(overloaded(&[0, 1, 2], 2, 2), 4);
        assert_eq!(overloaded(&[3], 3, 6), 4);
        assert_eq!(overloaded(&[3], 3, 7), 0);
    }

    #[test]
    fn a_detour_names_those_above_their_bound() {
        let members = loaded(&[(1, 9), (1, 0), (1, 0)]);
        let request = Request::default();
        let view = View::new(&members, &request);
        let mut notes = Notes::on();
        let pick = Bound::Jump(1.25).pick(&view, 2, &mut notes, |_, _| Some(0)).unwrap();
        let decision = notes.take().unwrap();
        assert_ne!(pick, 0);
        assert_eq!(decision.rule, Some(Rule::NextOwner));
        assert_eq!(decision.candidates[0].excluded, Some(Exclusion::OverBound));
        assert_eq!(decision.candidates[pick].excluded, None);
    }

    #[test]
    fn one_more_than_its_slots_is_what_envoy_admits() {
        // Ten in flight and this one: ceil(11 × 1.0 / 2) = 6 slots each.
        assert_eq!(jumped(&[(1, 6), (1, 4)], 1.0, 0, 1), 0);
        assert_eq!(jumped(&[(1, 8), (1, 3)], 1.0, 0, 1), 1);
    }

    #[test]
    fn a_walk_never_lifts_a_server_above_its_bound() {
        let mut members = loaded(&[(1, 0), (2, 0), (3, 0), (0, 0)]);
        members[3].drained = true;
        let request = Request::default();
        for total in 1..=120_u32 {
            // Everybody wants the first server; the walk goes on in their order.
            let view = View::new(&members, &request);
            let choose = |view: &View<'_>, _: &mut Notes| view.usable_indexes().next();
            let index = Bound::Walk(1.25).pick(&view, 0, &mut Notes::off(), choose).unwrap();
            members[index].load.in_flight.fetch_add(1, Relaxed);
            for member in &members[..3] {
                let slots = (f64::from(total) * 1.25).ceil();
                let bound = (slots * f64::from(member.weight) / 6.0).ceil().max(1.0);
                assert!(f64::from(member.in_flight()) <= bound, "{} after {total}", member.name);
            }
        }
    }

    #[test]
    fn where_the_bound_leaves_nobody_the_owner_takes_it() {
        let mut members = loaded(&[(1, 5), (1, 0)]);
        members[1].limit = 1;
        members[1].load.in_flight.store(1, Relaxed);
        let request = Request::default();
        let view = View::new(&members, &request);
        let choose = |view: &View<'_>, _: &mut Notes| view.usable_indexes().next();
        assert_eq!(Bound::Walk(1.0).pick(&view, 0, &mut Notes::off(), choose), Some(0));
    }
}
