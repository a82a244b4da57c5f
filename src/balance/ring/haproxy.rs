//! HAProxy's ring: the nearest point on either side of the key, of 16 for each unit of weight.
//!
//! The rules are those of `src/lb_chash.c` in HAProxy 2.6. Points are hashes of a server's id, not of its name,
//! so a server may change its address and keep its keys. The key goes to the point with the smaller
//! distance, the one before it on a tie; whoever cannot take it is walked past, upwards. A request without
//! a key takes the point after the one that the last such request took. (One thing is not followed: a weight set
//! higher than ever before makes HAProxy take all points of that server out for a moment, and if that last one
//! is among them, the walk without keys goes on a few points further up.)
//!
//! Its bounded load shares out `(in flight + 1) × factor`, rounded up, in whole slots for each unit of weight, and
//! the remainder so that running sums of weights round down. A server has at least one slot.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Ring;
use super::circle::Circle;
use crate::balance::decision::{Exclusion, Notes, Quantity, Rule, Value};
use crate::balance::haproxy::{
    HashFunction, Hashing, SCALE, WEIGHT_MAX, in_service, is_alone, scaled, weight,
};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::balance::{Balancer, Origin};
use crate::dice::Dice;
use crate::hash::avalanche;

pub(super) fn build(settings: &Ring, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    let points_per_weight = settings.points.unwrap_or(SCALE).max(1);
    let points = members.iter().enumerate().flat_map(|(index, member)| {
        let first = member.id.wrapping_mul(WEIGHT_MAX * SCALE);
        (0..member.weight.min(WEIGHT_MAX) * points_per_weight)
            .map(move |number| (position(avalanche(first.wrapping_add(number))), index as u32))
    });
    let ring = Nearest {
        circle: Circle::new(points.collect()),
        hashing: hashing(settings),
        bound: settings.load_bound.map(|factor| Bound::new(factor, members)),
        last: Arc::clone(&origin.cursor),
    };
    ring.settle_last(members);
    Box::new(ring)
}

/// As `hash-type consistent` has it: the hash is spread out unless one is named.
fn hashing(settings: &Ring) -> Hashing {
    let named = !matches!(settings.hash, None | Some(HashFunction::Source));
    Hashing {
        function: settings.hash.unwrap_or_default(),
        avalanche: settings.avalanche.unwrap_or(!named),
    }
}

struct Nearest {
    circle: Circle,
    hashing: Hashing,
    bound: Option<Bound>,
    /// The point that the last request without a key took, plus one; 0 before the first.
    last: Arc<AtomicU64>,
}

impl Nearest {
    fn nearest(&self, view: &View<'_>, hash: u32, notes: &mut Notes) -> Option<usize> {
        let above = self.circle.at_or_after(position(hash))?;
        let in_service = |&place: &usize| self.in_service(view.members, view.panic, place);
        let next = self.upwards(above).find(in_service)?;
        let previous = self.downwards(above).find(in_service)?;
        let distance_up = self.point(next).wrapping_sub(hash);
        let distance_down = hash.wrapping_sub(self.point(previous));
        let nearest = if distance_down <= distance_up { previous } else { next };
        notes.add(|decision| {
            for (place, distance) in [(previous, distance_down), (next, distance_up)] {
                let owner = self.circle.owner(place);
                decision.saw(view, owner, Quantity::Position, around(self.point(place)));
                decision.saw(view, owner, Quantity::Distance, Value::Count(distance.into()));
            }
        });
        let taker = self.taker(view, nearest, notes)?;
        let kept = taker == self.circle.owner(nearest);
        notes.add(|decision| {
            decision.rule = Some(if kept { Rule::NearestPoint } else { Rule::NextOwner });
            decision.fact(Quantity::Position, around(hash));
        });
        Some(taker)
    }

    /// Who takes a request that came to this point: its owner, or the next one up who can.
    fn taker(&self, view: &View<'_>, nearest: usize, notes: &mut Notes) -> Option<usize> {
        let owners = || self.upwards(nearest).map(|place| self.circle.owner(place));
        let usable = |&owner: &usize| view.usable(owner);
        let Some(bound) = &self.bound else { return owners().find(usable) };
        let slots = bound.slots(view);
        notes.add(|decision| {
            for index in view.usable_indexes() {
                let in_flight = view.members[index].in_flight();
                decision.saw(view, index, Quantity::InFlight, Value::Count(in_flight.into()));
                let allowed = slots.of(view, index);
                decision.saw(view, index, Quantity::Bound, Value::Count(allowed.into()));
                if in_flight >= allowed {
                    decision.rule_out(view, index, Exclusion::OverBound);
                }
            }
        });
        let has_slot = |&owner: &usize| view.members[owner].in_flight() < slots.of(view, owner);
        // Sums of a pool that changed may leave nobody a slot. The walk ends at the top of the circle then.
        let top = || self.downwards(0).map(|place| self.circle.owner(place)).find(usable);
        owners().find(|owner| usable(owner) && has_slot(owner)).or_else(top)
    }

