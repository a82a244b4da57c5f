//! HAProxy's `balance leastconn`: the lowest load for each unit of weight, first come, first served among equals.
//!
//! The rules are those of `src/lb_fwlc.c` in HAProxy 2.6. Load is counted as it would be with this request,
//! `(in flight + 1) / weight`, but is 0 for everybody who is idle: on an idle pool weights do not matter.
//! Equals stand in line in the order in which they came to their load, so that an idle pool is served in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::balance::decision::{Notes, Quantity, Rule, Value};
use crate::balance::haproxy::{self, WEIGHT_MAX};
use crate::balance::member::{Member, Sample};
use crate::balance::view::View;
use crate::balance::{Balancer, Origin};
use crate::dice::Dice;

pub(super) fn build(members: &[Member], origin: &Origin) -> Box<dyn Balancer> {
    // Members carry their places with them, so a clock that begins anew must not run behind them.
    let latest = members.iter().map(|member| member.load.lined_up.load(Relaxed)).max();
    origin.cursor.fetch_max(latest.unwrap_or(0) + 1, Relaxed);
    let lines = Lines { clock: Arc::clone(&origin.cursor) };
    lines.catch_up(members, false);
    Box::new(lines)
}

struct Lines {
    /// Counts every time that a member took a place in line.
    clock: Arc<AtomicU64>,
}

impl Lines {
    /// Sends to the end of its line whoever's load, weight or service changed without our doing: a request
    /// that waited got the place that came free, a weight was set, a server returned.
    fn catch_up(&self, members: &[Member], panic: bool) {
        for member in members {
            let now = standing(haproxy::weight(member, panic), member.in_flight());
            if member.load.lined_up_as.load(Relaxed) != now {
                self.line_up(member, now);
            }
        }
    }

    fn line_up(&self, member: &Member, standing: u64) {
        member.load.lined_up_as.store(standing, Relaxed);
        member.load.lined_up.store(self.clock.fetch_add(1, Relaxed), Relaxed);
    }
}

impl Balancer for Lines {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        self.catch_up(view.members, view.panic);
        let place = |&index: &usize| {
            let member = &view.members[index];
            (load(member), member.load.lined_up.load(Relaxed))
        };
        let found = view.usable_indexes().min_by_key(place);
        notes.add(|decision| {
            decision.rule = Some(Rule::Least(Quantity::LoadPerWeight));
            for index in view.usable_indexes() {
                let member = &view.members[index];
                let in_flight = member.in_flight();
                decision.saw(view, index, Quantity::InFlight, Value::Count(in_flight.into()));
                decision.saw(view, index, Quantity::Weight, Value::Count(member.weight.into()));
                let parts = f64::from(load(member)) / f64::from(WEIGHT_MAX);
                decision.saw(view, index, Quantity::LoadPerWeight, Value::Real(parts));
                let turn = member.load.lined_up.load(Relaxed);
                decision.saw(view, index, Quantity::Position, Value::Count(turn));
            }
        });
        let member = &view.members[found?];
        self.line_up(member, standing(member.weight, member.in_flight() + 1));
        found
    }

    fn learn(&self, members: &[Member], picked: usize, _sample: &Sample) {
        // Its service is what it was when it last lined up; if that changed, the next pick finds out.
        let member = &members[picked];
        let before = member.load.lined_up_as.load(Relaxed);
        self.line_up(member, before & !IN_FLIGHT | u64::from(member.in_flight()));
    }
}

/// HAProxy's sorting key: 256ths of a request for each unit of weight.
fn load(member: &Member) -> u32 {
    match member.in_flight() {
        0 => 0,
        in_flight => {
            let scaled = u64::from(haproxy::scaled(member.weight).max(1));
            let full = u64::from(haproxy::scaled(WEIGHT_MAX));
            ((u64::from(in_flight) + 1) * full / scaled) as u32
        }
    }
}

/// Everything that puts a member at the end of its line when it changes, in one word; never 0.
fn standing(weight: u32, in_flight: u32) -> u64 {
    1 << 63 | u64::from(weight.min(WEIGHT_MAX)) << 32 | u64::from(in_flight)
}

const IN_FLIGHT: u64 = u32::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Request;

    struct Bench {
        members: Vec<Member>,
        balancer: Box<dyn Balancer>,
    }

    impl Bench {
        fn new(weights: &[u32]) -> Self {
            let member = |(index, &weight)| Member::new(&format!("m{index}"), index, weight);
            let members: Vec<Member> = weights.iter().enumerate().map(member).collect();
            let balancer = build(&members, &Origin::default());
            Self { members, balancer }
        }

        fn start(&self) -> usize {
            let request = Request::default();
            let view = View::new(&self.members, &request);
            let picked = self.balancer.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap();
            self.members[picked].load.in_flight.fetch_add(1, Relaxed);
            picked
        }

        fn finish(&self, index: usize) {
            self.members[index].load.in_flight.fetch_sub(1, Relaxed);
            let sample = Sample { succeeded: true, ..Sample::default() };
            self.balancer.learn(&self.members, index, &sample);
        }
    }

    #[test]
    fn weights_do_not_matter_while_everybody_is_idle() {
        let bench = Bench::new(&[5, 1, 1]);
        let picks = (0..6).map(|_| {
            let picked = bench.start();
            bench.finish(picked);
            picked
        });
        assert_eq!(picks.collect::<Vec<_>>(), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn under_load_the_heavier_carries_more() {
        let bench = Bench::new(&[5, 1, 1]);
        let picks: Vec<usize> = (0..7).map(|_| bench.start()).collect();
        assert_eq!(picks, [0, 1, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn who_became_idle_last_is_last_in_line() {
        let bench = Bench::new(&[1, 1, 1]);
        let picks: Vec<usize> = (0..3).map(|_| bench.start()).collect();
        for index in [picks[1], picks[2], picks[0]] {
            bench.finish(index);
        }
        assert_eq!((0..3).map(|_| bench.start()).collect::<Vec<_>>(), [1, 2, 0]);
    }
}
