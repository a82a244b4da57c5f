//! Rendezvous hashing: every server bids for the key, and the highest bid wins.
//!
//! Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 1998; weights by
//! Schindelhauer and Schomaker, "Weighted distributed hash tables", SPAA 2005: with `u` the pair's hash as a
//! number between 0 and 1, the bid is `-weight / ln u`. Shares are exactly the weights', and a change of
//! servers or weights moves only the keys that must move.
//!
//! The hash of a pair has to be a real one: key and name simply run together through FNV-1a give some of ten
//! servers five times their share. Here both hashes are mixed until every bit counts.
//!
//! Among servers of one weight the highest bid is the highest hash, so a logarithm is taken once for each
//! distinct weight, and none if all weights are equal.

use serde::{Deserialize, Serialize};

use super::bounded::Bound;
use super::decision::{Notes, Quantity, Rule, Value};
use super::key;
use super::member::Member;
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::{Dice, mix};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rendezvous {
    /// The most a server may carry, as a multiple of the average: 1.25 is a good value.
    pub load_bound: Option<f64>,
}

impl Recipe for Rendezvous {
    const ABOUT: About = About {
        name: "rendezvous",
        title: "Rendezvous",
        summary: "every server bids for the key; exact shares, and no key moves without need",
        weights: "exact shares; a changed weight moves only the keys that must move",
        text: "For every request each server's name is hashed together with the key, and the highest \
               result wins. There is no table and no ring: a server that leaves takes only its own keys \
               with it, each to its second choice. The price is a look at every server for every request.",
        keyed: true,
        settings: &[Setting::number(
            "load_bound",
            1.0,
            100.0,
            "the most a server may carry, as a multiple of the average; 1.25 is a good value",
        )],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Auction {
            classes: classes(members),
            bound: self.load_bound.map_or(Bound::None, Bound::Walk),
        })
    }
}

struct Auction {
    classes: Vec<Class>,
    bound: Bound,
}

/// Servers of one weight.
struct Class {
    weight: f64,
    bidders: Vec<Bidder>,
}

struct Bidder {
    seed: u64,
    index: u32,
}

fn classes(members: &[Member]) -> Vec<Class> {
    let mut weights: Vec<u32> = members.iter().map(|member| member.weight).collect();
    weights.sort_unstable();
    weights.dedup();
    let bidders = |weight| {
        let of_weight = move |(_, member): &(usize, &Member)| member.weight == weight;
        members.iter().enumerate().filter(of_weight).map(|(index, member)| Bidder {
            seed: key::hash(member.name.as_bytes()),
            index: index as u32,
        })
    };
    weights
        .into_iter()
        .filter(|&weight| weight > 0)
        .map(|weight| Class { weight: f64::from(weight), bidders: bidders(weight).collect() })
        .collect()
}

impl Class {
    /// The highest hash among the usable, and whose it is.
    #[inline]
    fn highest(&self, view: &View<'_>, key: u64) -> Option<(u64, u32)> {
        let mut highest = None;
        for &Bidder { seed, index } in &self.bidders {
            let hash = mix(key ^ seed);
            // Whether it is usable is the dearer question, so it comes second.
            if highest.is_none_or(|(best, _)| hash > best) && view.usable(index as usize) {
                highest = Some((hash, index));
            }
        }
        highest
    }
}

impl Auction {
    #[inline]
    fn choose(&self, view: &View<'_>, key: u64, notes: &mut Notes) -> Option<usize> {
        let winner = match self.classes.as_slice() {
            [class] => class.highest(view, key).map(|(_, index)| index),
            classes => highest_bid(classes, view, key),
        };
        self.note(view, key, notes);
        winner.map(|index| index as usize)
    }

    fn note(&self, view: &View<'_>, key: u64, notes: &mut Notes) {
        notes.add(|decision| {
            decision.rule.get_or_insert(Rule::Most(Quantity::Score));
            for class in &self.classes {
                for &Bidder { seed, index } in &class.bidders {
                    let score = bid(class.weight, mix(key ^ seed));
                    decision.saw(view, index as usize, Quantity::Score, Value::Real(score));
                }
            }
        });
    }
}

