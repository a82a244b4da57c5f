//! Cues in order, each one possible after those before it; expectations about things that exist.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::super::expectation::{Claim, Expectation, Window};
use super::super::problem::Problem;
use super::super::{Cue, Lab, Pool};
use super::findings::Findings;
use super::{DAY, SHORTEST, clients, parts, pools, server_count};
use crate::period::Period;

pub(super) fn check(findings: &mut Findings, lab: &Lab) {
    findings.names("cues", "cue", lab.cues.iter().map(|cue| cue.name.as_str()));
    order(findings, lab);
    let seen = play(findings, lab);
    let names = lab.expectations.iter().map(|one| one.name.as_str());
    findings.names("expectations", "expectation", names);
    for (index, expectation) in lab.expectations.iter().enumerate() {
        expected(findings, &format!("expectations[{index}]"), expectation, lab, &seen);
    }
}

fn order(findings: &mut Findings, lab: &Lab) {
    for (index, cue) in lab.cues.iter().enumerate() {
        let at = format!("cues[{index}].at");
        let before = index.checked_sub(1).map(|before| &lab.cues[before]);
        if let Some(before) = before.filter(|before| before.at > cue.at) {
            findings.error(
                &at,
                format!(
                    "cue `{}` at {} comes after `{}` at {}",
                    cue.name, cue.at, before.name, before.at
                ),
                "put cues in the order of their times",
            );
        }
        findings.period(&at, cue.at, Period::ZERO, DAY);
        findings.text(&format!("cues[{index}].caption"), &cue.caption, 0, 500);
        if cue.at >= lab.duration {
            findings.warn(
                &at,
                format!("a run ends after {}, before cue `{}`", lab.duration, cue.name),
                "make the duration longer, or the cue earlier",
            );
        }
    }
}

/// What pools have had at some time of the run, by their names.
#[derive(Default)]
struct Seen {
    servers: BTreeMap<String, BTreeSet<String>>,
    /// Those that had a keyed algorithm.
    keyed: BTreeSet<String>,
}

impl Seen {
    fn note(&mut self, pool: &Pool) {
        let servers = self.servers.entry(pool.name.clone()).or_default();
        servers.extend(pool.servers.iter().map(|server| server.name.clone()));
        if pool.algorithm.about().keyed {
            self.keyed.insert(pool.name.clone());
        }
    }
}

/// Makes the cues one after the other, as far as they can be made. After each, only what it changed is looked
/// at: looking at the whole lab again takes minutes for one that is large in every way.
fn play(findings: &mut Findings, lab: &Lab) -> Seen {
    let mut seen = Seen::default();
    lab.pools.iter().for_each(|pool| seen.note(pool));
    let mut known: BTreeSet<String> = known_before(lab);
    let mut now = Cow::Borrowed(lab);
    for (index, cue) in lab.cues.iter().enumerate() {
        let after = match cue.apply(&now) {
            Ok(after) => after,
            Err((edit, error)) => {
                findings.message(&format!("cues[{index}].edits[{edit}]"), &error.to_string());
                continue;
            }
        };
        for problem in problems_of_change(&now, &after) {
            if known.insert(problem.what.clone()) {
                findings.push(after_cue(problem, index, cue));
            }
        }
        let changed = after.pools.iter().zip(&now.pools).filter(|(after, before)| after != before);
        changed.for_each(|(pool, _)| seen.note(pool));
        now = Cow::Owned(after);
    }
    seen
}

/// What is said already, and so not worth saying again of a cue.
fn known_before(lab: &Lab) -> BTreeSet<String> {
    if lab.cues.is_empty() {
        return BTreeSet::new();
    }
    let mut findings = Findings::default();
    parts(&mut findings, lab);
    findings.into_problems().into_iter().map(|problem| problem.what).collect()
}

