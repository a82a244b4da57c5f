//! Whatever happens in whatever order: nothing panics, picks are usable, and in-flight counts are those of the requests
//! that are under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use evenkeel::balance::pool::{Pool, Settings, SlowStart, Terms};
use evenkeel::balance::{Algorithm, Health, Notes, Request, Sample, View};
use evenkeel::dice::Dice;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::cast;
use crate::scene::{SECOND_NS, address_of, healths, keys, limits, weights};

#[test]
fn no_sequence_of_events_panics_or_loses_count_of_a_request() {
    let config =
        ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let cast = cast::everybody();
    let outcome = TestRunner::new(config).run(&vec(steps(), 1..80), |steps| {
        let mut world = World::new(&cast);
        for step in &steps {
            world.take(step)?;
            world.check_counts()?;
        }
        world.finish_all()
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Pick {
        key: Vec<u8>,
    },
    Finish {
        which: usize,
    },
    /// It fails, and is tried again elsewhere.
    Fail {
        which: usize,
    },
    Weight {
        which: usize,
        weight: u32,
    },
    Health {
        which: usize,
        health: Health,
    },
    Drain {
        which: usize,
    },
    Limit {
        which: usize,
        limit: u32,
    },
    Add {
        name: usize,
        weight: u32,
        priority: u32,
    },
    Remove {
        which: usize,
    },
    Switch {
        to: usize,
    },
    Around {
        settings: Settings,
    },
}

fn steps() -> impl Strategy<Value = Step> {
    let which = || 0..1_000_usize;
    prop_oneof![
        12 => keys().prop_map(|key| Step::Pick { key }),
        8 => which().prop_map(|which| Step::Finish { which }),
        3 => which().prop_map(|which| Step::Fail { which }),
        2 => (which(), weights()).prop_map(|(which, weight)| Step::Weight { which, weight }),
        3 => (which(), healths()).prop_map(|(which, health)| Step::Health { which, health }),
        1 => which().prop_map(|which| Step::Drain { which }),
        1 => (which(), limits()).prop_map(|(which, limit)| Step::Limit { which, limit }),
        3 => (0..8_usize, weights(), 0..2_u32)
            .prop_map(|(name, weight, priority)| Step::Add { name, weight, priority }),
        1 => which().prop_map(|which| Step::Remove { which }),
        3 => which().prop_map(|to| Step::Switch { to }),
        1 => settings().prop_map(|settings| Step::Around { settings }),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let parts = (prop::option::of(Just(140_u32)), prop::option::of(Just(SlowStart::default())));
    parts.prop_map(|(over_provisioning, slow_start)| Settings {
        over_provisioning,
        slow_start,
        ..Settings::default()
    })
}

/// A pool through its plans, and what should be under way in it.
struct World<'c> {
    cast: &'c [Algorithm],
    algorithm: Algorithm,
    settings: Settings,
    terms: Vec<Terms>,
    pool: Arc<Pool>,
    /// Each with the pool that it was picked from.
    under_way: Vec<(Arc<Pool>, usize, Life)>,
    /// How often each name was added: who was gone comes back with nothing under way.
    lives: BTreeMap<String, u32>,
    dice: Dice,
    now_ns: u64,
}

type Life = (String, u32);

impl<'c> World<'c> {
    fn new(cast: &'c [Algorithm]) -> Self {
        let terms: Vec<Terms> = (0..3).map(|name| Terms::new(&name_of(name), 1)).collect();
        let (algorithm, settings) = (Algorithm::default(), Settings::default());
        Self {
            pool: Arc::new(Pool::new(&algorithm, &settings, &terms, 1)),
            lives: terms.iter().map(|terms| (terms.name.clone(), 0)).collect(),
            cast,
            algorithm,
            settings,
            terms,
            under_way: Vec::new(),
            dice: Dice::new(1),
            now_ns: SECOND_NS,
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.now_ns += SECOND_NS / 3;
        match step {
            Step::Pick { key } => self.pick(key, None)?,
            Step::Finish { which } => {
                self.finish(*which, true);
            }
            Step::Fail { which } => {
                if let Some(failed) = self.finish(*which, false) {
                    self.pick(b"again", Some(&failed.0))?;
                }
            }
            Step::Health { which, health } => {
                if let Some(index) = self.place(*which) {
                    self.pool.set_health(index, *health, self.now_ns);
                }
            }
            Step::Weight { which, weight } => self.change(*which, |terms| terms.weight = *weight),
            Step::Drain { which } => self.change(*which, |terms| terms.drained = !terms.drained),
            Step::Limit { which, limit } => self.change(*which, |terms| terms.limit = *limit),
            Step::Add { name, weight, priority } => self.add(&name_of(*name), *weight, *priority),
            Step::Remove { which } => {
                if let Some(index) = self.place(*which) {
                    self.terms.remove(index);
                    self.follow();
                }
            }
            Step::Switch { to } => {
                self.algorithm = self.cast[to % self.cast.len()].clone();
                self.follow();
            }
            Step::Around { settings } => {
                self.settings = settings.clone();
                self.follow();
            }
        }
        Ok(())
    }

    fn pick(&mut self, key: &[u8], tried: Option<&str>) -> Result<(), TestCaseError> {
        let mut request =
            Request { key, address: address_of(key), now_ns: self.now_ns, ..Request::default() };
        if let Some(index) = tried.and_then(|name| self.pool.index_of(name)) {
            request.tried.add(index as u32);
        }
        let view = View::new(self.pool.members(), &request);
        let anybody = view.usable_indexes().next();
        let pick = self.pool.pick(&request, None, &mut self.dice, &mut Notes::off());
        let picked = pick.member();
        prop_assert_eq!(picked.is_some(), anybody.is_some(), "{:?}", self.algorithm);
        if let Some(index) = picked {
            prop_assert_eq!(view.exclusion(index), None, "{:?}", self.algorithm);
            self.pool.start(index);
            let life = self.life(&self.pool.members()[index].name);
            self.under_way.push((Arc::clone(&self.pool), index, life));
        }
        Ok(())
    }

    fn finish(&mut self, which: usize, succeeded: bool) -> Option<Life> {
        let count = self.under_way.len();
        let (pool, index, life) = (count > 0).then(|| self.under_way.swap_remove(which % count))?;
        let latency_ns = SECOND_NS / (which as u64 + 1);
        let first_byte_ns = latency_ns / 2;
        let (now_ns, beside) = (self.now_ns, which as u32 % 9);
        pool.finish(index, &Sample { now_ns, beside, first_byte_ns, latency_ns, succeeded });
        Some(life)
    }

    fn change(&mut self, which: usize, change: impl Fn(&mut Terms)) {
        if let Some(index) = self.place(which) {
            change(&mut self.terms[index]);
            self.follow();
        }
    }

    fn add(&mut self, name: &str, weight: u32, priority: u32) {
        if self.pool.index_of(name).is_none() {
            self.terms.push(Terms { priority, ..Terms::new(name, weight) });
            *self.lives.entry(name.to_owned()).or_default() += 1;
            self.follow();
        }
    }

    fn follow(&mut self) {
        let Self { algorithm, settings, terms, now_ns, .. } = self;
        self.pool = Arc::new(self.pool.followed_by(algorithm, settings, terms, *now_ns));
    }

    fn place(&self, which: usize) -> Option<usize> {
        which.checked_rem(self.terms.len())
    }

    fn life(&self, name: &str) -> Life {
        (name.to_owned(), self.lives[name])
    }

    fn check_counts(&self) -> Result<(), TestCaseError> {
        for member in self.pool.members() {
            let own = self.life(&member.name);
            let expected = self.under_way.iter().filter(|(_, _, life)| *life == own).count();
            prop_assert_eq!(member.in_flight() as usize, expected, "{}", &member.name);
        }
        Ok(())
    }

    /// Those that were picked in an earlier plan end there, and are gone in the latest as well.
    fn finish_all(mut self) -> Result<(), TestCaseError> {
        let pools: Vec<Arc<Pool>> =
            self.under_way.iter().map(|(pool, _, _)| Arc::clone(pool)).collect();
        while self.finish(0, true).is_some() {}
        for member in pools.iter().chain([&self.pool]).flat_map(|pool| pool.members()) {
            prop_assert_eq!(member.in_flight(), 0, "{}", &member.name);
        }
        Ok(())
    }
}

fn name_of(number: usize) -> String {
    format!("server-{number}:80")
}
