//! How a pool notices that a server is not well, and how long it keeps it out.

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// Watches the answers to real requests.
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

/// All that a judge goes by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// Good checks in a row that bring a server back, and bad ones that take it out; 0 without checks.
    pub rise: u32,
    pub fall: u32,
    pub passive: Passive,
    pub ejection: Ejection,
    pub breaker: Option<Breaker>,
}

impl Rules {
    /// Whether servers are asked now and then.
    pub(super) fn check(&self) -> bool {
        self.fall > 0
    }

    /// Whether answers may eject a server.
    pub(super) fn watch_answers(&self) -> bool {
        self.passive.consecutive_failures > 0 || self.watch_rates()
    }

    pub(super) fn watch_rates(&self) -> bool {
        self.passive.failure_rate.is_some() || self.passive.success_rate.is_some()
    }
}
