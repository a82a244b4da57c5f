//! Jump hash: no table, no ring, five lines of arithmetic.
//!
//! Lamping and Veach, "A fast, minimal memory, consistent hash algorithm", arXiv 1406.2294. Think of the pool
//! as growing server by server: with each one, a key moves to the newcomer with probability 1/n. A generator
//! seeded by the key says at which sizes it moves; only those are visited, about ln n of them. Shares are
//! as even as chance allows, and a server added or removed at the end moves only what must move. But
//! servers are numbers: taking one out of the middle renumbers the rest, and half of all keys move.
//!
//! A server that cannot be used keeps its number; its keys are hashed again, and so are spread over all others.

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::key;
use super::member::Member;
use super::view::View;
use super::{About, Balancer, Origin, Recipe};
use crate::dice::{Dice, mix};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jump {}

impl Recipe for Jump {
    const ABOUT: About = About {
        name: "jump",
        title: "Jump",
        summary: "arithmetic on the key alone; servers may only come and go at the end",
        weights: "ignored, except that 0 drains",
        text: "The key seeds a little generator that jumps from server number to server number and stops at \
               the last one that exists. It needs no memory and spreads keys evenly. Adding or removing \
               the last server moves as little as possible; removing one from the middle changes the \
               numbers of all that follow, and about half of all keys move.",
        keyed: true,
        settings: &[],
    };

    fn build(&self, _members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Jumper)
    }
}

struct Jumper;

impl Balancer for Jumper {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let buckets = u32::try_from(view.members.len()).ok().filter(|&buckets| buckets > 0)?;
        let hash = key::position(view, key::hash, dice, notes);
        let bucket = jump(hash, buckets) as usize;
        if view.usable(bucket) {
            note(notes, Rule::Slot, 0, bucket);
            return Some(bucket);
        }
        let again = (1..ATTEMPTS).find_map(|attempt| {
            let bucket = jump(mix(hash.wrapping_add(attempt)), buckets) as usize;
            view.usable(bucket).then_some((attempt, bucket))
        });
        let Some((attempt, bucket)) = again else {
            notes.add(|decision| decision.rule = Some(Rule::NextOwner));
            return key::any_usable(view, hash);
        };
        note(notes, Rule::NextOwner, attempt, bucket);
        Some(bucket)
    }
}

fn note(notes: &mut Notes, rule: Rule, attempt: u64, bucket: usize) {
    notes.add(|decision| {
        decision.rule.get_or_insert(rule);
        decision.fact(Quantity::Slot, Value::Count(bucket as u64));
        decision.fact(Quantity::Attempt, Value::Count(attempt + 1));
    });
}

/// The paper's loop in whole numbers, which is twice as fast: from one jump to the next it takes a
/// multiplication, where fractions take a conversion there, a multiplication and a conversion back. A pick
/// among a hundred servers takes 20 ns instead of 26, among a thousand 25 instead of 43.
///
/// A quotient has 39 bits after the point, and none needs to be larger than the largest pool. What the bits leave
/// out and what the paper's own fractions round up are together less than 2^-26 of a server. So both
/// agree, except where a product ends that close below a whole number; then the paper's loop itself is asked.
fn jump(key: u64, buckets: u32) -> u32 {
    if buckets > QUICK_BUCKETS_MAX {
        return jump_as_published(key, buckets);
    }
    let (mut seed, mut bucket, mut next) = (key, 0, 0);
    while next < u64::from(buckets) {
        bucket = next;
        seed = next_seed(seed);
        // Signed, because processors turn a fraction into a signed number in one step.
        let stretch = (TWO_TO_70 / divisor(seed)).min(TWO_TO_51) as i64 as u64;
        let product = (bucket + 1) * stretch;
        if product & UNCERTAIN == UNCERTAIN {
            return jump_as_published(key, buckets);
        }
        next = product >> 39;
    }
    bucket as u32
}

/// The largest product, `2^31 · 2^31`, fits.
#[cold]
#[inline(never)]
fn jump_as_published(mut seed: u64, buckets: u32) -> u32 {
    let (mut bucket, mut next) = (0, 0_i64);
    while next < i64::from(buckets) {
        bucket = next;
        seed = next_seed(seed);
        next = ((bucket + 1) as f64 * (TWO_TO_31 / divisor(seed))) as i64;
    }
    bucket as u32
}

