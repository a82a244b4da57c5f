//! Ring: a key goes to the first server point that follows its hash on a circle.
//!
//! Karger et al., "Consistent hashing and random trees", STOC 1997. Each server owns several points; the
//! more, the evener (the load's deviation falls with the square root of their number). A server that
//! leaves gives up its own arcs and nothing else moves. Programs differ in the hash, the number of points,
//! what is hashed for each, and which point wins; each dialect has a file of its own and is exact. They share
//! `circle.rs`, the points in order with a lookup in constant expected time.
//!
//! ```text
//!        a        key → next point at or after it, round the top if need be
//!    c       b    a point whose server cannot be used is walked past, which finds
//!   b   key→  c   the same server as a ring built without it would
//!      a   a
//! ```

mod circle;
mod envoy;
mod haproxy;
mod ketama;
mod nginx;

use serde::{Deserialize, Serialize};

pub(super) use self::circle::Circle;
use super::bounded::Bound;
use super::decision::{Notes, Quantity, Rule, Value};
use super::haproxy::HashFunction;
use super::key;
use super::member::Member;
use super::picture::Picture;
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ring {
    pub dialect: Dialect,
    /// How many points, counted as the dialect's program counts them: for each unit of weight (NGINX 160,
    /// `HAProxy` 16), for each server at equal weights (ketama 160), or at least in all (Envoy 1024).
    pub points: Option<u32>,
    /// The most a server may carry, as a multiple of the average: 1.25 is a good value.
    pub load_bound: Option<f64>,
    /// `HAProxy`'s hash of the key, in place of sdbm.
    pub hash: Option<HashFunction>,
    /// Whether `HAProxy` spreads the hash out once more: by default if it is not one of those named.
    pub avalanche: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    Nginx,
    Haproxy,
    Envoy,
    Ketama,
}

impl Default for Ring {
    fn default() -> Self {
        let dialect = Dialect::Nginx;
        Self { dialect, points: None, load_bound: None, hash: None, avalanche: None }
    }
}

impl Recipe for Ring {
    const ABOUT: About = About {
        name: "ring",
        title: "Ring",
        summary: "the next point on a circle of hashes; few keys move when servers change",
        weights: "a server has points in proportion to its weight",
        text: "Every server owns many points on a circle. A request's key is hashed to a place on it and \
               goes to the server that owns the next point. When a server leaves, only its own keys move; \
               when one joins, it takes a little from everybody. Arcs differ in length, so shares are \
               uneven by some per cent: more points make them evener. With a load bound, a server that \
               has more than its part of the requests in flight is walked past.",
        keyed: true,
        settings: &[
            Setting::word("dialect", "whose ring: nginx, haproxy, envoy or ketama"),
            Setting::number(
                "points",
                1.0,
                POINTS_MAX as f64,
                "points for each unit of weight (nginx 160, haproxy 16), for each server (ketama 160), or at least in all (envoy 1024)",
            ),
            Setting::number(
                "load_bound",
                1.0,
                100.0,
                "the most a server may carry, as a multiple of the average; 1.25 is a good value",
            ),
            Setting::word("hash", "HAProxy's hash of the key, in place of sdbm"),
            Setting::word("avalanche", "whether HAProxy spreads the hash out once more"),
        ],
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        // A ring without points would have no place for anybody.
        let settings = Self { points: self.points.map(|points| points.max(1)), ..self.clone() };
        match self.dialect {
            Dialect::Nginx => nginx::build(&settings, members, origin),
            Dialect::Haproxy => haproxy::build(&settings, members, origin),
            Dialect::Envoy => envoy::build(&settings, members),
            Dialect::Ketama => ketama::build(&settings, members),
        }
    }
}

/// The most points a ring may have, as in Envoy.
pub const POINTS_MAX: u32 = 8_388_608;

/// A ring on which the first point at or after a key's position decides.
struct Successor {
    circle: Circle,
    /// Where on the circle a key lies.
    locate: fn(&[u8]) -> u64,
    bound: Bound,
}

impl Successor {
    fn walk(&self, view: &View<'_>, position: u64, notes: &mut Notes) -> Option<usize> {
        let Some((steps, place)) = self.circle.find(view, position) else {
            // Servers that are too light for a point of their own are better than none.
            notes.add(|decision| decision.rule = Some(Rule::NextOwner));
            return view.usable_indexes().next();
        };
        let owner = self.circle.owner(place);
        notes.add(|decision| {
            let rule = if steps == 0 { Rule::NextPoint } else { Rule::NextOwner };
            decision.rule.get_or_insert(rule);
            decision.fact(Quantity::Position, Value::Around(position));
            decision.fact(Quantity::Attempt, Value::Count(steps as u64 + 1));
            let point = self.circle.position(place);
            decision.saw(view, owner, Quantity::Position, Value::Around(point));
        });
        Some(owner)
    }
}

impl Balancer for Successor {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let position = key::position(view, self.locate, dice, notes);
        self.bound.pick(view, position, notes, |view, notes| self.walk(view, position, notes))
    }

    fn picture(&self) -> Picture<'_> {
        self.circle.picture()
    }
}
