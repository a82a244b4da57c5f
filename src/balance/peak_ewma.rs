//! Peak EWMA: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeakEwma {
    pub decay: Period,
    pub seed: Period,
}

impl Default for PeakEwma {
    fn default() -> Self {
        Self { decay: Period::from_secs(10), seed: Period::from_millis(30) }
    }
}

impl Recipe for PeakEwma {
    const ABOUT: About = About {
        name: "peak-ewma",
        title: "Peak EWMA",
        summary: "",
        weights: "",
        text: "",
        keyed: false,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