fn next_seed(seed: u64) -> u64 {
    seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1)
}

fn divisor(seed: u64) -> f64 {
    (i64::from((seed >> 33) as u32) + 1) as f64
}

const TWO_TO_31: f64 = (1_u64 << 31) as f64;
const TWO_TO_70: f64 = TWO_TO_31 * (1_u64 << 39) as f64;
/// The largest pool, with 39 bits after the point.
const TWO_TO_51: f64 = (1_u64 << 51) as f64;
/// A product of a bucket and a quotient then fits into 64 bits.
const QUICK_BUCKETS_MAX: u32 = 1 << 12;
/// The first 26 of 39 bits after the point: all ones in the last 2^-26 before a whole number.
const UNCERTAIN: u64 = ((1 << 26) - 1) << 13;
const ATTEMPTS: u64 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    #[test]
    fn buckets_are_the_ones_other_languages_find() {
        // The golden values of Guava's HashingTest, which the C++ original shares.
        let golden = [0, 55, 62, 8, 45, 59, 86, 97, 82, 59, 73, 37, 17, 56, 86, 21, 90, 37, 38, 83];
        let found: Vec<u32> = (0..20).map(|key| jump(key, 100)).collect();
        assert_eq!(found, golden);
        for (key, buckets, bucket) in [
            (10_863_919_174_838_991, 11, 6),
            (2_016_238_256_797_177_309, 11, 3),
            (1_673_758_223_894_951_030, 11, 5),
            (2, 100_001, 80_343),
            (2_201, 100_001, 22_152),
            (2_202, 100_001, 15_018),
        ] {
            assert_eq!(jump(key, buckets), bucket, "{key} over {buckets}");
        }
    }

    #[test]
    fn whole_numbers_lead_where_fractions_do() {
        let mut dice = Dice::new(23);
        for _ in 0..300_000 {
            let (key, buckets) = (dice.roll(), dice.below(u64::from(QUICK_BUCKETS_MAX)) as u32 + 1);
            assert_eq!(jump(key, buckets), jump_as_published(key, buckets), "{key} over {buckets}");
        }
        // The seed after this one is 0: the quotient is as large as it can be.
        let inverse = 2_862_933_555_777_941_757_u64;
        let key = (0..6).fold(inverse, |inverse, _| {
            inverse.wrapping_mul(
                2_u64.wrapping_sub(2_862_933_555_777_941_757_u64.wrapping_mul(inverse)),
            )
        });
        assert_eq!(next_seed(key.wrapping_neg()), 0);
        assert_eq!(jump(key.wrapping_neg(), 9), jump_as_published(key.wrapping_neg(), 9));
    }

    #[test]
    fn one_more_server_takes_keys_and_moves_none_between_the_others() {
        let mut dice = Dice::new(11);
        let keys: Vec<u64> = (0..50_000).map(|_| dice.roll()).collect();
        let moved = keys.iter().filter(|&&key| jump(key, 10) != jump(key, 11)).count();
        assert!(keys.iter().all(|&key| jump(key, 11) == jump(key, 10) || jump(key, 11) == 10));
        assert!((4_000..5_100).contains(&moved), "{moved} of 50000, where a eleventh is 4545");
    }

    #[test]
    fn the_keys_of_an_unusable_server_are_spread_over_all_others() {
        let mut members: Vec<Member> = (0..5).map(|index| Member::new("m", index, 1)).collect();
        let owner = |members: &[Member], key: u32| {
            let bytes = key.to_le_bytes();
            let request = Request::keyed(&bytes);
            let view = View::new(members, &request);
            Jumper.pick(&view, &mut Dice::new(0), &mut Notes::off()).unwrap()
        };
        let before: Vec<usize> = (0..20_000).map(|key| owner(&members, key)).collect();
        members[1].drained = true;
        let mut taken = [0; 5];
        for (key, &old) in (0..).zip(&before) {
            let new = owner(&members, key);
            assert!(old == 1 || old == new);
            taken[new] += usize::from(old == 1);
        }
        assert!(
            [0, 2, 3, 4].iter().all(|&index| (850..1_150).contains(&taken[index])),
            "{taken:?}"
        );
    }
}
