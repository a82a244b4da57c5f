//! HAProxy's map-based hashing: a table that servers fill by weight, and the hash's remainder is the slot.
//!
//! The rules are those of `src/lb_map.c` in HAProxy 2.6. Weights in lowest terms add up to the table's size.
//! Slot by slot every server gains its weight, the one furthest ahead takes the slot and pays the size;
//! what it is ahead by is counted in whole sizes, so that the first of the list wins more ties than exact
//! counting would give it. A server that goes down has the whole table filled anew without it, which moves
//! most keys. A request without a key takes the next slot in turn: that alone is `balance static-rr`.
//!
//! HAProxy lets requests wait at a full server, and sends a retry to the server that just failed, because the
//! hash says so. Here the slots after it are asked.

#![expect(
    clippy::disallowed_types,
    reason = "taken only while somebody is down, for the table without them"
)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::haproxy::{Hashing, WEIGHT_MAX, in_service, is_alone};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::balance::{Balancer, Origin};
use crate::dice::Dice;

pub(super) fn build(hashing: Hashing, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    let weights = lowest_terms(members);
    let mut everybody = Table::default();
    everybody.fill(&weights, |index| !members[index].drained);
    Box::new(Map {
        hashing,
        weights,
        reduced: Mutex::new(everybody.clone()),
        everybody,
        cursor: Arc::clone(&origin.cursor),
    })
}

struct Map {
    hashing: Hashing,
    weights: Vec<u32>,
    /// The table while nobody is down.
    everybody: Table,
    /// The table without those who were down last time somebody was.
    reduced: Mutex<Table>,
    /// The slot for the next request without a key.
    cursor: Arc<AtomicU64>,
}

impl Map {
    fn choose(&self, table: &Table, view: &View<'_>, notes: &mut Notes) -> Option<usize> {
        let size = table.owners.len();
        let hash = if size == 0 { return None } else { self.hashing.hash(view, notes) };
        let start = match hash {
            Some(hash) => hash as usize % size,
            None => {
                self.cursor.load(Relaxed).try_into().ok().filter(|&slot| slot < size).unwrap_or(0)
            }
        };
        let slots = (start..size).chain(0..start);
        let found = slots.into_iter().find(|&slot| view.usable(table.owners[slot] as usize))?;
        if hash.is_none() && !is_alone(view) {
            self.cursor.store(found as u64 + 1, Relaxed);
        }
        notes.add(|decision| {
            decision.rule = Some(match hash {
                None => Rule::NoKey,
                Some(_) if found == start => Rule::Slot,
                Some(_) => Rule::NextOwner,
            });
            decision.fact(Quantity::Slot, Value::Count(found as u64));
        });
        Some(table.owners[found] as usize)
    }
}

impl Balancer for Map {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let takes_part = |index: usize| in_service(&view.members[index], view.panic);
        if self.everybody.is_of(takes_part) {
            return self.choose(&self.everybody, view, notes);
        }
        let mut reduced = self.reduced.lock().unwrap_or_else(PoisonError::into_inner);
        if !reduced.is_of(takes_part) {
            reduced.fill(&self.weights, takes_part);
        }
        self.choose(&reduced, view, notes)
    }

    fn picture(&self) -> Picture<'_> {
        Picture::Table { owners: (&self.everybody.owners).into() }
    }
}

#[derive(Debug, Default, Clone)]
struct Table {
    owners: Vec<u32>,
    /// Who took part, and how far each was ahead when the table was full.
    taking_part: Vec<bool>,
    ahead: Vec<u32>,
}

impl Table {
    fn is_of(&self, takes_part: impl Fn(usize) -> bool) -> bool {
        self.taking_part
            .iter()
            .enumerate()
            .all(|(index, &took_part)| takes_part(index) == took_part)
    }

