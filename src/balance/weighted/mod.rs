//! Weighted round robin: everybody in turn, heavier servers more often.
//!
//! Programs that say "weighted round robin" agree on the shares and on nothing else. What differs is the order
//! within a period of `sum of weights` requests, which is what bursts and idle gaps come from. For
//! weights 5, 1, 1:
//!
//! ```text
//! smooth   a a b a c a a    NGINX: the light ones are spread between the heavy one's turns
//! edf      a a a a b c a    Envoy, Traefik: turns at evenly spaced deadlines
//! block    a a a a a b c    Pingora: all turns of a server in one row
//! haproxy  a a a b a a c    HAProxy: a tree of positions
//! ```

mod block;
mod edf;
mod haproxy;
pub(super) mod smooth;
mod turns;

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe, Setting};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weighted {
    pub dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    #[default]
    Smooth,
    Edf,
    Block,
    Haproxy,
}

impl Recipe for Weighted {
    const ABOUT: About = About {
        name: "weighted",
        title: "Weighted round robin",
        summary: "everybody in turn, heavier servers more often",
        weights: "a server's share of the requests is its share of the weights",
        text: "Like round robin, but a server of weight 3 gets three turns for each turn of a server of \
               weight 1. Programs agree on these shares and differ in the order: NGINX spreads a heavy \
               server's turns out, Envoy and Traefik space them evenly and so bunch them at the start, Pingora \
               gives all of them in one row. Blind to time, like round robin.",
        keyed: false,
        settings: &[Setting::word(
            "dialect",
            "whose order: smooth (NGINX), edf (Envoy, Traefik), block (Pingora) or haproxy",
        )],
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        match self.dialect {
            Dialect::Smooth => smooth::build(members),
            Dialect::Edf => edf::build(members, origin),
            Dialect::Block => block::build(members, origin),
            Dialect::Haproxy => haproxy::build(members, origin),
        }
    }
}
