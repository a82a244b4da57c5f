//! What NGINX does with a server that fails requests: `max_fails` and `fail_timeout`.
//!
//! Not an algorithm but wrapped around NGINX's: whoever sends requests asks before a pick who is benched
//! (and marks those as ejected), and tells how each request ended. Pure: time is an argument.
//!
//! - A failure lowers the weight that counts by `weight / max_fails`; `smooth.rs` gives it back pick by pick.
//! - `max_fails` failures with no success in between that came after a new trial bench a member.
//! - After `fail_timeout` it is tried with live requests again. A success clears its count, a failure benches it.
//!
//! Source: NGINX, `ngx_http_upstream_round_robin.c`. Time counts in whole seconds, as there, which makes a
//! bench last up to a second longer than it says. A group of one member is never benched: do not ask then.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::super::member::Member;
use crate::period::Period;

/// The two settings, with NGINX's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxFails {
    /// 0: failures have no consequence at all.
    pub fails: u32,
    pub timeout: Period,
}

impl Default for MaxFails {
    fn default() -> Self {
        Self { fails: 1, timeout: Period::from_secs(10) }
    }
}

/// What is remembered of one member.
#[derive(Debug, Default)]
pub struct Failures {
    count: AtomicU32,
    last_failed_secs: AtomicU64,
    /// When it failed last, or was last given a request after a quiet time: the begin of a trial.
    checked_secs: AtomicU64,
}

impl MaxFails {
    /// Whether a member must not be picked at this time.
    pub fn benches(&self, failures: &Failures, now_ns: u64) -> bool {
        self.fails != 0
            && failures.count.load(Relaxed) >= self.fails
            && !self.is_over(failures, now_ns)
    }

    /// To be told of every pick.
    pub fn picked(&self, failures: &Failures, now_ns: u64) {
        if self.is_over(failures, now_ns) {
            failures.checked_secs.store(whole_secs(now_ns), Relaxed);
        }
    }

    /// To be told how every picked request ended.
    pub fn ended(&self, member: &Member, failures: &Failures, succeeded: bool, now_ns: u64) {
        if !succeeded {
            self.failed(member, failures, now_ns);
        } else if failures.last_failed_secs.load(Relaxed) < failures.checked_secs.load(Relaxed) {
            failures.count.store(0, Relaxed);
        }
    }

    fn failed(&self, member: &Member, failures: &Failures, now_ns: u64) {
        let now_secs = whole_secs(now_ns);
        failures.count.fetch_add(1, Relaxed);
        failures.last_failed_secs.store(now_secs, Relaxed);
        failures.checked_secs.store(now_secs, Relaxed);
        if self.fails != 0 {
            let weight = i64::from(member.weight);
            let lost = weight / i64::from(self.fails);
            let bounded = |penalty: i64| Some((penalty + lost).min(weight));
            member.load.penalty.fetch_update(Relaxed, Relaxed, bounded).ok();
        }
    }

    fn is_over(&self, failures: &Failures, now_ns: u64) -> bool {
        let quiet_secs = whole_secs(now_ns).saturating_sub(failures.checked_secs.load(Relaxed));
        quiet_secs > whole_secs(self.timeout.ns())
    }
}

fn whole_secs(ns: u64) -> u64 {
    ns / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    fn check(rule: MaxFails, events: &[(u64, Option<bool>)], expected: &[bool]) {
        let (member, failures) = (Member::new("a", 0, 6), Failures::default());
        let mut seen = Vec::new();
        for &(secs, ended) in events {
            let now_ns = secs * SECOND_NS;
            match ended {
                Some(succeeded) => {
                    rule.picked(&failures, now_ns);
                    rule.ended(&member, &failures, succeeded, now_ns);
                }
                None => seen.push(rule.benches(&failures, now_ns)),
            }
        }
        assert_eq!(seen, expected);
    }

    #[test]
    fn one_failure_benches_for_ten_seconds_and_the_rest_of_the_last() {
        let events = [(100, Some(false)), (100, None), (110, None), (111, None)];
        check(MaxFails::default(), &events, &[true, true, false]);
    }

    #[test]
    fn a_success_in_the_trial_clears_the_count() {
        let rule = MaxFails { fails: 2, ..MaxFails::default() };
        let fail = Some(false);
        let events =
            [(100, fail), (100, fail), (111, None), (111, Some(true)), (112, fail), (112, None)];
        check(rule, &events, &[false, false]);
    }

    #[test]
    fn a_failed_trial_benches_again() {
        let fail = Some(false);
        let events = [(100, fail), (111, fail), (112, None), (121, None), (122, None)];
        check(MaxFails::default(), &events, &[true, true, false]);
    }

    #[test]
    fn failures_lower_the_weight_that_counts_down_to_nothing() {
        let (member, failures) = (Member::new("a", 0, 7), Failures::default());
        let rule = MaxFails { fails: 3, ..MaxFails::default() };
        let penalties = [2, 4, 6, 7].map(|expected| {
            rule.ended(&member, &failures, false, SECOND_NS);
            (member.load.penalty.load(Relaxed), expected)
        });
        assert!(penalties.iter().all(|(seen, expected)| seen == expected), "{penalties:?}");
    }

    #[test]
    fn with_max_fails_zero_nothing_happens() {
        let (member, failures) = (Member::new("a", 0, 7), Failures::default());
        let rule = MaxFails { fails: 0, ..MaxFails::default() };
        rule.ended(&member, &failures, false, SECOND_NS);
        assert!(!rule.benches(&failures, SECOND_NS));
        assert_eq!(member.load.penalty.load(Relaxed), 0);
    }
}
