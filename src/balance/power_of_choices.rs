//! Power of choices: draw a few, take the least loaded of them.
//!
//! Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 2001; Vvedenskaya, Dobrushin
//! and Karpelevich 1996. A second look shortens the longest queue from `ln n / ln ln n` to `ln ln n / ln 2`;
//! a third adds little. It looks at two numbers instead of all, and balancers that do not know of each other
//! do not all rush to the same idle server.
//!
//! Candidates are drawn by weight, and what is compared is the load for each unit of weight, by
//! cross-multiplication. Of equals the first drawn wins, so an idle pool is shared out exactly by weight. With
//! `replacement: true` the same server may be drawn twice, as in Envoy's least request policy: of two
//! servers the busier is still chosen every fourth time.

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Rule, Value};
use super::lottery::Lottery;
use super::member::Member;
use super::view::View;
use super::{About, Balancer, Origin, Recipe, Setting};
use crate::dice::Dice;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PowerOfChoices {
    /// How many are drawn, up to 16.
    pub choices: u32,
    /// Whether the same one may be drawn again.
    pub replacement: bool,
}

impl Default for PowerOfChoices {
    fn default() -> Self {
        Self { choices: 2, replacement: false }
    }
}

impl Recipe for PowerOfChoices {
    const ABOUT: About = About {
        name: "power-of-choices",
        title: "Power of choices",
        summary: "two are drawn, the less loaded one wins",
        weights: "the chance of being drawn, and load is compared for each unit of weight",
        text: "Two servers are drawn by lot, and the one with fewer requests in flight gets the request. That \
               second look is almost as good as looking at everybody, costs nothing, and many balancers \
               side by side do not all rush to the same idle server.",
        keyed: false,
        settings: &[
            Setting::number("choices", 1.0, 16.0, "how many servers are drawn"),
            Setting::word("replacement", "whether the same server may be drawn again"),
        ],
    };

    fn build(&self, members: &[Member], _origin: &Origin) -> Box<dyn Balancer> {
        Box::new(Contest {
            lottery: Lottery::new(members),
            count: (self.choices as usize).clamp(1, CHOICES_MAX),
            replacement: self.replacement,
        })
    }
}

struct Contest {
    lottery: Lottery,
    count: usize,
    replacement: bool,
}

impl Balancer for Contest {
    fn pick(&self, view: &View<'_>, dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        let mut drawn = [0_u32; CHOICES_MAX];
        let mut least = None;
        for place in 0..self.count {
            let taken = if self.replacement { 0 } else { place };
            let Some(index) = self.lottery.draw_usable(view, &drawn[..taken], dice, notes) else {
                // Fewer are usable than should be drawn.
                break;
            };
            drawn[place] = index as u32;
            note(view, notes, index);
            if least.is_none_or(|least| is_lighter(view, index, least)) {
                least = Some(index);
            }
        }
        notes.add(|decision| {
            decision.rule = Some(Rule::LeastOfDrawn(Quantity::LoadPerWeight));
        });
        least
    }
}

fn is_lighter(view: &View<'_>, index: usize, than: usize) -> bool {
    let (one, other) = (&view.members[index], &view.members[than]);
    let load = |member: &Member, weight: u32| u64::from(member.in_flight()) * u64::from(weight);
    load(one, other.weight) < load(other, one.weight)
}

fn note(view: &View<'_>, notes: &mut Notes, index: usize) {
    notes.add(|decision| {
        let member = &view.members[index];
        let in_flight = member.in_flight();
        let load = f64::from(in_flight) / f64::from(member.weight.max(1));
        decision.saw(view, index, Quantity::InFlight, Value::Count(u64::from(in_flight)));
        decision.saw(view, index, Quantity::LoadPerWeight, Value::Real(load));
    });
}

