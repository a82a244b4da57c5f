//! Prequal: probe a few servers ahead of time, avoid the crowded, then take the quickest.
//!
//! Wydrowski, Kleinberg, Rumble and Archer, "Load is not what you should balance: introducing Prequal", NSDI 2024
//! (arXiv 2312.10172). With every request `probes` servers, drawn at random, are asked for their requests in
//! flight and their latency; the answers go into a small pool and serve later requests. A pooled server is
//! hot if it has more in flight than the `hot_quantile` of the pool has; among the cold the lowest latency
//! wins, and if all are hot the fewest in flight. The chosen probe counts one more in flight and is used up after
//!
//! ```text
//! b = max(1, (1 + delta) / ((1 − pool / servers) · probes − removed))
//! ```
//!
//! uses. With each request also `removed` probes go, the oldest and the worst in turn, and any after `ttl`.
//! With fewer than two in the pool the server is drawn at random.
//!
//! What is modelled: an answer takes no time and is never lost, and it joins the pool only after the request
//! that asked for it has been placed, as in the paper's asynchronous form. In flight is what this balancer sees
//! of a server, where the paper's servers count all their clients. The latency is a moving average, where
//! theirs is the median of requests that met about as many others. A server that has not answered yet
//! counts as instant, and is so tried early.

mod probes;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

