//! The numbers of a run for machines. A contract: fields are added, never renamed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::balance::Algorithm;
use crate::lab::{Figures, Lab, Verdict, algorithm_text};
use crate::meter::LatencyReading;
use crate::period::Period;

/// A run, in virtual time or on real sockets.
pub(super) struct Ran<'a> {
    pub(super) seed: u64,
    pub(super) duration: Period,
    pub(super) overall: &'a Figures,
}

#[derive(Serialize)]
pub(super) struct RunJson<'a> {
    lab: &'a str,
    seconds: f64,
    seed: u64,
    /// Each pool's algorithm.
    algorithms: BTreeMap<&'a str, String>,
    #[serde(flatten)]
    numbers: NumbersJson,
    expectations: Vec<VerdictJson<'a>>,
}

/// What a run under one algorithm gave.
#[derive(Serialize)]
pub(super) struct NumbersJson {
    requests: u64,
    /// Each server's part of its pool's requests; with several pools the names are `pool/server`.
    shares: BTreeMap<String, f64>,
    errors: BTreeMap<&'static str, u64>,
    latency_us: LatencyJson,
    broken_sessions: u64,
    broken_sessions_by_cause: BTreeMap<&'static str, u64>,
    /// Nothing where no key could move: no pool changed, or none chooses by key.
    moved_keys: Option<MovedJson>,
}

/// Nothing where no request was answered.
#[derive(Serialize)]
pub(super) struct LatencyJson {
    mean: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    #[serde(rename = "p99.9")]
    p999: Option<f64>,
    max: Option<f64>,
}

/// Over all changes of all pools together.
#[derive(Serialize)]
struct MovedJson {
    keys: u64,
    share: f64,
    unavoidable: f64,
    needless: f64,
}

#[derive(Serialize)]
struct VerdictJson<'a> {
    name: &'a str,
    holds: bool,
    seen: &'a str,
}

impl<'a> RunJson<'a> {
    pub(super) fn new(lab: &'a Lab, ran: &Ran<'_>, verdicts: &'a [Verdict]) -> Self {
        let algorithms =
            lab.pools.iter().map(|pool| (pool.name.as_str(), name_of(&pool.algorithm)));
        let verdict = |verdict: &'a Verdict| VerdictJson {
            name: &verdict.name,
            holds: verdict.holds,
            seen: &verdict.seen,
        };
        Self {
            lab: &lab.name,
            seconds: ran.duration.secs(),
            seed: ran.seed,
            algorithms: algorithms.collect(),
            numbers: NumbersJson::new(ran.overall),
            expectations: verdicts.iter().map(verdict).collect(),
        }
    }
}

/// An algorithm as it is typed.
pub(super) fn name_of(algorithm: &Algorithm) -> String {
    algorithm_text::print(algorithm)
}

impl NumbersJson {
    pub(super) fn new(figures: &Figures) -> Self {
        let together = figures.clients_together();
        let errors = together
            .counters
            .outcomes()
            .filter(|(outcome, count)| outcome.is_error() && *count > 0);
        let mut by_cause = BTreeMap::new();
        for (&cause, &count) in figures.pools.iter().flat_map(|pool| &pool.broken_sessions) {
            *by_cause.entry(cause).or_insert(0) += count;
        }
        Self {
            requests: together.counters.finished(),
            shares: shares(figures),
            errors: errors.map(|(outcome, count)| (outcome.name(), count)).collect(),
            latency_us: LatencyJson::new(&together.latency),
            broken_sessions: figures.broken_sessions(),
            broken_sessions_by_cause: by_cause,
            moved_keys: MovedJson::new(figures),
        }
    }
}

/// Each server's part, under a name that is its own.
fn shares(figures: &Figures) -> BTreeMap<String, f64> {
    let one_pool = figures.pools.len() == 1;
    let pools = figures.pools.iter();
    pools
        .flat_map(|pool| {
            pool.shares().into_iter().map(move |(server, share)| {
                (
                    if one_pool { server.to_owned() } else { format!("{}/{server}", pool.name) },
                    share,
                )
            })
        })
        .collect()
}

impl LatencyJson {
    pub(super) fn new(latency: &LatencyReading) -> Self {
        let at = |q: f64| latency.quantile(q).map(|ns| ns as f64 / 1e3);
        Self {
            mean: latency.mean_ns().map(|ns| ns / 1e3),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: (!latency.is_empty()).then(|| latency.max_ns() as f64 / 1e3),
        }
    }
}

impl MovedJson {
    fn new(figures: &Figures) -> Option<Self> {
        let moves = &figures.key_moves;
        if moves.is_empty() {
            return None;
        }
        let keys = moves.iter().map(|moves| moves.keys).sum::<u64>().max(1) as f64;
        let unavoidable =
            moves.iter().map(|moves| moves.unavoidable * moves.keys as f64).sum::<f64>();
        let moved = moves.iter().map(|moves| moves.moved).sum();
        let needless = moves.iter().map(|moves| moves.needless).sum::<u64>();
        Some(Self {
            keys: moved,
            share: moved as f64 / keys,
            unavoidable: unavoidable / keys,
            needless: needless as f64 / keys,
        })
    }
}
