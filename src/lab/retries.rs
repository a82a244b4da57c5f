//! Retries: when a request is tried again, how often, and what keeps retries from making it worse.

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// Each try goes to a server that was not tried yet, as long as there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retries {
    /// Tries in all, the first included; 1 never tries again.
    pub attempts: u32,
    pub on: Vec<RetryOn>,
    /// Also methods that may not be repeated safely, such as POST, once a server may have seen them.
    pub non_idempotent: bool,
    /// How long one try may take.
    pub per_try_timeout: Option<Period>,
    pub budget: Budget,
    pub backoff: Backoff,
    /// The longest request body kept for sending again; a longer one is not tried again.
    pub replay_bytes: u32,
    pub hedge: Option<Hedge>,
}

impl Default for Retries {
    /// Three tries, only where no server has seen the request: HAProxy's rule, safe for every method.
    fn default() -> Self {
        Self {
            attempts: 3,
            on: vec![RetryOn::Connect],
            non_idempotent: false,
            per_try_timeout: None,
            budget: Budget::default(),
            backoff: Backoff::default(),
            replay_bytes: 64 * 1024,
            hedge: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    /// No connection came about, so no server has seen the request.
    Connect,
    /// The connection broke before an answer.
    Reset,
    /// `per_try_timeout` or the response timeout passed.
    Timeout,
    /// The answer was not HTTP.
    BadResponse,
    /// 502, 503 or 504.
    GatewayError,
    /// Any 5xx.
    ServerError,
    /// This status exactly.
    Status(u16),
}

/// Retries may be this part of the requests in flight: a failing pool must not get more work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    pub percent: f64,
    /// Retries at once that are always allowed.
    pub floor: u32,
}

impl Default for Budget {
    /// Envoy's 20 % with a floor of 3.
    fn default() -> Self {
        Self { percent: 20.0, floor: 3 }
    }
}

/// The wait before a try: drawn from zero to `base`, doubled for each try, up to `max`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    pub base: Period,
    pub max: Period,
}

impl Default for Backoff {
    /// Envoy's 25 ms and ten times that.
    fn default() -> Self {
        Self { base: Period::from_millis(25), max: Period::from_millis(250) }
    }
}

/// A second try beside the first when the first is slow; the first answer wins ("The Tail at
/// Scale", Dean and Barroso, CACM 2013).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hedge {
    pub after: Period,
    /// Further tries under way at once.
    pub extra: u32,
}

impl Default for Hedge {
    fn default() -> Self {
        Self { after: Period::from_millis(200), extra: 1 }
    }
}
