//! Weighted round robin: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weighted {
    pub dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    Smooth,
    Edf,
    Block,
    Haproxy,
}

impl Default for Weighted {
    fn default() -> Self {
        Self { dialect: Dialect::Smooth }
    }
}

impl Recipe for Weighted {
    const ABOUT: About = About {
        name: "weighted",
        title: "Weighted round robin",
        summary: "",
        weights: "",
        text: "",
        keyed: false,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
