//! Health: how a pool notices that a server is not well, and what it does then.

use serde::{Deserialize, Serialize};

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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passive {
    /// Failures in a row that eject a server; 0 never does.
    pub consecutive_failures: u32,
    /// Counts 5xx answers as failures, beside refused, broken and late ones.
    pub count_server_errors: bool,
    pub failure_rate: Option<FailureRate>,
    pub success_rate: Option<SuccessRate>,
    /// How often the rates are looked at.
    pub interval: Period,
}

impl Default for Passive {
    /// Envoy's five in a row, looked at every ten seconds.
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            count_server_errors: false,
            failure_rate: None,
            success_rate: None,
            interval: Period::from_secs(10),
        }
    }
}

/// Ejects a server that fails too large a part of its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FailureRate {
    pub percent: f64,
    pub min_servers: u32,
    pub min_requests: u32,
}

impl Default for FailureRate {
    /// Envoy's numbers.
    fn default() -> Self {
        Self { percent: 85.0, min_servers: 5, min_requests: 50 }
    }
}

/// Ejects a server whose success rate lies this many standard deviations under the pool's mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuccessRate {
    pub deviations: f64,
    pub min_servers: u32,
    pub min_requests: u32,
}

impl Default for SuccessRate {
    /// Envoy's numbers.
    fn default() -> Self {
        Self { deviations: 1.9, min_servers: 5, min_requests: 100 }
    }
}

/// How long an ejected server stays out: base × times ejected, up to a maximum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ejection {
    pub base: Period,
    pub max: Period,
    /// No more than this part of the pool is out at once.
    pub max_percent: f64,
}

impl Default for Ejection {
    /// Envoy's times. Its 10 % would never eject one of three, so half of the pool may be out.
    fn default() -> Self {
        Self { base: Period::from_secs(30), max: Period::from_secs(300), max_percent: 50.0 }
    }
}

/// Opens a server's circuit when too much fails, then lets a few requests try whether it is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    pub failure_percent: f64,
    pub window: Period,
    pub min_requests: u32,
    /// How long the circuit stays open.
    pub open: Period,
    /// Good requests, one at a time, that close it again.
    pub trials: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failure_percent: 50.0,
            window: Period::from_secs(10),
            min_requests: 20,
            open: Period::from_secs(10),
            trials: 3,
        }
    }
}