const CHOICES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;
    use std::sync::atomic::Ordering::Relaxed;

    fn pool(loads: &[(u32, u32)]) -> Vec<Member> {
        let member = |(index, &(weight, in_flight)): (usize, &(u32, u32))| {
            let member = Member::new(&format!("m{index}"), index, weight);
            member.load.in_flight.store(in_flight, Relaxed);
            member
        };
        loads.iter().enumerate().map(member).collect()
    }

    fn shares(settings: &PowerOfChoices, loads: &[(u32, u32)]) -> Vec<f64> {
        let members = pool(loads);
        let request = Request::default();
        let view = View::new(&members, &request);
        let balancer = settings.build(&members, &Origin::default());
        let mut dice = Dice::new(31);
        let mut counts = vec![0.0; loads.len()];
        for _ in 0..PICKS {
            counts[balancer.pick(&view, &mut dice, &mut Notes::off()).unwrap()] += 1.0;
        }
        counts.into_iter().map(|count: f64| count / f64::from(PICKS)).collect()
    }

    fn near(shares: &[f64], expected: &[f64]) {
        for (share, expected) in shares.iter().zip(expected) {
            let four_sigma = 4.0 * (expected * (1.0 - expected) / f64::from(PICKS)).sqrt();
            assert!((share - expected).abs() <= four_sigma, "{shares:?}");
        }
    }

    #[test]
    fn of_two_servers_the_busier_is_never_chosen() {
        near(&shares(&PowerOfChoices::default(), &[(1, 3), (1, 2)]), &[0.0, 1.0]);
    }

    #[test]
    fn with_replacement_the_busier_of_two_gets_a_quarter_as_in_envoy() {
        let settings = PowerOfChoices { replacement: true, ..PowerOfChoices::default() };
        near(&shares(&settings, &[(1, 3), (1, 2)]), &[0.25, 0.75]);
    }

    #[test]
    fn an_idle_pool_is_shared_out_by_weight() {
        near(
            &shares(&PowerOfChoices::default(), &[(4, 0), (3, 0), (2, 0), (1, 0)]),
            &[0.4, 0.3, 0.2, 0.1],
        );
    }

    #[test]
    fn load_is_compared_for_each_unit_of_weight() {
        near(&shares(&PowerOfChoices::default(), &[(4, 7), (1, 2)]), &[1.0, 0.0]);
        near(&shares(&PowerOfChoices::default(), &[(4, 9), (1, 2)]), &[0.0, 1.0]);
    }

    #[test]
    fn with_as_many_choices_as_servers_the_least_loaded_is_found() {
        let settings = PowerOfChoices { choices: 5, ..PowerOfChoices::default() };
        near(
            &shares(&settings, &[(1, 3), (1, 2), (1, 1), (1, 9), (1, 4)]),
            &[0.0, 0.0, 1.0, 0.0, 0.0],
        );
    }

    #[test]
    fn two_choices_keep_the_fullest_of_a_thousand_near_three() {
        // An independent simulation: a thousand balls in a thousand bins leave 5.49 in the fullest at
        // random, 3.00 with two choices, 2.30 with three.
        let mean_of_peaks = |choices| {
            let mut dice = Dice::new(5);
            let peak = |_| {
                let members = pool(&[(1, 0); 1_000]);
                let settings = PowerOfChoices { choices, ..PowerOfChoices::default() };
                let balancer = settings.build(&members, &Origin::default());
                let request = Request::default();
                for _ in 0..1_000 {
                    let view = View::new(&members, &request);
                    let index = balancer.pick(&view, &mut dice, &mut Notes::off()).unwrap();
                    members[index].load.in_flight.fetch_add(1, Relaxed);
                }
                f64::from(members.iter().map(Member::in_flight).max().unwrap())
            };
            (0..40).map(peak).sum::<f64>() / 40.0
        };
        assert!((5.0..6.1).contains(&mean_of_peaks(1)));
        assert!((2.9..3.15).contains(&mean_of_peaks(2)));
        assert!((2.0..2.7).contains(&mean_of_peaks(3)));
    }

    const PICKS: u32 = 40_000;
}
