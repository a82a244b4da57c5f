//! IP hash: not written yet.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IpHash {}

impl Recipe for IpHash {
    const ABOUT: About = About {
        name: "ip-hash",
        title: "IP hash",
        summary: "",
        weights: "",
        text: "",
        keyed: true,
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        super::round_robin::RoundRobin {}.build(members, origin)
    }
}
