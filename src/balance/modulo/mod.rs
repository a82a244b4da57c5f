//! Modulo: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Modulo {
    pub dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    Nginx,
    Haproxy,
}

impl Default for Modulo {
    fn default() -> Self {
        Self { dialect: Dialect::Nginx }
    }
}

impl Recipe for Modulo {
    const ABOUT: About =
        About { name: "modulo", title: "Modulo", summary: "", weights: "", text: "", keyed: true };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
