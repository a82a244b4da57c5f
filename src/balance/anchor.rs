//! AnchorHash: any server may leave and return, and only its own keys move.
//!
//! Mendelson, Vargaftik, Barabash, Lorenz, Keslassy and Orda, "AnchorHash: A scalable consistent hash", IEEE/ACM
//! Transactions on Networking 2021 (arXiv 1812.09674). There are more buckets than servers, all of them once at
//! work; those not in use count as removed, one after the other. A removed bucket remembers how many worked
//! after it went (`A`) and who took its place (`K`). A key falls into one of all buckets and, while that
//! one is removed, is hashed again among those that worked then: `1 + ln(buckets / servers)` hashes
//! or fewer are expected, whichever servers left.
//!
//! The paper's arrays are here under names: `A` after, `W` working, `L` places, `K` successors.
//!
//! A pool is a list, not a history, so a server's bucket is its number that stays with it (`Member::id`), and
//! buckets without a server are removed from the highest down. So the last to come or go moves the fewest keys
//! possible, and so does one that leaves the middle of a full row; of several that left the middle, the order
//! of return matters in the paper and is forgotten here.

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::key;
use super::member::Member;
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::{Dice, mix};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchor {
    /// How many servers the pool may grow to before keys have to be laid out anew.
    pub capacity: u32,
}

impl Default for Anchor {
    fn default() -> Self {
        Self { capacity: 256 }
    }
}

impl Recipe for Anchor {
    const ABOUT: About = About {
        name: "anchor",
        title: "Anchor",
        summary: "spare buckets in advance; any server may leave, and only its own keys move",
        weights: "ignored, except that 0 drains",
        text: "There are more buckets than servers. A key falls into one of them; if no server works there, \
               the bucket knows who was left when it closed, and the key is hashed again among those. A \
               server may leave from any place without disturbing the others, for a few bytes a bucket.",
        keyed: true,
        settings: &[Setting::number(
            "capacity",
            1.0,
            1_000_000.0,
            "how many servers the pool may grow to before keys are laid out anew",
        )],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        let buckets = buckets_of(members);
        let highest = buckets.iter().max().map_or(0, |&bucket| bucket + 1);
        let mut anchors = Anchors::new(highest.max(self.capacity.clamp(1, CAPACITY_MAX)));
        let mut owners = vec![None; anchors.after.len()];
        for (index, (member, &bucket)) in members.iter().zip(&buckets).enumerate() {
            owners[bucket as usize] = (member.weight > 0).then_some(index as u32);
        }
        for bucket in (0..owners.len()).rev().filter(|&bucket| owners[bucket].is_none()) {
            anchors.remove(bucket as u32);
        }
        let owners = owners.into_iter().map(|owner| owner.unwrap_or(0)).collect();
        Box::new(Anchored { anchors, owners })
    }
}

/// Each member's bucket: its id, which stays with it, counted from 1; its place where ids cannot serve.
fn buckets_of(members: &[Member]) -> Vec<u32> {
    let mut ids: Vec<u32> = members.iter().map(|member| member.id).collect();
    ids.sort_unstable();
    let distinct = ids.windows(2).all(|pair| pair[0] < pair[1]);
    let within =
        ids.first().is_none_or(|&id| id > 0) && ids.last().is_none_or(|&id| id <= CAPACITY_MAX);
    if distinct && within {
        members.iter().map(|member| member.id - 1).collect()
    } else {
        (0..members.len() as u32).collect()
    }
}

struct Anchored {
    anchors: Anchors,
    /// The member at each working bucket.
    owners: Vec<u32>,
}

impl Anchored {
    fn owner(&self, bucket: u32) -> usize {
        self.owners[bucket as usize] as usize
    }
}

impl Balancer for Anchored {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let hash = key::position(view, key::hash, dice, notes);
        let bucket = self.anchors.bucket(hash)?;
        // A bucket whose server cannot be used now is treated like one that has just been removed: the key
        // is hashed again among those at work.
        let again = (1..ATTEMPTS).map(|attempt| {
            let hash = mix(rehash(hash, bucket).wrapping_add(attempt));
            self.anchors.working_bucket(hash)
        });
        let found = std::iter::once(bucket)
            .chain(again)
            .enumerate()
            .find(|&(_, bucket)| view.usable(self.owner(bucket)));
        notes.add(|decision| {
            let first = found.is_some_and(|(attempt, _)| attempt == 0);
            decision.rule.get_or_insert(if first { Rule::Slot } else { Rule::NextOwner });
            if let Some((attempt, bucket)) = found {
                decision.fact(Quantity::Attempt, Value::Count(attempt as u64 + 1));
                decision.fact(Quantity::Slot, Value::Count(u64::from(bucket)));
            }
        });
        found.map(|(_, bucket)| self.owner(bucket)).or_else(|| key::any_usable(view, hash))
    }
}

struct Anchors {
    /// `A`: how many worked once this bucket had been removed; 0 for one at work.
    after: Vec<u32>,
    /// `K`: who took the place of a removed bucket; a bucket at work is its own.
    successors: Vec<u32>,
    /// `W`: the buckets at work, in the first `count` places.
    working: Vec<u32>,
    /// `L`: where in `working` each bucket stands.
    places: Vec<u32>,
    count: u32,
}

impl Anchors {
    /// With every bucket at work.
    fn new(capacity: u32) -> Self {
        let each: Vec<u32> = (0..capacity).collect();
        Self {
            after: vec![0; capacity as usize],
            successors: each.clone(),
            working: each.clone(),
            places: each,
            count: capacity,
        }
    }

    fn remove(&mut self, bucket: u32) {
        self.count -= 1;
        let place = self.places[bucket as usize];
        let last = self.working[self.count as usize];
        self.after[bucket as usize] = self.count;
        self.working[place as usize] = last;
        self.successors[bucket as usize] = last;
        self.places[last as usize] = place;
    }

