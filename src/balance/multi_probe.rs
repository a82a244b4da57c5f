//! Multi-probe: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiProbe {
    pub probes: u32,
    pub load_bound: Option<f64>,
}

impl Default for MultiProbe {
    fn default() -> Self {
        Self { probes: 21, load_bound: None }
    }
}

impl Recipe for MultiProbe {
    const ABOUT: About = About {
        name: "multi-probe",
        title: "Multi-probe",
        summary: "",
        weights: "",
        text: "",
        keyed: true,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
