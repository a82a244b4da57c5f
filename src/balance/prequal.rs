//! Prequal: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prequal {}

impl Recipe for Prequal {
    const ABOUT: About = About {
        name: "prequal",
        title: "Prequal",
        summary: "",
        weights: "",
        text: "",
        keyed: false,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
