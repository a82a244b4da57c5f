//! Power of choices: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PowerOfChoices {
    pub choices: u32,
    pub replacement: bool,
}

impl Default for PowerOfChoices {
    fn default() -> Self {
        Self { choices: 2, replacement: false }
    }
}

impl Recipe for PowerOfChoices {
    const ABOUT: About = About {
        name: "power-of-choices",
        title: "Power of choices",
        summary: "",
        weights: "",
        text: "",
        keyed: false,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
