//! Maglev: a table of slots that the servers fill in turn, each in its own order of preference.
//!
//! Eisenbud et al., "Maglev: A fast and reliable software network load balancer", NSDI 2016. The number of
//! slots `M` is prime, so `offset + i·skip mod M` visits every slot: that is a server's order of preference.
//! Taking turns, each claims its next free slot. A pick is one remainder and one look into the table; slots
//! differ by at most one between equal servers. The price: when servers change, a few keys move that need
//! not (below one per cent while `M` is a hundred times the number of servers).
//!
//! - Envoy (`maglev_lb.cc`): servers sorted by name, `xxHash64` with seeds 0 and 1, a lighter server sits out
//!   turns; a retry inverts the hash and counts down, which is also how a server that cannot be used is passed
//!   over here. Envoy itself then builds a new table, which moves some other keys as well.
//! - Katran (`MaglevHashV2.cpp`): Murmur 3, in the order of the servers' own hashes; weights add up until they
//!   reach the largest. (Its first version counted weights in the first round only, so 2:1 came out as 4:3
//!   of 7 slots.) Katran hashes a server's address with a hash that has changed with its library; here
//!   that is `xxHash64` of the name, and all that follows from it is Katran's.

use serde::{Deserialize, Serialize};

use super::bounded::Bound;
use super::decision::{Notes, Quantity, Rule, Value};
use super::key;
use super::member::Member;
use super::picture::Picture;
use super::view::View;
use super::{About, Balancer, Origin, Recipe};
use crate::dice::Dice;
use crate::hash::{murmur3_pair, xxh64};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Maglev {
    pub dialect: Dialect,
    /// A prime; anything else is raised to the next one.
    pub slots: u32,
    /// The most a server may carry, as a multiple of the average: 1.25 is a good value.
    pub load_bound: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    Envoy,
    Katran,
}

impl Default for Maglev {
    fn default() -> Self {
        Self { dialect: Dialect::Envoy, slots: 65_537, load_bound: None }
    }
}

impl Recipe for Maglev {
    const ABOUT: About = About {
        name: "maglev",
        title: "Maglev",
        summary: "a table that servers fill in turn; even shares, and few keys move",
        weights: "a server claims slots in proportion to its weight",
        text: "A table with a prime number of slots is filled once: the servers take turns and each claims \
               its favourite among the free slots. A key's hash leads to a slot and so to a server. \
               Shares are almost exactly even and a pick costs next to nothing; in return a few more keys \
               move than must when servers come and go.",
        keyed: true,
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        let slots = next_prime(self.slots.clamp(2, SLOTS_MAX));
        let (owners, bound) = match self.dialect {
            Dialect::Envoy => (envoy(members, slots), self.load_bound.map(Bound::Jump)),
            Dialect::Katran => (katran(members, slots), self.load_bound.map(Bound::Walk)),
        };
        Box::new(Table::new(owners, bound.unwrap_or(Bound::None)))
    }
}

struct Table {
    owners: Vec<u32>,
    /// 2^64 divided by the number of slots.
    reciprocal: u64,
    bound: Bound,
}

impl Table {
    fn new(owners: Vec<u32>, bound: Bound) -> Self {
        let reciprocal = u64::MAX / owners.len().max(1) as u64;
        Self { owners, reciprocal, bound }
    }

    /// The hash's remainder. Barrett's way: a division would take longer than all the rest of a pick. The
    /// estimated quotient is the true one or one less.
    #[inline]
    fn slot(&self, hash: u64) -> usize {
        let slots = self.owners.len() as u64;
        let rest = hash.wrapping_sub(key::scale(hash, self.reciprocal).wrapping_mul(slots));
        (if rest >= slots { rest - slots } else { rest }) as usize
    }

    #[inline]
    fn choose(&self, view: &View<'_>, hash: u64, notes: &mut Notes) -> Option<usize> {
        if self.owners.is_empty() {
            return None;
        }
        let slot = self.slot(hash);
        let owner = self.owners[slot] as usize;
        if view.usable(owner) {
            note(notes, Rule::Slot, 0, slot);
            return Some(owner);
        }
        self.choose_another(view, hash, notes)
    }