    /// Round the circle point by point, for requests without a key.
    fn in_turn(&self, view: &View<'_>, notes: &mut Notes) -> Option<usize> {
        let start = self.last_place(view.members, view.panic).map_or(0, |place| place + 1);
        let place = self.upwards(start).find(|&place| view.usable(self.circle.owner(place)))?;
        if !is_alone(view) {
            self.last.store(u64::from(self.point(place)) + 1, Relaxed);
        }
        let owner = self.circle.owner(place);
        notes.add(|decision| {
            decision.rule = Some(Rule::NoKey);
            decision.saw(view, owner, Quantity::Position, around(self.point(place)));
        });
        Some(owner)
    }

    /// The point of the last request without a key. Where it is gone, HAProxy has moved on to the one after it.
    fn last_place(&self, members: &[Member], panic: bool) -> Option<usize> {
        let last = self.last.load(Relaxed).checked_sub(1)?;
        let place = self.circle.at_or_after(position(last as u32))?;
        self.upwards(place).find(|&place| self.in_service(members, panic, place))
    }

    /// Moves on at once when that point is gone: it may be back before the next such request.
    fn settle_last(&self, members: &[Member]) {
        let place = self.last_place(members, false);
        self.last.store(place.map_or(0, |place| u64::from(self.point(place)) + 1), Relaxed);
    }

    /// All points once, upwards from this one.
    fn upwards(&self, first: usize) -> impl Iterator<Item = usize> + use<> {
        (first..self.circle.len()).chain(0..first)
    }

    /// All points once, downwards from the one before this.
    fn downwards(&self, first: usize) -> impl Iterator<Item = usize> + use<> {
        (0..first).rev().chain((first..self.circle.len()).rev())
    }

    fn in_service(&self, members: &[Member], panic: bool, place: usize) -> bool {
        in_service(&members[self.circle.owner(place)], panic)
    }

    fn point(&self, place: usize) -> u32 {
        (self.circle.position(place) >> 32) as u32
    }
}

impl Balancer for Nearest {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        // With nobody usable the whole way round would be for nothing, and it can be long.
        let anybody = view.usable_indexes().next()?;
        let picked = match self.hashing.hash(view, notes) {
            Some(hash) => self.nearest(view, hash, notes),
            None => self.in_turn(view, notes),
        };
        picked.or(Some(anybody))
    }

    fn picture(&self) -> Picture<'_> {
        self.circle.picture()
    }
}

/// HAProxy's `hash-balance-factor`.
struct Bound {
    percent: u32,
    /// The sum of the weights before each member. HAProxy adds them up once, at its start: servers that leave and
    /// come back do not change the sums.
    before: Vec<u32>,
}

impl Bound {
    fn new(factor: f64, members: &[Member]) -> Self {
        let add = |sum: &mut u32, member: &Member| {
            let before = *sum;
            *sum += scaled(member.weight);
            Some(before)
        };
        let before = members.iter().scan(0, add).collect();
        Self { percent: libm::round(factor.max(1.0) * 100.0) as u32, before }
    }

    fn slots(&self, view: &View<'_>) -> Slots<'_> {
        let in_flight: u32 = view.members.iter().map(Member::in_flight).sum();
        let total = view
            .members
            .iter()
            .map(|member| scaled(weight(member, view.panic)))
            .sum::<u32>()
            .max(1);
        let slots = (u64::from(in_flight + 1) * u64::from(self.percent)).div_ceil(100) as u32;
        Slots { before: &self.before, total, whole: slots / total, rest: slots % total }
    }
}

struct Slots<'a> {
    before: &'a [u32],
    total: u32,
    whole: u32,
    rest: u32,
}

impl Slots<'_> {
    fn of(&self, view: &View<'_>, index: usize) -> u32 {
        let weight = scaled(view.members[index].weight);
        let before = self.before[index];
        // HAProxy's products wrap at 32 bits, which pools of several thousand units of weight can reach.
        let running = |sum: u32| sum.wrapping_mul(self.rest) / self.total;
        let share = running(before + weight).wrapping_sub(running(before));
        weight.wrapping_mul(self.whole).wrapping_add(share).max(1)
    }
}