    #[inline]
    fn bucket(&self, hash: u64) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        let mut bucket = key::scale(hash, self.after.len() as u64) as u32;
        while self.after[bucket as usize] > 0 {
            let worked = self.after[bucket as usize];
            bucket = key::scale(rehash(hash, bucket), u64::from(worked)) as u32;
            // Who stood at that number when the first bucket went, as it saw the others.
            while self.after[bucket as usize] >= worked {
                bucket = self.successors[bucket as usize];
            }
        }
        Some(bucket)
    }

    fn working_bucket(&self, hash: u64) -> u32 {
        self.working[key::scale(hash, u64::from(self.count)) as usize]
    }
}

/// A hash of the key for each bucket, independent of those for the others.
fn rehash(hash: u64, bucket: u32) -> u64 {
    mix(hash ^ mix(u64::from(bucket) + 1))
}

const CAPACITY_MAX: u32 = 65_536;
const ATTEMPTS: u64 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    impl Anchors {
        /// Puts back the bucket that was removed last.
        fn add(&mut self, bucket: u32) {
            let last = self.working[self.count as usize];
            self.after[bucket as usize] = 0;
            self.places[last as usize] = self.count;
            self.working[self.places[bucket as usize] as usize] = bucket;
            self.successors[bucket as usize] = bucket;
            self.count += 1;
        }

        fn holding(capacity: u32, count: u32) -> Self {
            let mut anchors = Self::new(capacity);
            (count..capacity).rev().for_each(|bucket| anchors.remove(bucket));
            anchors
        }

        fn map(&self, keys: &[u64]) -> Vec<u32> {
            keys.iter().map(|&key| self.bucket(key).unwrap()).collect()
        }
    }

    fn keys(count: usize) -> Vec<u64> {
        let mut dice = Dice::new(17);
        (0..count).map(|_| dice.roll()).collect()
    }

    #[test]
    fn any_order_of_removals_moves_the_keys_of_the_removed_only() {
        let keys = keys(20_000);
        let mut anchors = Anchors::holding(40, 20);
        let mut before = anchors.map(&keys);
        for bucket in [3, 19, 0, 7, 11, 12, 1] {
            anchors.remove(bucket);
            let after = anchors.map(&keys);
            for (old, new) in before.iter().zip(&after) {
                assert!(if *old == bucket { *new != bucket } else { old == new });
            }
            before = after;
        }
    }

    #[test]
    fn putting_back_the_last_removed_first_restores_every_map() {
        let keys = keys(5_000);
        let mut anchors = Anchors::holding(64, 9);
        let mut maps = Vec::new();
        let removed = [4, 0, 8, 2, 7];
        for bucket in removed {
            maps.push(anchors.map(&keys));
            anchors.remove(bucket);
        }
        for bucket in removed.into_iter().rev() {
            anchors.add(bucket);
            assert_eq!(Some(anchors.map(&keys)), maps.pop());
        }
    }

    #[test]
    fn keys_stay_even_after_removals_in_any_order() {
        let keys = keys(60_000);
        let mut anchors = Anchors::holding(100, 10);
        for bucket in [2, 9, 5, 0] {
            anchors.remove(bucket);
        }
        let map = anchors.map(&keys);
        for bucket in [1, 3, 4, 6, 7, 8] {
            let count = map.iter().filter(|&&found| found == bucket).count() as f64;
            // Four standard deviations of a sixth of the keys.
            let four_sigma = 4.0 * (60_000.0_f64 / 6.0 * 5.0 / 6.0).sqrt();
            assert!((count - 10_000.0).abs() < four_sigma, "bucket {bucket}: {count}");
        }
    }

    #[test]
    fn the_number_of_hashes_is_within_the_papers_bound() {
        let anchors = Anchors::holding(1_000, 100);
        let keys = keys(20_000);
        let hashes = |&hash: &u64| {
            let mut bucket = key::scale(hash, 1_000) as u32;
            let mut hashes = 1;
            while anchors.after[bucket as usize] > 0 {
                let worked = anchors.after[bucket as usize];
                bucket = key::scale(rehash(hash, bucket), u64::from(worked)) as u32;
                while anchors.after[bucket as usize] >= worked {
                    bucket = anchors.successors[bucket as usize];
                }
                hashes += 1;
            }
            hashes
        };
        let mean = keys.iter().map(hashes).sum::<u32>() as f64 / keys.len() as f64;
        // The standard deviation of one key's count is about sqrt(ln 10): 0.011 of the mean of 20000.
        assert!(mean <= 1.0 + libm::log(10.0) + 0.05, "{mean}");
    }

    #[test]
    fn a_server_that_leaves_the_middle_takes_only_its_own_keys() {
        let members: Vec<Member> = (0..6).map(|index| Member::new("m", index, 1)).collect();
        let map = |members: &[Member]| -> Vec<u32> {
            let anchored = Anchor::default().build(members, &Origin::default());
            let id = |key: u32| {
                let bytes = key.to_le_bytes();
                let request = Request::keyed(&bytes);
                let view = View::new(members, &request);
                let index = anchored.pick(&view, &mut Dice::new(0), &mut Notes::off());
                members[index.unwrap()].id
            };
            (0..10_000).map(id).collect()
        };
        let before = map(&members);
        let without: Vec<Member> =
            members.iter().filter(|member| member.id != 3).cloned().collect();
        let mut drained = members.clone();
        drained[2].weight = 0;
        assert_eq!(map(&without), map(&drained));
        for (old, new) in before.iter().zip(map(&without)) {
            assert!(if *old == 3 { new != 3 } else { *old == new });
        }
        assert_eq!(map(&members), before);
    }
}
