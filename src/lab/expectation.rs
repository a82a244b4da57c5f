//! An expectation: what the lab claims will be seen, judged with the noise of sampling in mind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    pub name: String,
    pub when: Window,
    pub claim: Claim,
}

/// The time an expectation is judged over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    #[default]
    Overall,
    /// From the cue before (or the start) to this cue.
    Until(String),
    /// From this cue to the next one (or the end).
    Since(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Claim {
    /// Each named server gets this part of its pool's requests, counted when they are sent to it, tries
    /// included. Sampling noise is allowed for by itself; `within_percent` allows for more.
    Shares {
        pool: String,
        percent: BTreeMap<String, f64>,
        #[serde(default)]
        within_percent: f64,
    },
    /// This part of the requests is answered sooner than `below`.
    Percentile {
        #[serde(default)]
        client: Option<String>,
        percentile: f64,
        below: Period,
    },
    /// This part of the keys has another server after the change than before it.
    MovedKeys {
        pool: String,
        #[serde(default)]
        min_percent: f64,
        max_percent: f64,
    },
    /// No more than this many clients lose the server that knows them.
    BrokenSessions { pool: String, max: u64 },
    /// No more than this part of the requests fails.
    Errors {
        #[serde(default)]
        client: Option<String>,
        max_percent: f64,
    },
}

impl Default for Claim {
    fn default() -> Self {
        Self::Errors { client: None, max_percent: 0.0 }
    }
}
