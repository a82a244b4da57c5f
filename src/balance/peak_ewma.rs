//! Peak EWMA: of two drawn, the one with the lower expected waiting time.
//!
//! From Twitter's Finagle (`PeakEwma.scala`), later in linkerd and tower. A member's estimate jumps up to a
//! slower response at once and sinks slowly, by `1/e` within `decay`, as faster ones come in or time goes by;
//! the cost of one more request is `estimate × (in flight + 1)`. Two distinct members are drawn, and of
//! equals the first wins. Rising fast and falling slowly keeps away from a server that has just stalled; that
//! it falls without samples makes sure it is tried again.
//!
//! The programs let every read rewrite the estimate; here reading works out the same value and leaves the
//! word alone. A member without history starts with `seed`, linkerd's 30 ms, which sinks from the moment the
//! member joined, yet not below 1 ms: a newcomer is not taken for the fastest of all.
//!
//! What fails fast looks fast. Pair it with ejection, or a broken server will draw all the traffic.

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::estimate::{Estimate, remains};
use super::lottery::Lottery;
use super::member::{Member, Sample};
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::Dice;
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeakEwma {
    /// How long an estimate takes to fall to a third (1/e).
    pub decay: Period,
    /// The estimate of a server that has not answered yet.
    pub seed: Period,
}

impl Default for PeakEwma {
    fn default() -> Self {
        Self { decay: Period::from_secs(10), seed: Period::from_millis(30) }
    }
}

impl Recipe for PeakEwma {
    const ABOUT: About = About {
        name: "peak-ewma",
        title: "Peak EWMA",
        summary: "two are drawn, the one with the shorter expected wait wins",
        weights: "the chance of being drawn; costs are compared without them",
        text: "For every server an estimate of its latency is kept that jumps up with each slow response and \
               sinks slowly. Two servers are drawn by lot, and the one whose estimate times its requests \
               in flight is lower gets the request. It steers around a server that has become slow \
               within one response. A server that fails quickly looks fast, so use it with ejection.",
        keyed: false,
        settings: &[
            Setting::word("decay", "how long an estimate takes to fall to a third"),
            Setting::word("seed", "the estimate of a server that has not answered yet"),
        ],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Peaks {
            lottery: Lottery::new(members),
            decay_ns: self.decay.ns(),
            seed_ns: self.seed.ns(),
        })
    }
}

struct Peaks {
    lottery: Lottery,
    decay_ns: u64,
    seed_ns: u64,
}

impl Peaks {
    fn estimate_ns(&self, member: &Member, now_ns: u64) -> f64 {
        let sunken = |value, age_ns| value * remains(age_ns, self.decay_ns);
        if let Some(estimate) = Estimate::read(&member.load.peak) {
            return sunken(estimate.latency(), estimate.age_ns(now_ns));
        }
        let age_ns = now_ns.saturating_sub(member.standing.since_ns());
        sunken(self.seed_ns as f64, age_ns).max(LEAST_SEED_NS)
    }

    fn cost(&self, view: &View<'_>, index: usize, notes: &mut Notes) -> f64 {
        let member = &view.members[index];
        let estimate_ns = self.estimate_ns(member, view.request.now_ns);
        let in_flight = member.in_flight();
        let cost = estimate_ns * (f64::from(in_flight) + 1.0);
        notes.add(|decision| {
            let latency = Value::Time { ns: estimate_ns as u64 };
            decision.saw(view, index, Quantity::Latency, latency);
            decision.saw(view, index, Quantity::InFlight, Value::Count(u64::from(in_flight)));
            decision.saw(view, index, Quantity::Cost, Value::Time { ns: cost as u64 });
        });
        cost
    }
}