/// Cues change pools and clients in their places, and add and remove neither.
fn problems_of_change(before: &Lab, after: &Lab) -> Vec<Problem> {
    let mut findings = Findings::default();
    server_count(&mut findings, after);
    for (index, pool) in after.pools.iter().enumerate() {
        if before.pools.get(index) != Some(pool) {
            pools::check_one(&mut findings, index, pool, after);
        }
    }
    for (index, client) in after.clients.iter().enumerate() {
        if before.clients.get(index) != Some(client) {
            clients::check_one(&mut findings, index, client, after);
        }
    }
    findings.into_problems()
}

/// A problem that a cue brings about stands at the edit that does, where that can be told.
fn after_cue(problem: Problem, index: usize, cue: &Cue) -> Problem {
    let what = format!("after cue `{}`: {}", cue.name, problem.what);
    let path = match cue.edits.len() {
        1 => format!("cues[{index}].edits[0]"),
        _ => format!("cues[{index}]"),
    };
    Problem { path, what, ..problem }
}

fn expected(findings: &mut Findings, at: &str, expectation: &Expectation, lab: &Lab, seen: &Seen) {
    if let Window::Until(cue) | Window::Since(cue) = &expectation.when {
        let cues: Vec<&str> = lab.cues.iter().map(|cue| cue.name.as_str()).collect();
        findings.reference(&format!("{at}.when"), "cue", cue, &cues);
    }
    let at = format!("{at}.claim");
    let pools: Vec<&str> = lab.pools.iter().map(|pool| pool.name.as_str()).collect();
    let clients: Vec<&str> = lab.clients.iter().map(|client| client.name.as_str()).collect();
    match &expectation.claim {
        Claim::Shares { pool, percent, within_percent } => {
            findings.reference(&format!("{at}.pool"), "pool", pool, &pools);
            findings.percent(&format!("{at}.within_percent"), *within_percent);
            shares(findings, &format!("{at}.percent"), pool, percent, seen);
        }
        Claim::Percentile { client, percentile, below } => {
            findings.range(&format!("{at}.percentile"), *percentile, 1.0, 99.99);
            findings.period(&format!("{at}.below"), *below, SHORTEST, DAY);
            if let Some(client) = client {
                findings.reference(&format!("{at}.client"), "client", client, &clients);
            }
        }
        Claim::MovedKeys { pool, min_percent, max_percent } => {
            findings.reference(&format!("{at}.pool"), "pool", pool, &pools);
            findings.percent(&format!("{at}.min_percent"), *min_percent);
            findings.percent(&format!("{at}.max_percent"), *max_percent);
            if lab.pool(pool).is_some() && !seen.keyed.contains(pool) {
                findings.warn(
                    &format!("{at}.pool"),
                    format!("pool `{pool}` has no keyed algorithm, so keys belong to nobody"),
                    "use a keyed algorithm such as ring",
                );
            }
        }
        Claim::BrokenSessions { pool, .. } => {
            findings.reference(&format!("{at}.pool"), "pool", pool, &pools);
        }
        Claim::Errors { client, max_percent } => {
            findings.percent(&format!("{at}.max_percent"), *max_percent);
            if let Some(client) = client {
                findings.reference(&format!("{at}.client"), "client", client, &clients);
            }
        }
    }
}

/// Of servers that the pool has at some time of the run.
fn shares(
    findings: &mut Findings,
    at: &str,
    pool: &str,
    percent: &BTreeMap<String, f64>,
    seen: &Seen,
) {
    let servers = seen.servers.get(pool).into_iter().flatten();
    let servers: Vec<&str> = servers.map(String::as_str).collect();
    for (server, percent) in percent {
        let at = format!("{at}[\"{server}\"]");
        findings.reference(&at, "server", server, &servers);
        findings.percent(&at, *percent);
    }
    let sum: f64 = percent.values().sum();
    if sum > 100.5 {
        findings.error(at, format!("the shares add up to {sum} %"), "lower them to 100 % in all");
    }
    if percent.is_empty() {
        findings.error(at, "no share is named", "write percent: {\"a\": 50, …}");
    }
}
