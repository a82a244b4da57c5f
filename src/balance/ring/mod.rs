//! Ring: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ring {
    pub dialect: Dialect,
    pub points: Option<u32>,
    pub load_bound: Option<f64>,
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
        Self { dialect: Dialect::Nginx, points: None, load_bound: None }
    }
}

impl Recipe for Ring {
    const ABOUT: About =
        About { name: "ring", title: "Ring", summary: "", weights: "", text: "", keyed: true };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