/// Hashes of 32 bits stand in the upper half of a position.
fn position(hash: u32) -> u64 {
    u64::from(hash) << 32
}

/// A place on `HAProxy`'s circle of 2^32.
fn around(position: u32) -> Value {
    Value::Around(u64::from(position) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::ring::Dialect;
    use crate::balance::{Health, Recipe as _, Request};
    use std::net::Ipv4Addr;

    fn members(weights: &[u32]) -> Vec<Member> {
        let member = |(index, &weight)| Member::new(&format!("m{index}"), index, weight);
        weights.iter().enumerate().map(member).collect()
    }

    fn ring(load_bound: Option<f64>, members: &[Member]) -> Box<dyn Balancer> {
        let settings = Ring { dialect: Dialect::Haproxy, load_bound, ..Ring::default() };
        settings.build(members, &Origin::default())
    }

    fn owners(ring: &dyn Balancer, members: &[Member], count: usize) -> Vec<usize> {
        let owner = |number| {
            let name = format!("user-{number}");
            let request = Request::keyed(name.as_bytes());
            let view = View::new(members, &request);
            ring.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap()
        };
        (0..count).map(owner).collect()
    }

    #[test]
    fn only_the_keys_of_a_server_that_leaves_move() {
        let members = members(&[3, 1, 2, 4]);
        let ring = ring(None, &members);
        let before = owners(&*ring, &members, 3_000);
        members[2].standing.set(Health::Down, 0);
        let after = owners(&*ring, &members, 3_000);
        assert!(before.iter().zip(&after).all(|(before, after)| before == after || *before == 2));
        assert!(after.iter().all(|&owner| owner != 2));
    }

    #[test]
    fn a_server_that_is_out_leaves_the_ring_as_if_it_had_never_been_there() {
        let members = members(&[2, 2, 2]);
        members[1].standing.set(Health::Down, 0);
        let rest = [members[0].clone(), members[2].clone()];
        let with_hole = owners(&*ring(None, &members), &members, 2_000);
        let without = owners(&*ring(None, &rest), &rest, 2_000);
        assert!(with_hole.iter().zip(without).all(|(&hole, rest)| hole == rest * 2));
    }

    #[test]
    fn arcs_are_what_the_real_program_draws_from() {
        // `balance random(1)` of HAProxy 2.6.12 over four servers of weight 1: places drawn on this very ring.
        let drawn = [5_637_u32, 3_572, 5_004, 5_787];
        let members = members(&[1; 4]);
        let (hash, avalanche) = (Some(HashFunction::Source), Some(false));
        let settings = Ring { dialect: Dialect::Haproxy, hash, avalanche, ..Ring::default() };
        let ring = settings.build(&members, &Origin::default());
        let mut counts = [0_u32; 4];
        for place in 0..20_000_u32 {
            let address = Ipv4Addr::from_bits(place * (u32::MAX / 20_000));
            let request = Request { address: Some(address.into()), ..Request::default() };
            let view = View::new(&members, &request);
            counts[ring.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap()] += 1;
        }
        for (ours, theirs) in counts.into_iter().zip(drawn) {
            // Five standard deviations of a binomial share of a quarter.
            assert!(ours.abs_diff(theirs) <= 306, "{counts:?}");
        }
    }

    #[test]
    fn requests_without_a_key_go_round() {
        let members = members(&[1, 1]);
        let ring = ring(None, &members);
        let request = Request::default();
        let view = View::new(&members, &request);
        let mut counts = [0; 2];
        for _ in 0..320 {
            counts[ring.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap()] += 1;
        }
        assert_eq!(counts, [160, 160]);
    }

    #[test]
    fn a_bounded_ring_keeps_every_load_within_its_slots() {
        let members = members(&[1, 2, 5]);
        let ring = ring(Some(1.25), &members);
        let request = Request::keyed(b"the one key everybody wants");
        for total in 1..200_u32 {
            let view = View::new(&members, &request);
            let picked = ring.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap();
            members[picked].load.in_flight.fetch_add(1, Relaxed);
            for member in &members {
                let share = f64::from(total) * 1.25 * f64::from(member.weight) / 8.0;
                assert!(f64::from(member.in_flight()) <= share + 2.0, "{} of {total}", member.name);
            }
        }
    }
}
