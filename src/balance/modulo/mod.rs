//! Modulo: the key's hash, divided by the sum of weights; the remainder is the server's place.
//!
//! The oldest way to keep a key on a server, and the one whose price is a change: with one more server nearly
//! every key moves (n/(n+1) of them), where 1/(n+1) would do. Programs differ in the hash, in how weights become
//! places, and in what happens to the keys of a server that is out.

mod haproxy;
mod intervals;
mod nginx;

use serde::{Deserialize, Serialize};

pub(super) use self::intervals::Intervals;
use super::haproxy::{HashFunction, Hashing};
use super::member::Member;
use super::{About, Balancer, Origin, Recipe, Setting};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Modulo {
    pub dialect: Dialect,
    /// `HAProxy`'s hash of the key.
    pub hash: HashFunction,
    /// Whether `HAProxy` spreads the hash out once more.
    pub avalanche: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    #[default]
    Nginx,
    Haproxy,
}

impl Recipe for Modulo {
    const ABOUT: About = About {
        name: "modulo",
        title: "Modulo",
        summary: "the key's hash modulo the sum of weights; nearly all keys move when servers change",
        weights: "a server owns as many remainders as its weight",
        text: "The request's key is hashed to a number, the number is divided by the sum of weights, and the \
               remainder says which server. Simple and even, and a key stays where it is as long as nothing \
               changes. But when a server joins or leaves, the divisor changes and nearly every key \
               lands elsewhere: put it beside the ring and add a server.",
        keyed: true,
        settings: &[
            Setting::word("dialect", "whose map: nginx or haproxy"),
            Setting::word("hash", "HAProxy's hash of the key: sdbm, djb2, wt6, crc32 or source"),
            Setting::word("avalanche", "whether HAProxy spreads the hash out once more"),
        ],
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        match self.dialect {
            Dialect::Nginx => nginx::build(members),
            Dialect::Haproxy => {
                let hashing = Hashing { function: self.hash, avalanche: self.avalanche };
                haproxy::build(hashing, members, origin)
            }
        }
    }
}
