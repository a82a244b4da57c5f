//! Maglev: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Maglev {
    pub dialect: Dialect,
    pub slots: u32,
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
    const ABOUT: About =
        About { name: "maglev", title: "Maglev", summary: "", weights: "", text: "", keyed: true };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
