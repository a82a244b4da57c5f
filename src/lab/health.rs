//! Health: how a pool notices that a server is not well, and what it does then.

use serde::{Deserialize, Serialize};

use crate::balance::health::{Breaker, Ejection, Passive, Rules};
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// Asks each server now and then.
    pub active: Option<ActiveCheck>,
    /// Watches the answers to real requests.
    pub passive: Passive,
    pub ejection: Ejection,
    pub breaker: Option<Breaker>,
}

impl Health {
    /// What the judge of the pool's health goes by.
    pub fn rules(&self) -> Rules {
        let Self { active, passive, ejection, breaker } = self.clone();
        let (rise, fall) = active.map_or((0, 0), |check| (check.rise, check.fall));
        Rules { rise, fall, passive, ejection, breaker }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActiveCheck {
    pub probe: Probe,
    pub interval: Period,
    pub timeout: Period,
    /// Good answers in a row that bring a server back.
    pub rise: u32,
    /// Bad answers in a row that take it out.
    pub fall: u32,
    /// Spreads the checks: each interval is drawn from this part more or less.
    pub jitter_percent: f64,
}

impl Default for ActiveCheck {
    /// HAProxy's 2 s, rise 2 and fall 3.
    fn default() -> Self {
        Self {
            probe: Probe::Tcp,
            interval: Period::from_secs(2),
            timeout: Period::from_secs(1),
            rise: 2,
            fall: 3,
            jitter_percent: 10.0,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Probe {
    /// A connection is enough.
    #[default]
    Tcp,
    Http {
        path: String,
        /// Statuses that are good, from and to.
        #[serde(default = "good_statuses")]
        status: (u16, u16),
        /// Text the body has to contain.
        #[serde(default)]
        body: Option<String>,
        #[serde(default)]
        host: Option<String>,
    },
    /// `grpc.health.v1.Health/Check`; the empty service is the server as a whole.
    Grpc {
        #[serde(default)]
        service: String,
    },
}

/// NGINX's rule: 2xx and 3xx.
fn good_statuses() -> (u16, u16) {
    (200, 399)
}