    /// As many attempts with an altered hash as find almost always somebody, then slot after slot.
    fn choose_another(&self, view: &View<'_>, hash: u64, notes: &mut Notes) -> Option<usize> {
        view.usable_indexes().next()?;
        for attempt in 1..ATTEMPTS {
            let slot = self.slot(hash ^ (u64::MAX - attempt + 1));
            let owner = self.owners[slot] as usize;
            if view.usable(owner) {
                note(notes, Rule::NextOwner, attempt, slot);
                return Some(owner);
            }
        }
        let (before, after) = self.owners.split_at(self.slot(hash));
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

/// One server's order of preference, and how far it has come in it.
struct Preference {
    owner: u32,
    weight: f64,
    /// Envoy: the weight at which it takes part again. Katran: the weight it has saved up.
    credit: f64,
    slot: u32,
    skip: u32,
}

impl Preference {
    fn new(owner: usize, weight: f64, slots: u32, hashes: (u64, u64)) -> Self {
        Self {
            owner: owner as u32,
            weight,
            credit: 0.0,
            slot: (hashes.0 % u64::from(slots)) as u32,
            skip: (hashes.1 % u64::from(slots - 1)) as u32 + 1,
        }
    }
}

fn envoy(members: &[Member], slots: u32) -> Vec<u32> {
    let total: u64 = members.iter().map(|member| u64::from(member.weight)).sum();
    let mut order: Vec<_> = takers(members).collect();
    order.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    let preferences = order
        .into_iter()
        .map(|(index, member)| {
            let name = member.name.as_bytes();
            let weight = f64::from(member.weight) / total as f64;
            Preference::new(index, weight, slots, (xxh64(name, 0), xxh64(name, 1)))
        })
        .collect();
    fill(preferences, slots, |preference, round, heaviest| {
        let takes_part = f64::from(round) * preference.weight >= preference.credit;
        preference.credit += if takes_part { heaviest } else { 0.0 };
        takes_part
    })
}

fn katran(members: &[Member], slots: u32) -> Vec<u32> {
    let mut order: Vec<_> = takers(members)
        .map(|(index, member)| (xxh64(member.name.as_bytes(), 0), index, member.weight))
        .collect();
    order.sort_unstable();
    let preferences = order
        .into_iter()
        .map(|(hash, index, weight)| {
            let hashes = (murmur3_pair(hash, 42, 0), murmur3_pair(hash, 2_718_281_828, 2_307));
            Preference::new(index, f64::from(weight), slots, hashes)
        })
        .collect();
    fill(preferences, slots, |preference, _round, heaviest| {
        preference.credit += preference.weight;
        let takes_part = preference.credit >= heaviest;
        preference.credit -= if takes_part { heaviest } else { 0.0 };
        takes_part
    })
}

fn takers(members: &[Member]) -> impl Iterator<Item = (usize, &Member)> {
    members.iter().enumerate().filter(|(_, member)| member.weight > 0)
}

/// Listing 1 of the paper: in turn, whoever takes part in the round claims its next free slot.
fn fill(
    mut preferences: Vec<Preference>,
    slots: u32,
    mut takes_part: impl FnMut(&mut Preference, u32, f64) -> bool,
) -> Vec<u32> {
    if preferences.is_empty() {
        return Vec::new();
    }
    let heaviest = preferences.iter().map(|preference| preference.weight).fold(0.0, f64::max);
    let mut owners = vec![0; slots as usize];
    let mut left = slots;
    // A bit for each slot: eight kilobytes that stay close to the processor, where the table would not.
    let mut taken = vec![0_u64; owners.len().div_ceil(64)];
    for round in 1_u32.. {
        for preference in &mut preferences {
            if !takes_part(preference, round, heaviest) {
                continue;
            }
            let slot = claim(preference, slots, &mut taken);
            owners[slot as usize] = preference.owner;
            left -= 1;
            if left == 0 {
                return owners;
            }
        }
    }
    owners
}

fn claim(preference: &mut Preference, slots: u32, taken: &mut [u64]) -> u32 {
    let Preference { slot, skip, .. } = preference;
    loop {
        let claimed = *slot;
        let bit = 1 << (claimed % 64);
        let word = &mut taken[claimed as usize / 64];
        *slot = if claimed >= slots - *skip { claimed - (slots - *skip) } else { claimed + *skip };
        if *word & bit == 0 {
            *word |= bit;
            return claimed;
        }
    }
}

fn next_prime(number: u32) -> u32 {
    (number..SLOTS_MAX).find(|&number| is_prime(number)).unwrap_or(SLOTS_MAX)
}

fn is_prime(number: u32) -> bool {
    (2..=number.isqrt()).all(|divisor| !number.is_multiple_of(divisor))
}

/// Envoy's largest table, a prime.
const SLOTS_MAX: u32 = 5_000_011;
const ATTEMPTS: u64 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    fn named(names: &[(&str, u32)]) -> Vec<Member> {
        let member =
            |(index, &(name, weight)): (usize, &(&str, u32))| Member::new(name, index, weight);
        names.iter().enumerate().map(member).collect()
    }

    fn ports(prefix: &str, ports: std::ops::Range<u32>) -> Vec<Member> {
        ports
            .enumerate()
            .map(|(index, port)| Member::new(&format!("{prefix}{port}"), index, 1))
            .collect()
    }

    fn slots_of(owners: &[u32], members: usize) -> Vec<usize> {
        let count = |member| owners.iter().filter(|&&owner| owner as usize == member).count();
        (0..members).map(count).collect()
    }

    #[test]
    fn the_papers_own_table_comes_out() {
        // Table 1: offset and skip of each backend, seven slots.
        let preference =
            |(owner, slot, skip)| Preference { owner, weight: 1.0, credit: 0.0, slot, skip };
        let all = [(0, 3, 4), (1, 0, 2), (2, 3, 1)];
        let filled = |list: &[(u32, u32, u32)]| {
            fill(list.iter().copied().map(preference).collect(), 7, |_, _, _| true)
        };
        assert_eq!(filled(&all), [1, 0, 1, 0, 2, 2, 0]);
        assert_eq!(filled(&[all[0], all[2]]), [0, 0, 0, 0, 2, 2, 2]);
    }

    #[test]
    fn tables_are_the_ones_envoy_prints() {
        assert_eq!(envoy(&ports("127.0.0.1:", 90..96), 7), [2, 4, 0, 1, 5, 0, 3]);
        assert_eq!(envoy(&ports("", 90..96), 7), [2, 5, 0, 3, 4, 1, 0]);
        let weighted = named(&[("127.0.0.1:90", 1), ("127.0.0.1:91", 2)]);
        assert_eq!(envoy(&weighted, 17), [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn the_order_of_the_servers_does_not_matter() {
        let mut members = ports("127.0.0.1:", 90..96);
        members.reverse();
        assert_eq!(envoy(&members, 7), [3, 1, 5, 4, 0, 5, 2]);
    }

    #[test]
    fn a_thousand_light_servers_beside_a_heavy_one_have_envoys_slots() {
        let mut members = ports("127.0.0.1:", 0..1_024);
        members[0].weight = 127 * 1_023;
        let slots = slots_of(&envoy(&members, 65_537), 1_024);
        assert_eq!(slots[0], 65_537 - 1_023);
        assert!(slots[1..].iter().all(|&slots| slots == 1));
    }

    #[test]
    fn retries_go_where_envoy_sends_them() {
        let members = ports("127.0.0.1:", 90..96);
        let table = Table::new(envoy(&members, 7), Bound::None);
        let mut request = Request::keyed(b"any");
        for expected in [1, 0, 5] {
            let view = View::new(&members, &request);
            assert_eq!(table.choose(&view, 10, &mut Notes::off()), Some(expected));
            request.tried.add(expected as u32);
        }
    }

    #[test]
    fn equal_servers_differ_by_one_slot_at_most() {
        // CHHelpersTest.cpp: 400 servers of weight 1 differ by exactly one.
        let members = ports("10.0.0.", 0..400);
        for owners in [katran(&members, 65_537), envoy(&members, 65_537)] {
            let slots = slots_of(&owners, 400);
            assert_eq!(slots.iter().max().unwrap() - slots.iter().min().unwrap(), 1);
        }
    }

    #[test]
    fn weights_add_up_as_in_katrans_second_version() {
        // MaglevHashTest.cpp: weights 2 and 1 on seven slots are five to two, whatever the hashes.
        assert_eq!(slots_of(&katran(&named(&[("a", 2), ("b", 1)]), 7), 2), [5, 2]);
    }

    #[test]
    fn few_more_slots_change_than_must() {
        // Measured by an independent simulation: 10.23 % of slots when one of ten leaves, 1.57 % of a hundred.
        for (count, most) in [(10, 0.108), (100, 0.020)] {
            let members = ports("s", 0..count);
            let before = envoy(&members, 65_537);
            let after = envoy(&members[..count as usize - 1], 65_537);
            let changed = before.iter().zip(&after).filter(|(old, new)| old != new).count();
            assert!((changed as f64) < 65_537.0 * most, "{changed} of {count}");
        }
    }

    #[test]
    fn slots_are_remainders() {
        let mut dice = Dice::new(19);
        for slots in [1, 2, 7, 65_537, SLOTS_MAX] {
            let table = Table::new(vec![0; slots as usize], Bound::None);
            let edges = [0, 1, u64::from(slots) - 1, u64::from(slots), u64::MAX - 1, u64::MAX];
            for hash in edges.into_iter().chain((0..10_000).map(|_| dice.roll())) {
                assert_eq!(table.slot(hash) as u64, hash % u64::from(slots), "{hash} of {slots}");
            }
        }
    }

    #[test]
    fn any_number_of_slots_works() {
        assert_eq!([1, 7, 8, 65_537, 65_538].map(next_prime), [1, 7, 11, 65_537, 65_539]);
        assert_eq!(next_prime(SLOTS_MAX), SLOTS_MAX);
        let members = ports("s", 0..5);
        let request = Request::keyed(b"k");
        for slots in [0, 1, 4, u32::MAX] {
            let settings = Maglev { slots, ..Maglev::default() };
            let balancer = settings.build(&members, &Origin::default());
            let view = View::new(&members, &request);
            assert!(balancer.pick(&view, &mut Dice::new(1), &mut Notes::off()).is_some());
        }
    }
}
