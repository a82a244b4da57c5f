//! Random: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Random {}

impl Recipe for Random {
    const ABOUT: About =
        About { name: "random", title: "Random", summary: "", weights: "", text: "", keyed: false };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
