//! Prequal: probe a few servers ahead of time, avoid the crowded, then take the quickest.
//!
//! Wydrowski, Kleinberg, Rumble and Archer, "Load is not what you should balance: introducing Prequal", NSDI 2024
//! (arXiv 2312.10172). With every request `probes` servers, drawn at random, are asked for their requests in
//! flight and their latency; the answers go into a small pool and serve later requests. A pooled server is
//! hot if it has more in flight than the `hot_quantile` of recent answers had; among the cold the lowest latency
//! wins, and if all are hot the fewest in flight. The chosen probe counts one more in flight and is used up after
//!
//! ```text
//! b = max(1, (1 + delta) / ((1 − pool / servers) · probes − removed))
//! ```
//!
//! uses. With each request also `removed` probes go, the oldest and the worst in turn, and any after `ttl`.
//! With fewer than two in the pool the server is drawn at random.
//!
//! A server answers with the latency it has *at its present number in flight*: the median of recent requests
//! that met about as many others when they began, as the paper has it. This is the heart of the matter. With one
//! average for each server an idle one goes on telling how slow it was when it was last busy, is not chosen,
//! and so has nothing new to tell, while those that are chosen drown. Where a request *ends* would be the
//! wrong place to count: the last one out of a long queue leaves an idle server behind, and was not quick.
//!
//! What is modelled: an answer takes no time and is never lost, and it joins the pool only after the request
//! that asked for it has been placed, as in the paper's asynchronous form. In flight is what this balancer sees
//! of a server, and latency what it measured there, where the paper's servers count and measure for all their
//! clients. How many latencies a server remembers, and for how long, is our choice (`latencies.rs`). A server that
//! knows nothing recent counts as instant, and is so tried early.
//!
//! A server's new answer takes the place of its last one; `pool / servers` in `b` fits that reading. Where
//! servers are so few that `b` grows or has no value, every request brings fresh answers anyway, and using old
//! ones again would herd: there a probe is used once, and never more than twice where two or more are asked.
//!
//! What is left out: probes in the path of a request (the paper's synchronous form), probes while no requests
//! come, and the aversion to servers whose answers are errors. A server that fails quickly looks quick.

mod probes;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

use self::probes::{POOL_MAX, Probe, Probes, Slot};
use super::decision::{Notes, Quantity, Rule, Value};
use super::estimate::Estimate;
use super::lottery::Lottery;
use super::member::{Member, Sample};
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::Dice;
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prequal {
    /// Servers probed with each request.
    pub probes: u32,
    /// Probes kept, up to 64.
    pub pool: u32,
    /// Probes dropped with each request.
    pub removed: u32,
    pub ttl: Period,
    /// The part of recent answers that counts as cold; 2^-0.25 in the paper.
    pub hot_quantile: f64,
    /// How much faster the pool may fill than it empties.
    pub delta: f64,
}

impl Default for Prequal {
    fn default() -> Self {
        Self {
            probes: 3,
            pool: 16,
            removed: 1,
            ttl: Period::from_secs(1),
            hot_quantile: 0.84,
            delta: 1.0,
        }
    }
}

impl Recipe for Prequal {
    const ABOUT: About = About {
        name: "prequal",
        title: "Prequal",
        summary: "servers are probed ahead; the quickest of those that are not crowded wins",
        weights: "the chance of being probed",
        text: "With every request a few servers drawn by lot are asked how many requests they have and how \
               long they take. The answers are kept for a second. Servers with unusually many requests \
               are hot and avoided; of the others the one with the lowest latency is chosen. It \
               balances what users feel instead of load.",
        keyed: false,
        settings: &[
            Setting::number("probes", 0.0, 64.0, "servers probed with each request"),
            Setting::number("pool", 1.0, 64.0, "probes kept"),
            Setting::number("removed", 0.0, 64.0, "probes dropped with each request"),
            Setting::word("ttl", "how long a probe is kept"),
            Setting::number("hot_quantile", 0.0, 1.0, "the part of the pool that counts as cold"),
            Setting::number(
                "delta",
                0.0,
                100.0,
                "how much faster the pool may fill than it empties",
            ),
        ],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        let pool = (self.pool as usize).clamp(2, POOL_MAX);
        for member in members {
            member.load.latencies.get_or_init(Default::default);
        }
        Box::new(Prober {
            lottery: Lottery::new(members),
            pool: Probes::new(pool, self.ttl.ns(), self.hot_quantile),
            requests: AtomicU64::new(0),
            uses: self.uses(members.len(), pool),
            probes: (self.probes as usize).min(PROBES_MAX),
            removed: u64::from(self.removed).min(POOL_MAX as u64),
        })
    }
}

