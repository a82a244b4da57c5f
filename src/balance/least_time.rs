//! Least time: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeastTime {}

impl Recipe for LeastTime {
    const ABOUT: About = About {
        name: "least-time",
        title: "Least time",
        summary: "",
        weights: "",
        text: "",
        keyed: false,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
