//! Health: checks that end before the next begins, rates and times in range.

use super::super::health::{ActiveCheck, Health, Probe};
use super::findings::Findings;
use super::written::{is_header_value, is_path};
use super::{DAY, SHORTEST};
use crate::balance::health::{Breaker, Ejection, Passive};
use crate::period::Period;

pub(super) fn check(findings: &mut Findings, at: &str, health: &Health) {
    let Health { active, passive, ejection, breaker } = health;
    if let Some(active) = active {
        check_active(findings, &format!("{at}.active"), active);
    }
    check_passive(findings, &format!("{at}.passive"), passive);
    check_ejection(findings, &format!("{at}.ejection"), ejection);
    if let Some(breaker) = breaker {
        check_breaker(findings, &format!("{at}.breaker"), breaker);
    }
}

fn check_active(findings: &mut Findings, at: &str, active: &ActiveCheck) {
    let ActiveCheck { probe, interval, timeout, rise, fall, jitter_percent } = active;
    findings.period(&format!("{at}.interval"), *interval, Period::from_millis(10), DAY);
    findings.period(&format!("{at}.timeout"), *timeout, SHORTEST, DAY);
    findings.range(&format!("{at}.rise"), *rise, 1, 1_000);
    findings.range(&format!("{at}.fall"), *fall, 1, 1_000);
    findings.percent(&format!("{at}.jitter_percent"), *jitter_percent);
    let Probe::Http { path, status: (from, to), body, host } = probe else { return };
    let at = format!("{at}.probe");
    if !is_path(path) {
        findings.error(&format!("{at}.path"), format!("`{path}` is no path"), "begin it with /");
    }
    if host.as_ref().is_some_and(|host| host.is_empty() || !is_header_value(host)) {
        let what = "the host has a character that no header may have, or none at all";
        findings.error(&format!("{at}.host"), what, "write a host name, or leave it out");
    }
    findings.range(&format!("{at}.status"), *from, 100, 599);
    findings.range(&format!("{at}.status"), *to, *from, 599);
    if let Some(body) = body {
        findings.text(&format!("{at}.body"), body, 1, 1_024);
    }
}

fn check_passive(findings: &mut Findings, at: &str, passive: &Passive) {
    let Passive {
        consecutive_failures,
        failure_rate,
        success_rate,
        interval,
        count_server_errors: _,
    } = passive;
    findings.range(&format!("{at}.consecutive_failures"), *consecutive_failures, 0, 10_000);
    findings.period(&format!("{at}.interval"), *interval, Period::from_millis(10), DAY);
    if let Some(rate) = failure_rate {
        let at = format!("{at}.failure_rate");
        findings.percent(&format!("{at}.percent"), rate.percent);
        findings.range(&format!("{at}.min_servers"), rate.min_servers, 1, 10_000);
        findings.range(&format!("{at}.min_requests"), rate.min_requests, 1, 1_000_000);
    }
    if let Some(rate) = success_rate {
        let at = format!("{at}.success_rate");
        findings.range(&format!("{at}.deviations"), rate.deviations, 0.0, 10.0);
        findings.range(&format!("{at}.min_servers"), rate.min_servers, 1, 10_000);
        findings.range(&format!("{at}.min_requests"), rate.min_requests, 1, 1_000_000);
    }
}

fn check_ejection(findings: &mut Findings, at: &str, ejection: &Ejection) {
    findings.period(&format!("{at}.base"), ejection.base, SHORTEST, ejection.max.max(SHORTEST));
    findings.period(&format!("{at}.max"), ejection.max, SHORTEST, DAY);
    findings.percent(&format!("{at}.max_percent"), ejection.max_percent);
}

fn check_breaker(findings: &mut Findings, at: &str, breaker: &Breaker) {
    findings.percent(&format!("{at}.failure_percent"), breaker.failure_percent);
    findings.period(&format!("{at}.window"), breaker.window, SHORTEST, DAY);
    findings.range(&format!("{at}.min_requests"), breaker.min_requests, 1, 1_000_000);
    findings.period(&format!("{at}.open"), breaker.open, SHORTEST, DAY);
    findings.range(&format!("{at}.trials"), breaker.trials, 1, 1_000);
}