    /// Keeps its memory, because a pick may not allocate.
    fn fill(&mut self, weights: &[u32], takes_part: impl Fn(usize) -> bool) {
        let Self { owners, taking_part, ahead } = self;
        taking_part.clear();
        taking_part.extend((0..weights.len()).map(|index| weights[index] > 0 && takes_part(index)));
        ahead.clear();
        ahead.resize(weights.len(), 0);
        let counts = || (0..weights.len()).filter(|&index| taking_part[index]);
        let size: u32 = counts().map(|index| weights[index]).sum();
        owners.clear();
        owners.extend((0..size).map(|_| {
            let mut best: Option<(u32, usize)> = None;
            for index in counts() {
                ahead[index] = ahead[index].wrapping_add(weights[index]);
                let sizes = ahead[index].wrapping_add(size) / size;
                if best.is_none_or(|(most, _)| sizes > most) {
                    best = Some((sizes, index));
                }
            }
            let (_, best) = best.expect("a table of some size has somebody in it");
            ahead[best] = ahead[best].wrapping_sub(size);
            best as u32
        }));
    }
}

/// The weights divided by what all of them, those at rest included, have in common.
fn lowest_terms(members: &[Member]) -> Vec<u32> {
    let weights = || members.iter().map(|member| member.weight.min(WEIGHT_MAX));
    let divisor = weights().fold(0, common_divisor).max(1);
    weights().map(|weight| weight / divisor).collect()
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::haproxy::HashFunction;
    use crate::balance::member::Health;
    use crate::balance::{Request, Tried};

    fn members(weights: &[u32]) -> Vec<Member> {
        let member = |(index, &weight)| Member::new(&format!("m{index}"), index, weight);
        weights.iter().enumerate().map(member).collect()
    }

    fn picks(
        balancer: &dyn Balancer,
        members: &[Member],
        request: &Request<'_>,
        count: usize,
    ) -> String {
        let view = View::new(members, request);
        let pick = |_| balancer.pick(&view, &mut Dice::new(1), &mut Notes::off());
        let letter =
            |place: Option<usize>| place.map_or('-', |place| char::from(b'a' + place as u8));
        (0..count).map(|count| letter(pick(count))).collect()
    }

    fn balancer(members: &[Member]) -> Box<dyn Balancer> {
        let hashing = Hashing { function: HashFunction::Sdbm, avalanche: false };
        build(hashing, members, &Origin::default())
    }

    #[test]
    fn without_keys_it_is_static_rr_of_the_real_program() {
        for (weights, expected) in
            [(&[3, 2, 1][..], "aababcaababc"), (&[50, 0, 50], "acacac"), (&[0], "--")]
        {
            let members = members(weights);
            let picked = picks(&*balancer(&members), &members, &Request::default(), expected.len());
            assert_eq!(picked, expected);
        }
    }

    #[test]
    fn a_server_that_returns_has_its_keys_back() {
        let members = members(&[3, 2, 1]);
        let balancer = balancer(&members);
        let names: Vec<String> = (0..200).map(|number| format!("key-{number}")).collect();
        let all = || -> String {
            names
                .iter()
                .map(|name| picks(&*balancer, &members, &Request::keyed(name.as_bytes()), 1))
                .collect()
        };
        let before = all();
        members[1].standing.set(Health::Down, 0);
        assert!(!all().contains('b'));
        members[1].standing.set(Health::Up, 0);
        assert_eq!(all(), before);
    }

    #[test]
    fn a_retry_goes_to_somebody_else() {
        let members = members(&[1, 1, 1]);
        let balancer = balancer(&members);
        let mut request = Request::keyed(b"user-1");
        let mut seen = String::new();
        for _ in 0..3 {
            let picked = picks(&*balancer, &members, &request, 1);
            request.tried.add(u32::from(picked.as_bytes()[0] - b'a'));
            seen += &picked;
        }
        let mut letters: Vec<char> = seen.chars().collect();
        letters.sort_unstable();
        assert_eq!(letters, ['a', 'b', 'c'], "{}", Tried::MAX);
    }
}
