//! Rendezvous: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rendezvous {
    pub load_bound: Option<f64>,
}

impl Recipe for Rendezvous {
    const ABOUT: About = About {
        name: "rendezvous",
        title: "Rendezvous",
        summary: "",
        weights: "",
        text: "",
        keyed: true,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
