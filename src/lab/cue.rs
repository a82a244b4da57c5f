//! A cue: one scripted step of a lab. No language, no loops: a time and a list of edits.

use serde::{Deserialize, Serialize};

use super::pool::Key;
use super::server::Server;
use super::sticky::Stickiness;
use crate::balance::Algorithm;
use crate::model::{Arrivals, Behaviour, Failures, Latency};
use crate::period::Period;

/// What happens at a time. A cue without edits only marks it, for expectations to refer to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cue {
    pub name: String,
    /// From the start of the run.
    pub at: Period,
    /// What the audience reads.
    pub caption: String,
    pub edits: Vec<Edit>,
}

/// One edit of the document. A `server` is written `b`, or `web/b` where several pools have a `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    SetAlgorithm {
        pool: String,
        #[serde(with = "super::algorithm_text")]
        algorithm: Algorithm,
    },
    SetKey {
        pool: String,
        key: Key,
    },
    SetStickiness {
        pool: String,
        stickiness: Stickiness,
    },
    SetWeight {
        server: String,
        weight: u32,
    },
    SetConcurrency {
        server: String,
        concurrency: Option<u32>,
    },
    SetBehaviour {
        server: String,
        mock: Behaviour,
    },
    SetLatency {
        server: String,
        latency: Latency,
    },
    SetFailures {
        server: String,
        failures: Failures,
    },
    /// Stops it: connections are refused.
    Kill {
        server: String,
    },
    Revive {
        server: String,
    },
    Drain {
        server: String,
    },
    Undrain {
        server: String,
    },
    AddServer {
        pool: String,
        server: Box<Server>,
    },
    RemoveServer {
        server: String,
    },
    SetArrivals {
        client: String,
        arrivals: Arrivals,
    },
    /// The rate of an open loop, in requests per second.
    SetRate {
        client: String,
        per_second: f64,
    },
    /// The users of a closed loop.
    SetUsers {
        client: String,
        users: u32,
    },
    StartClient {
        client: String,
    },
    StopClient {
        client: String,
    },
    HoldTraffic,
    ReleaseTraffic,
}
