//! Least connections: the server with the fewest requests in flight.
//!
//! The simplest rule that feels a slow server: its requests pile up, so it gets fewer new ones. With weights,
//! requests in flight for each unit of weight are compared. Programs differ in what happens on an idle
//! farm, where everybody has nothing: NGINX takes turns by weight, HAProxy ignores weights.

mod haproxy;
pub(super) mod lightest;
mod nginx;

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe, Setting};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeastConnections {
    pub dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    #[default]
    Nginx,
    Haproxy,
}

impl Recipe for LeastConnections {
    const ABOUT: About = About {
        name: "least-connections",
        title: "Least connections",
        summary: "fewest requests in flight",
        weights: "in flight is compared for each unit of weight; idle servers take turns by weight with \
                  NGINX's rules, without weights by HAProxy's",
        text: "A request goes to the server that is busy with the fewest. A slow server keeps its requests \
               longer, so it gets fewer: nobody has to measure it. With little traffic everybody is idle and it is \
               round robin. A server that answers errors at once looks idle and attracts everything: \
               watch its failures.",
        keyed: false,
        settings: &[Setting::word(
            "dialect",
            "whether weights count on an idle farm: nginx (they do) or haproxy (they do not)",
        )],
    };

    fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
        match self.dialect {
            Dialect::Nginx => nginx::build(),
            Dialect::Haproxy => haproxy::build(members, origin),
        }
    }
}