use self::probes::{POOL_MAX, Probe, Probes, Slot};
use super::decision::{Notes, Quantity, Rule, Value};
use super::estimate::{Estimate, remains};
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
    /// The part of the pool that counts as cold; 2^-0.25 in the paper.
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
    /// How often a probe may be used. Where a pool is as large as the servers are many, a probe lasts until it
    /// is dropped.
    fn uses(&self, servers: usize, pool: usize) -> f64 {
        let fresh = (1.0 - pool as f64 / servers.max(1) as f64) * f64::from(self.probes);
        let left = fresh - f64::from(self.removed);
        if left <= 0.0 { USES_MAX } else { ((1.0 + self.delta) / left).clamp(1.0, USES_MAX) }
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
    fn choose(&self, view: &View<'_>, notes: &mut Notes) -> Option<(&Slot, Probe)> {
        let usable =
            || self.pool.pooled().filter(|(_, probe)| view.usable(usize::from(probe.member)));
        // One probe alone says nothing about the others.
        usable().nth(1)?;
        let threshold = self.pool.threshold();
        let cold = usable().filter(|(_, probe)| probe.in_flight <= threshold).min_by(
            |(_, one), (_, other)| one.estimate.latency_ns.total_cmp(&other.estimate.latency_ns),
        );
        let chosen = cold.or_else(|| usable().min_by_key(|(_, probe)| probe.in_flight));
        notes.add(|decision| {
            let quantity = if cold.is_some() { Quantity::Latency } else { Quantity::InFlight };
            decision.rule = Some(Rule::LeastOfDrawn(quantity));
            decision.fact(Quantity::Bound, Value::Count(u64::from(threshold)));
            // The chosen probe first: its server may have others, which said something else before.
            let others = usable()
                .filter(|(slot, _)| chosen.is_none_or(|(chosen, _)| !std::ptr::eq(*slot, chosen)));
            for (_, probe) in chosen.into_iter().chain(others) {
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
    fn drop_some(&self, now_ns: u64) {
        let request = self.requests.fetch_add(1, Relaxed);
        for turn in 0..self.removed {
            let dropped = if (request + turn).is_multiple_of(2) {
                self.pool.pooled().max_by_key(|(_, probe)| probe.estimate.age_ns(now_ns))
            } else {
                self.pool.worst()
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
            let latency_ns = Estimate::read(&member.load.peak).map_or(0.0, Estimate::latency);
            self.pool.keep(
                Probe {
                    member: index as u16,
                    uses: self.uses as u16 + u16::from(dice.chance(self.uses.fract())),
                    in_flight: member.in_flight(),
                    estimate: Estimate::new(latency_ns, view.request.now_ns),
                },
                view.request.now_ns,
            );
        }
    }
}

impl Balancer for Prober {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let now_ns = view.request.now_ns;
        self.pool.drop_expired(now_ns);
        let picked = if let Some((slot, probe)) = self.choose(view, notes) {
            // The next request must not find it as free as this one did.
            let in_flight = probe.in_flight.saturating_add(1);
            slot.write(Probe { in_flight, uses: probe.uses - 1, ..probe });
            Some(usize::from(probe.member))
        } else {
            notes.add(|decision| decision.rule = Some(Rule::Drawn));
            self.lottery.draw_usable(view, &[], dice, notes)
        };
        self.drop_some(now_ns);
        self.probe(view, dice);
        picked
    }

    fn learn(&self, members: &[Member], picked: usize, sample: &Sample) {
        let latency_ns = sample.latency_ns as f64;
        Estimate::update(&members[picked].load.peak, |old| {
            let Some(old) = old else { return Estimate::new(latency_ns, sample.now_ns) };
            let kept = remains(old.age_ns(sample.now_ns), MEMORY_NS);
            let mean = old.latency() * kept + latency_ns * (1.0 - kept);
            Estimate::new(mean, sample.now_ns)
        });
    }
}

const PROBES_MAX: usize = 16;
const USES_MAX: f64 = 1_000.0;
/// How far back the moving average looks: about as long as a probe lives.
const MEMORY_NS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    fn pool(count: usize) -> Vec<Member> {
        (0..count).map(|index| Member::new(&format!("m{index}"), index, 1)).collect()
    }

    fn prober(members: &[Member]) -> Prober {
        Prober {
            lottery: Lottery::new(members),
            pool: Probes::new(16, Period::from_secs(1).ns(), 0.84),
            requests: AtomicU64::new(0),
            uses: 1.0,
            probes: 3,
            removed: 1,
        }
    }

    fn probe(member: u16, in_flight: u32, latency_ms: f64) -> Probe {
        Probe { member, uses: 9, in_flight, estimate: Estimate::new(latency_ms * 1e6, 0) }
    }

    fn chosen(probes: &[(u32, f64)]) -> Option<u16> {
        let members = pool(probes.len());
        let prober = prober(&members);
        for (member, &(in_flight, latency_ms)) in (0..).zip(probes) {
            prober.pool.keep(probe(member, in_flight, latency_ms), 0);
        }
        let request = Request::default();
        let view = View::new(&members, &request);
        prober.choose(&view, &mut Notes::off()).map(|(_, probe)| probe.member)
    }

    #[test]
    fn the_quickest_of_the_cold_wins_and_the_hot_are_avoided() {
        // The last is quickest, but has more in flight than 84 of 100 others.
        let mut probes = [(3, 20.0), (2, 9.0), (4, 8.0), (1, 30.0), (3, 25.0), (2, 22.0), (9, 1.0)];
        assert_eq!(chosen(&probes), Some(2));
        probes[6].0 = 3;
        assert_eq!(chosen(&probes), Some(6));
    }

    #[test]
    fn with_fewer_than_two_probes_there_is_nothing_to_choose() {
        assert_eq!(chosen(&[(0, 1.0)]), None);
    }

    #[test]
    fn reuse_is_the_papers() {
        // b at the paper's settings: 1.316 for a hundred servers, 1.025 for a thousand.
        let settings = Prequal::default();
        assert!((settings.uses(100, 16) - 1.316).abs() < 0.001);
        assert!((settings.uses(1_000, 16) - 1.025).abs() < 0.001);
        assert_eq!(settings.uses(10, 16), USES_MAX);
    }

    #[test]
    fn probes_expire_and_make_room() {
        let members = pool(5);
        let prober = prober(&members);
        for member in 0..5 {
            prober.pool.keep(probe(member, 0, 1.0), 0);
        }
        prober.pool.drop_expired(900_000_000);
        assert_eq!(prober.pool.pooled().count(), 5);
        prober.pool.drop_expired(1_100_000_000);
        assert_eq!(prober.pool.pooled().count(), 0);
    }

    #[test]
    fn a_slow_server_gets_little_and_a_new_one_is_tried() {
        let members = pool(10);
        let balancer = Prequal::default().build(&members, &Origin::default());
        let mut dice = Dice::new(7);
        let mut counts = [0_u32; 10];
        for step in 0..5_000_u64 {
            let now_ns = step * 1_000_000;
            let request = Request { now_ns, ..Request::default() };
            let view = View::new(&members, &request);
            let index = balancer.pick(&view, &mut dice, &mut Notes::off()).unwrap();
            counts[index] += 1;
            let latency_ns = if index == 3 { 50_000_000 } else { 5_000_000 };
            let sample = Sample { now_ns, first_byte_ns: latency_ns, latency_ns, succeeded: true };
            balancer.learn(&members, index, &sample);
        }
        assert!(counts[3] > 0 && counts[3] < 50, "{counts:?}");
        assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    }
}