impl Balancer for Peaks {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        notes.add(|decision| decision.rule = Some(Rule::LeastOfDrawn(Quantity::Cost)));
        let first = self.lottery.draw_usable(view, &[], dice, notes)?;
        let Some(second) = self.lottery.draw_usable(view, &[first as u32], dice, notes) else {
            notes.add(|decision| decision.rule = Some(Rule::Drawn));
            return Some(first);
        };
        let (first_cost, second_cost) =
            (self.cost(view, first, notes), self.cost(view, second, notes));
        Some(if second_cost < first_cost { second } else { first })
    }

    fn learn(&self, members: &[Member], picked: usize, sample: &Sample) {
        let latency_ns = sample.latency_ns as f64;
        Estimate::update(&members[picked].load.peak, |old| {
            let Some(old) = old else { return Estimate::new(latency_ns, sample.now_ns) };
            let kept = remains(old.age_ns(sample.now_ns), self.decay_ns);
            let sunken = old.latency() * kept;
            let peak = latency_ns > sunken;
            let renewed = if peak { latency_ns } else { sunken + latency_ns * (1.0 - kept) };
            Estimate::new(renewed, sample.now_ns)
        });
    }
}

/// One millisecond.
const LEAST_SEED_NS: f64 = 1_000_000.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;
    use std::sync::atomic::Ordering::Relaxed;

    const SECOND: u64 = 1_000_000_000;

    fn peaks(members: &[Member]) -> Peaks {
        let decay_ns = Period::from_secs(10).ns();
        Peaks { lottery: Lottery::new(members), decay_ns, seed_ns: Period::from_millis(30).ns() }
    }

    fn pool(count: usize) -> Vec<Member> {
        (0..count).map(|index| Member::new(&format!("m{index}"), index, 1)).collect()
    }

    fn sample(now_ns: u64, latency_ms: u64) -> Sample {
        let latency_ns = latency_ms * 1_000_000;
        Sample { now_ns, beside: 0, first_byte_ns: latency_ns, latency_ns, succeeded: true }
    }

    fn near(estimate_ns: f64, expected_ms: f64) {
        let estimate_ms = estimate_ns / 1e6;
        assert!((estimate_ms / expected_ms - 1.0).abs() < 1e-3, "{estimate_ms} for {expected_ms}");
    }

    #[test]
    fn an_estimate_jumps_to_a_peak_and_sinks_by_a_third_each_decay() {
        let members = pool(1);
        let peaks = peaks(&members);
        peaks.learn(&members, 0, &sample(SECOND, 10));
        near(peaks.estimate_ns(&members[0], SECOND), 10.0);
        peaks.learn(&members, 0, &sample(SECOND, 80));
        near(peaks.estimate_ns(&members[0], SECOND), 80.0);
        near(peaks.estimate_ns(&members[0], 11 * SECOND), 80.0 * libm::exp(-1.0));
        peaks.learn(&members, 0, &sample(11 * SECOND, 10));
        near(peaks.estimate_ns(&members[0], 11 * SECOND), (80.0 - 10.0) * libm::exp(-1.0) + 10.0);
    }

    #[test]
    fn a_newcomer_starts_with_the_seed_and_never_looks_instant() {
        let members = pool(1);
        let peaks = peaks(&members);
        near(peaks.estimate_ns(&members[0], 0), 30.0);
        near(peaks.estimate_ns(&members[0], 10 * SECOND), 30.0 * libm::exp(-1.0));
        near(peaks.estimate_ns(&members[0], 1_000 * SECOND), 1.0);
    }

    #[test]
    fn of_two_the_cheaper_is_chosen_every_time() {
        let members = pool(2);
        let peaks = peaks(&members);
        peaks.learn(&members, 0, &sample(SECOND, 10));
        peaks.learn(&members, 1, &sample(SECOND, 35));
        let request = Request { now_ns: SECOND, ..Request::default() };
        let mut dice = Dice::new(3);
        for (in_flight, expected) in [(0, 0), (2, 0), (3, 1)] {
            members[0].load.in_flight.store(in_flight, Relaxed);
            let view = View::new(&members, &request);
            for _ in 0..50 {
                let pick = peaks.pick(&view, &mut dice, &mut Notes::off());
                assert_eq!(pick, Some(expected), "{in_flight} in flight at the faster");
            }
        }
    }

    #[test]
    fn what_was_learned_outlives_a_rebuild() {
        let members = pool(2);
        peaks(&members).learn(&members, 1, &sample(SECOND, 70));
        near(peaks(&members).estimate_ns(&members[1], SECOND), 70.0);
    }
}
