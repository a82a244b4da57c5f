//! Least time: the lowest estimate of when a request would be done, by NGINX's rules.
//!
//! The estimate is `time * (1 + in flight)`, compared for each unit of weight; ties take turns in smooth order.
//! `time` is a moving average of the response time in milliseconds (95 % old, 5 % new, successes only), with
//! three corrections:
//!
//! - halved once for each `fail_timeout` in which the server was not looked at, so that a slow one gets
//!   another chance;
//! - rounded up to the next of 20, 40, 60 … ms (a full 20 goes to 40), so that close servers tie;
//! - above 5 s all are equally bad.
//!
//! Source: NGINX 1.31, `ngx_http_upstream_least_time_module.c`. Its option `inflight`, which also averages how long
//! unfinished requests have been waiting, is not built. A server without an average counts as 0 ms and so is
//! tried at once. Errors are not averaged: a server that fails fast does not look fast, but keeps its old time.

use std::sync::atomic::Ordering::Relaxed;

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::least_connections::lightest;
use super::member::{Load, Member, Sample};
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeastTime {
    pub measure: Measure,
}

/// What counts as the response time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Until the response's first byte, which does not punish long bodies.
    #[default]
    Header,
    /// Until the end of the body.
    LastByte,
}

impl Recipe for LeastTime {
    const ABOUT: About = About {
        name: "least-time",
        title: "Least time",
        summary: "lowest average response time times requests in flight",
        weights: "the estimate is compared for each unit of weight; close servers take turns by weight",
        text: "Each server's response times are averaged, in steps of 20 ms, and multiplied by one more than \
               the requests it is busy with. The lowest product wins, as in NGINX. Servers less than a step apart \
               count as equal and take turns. A slow server is forgiven by half for every ten seconds \
               without a look at it, so it gets another chance.",
        keyed: false,
        settings: &[Setting::word(
            "measure",
            "what counts as the response time: header (first byte) or last_byte",
        )],
    };

    fn build(&self, _members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(SoonestDone { measure: self.measure })
    }
}

struct SoonestDone {
    measure: Measure,
}

impl Balancer for SoonestDone {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let now_ms = whole_secs_ms(view.request.now_ns);
        let estimate = |_, member: &Member| estimate_ms(member, now_ms);
        notes.add(|decision| {
            for index in view.usable_indexes() {
                let member = &view.members[index];
                let mean_ms = u64::from(member.load.mean_ms.load(Relaxed));
                let in_flight = Value::Count(member.in_flight().into());
                let cost = estimate(index, member) as f64 / f64::from(member.weight);
                decision.saw(view, index, Quantity::Latency, Value::Time { ns: mean_ms * MS_NS });
                decision.saw(view, index, Quantity::InFlight, in_flight);
                decision.saw(view, index, Quantity::Cost, Value::Real(cost));
            }
        });
        let picked = lightest::pick(view, estimate, || Rule::Least(Quantity::Cost), notes)?;
        let load = &view.members[picked].load;
        if quiet_ms(load, now_ms) > FAIL_TIMEOUT_MS {
            load.checked_ms.store(now_ms, Relaxed);
        }
        Some(picked)
    }

    fn learn(&self, members: &[Member], picked: usize, sample: &Sample) {
        let load = &members[picked].load;
        if !sample.succeeded {
            load.checked_ms.store(whole_secs_ms(sample.now_ns), Relaxed);
            return;
        }
        let took_ns = match self.measure {
            Measure::Header => sample.first_byte_ns,
            Measure::LastByte => sample.latency_ns,
        };
        let took_ms = u32::try_from(took_ns / MS_NS).unwrap_or(u32::MAX);
        // Never refused: the closure always gives a value.
        load.mean_ms.fetch_update(Relaxed, Relaxed, |mean| Some(averaged(mean, took_ms))).ok();
    }
}

/// How long the member would be busy with what it has and one request more.
fn estimate_ms(member: &Member, now_ms: u64) -> u64 {
    let load = &member.load;
    let halvings = match quiet_ms(load, now_ms) {
        quiet if quiet > FAIL_TIMEOUT_MS => quiet / (FAIL_TIMEOUT_MS + 1_000),
        _ => 0,
    };
    let mean_ms = u64::from(load.mean_ms.load(Relaxed));
    let time_ms = match mean_ms.checked_shr(halvings.min(64) as u32).unwrap_or(0) {
        slow if slow > SLOW_MS => SLOW_MS,
        time_ms => time_ms + STEP_MS - time_ms % STEP_MS,
    };
    time_ms * (1 + u64::from(member.in_flight()))
}

/// How long ago the member was last looked at.
fn quiet_ms(load: &Load, now_ms: u64) -> u64 {
    now_ms.saturating_sub(load.checked_ms.load(Relaxed))
}

fn averaged(mean_ms: u32, took_ms: u32) -> u32 {
    if mean_ms == 0 {
        return took_ms;
    }
    (0.5 + 0.05 * f64::from(took_ms) + 0.95 * f64::from(mean_ms)) as u32
}

