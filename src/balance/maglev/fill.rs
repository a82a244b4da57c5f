//! How servers claim the slots of a table in turn, as Envoy and as Katran give them their turns.

use super::super::member::Member;
use crate::hash::{murmur3_pair, xxh64};

pub(super) fn envoy(members: &[Member], slots: u32) -> Vec<u32> {
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

pub(super) fn katran(members: &[Member], slots: u32) -> Vec<u32> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