impl Balancer for Auction {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let key = key::position(view, key::hash, dice, notes);
        self.bound.pick(view, key, notes, |view, notes| self.choose(view, key, notes))
    }
}

fn highest_bid(classes: &[Class], view: &View<'_>, key: u64) -> Option<u32> {
    let mut winner: Option<(f64, u32)> = None;
    for class in classes {
        if let Some((hash, index)) = class.highest(view, key) {
            let bid = bid(class.weight, hash);
            if winner.is_none_or(|(best, _)| bid > best) {
                winner = Some((bid, index));
            }
        }
    }
    winner.map(|(_, index)| index)
}

fn bid(weight: f64, hash: u64) -> f64 {
    // The middle of one of 2^52 steps: never 0, whose logarithm is endless, and never 1, whose logarithm is 0.
    let between_zero_and_one = ((hash >> 12) as f64 + 0.5) * STEP;
    -weight / libm::log(between_zero_and_one)
}

const STEP: f64 = 1.0 / (1_u64 << 52) as f64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    fn owners(members: &[Member], keys: u32) -> Vec<usize> {
        let auction = Rendezvous::default().build(members, &Origin::default());
        let owner = |key: u32| {
            let bytes = key.to_le_bytes();
            let request = Request::keyed(&bytes);
            let view = View::new(members, &request);
            auction.pick(&view, &mut Dice::new(0), &mut Notes::off()).unwrap()
        };
        (0..keys).map(owner).collect()
    }

    fn pool(weights: &[u32]) -> Vec<Member> {
        // Names that differ in the last character only are what weak hashes fail on.
        let member = |(index, &weight)| Member::new(&format!("s{index}"), index, weight);
        weights.iter().enumerate().map(member).collect()
    }

    #[test]
    fn bids_are_finite_and_positive_at_both_ends() {
        for hash in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let bid = bid(1.0, hash);
            assert!(bid.is_finite() && bid > 0.0, "{hash}: {bid}");
        }
    }

    #[test]
    fn shares_are_the_weights() {
        let members = pool(&[1, 2, 3, 4, 0, 4]);
        let keys = 140_000;
        let owners = owners(&members, keys);
        for (index, member) in members.iter().enumerate() {
            let share = f64::from(member.weight) / 14.0;
            let expected = f64::from(keys) * share;
            let count = owners.iter().filter(|&&owner| owner == index).count() as f64;
            let four_sigma = 4.0 * (expected * (1.0 - share)).sqrt();
            assert!((count - expected).abs() <= four_sigma, "{}: {count}", member.name);
        }
    }

    #[test]
    fn a_removed_or_lighter_server_gives_up_its_own_keys_only() {
        let members = pool(&[1, 2, 3, 4, 5]);
        let before = owners(&members, 20_000);
        let mut changed = members.clone();
        changed[3].drained = true;
        let removed = owners(&changed, 20_000);
        changed[3].drained = false;
        changed[3].weight = 1;
        let lighter = owners(&changed, 20_000);
        for after in [removed, lighter] {
            let moved = before.iter().zip(&after).filter(|(old, new)| old != new);
            assert!(moved.clone().count() > 0);
            assert!(moved.clone().all(|(old, _)| *old == 3));
        }
    }

    #[test]
    fn one_logarithm_for_each_weight_finds_what_all_bids_find() {
        let members = pool(&[5, 1, 5, 2, 1, 9]);
        let classes = classes(&members);
        let request = Request::default();
        let view = View::new(&members, &request);
        let mut dice = Dice::new(9);
        for _ in 0..5_000 {
            let key = dice.roll();
            let all = members.iter().map(|member| {
                bid(f64::from(member.weight), mix(key ^ key::hash(member.name.as_bytes())))
            });
            let best = all.enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other));
            assert_eq!(highest_bid(&classes, &view, key), best.map(|(index, _)| index as u32));
        }
    }
}
