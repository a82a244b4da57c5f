//! Every problem of a lab at once: a lab that passes is [`Checked`], and only such a lab can run.

mod algorithm;
mod clients;
mod findings;
mod health;
mod listeners;
mod pools;
mod routes;
mod script;
mod servers;
mod written;

use std::ops::Deref;

use findings::Findings;

use super::expectation::Claim;
use super::problem::Problem;
use super::{Lab, Limits, Pool, VERSION};
use crate::balance;
use crate::period::Period;

/// A lab without errors. The only way to one is through the check.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    lab: Lab,
}

impl Checked {
    /// Warnings do not keep a lab from running; ask [`check`] for them.
    pub fn new(lab: Lab) -> Result<Self, Vec<Problem>> {
        let problems = check(&lab);
        if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok(Self { lab }) }
    }

    pub fn into_lab(self) -> Lab {
        self.lab
    }
}

impl Deref for Checked {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

/// Everything that is wrong or odd, in the order of the document.
pub fn check(lab: &Lab) -> Vec<Problem> {
    let mut findings = Findings::default();
    sizes(&mut findings, lab);
    if findings.is_empty() {
        head(&mut findings, lab);
        limits(&mut findings, &lab.limits);
        parts(&mut findings, lab);
        script::check(&mut findings, lab);
    }
    findings.into_problems()
}

/// What is wrong with a pool's algorithm for the servers it has: settings out of range, a ring too large.
pub fn check_algorithm(pool: &Pool) -> Vec<Problem> {
    let mut findings = Findings::default();
    algorithm::check(&mut findings, "algorithm", pool);
    findings.into_problems()
}

/// How much there may be of everything. A lab that is too large is not looked at any further, because
/// the other checks compare parts with each other.
fn sizes(findings: &mut Findings, lab: &Lab) {
    let Lab { listeners, pools, clients, cues, expectations, .. } = lab;
    findings.count("listeners", listeners.len(), 1_000);
    findings.count("pools", pools.len(), 256);
    findings.count("clients", clients.len(), 64);
    findings.count("cues", cues.len(), 256);
    findings.count("expectations", expectations.len(), 256);
    server_count(findings, lab);
    let routes = listeners.iter().map(|listener| listener.routes.len()).sum();
    findings.count("listeners", routes, 1_024);
    let parts = listeners.iter().flat_map(|listener| &listener.routes);
    findings.count("listeners", parts.map(|route| route.to.pools().len()).sum(), 4_096);
    findings.count("cues", cues.iter().map(|cue| cue.edits.len()).sum(), 1_024);
    let shares = expectations.iter().map(|expectation| match &expectation.claim {
        Claim::Shares { percent, .. } => percent.len(),
        _ => 0,
    });
    findings.count("expectations", shares.sum(), 1_024);
}

/// In all pools together, each copy counted.
fn server_count(findings: &mut Findings, lab: &Lab) {
    let servers = lab.pools.iter().flat_map(|pool| &pool.servers);
    let n_servers = servers.map(|server| server.n_copies() as usize).sum();
    findings.count("pools", n_servers, balance::pool::Pool::MEMBERS_MAX);
}

/// Everything in its own right.
fn parts(findings: &mut Findings, lab: &Lab) {
    listeners::check(findings, lab);
    pools::check(findings, lab);
    clients::check(findings, lab);
}

fn head(findings: &mut Findings, lab: &Lab) {
    if lab.version != VERSION {
        findings.error(
            "version",
            format!(
                "this lab has version {}, and this program reads version {VERSION}",
                lab.version
            ),
            if lab.version > VERSION { "use a newer program" } else { "write version: 1" },
        );
    }
    findings.text("name", &lab.name, 0, 200);
    findings.text("note", &lab.note, 0, 10_000);
    if let Some(question) = &lab.question {
        findings.text("question.text", &question.text, 1, 1_000);
        findings.text("question.answer", &question.answer, 0, 10_000);
        findings.count("question.choices", question.choices.len(), 12);
    }
    findings.period("duration", lab.duration, Period::from_millis(1), Period::from_secs(86_400));
    if let Some(workers) = lab.workers {
        findings.range("workers", workers, 1, 64);
    }
}

fn limits(findings: &mut Findings, limits: &Limits) {
    let Limits {
        header_timeout,
        header_bytes,
        header_count,
        body_bytes,
        idle_timeout,
        handshake_timeout,
        connections,
        streams,
        resets,
        queue,
        retries,
        history,
        shutdown_timeout,
    } = limits;
    for (path, value) in [
        ("limits.header_timeout", header_timeout),
        ("limits.idle_timeout", idle_timeout),
        ("limits.handshake_timeout", handshake_timeout),
    ] {
        findings.period(path, *value, Period::from_millis(1), DAY);
    }
    findings.period("limits.shutdown_timeout", *shutdown_timeout, Period::ZERO, DAY);
    findings.range("limits.header_bytes", *header_bytes, 1_024, 1 << 20);
    findings.range("limits.header_count", *header_count, 8, 10_000);
    findings.range("limits.body_bytes", *body_bytes, 0, 1 << 40);
    findings.range("limits.connections", *connections, 1, 1_000_000);
    findings.range("limits.streams", *streams, 1, 10_000);
    findings.range("limits.resets", *resets, 1, 100_000);
    findings.range("limits.queue", *queue, 0, 1_000_000);
    findings.range("limits.retries", *retries, 0, 1_000_000);
    findings.range("limits.history", *history, 1, 1_000_000);
}

/// The longest time that makes sense for a timeout.
const DAY: Period = Period::from_secs(86_400);
/// The shortest time that is a timeout at all.
const SHORTEST: Period = Period::from_millis(1);
