//! Choose one member for one request.
//!
//! Everything here is pure: no clock, socket or colour. Time, dice and the members' state are
//! arguments, so the same compiled code serves the proxy, the simulator and the pictures, and they
//! cannot disagree.
//!
//! Reading order: [`Member`] (what there is to choose from), [`View`] (what one pick sees), [`Balancer`]
//! (the seam), [`Decision`] (a pick with its reasons), then `round_robin` as the smallest algorithm and any
//! other; `pool` last, which holds what is wrapped around every algorithm.
//!
//! Rules that hold for every algorithm, tested for all of them in `tests/contract.rs`:
//!
//! - A pick is usable (`View::usable`), and there is one exactly if a usable member exists.
//! - Weight 0 drains. Beyond that each algorithm's text says what it does with weights.
//! - A pick is a function of the algorithm's state, the view and the dice. Nothing is asked of the world.
//! - With notes off a pick allocates nothing.
//!
//! How to add an algorithm stands at the end of `mod.rs`.

mod algorithm;
mod bounded;
mod decision;
mod estimate;
mod haproxy;
mod key;
mod latencies;
mod lottery;
mod member;
mod mersenne;
mod picture;
mod remainder;
mod view;
mod wheel;
mod words;

pub mod anchor;
pub mod first;
pub mod health;
pub mod ip_hash;
pub mod jump;
pub mod least_connections;
pub mod least_time;
pub mod maglev;
pub mod modulo;
pub mod multi_probe;
pub mod peak_ewma;
pub mod pool;
pub mod power_of_choices;
pub mod prequal;
pub mod random;
pub mod remap;
pub mod rendezvous;
pub mod ring;
pub mod round_robin;
pub mod weighted;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use algorithm::Algorithm;
pub use decision::{
    Candidate, Decision, Draw, Exclusion, Notes, Quantity, Rule, Seen, Stage, Value,
};
pub use haproxy::HashFunction;
pub use latencies::Latencies;
pub use member::{Health, Load, Member, Sample, Standing};
pub use picture::Picture;
pub use view::{Request, Room, Tried, View};
pub use wheel::Wheel;

use crate::dice::Dice;

/// An algorithm at work. Picks come from several threads at once.
pub trait Balancer: Send + Sync {
    /// The member to send the request to, as an index into `view.members`, or `None` if nobody is usable.
    ///
    /// `view.members` are those it was built with. Whoever picks also raises the member's in-flight count.
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize>;

    /// Told once for every picked request when it has ended and is no longer in flight. Most algorithms
    /// have nothing to learn.
    fn learn(&self, _members: &[Member], _picked: usize, _sample: &Sample) {}

    /// What the algorithm can show of itself.
    fn picture(&self) -> Picture<'_> {
        Picture::Nothing
    }
}

/// The settings of one algorithm, as people write them, and how it is built from them.
pub trait Recipe {
    const ABOUT: About;

    /// The algorithm at work over these members. Only weight and identity matter here; health and load are
    /// looked at when a pick is made.
    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer>;
}

/// What people should know about an algorithm.
#[derive(Debug, PartialEq)]
pub struct About {
    /// As it is typed: `least-connections`.
    pub name: &'static str,
    /// As it stands in a sentence or a menu: `Least connections`.
    pub title: &'static str,
    /// One line for lists, in lower case.
    pub summary: &'static str,
    /// What it does with weights, in lower case.
    pub weights: &'static str,
    /// A paragraph for the window.
    pub text: &'static str,
    /// Whether the request's key decides.
    pub keyed: bool,
    /// Every field of the settings, in their order.
    pub settings: &'static [Setting],
}

impl About {
    /// Whether weights decide more than who drains.
    pub fn heeds_weights(&self) -> bool {
        !self.weights.starts_with("ignored")
    }
}

/// What people should know about one setting of an algorithm.
#[derive(Debug, PartialEq)]
pub struct Setting {
    pub name: &'static str,
    /// What it says, in lower case.
    pub text: &'static str,
    /// The least and the most, if it is a number.
    pub range: Option<(f64, f64)>,
}

impl Setting {
    pub const fn number(name: &'static str, least: f64, most: f64, text: &'static str) -> Self {
        Self { name, text, range: Some((least, most)) }
    }

    pub const fn word(name: &'static str, text: &'static str) -> Self {
        Self { name, text, range: None }
    }
}

/// Where a freshly built algorithm begins.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// How far the pool has counted. Carried from plan to plan, so that dragging a weight does not send
    /// every request to the first member.
    pub cursor: Arc<AtomicU64>,
    /// `HAProxy`'s weighted round robin, carried likewise: there a new weight moves one server and no other.
    pub wheel: Arc<Wheel>,
    /// For algorithms that begin at a random place.
    pub seed: u64,
}

// How to add an algorithm: one file and one line.
//
// 1. Write `balance/my_idea.rs`: the theory with its source in a few lines, the settings struct with its
//    defaults, `impl Recipe` for it (what people should know of it and of each setting, and `build`), the balancer,
//    its tests. `round_robin.rs` is the smallest example, `first.rs` the smallest that looks at load.
// 2. Add its line to the list in `balance/algorithm.rs` (and, as Rust wants it, its `mod` above).
//
// The contract test, the command line, the comparison and the window take it from there. If its reasons need a new
// rule or quantity, `decision.rs` has the lists and `words.rs` their wording.
