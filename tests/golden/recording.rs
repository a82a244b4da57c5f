//! A recording, as the recorders write it.

use std::collections::BTreeMap;

use evenkeel::balance::Algorithm;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recording {
    pub(crate) program: String,
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "config")]
    _config: String,
    algorithm: String,
    pub(crate) sequential: bool,
    pub(crate) servers: Vec<Server>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    pub(crate) shares: Option<Shares>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) name: String,
    #[serde(default = "one")]
    pub(crate) weight: u32,
    pub(crate) id: Option<u32>,
    #[serde(default)]
    pub(crate) limit: u32,
    #[serde(default)]
    pub(crate) backup: bool,
    #[serde(default)]
    pub(crate) down: bool,
    #[serde(default)]
    pub(crate) max_fails: u32,
    #[serde(default = "ten")]
    pub(crate) fail_timeout_secs: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Pick(Pick),
    Finish(usize),
    Stop(String),
    Start(String),
    Set(Set),
    WaitSecs(u64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pick {
    #[serde(default)]
    pub(crate) key: String,
    pub(crate) address: Option<String>,
    pub(crate) got: Vec<String>,
    #[serde(default)]
    pub(crate) failed: bool,
    #[serde(default)]
    pub(crate) queued: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) weight: Option<u32>,
    pub(crate) state: Option<State>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ready,
    Drain,
    Maint,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shares {
    pub(crate) picks: u64,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Recording {
    /// `ring(dialect: nginx)` as a value.
    pub(crate) fn algorithm(&self) -> Result<Algorithm, String> {
        let (name, settings) = self.algorithm.split_once('(').unwrap_or((&self.algorithm, ")"));
        ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
            .from_str(&format!("r#{name}(({settings})"))
            .map_err(|error| format!("`{}`: {error}", self.algorithm))
    }
}

fn one() -> u32 {
    1
}

fn ten() -> u64 {
    10
}