impl Prequal {
    /// How often a probe may be used.
    fn uses(&self, servers: usize, pool: usize) -> f64 {
        let fresh = (1.0 - pool as f64 / servers.max(1) as f64) * f64::from(self.probes);
        let left = fresh - f64::from(self.removed);
        // Two fresh answers with each request are enough to choose from.
        let (undefined, most) =
            if self.probes >= 2 { (1.0, USES_OF_MANY_MAX) } else { (USES_MAX, USES_MAX) };
        if left <= 0.0 { undefined } else { ((1.0 + self.delta) / left).clamp(1.0, most) }
    }
}

struct Prober {
    lottery: Lottery,
    pool: Probes,
    requests: AtomicU64,
    uses: f64,
    probes: usize,
    removed: u64,
}

impl Prober {
    /// The lowest latency among the cold, or the fewest in flight if all are hot.
    fn choose(&self, view: &View<'_>, threshold: u32, notes: &mut Notes) -> Option<(&Slot, Probe)> {
        let usable =
            || self.pool.pooled().filter(|(_, probe)| view.usable(usize::from(probe.member)));
        // One probe alone says nothing about the others.
        usable().nth(1)?;
        let cold = usable().filter(|(_, probe)| probe.in_flight <= threshold).min_by(
            |(_, one), (_, other)| one.estimate.latency_ns.total_cmp(&other.estimate.latency_ns),
        );
        let chosen = cold.or_else(|| usable().min_by_key(|(_, probe)| probe.in_flight));
        notes.add(|decision| {
            let quantity = if cold.is_some() { Quantity::Latency } else { Quantity::InFlight };
            decision.rule = Some(Rule::LeastOfDrawn(quantity));
            decision.fact(Quantity::Bound, Value::Count(u64::from(threshold)));
            for (_, probe) in usable() {
                let (index, in_flight) = (usize::from(probe.member), u64::from(probe.in_flight));
                decision.saw(view, index, Quantity::InFlight, Value::Count(in_flight));
                // Of the hot nobody asks the latency while anyone is cold.
                if cold.is_none() || probe.in_flight <= threshold {
                    let latency = Value::Time { ns: probe.estimate.latency() as u64 };
                    decision.saw(view, index, Quantity::Latency, latency);
                }
            }
        });
        chosen
    }

    /// The oldest and the worst in turn: too much is old, or says what everybody avoids.
    fn drop_some(&self, threshold: u32, now_ns: u64) {
        let request = self.requests.fetch_add(1, Relaxed);
        for turn in 0..self.removed {
            let dropped = if (request + turn).is_multiple_of(2) {
                self.pool.pooled().max_by_key(|(_, probe)| probe.estimate.age_ns(now_ns))
            } else {
                self.pool.worst(threshold)
            };
            if let Some((slot, _)) = dropped {
                slot.clear();
            }
        }
    }

    fn probe(&self, view: &View<'_>, dice: &mut Dice) {
        let mut drawn = [0_u32; PROBES_MAX];
        for place in 0..self.probes {
            let taken = &drawn[..place];
            let index = self.lottery.draw_usable(view, taken, dice, &mut Notes::off());
            let Some(index) = index else { return };
            drawn[place] = index as u32;
            let member = &view.members[index];
            let (in_flight, now_ns) = (member.in_flight(), view.request.now_ns);
            let latencies = member.load.latencies.get();
            let latency_ns = latencies.and_then(|all| all.median_ns(in_flight, now_ns));
            self.pool.keep(
                Probe {
                    member: index as u16,
                    uses: self.uses as u16 + u16::from(dice.chance(self.uses.fract())),
                    in_flight,
                    estimate: Estimate::new(latency_ns.unwrap_or(0.0), now_ns),
                },
                now_ns,
            );
        }
    }
}

impl Balancer for Prober {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let now_ns = view.request.now_ns;
        self.pool.drop_expired(now_ns);
        let threshold = self.pool.threshold();
        let picked = if let Some((slot, probe)) = self.choose(view, threshold, notes) {
            // The next request must not find it as free as this one did.
            let in_flight = probe.in_flight.saturating_add(1);
            slot.write(Probe { in_flight, uses: probe.uses - 1, ..probe });
            Some(usize::from(probe.member))
        } else {
            notes.add(|decision| decision.rule = Some(Rule::Drawn));
            self.lottery.draw_usable(view, &[], dice, notes)
        };
        self.drop_some(threshold, now_ns);
        self.probe(view, dice);
        picked
    }

    fn learn(&self, members: &[Member], picked: usize, sample: &Sample) {
        if let Some(latencies) = members[picked].load.latencies.get() {
            latencies.keep(sample.beside, sample.latency_ns, sample.now_ns);
        }
    }
}

const PROBES_MAX: usize = 16;
const USES_MAX: f64 = 1_000.0;
const USES_OF_MANY_MAX: f64 = 2.0;

#[cfg(test)]
mod tests;
