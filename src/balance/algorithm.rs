//! The closed list of algorithms, by the names that people type.

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::{About, Balancer, Origin, Recipe as _};

/// Writes the list down once. Everything that needs a case for each algorithm comes from it, so that
/// adding one is a line here; a `mod` inside a macro would be hidden from rustfmt, so those stand in
/// `balance/mod.rs`.
macro_rules! algorithms {
    ($($name:literal $variant:ident($settings:path),)*) => {
        /// How a pool chooses, with its parameters.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum Algorithm {
            $(#[serde(rename = $name)] $variant($settings),)*
        }

        impl Algorithm {
            /// Every algorithm with its defaults, in the order in which people meet them.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$variant(Default::default()),)*]
            }

            /// What people should know about it.
            pub fn about(&self) -> &'static About {
                match self {
                    $(Self::$variant(_) => const { &<$settings>::ABOUT },)*
                }
            }

            /// The algorithm at work, over these members and beginning where `origin` says.
            pub fn build(&self, members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
                match self {
                    $(Self::$variant(settings) => settings.build(members, origin),)*
                }
            }
        }

        $(impl From<$settings> for Algorithm {
            fn from(settings: $settings) -> Self {
                Self::$variant(settings)
            }
        })*
    };
}

algorithms! {
    "round-robin" RoundRobin(super::round_robin::RoundRobin),
    "weighted" Weighted(super::weighted::Weighted),
    "random" Random(super::random::Random),
    "least-connections" LeastConnections(super::least_connections::LeastConnections),
    "least-time" LeastTime(super::least_time::LeastTime),
    "peak-ewma" PeakEwma(super::peak_ewma::PeakEwma),
    "power-of-choices" PowerOfChoices(super::power_of_choices::PowerOfChoices),
    "prequal" Prequal(super::prequal::Prequal),
    "first" First(super::first::First),
    "modulo" Modulo(super::modulo::Modulo),
    "ip-hash" IpHash(super::ip_hash::IpHash),
    "ring" Ring(super::ring::Ring),
    "maglev" Maglev(super::maglev::Maglev),
    "rendezvous" Rendezvous(super::rendezvous::Rendezvous),
    "jump" Jump(super::jump::Jump),
    "multi-probe" MultiProbe(super::multi_probe::MultiProbe),
    "anchor" Anchor(super::anchor::Anchor),
}

impl Default for Algorithm {
    fn default() -> Self {
        super::round_robin::RoundRobin::default().into()
    }
}