/// NGINX counts these times in whole seconds.
fn whole_secs_ms(ns: u64) -> u64 {
    ns / (1_000 * MS_NS) * 1_000
}

const MS_NS: u64 = 1_000_000;
/// NGINX's default `fail_timeout`.
const FAIL_TIMEOUT_MS: u64 = 10_000;
const STEP_MS: u64 = 20;
const SLOW_MS: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Request;

    const NOW_SECS: u64 = 1_000;

    /// Members with (weight, average, in flight), all looked at just now.
    fn members(wanted: &[(u32, u32, u32)]) -> Vec<Member> {
        let member = |(index, &(weight, mean_ms, in_flight)): (usize, &(u32, u32, u32))| {
            let member = Member::new(&format!("m{index}"), index, weight);
            member.load.mean_ms.store(mean_ms, Relaxed);
            member.load.in_flight.store(in_flight, Relaxed);
            member.load.checked_ms.store(NOW_SECS * 1_000, Relaxed);
            member
        };
        wanted.iter().enumerate().map(member).collect()
    }

    fn picks(members: &[Member], now_secs: u64, count: usize) -> Vec<usize> {
        let request = Request { now_ns: now_secs * 1_000 * MS_NS, ..Request::default() };
        let view = View::new(members, &request);
        let balancer = LeastTime::default().build(members, &Origin::default());
        (0..count)
            .map(|_| balancer.pick(&view, &mut Dice::new(0), &mut Notes::off()).unwrap())
            .collect()
    }

    #[test]
    fn the_estimate_is_the_rounded_time_for_each_request() {
        // (average, in flight) → by hand.
        for (mean_ms, in_flight, expected) in [
            (0, 0, 20),
            (19, 0, 20),
            (20, 0, 40),
            (45, 2, 180),
            (5_000, 0, 5_020),
            (5_001, 0, 5_000),
            (90_000, 1, 10_000),
        ] {
            let members = members(&[(1, mean_ms, in_flight)]);
            assert_eq!(
                estimate_ms(&members[0], NOW_SECS * 1_000),
                expected,
                "{mean_ms} {in_flight}"
            );
        }
    }

    #[test]
    fn the_lowest_estimate_for_each_unit_of_weight_wins() {
        assert_eq!(picks(&members(&[(1, 50, 0), (1, 10, 1), (1, 30, 0)]), NOW_SECS, 1), [1]);
        assert_eq!(picks(&members(&[(1, 50, 0), (1, 10, 2), (1, 30, 0)]), NOW_SECS, 1), [2]);
        assert_eq!(picks(&members(&[(3, 50, 0), (1, 15, 1), (1, 30, 0)]), NOW_SECS, 1), [0]);
    }

    #[test]
    fn servers_within_a_step_take_turns_in_smooth_order() {
        let members = members(&[(1, 21, 0), (1, 900, 0), (1, 39, 0), (1, 30, 0)]);
        assert_eq!(picks(&members, NOW_SECS, 6), [0, 2, 3, 0, 2, 3]);
    }

    #[test]
    fn a_slow_server_is_forgiven_by_half_for_each_quiet_eleven_seconds() {
        let members = members(&[(1, 800, 0)]);
        let at = |secs_later| estimate_ms(&members[0], (NOW_SECS + secs_later) * 1_000);
        assert_eq!([at(0), at(10), at(11), at(21), at(22), at(33)], [820, 820, 420, 420, 220, 120]);
        assert_eq!(at(100_000), 20);
    }

    #[test]
    fn a_pick_after_a_quiet_time_counts_as_a_look() {
        let members = members(&[(1, 800, 0)]);
        picks(&members, NOW_SECS + 11, 1);
        assert_eq!(members[0].load.checked_ms.load(Relaxed), (NOW_SECS + 11) * 1_000);
    }

    #[test]
    fn the_average_keeps_nineteen_parts_of_twenty() {
        // By hand: 0.5 + 5 + 190 = 195.5; 0.5 + 0.05*1000 + 0.95*195 = 235.75.
        assert_eq!([averaged(0, 200), averaged(200, 100), averaged(195, 1_000)], [200, 195, 235]);
    }

    #[test]
    fn only_successes_are_averaged() {
        let members = members(&[(1, 0, 0)]);
        let sample = |succeeded| Sample {
            now_ns: 0,
            beside: 0,
            first_byte_ns: 30 * MS_NS,
            latency_ns: 70 * MS_NS,
            succeeded,
        };
        for (measure, succeeded, mean_ms) in [
            (Measure::Header, false, 0),
            (Measure::Header, true, 30),
            (Measure::LastByte, true, 32),
        ] {
            let balancer = LeastTime { measure }.build(&members, &Origin::default());
            balancer.learn(&members, 0, &sample(succeeded));
            assert_eq!(members[0].load.mean_ms.load(Relaxed), mean_ms);
        }
    }
}
