//! Cues in order, each one possible after those before it; expectations about things that exist.

use std::collections::BTreeSet;

use super::super::expectation::{Claim, Expectation, Window};
use super::super::problem::Problem;
use super::super::{Cue, Lab};
use super::findings::Findings;
use super::{DAY, SHORTEST, parts};
use crate::period::Period;

pub(super) fn check(findings: &mut Findings, lab: &Lab) {
    findings.names("cues", "cue", lab.cues.iter().map(|cue| cue.name.as_str()));
    order(findings, lab);
    let stages = play(findings, lab);
    let names = lab.expectations.iter().map(|one| one.name.as_str());
    findings.names("expectations", "expectation", names);
    for (index, expectation) in lab.expectations.iter().enumerate() {
        expected(findings, &format!("expectations[{index}]"), expectation, lab, &stages);
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

/// The lab at the start and after each cue, as far as the cues can be made.
fn play(findings: &mut Findings, lab: &Lab) -> Vec<Lab> {
    let mut stages = vec![lab.clone()];
    let mut known: BTreeSet<String> =
        problems_of(lab).into_iter().map(|problem| problem.what).collect();
    for (index, cue) in lab.cues.iter().enumerate() {
        let before = stages.last().unwrap_or(lab);
        match cue.apply(before) {
            Err((edit, error)) => {
                findings.message(&format!("cues[{index}].edits[{edit}]"), &error.to_string());
            }
            Ok(after) => {
                for problem in problems_of(&after) {
                    if known.insert(problem.what.clone()) {
                        findings.push(after_cue(problem, index, cue));
                    }
                }
                stages.push(after);
            }
        }
    }
    stages
}

fn problems_of(lab: &Lab) -> Vec<Problem> {
    let mut findings = Findings::default();
    parts(&mut findings, lab);
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

fn expected(
    findings: &mut Findings,
    at: &str,
    expectation: &Expectation,
    lab: &Lab,
    stages: &[Lab],
) {
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
            shares(findings, &format!("{at}.percent"), pool, percent, stages);
        }
        Claim::Percentile { client, percentile, below } => {
            findings.range(&format!("{at}.percentile"), *percentile, 1.0, 99.99);
            findings.period(&format!("{at}.below"), *below, SHORTEST, DAY);
            if let Some(client) = client {
                findings.reference(&format!("{at}.client"), "client", client, &clients);
            }
        }
        Claim::MovedKeys { pool, max_percent } => {
            findings.reference(&format!("{at}.pool"), "pool", pool, &pools);
            findings.percent(&format!("{at}.max_percent"), *max_percent);
            let keyed = stages
                .iter()
                .filter_map(|lab| lab.pool(pool))
                .any(|pool| pool.algorithm.about().keyed);
            if lab.pool(pool).is_some() && !keyed {
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
    percent: &std::collections::BTreeMap<String, f64>,
    stages: &[Lab],
) {
    let pools = stages.iter().filter_map(|lab| lab.pool(pool));
    let servers: BTreeSet<&str> =
        pools.flat_map(|pool| &pool.servers).map(|server| server.name.as_str()).collect();
    let servers: Vec<&str> = servers.into_iter().collect();
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
