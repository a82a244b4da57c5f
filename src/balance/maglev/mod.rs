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

mod fill;
mod table;

use serde::{Deserialize, Serialize};

use self::table::Table;
use super::bounded::Bound;
use super::member::Member;
use super::{About, Balancer, Origin, Recipe, Setting};

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
        settings: &[
            Setting::word("dialect", "whose table: envoy or katran"),
            Setting::number(
                "slots",
                2.0,
                5_000_011.0,
                "the table's size, a prime; anything else is raised to the next one",
            ),
            Setting::number(
                "load_bound",
                1.0,
                100.0,
                "the most a server may carry, as a multiple of the average; 1.25 is a good value",
            ),
        ],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        let slots = next_prime(self.slots.clamp(2, SLOTS_MAX));
        let (owners, bound) = match self.dialect {
            Dialect::Envoy => (fill::envoy(members, slots), self.load_bound.map(Bound::Jump)),
            Dialect::Katran => (fill::katran(members, slots), self.load_bound.map(Bound::Walk)),
        };
        Box::new(Table::new(owners, bound.unwrap_or(Bound::None)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::{Notes, Request, View};
    use crate::dice::Dice;

    #[test]
    fn any_number_of_slots_works() {
        assert_eq!([1, 7, 8, 65_537, 65_538].map(next_prime), [1, 7, 11, 65_537, 65_539]);
        assert_eq!(next_prime(SLOTS_MAX), SLOTS_MAX);
        let members = (0..5).map(|index| Member::new("m", index, 1)).collect::<Vec<_>>();
        let request = Request::keyed(b"k");
        for slots in [0, 1, 4, u32::MAX] {
            let settings = Maglev { slots, ..Maglev::default() };
            let balancer = settings.build(&members, &Origin::default());
            let view = View::new(&members, &request);
            assert!(balancer.pick(&view, &mut Dice::new(1), &mut Notes::off()).is_some());
        }
    }
}
