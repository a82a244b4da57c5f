//! One algorithm on the lab in virtual time, several times over.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::film;
use crate::balance::Algorithm;
use crate::lab::{Figures, Lab, Problem};
use crate::meter::MeterReading;
use crate::period::Period;
use crate::sim::{Detail, Journey, Report, Run, compare};

/// What is tried: a lab, which of its pools gets the algorithms, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) lab: Arc<Lab>,
    pub(super) pool: String,
    pub(super) duration: Period,
}

/// What came of it, over all repeats.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Trial {
    /// The requests that came to the pool, as their clients saw them.
    pub(super) together: MeterReading,
    /// Of each repeat, in seconds.
    pub(super) p99s: Vec<Option<f64>>,
    /// Each server's part of the tries.
    pub(super) shares: Vec<(String, f64)>,
    /// The part of all keys that cues moved, if they changed anything.
    pub(super) moved: Option<f64>,
    /// Servers that were taken for mocks.
    pub(super) taken_for_mocks: Vec<String>,
}

impl Trial {
    /// The mean of the repeats, in seconds: of two trials it differs by what is said of their difference.
    pub(super) fn p99(&self) -> Option<f64> {
        let known: Vec<f64> = self.p99s.iter().copied().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// Why an algorithm cannot work in a lab.
pub(super) type Refusal = String;

/// Runs all repeats. Nothing if it was stopped in the middle.
pub(super) fn run(
    order: &Order,
    algorithm: &Algorithm,
    stopped: &dyn Fn() -> bool,
) -> Option<Result<Trial, Refusal>> {
    let lab = match compare::in_pool(&order.lab, &order.pool, algorithm) {
        Ok(lab) => lab,
        Err(problems) => return Some(Err(why(&problems))),
    };
    let mut sum = Sum::default();
    for seed in seeds(&order.lab) {
        let mut run = Run::new(&lab, seed);
        advance(&mut run, order.duration, stopped)?;
        sum.add(order, &run.report(order.duration));
    }
    Some(Ok(sum.trial()))
}

/// The same with what came to the pool in each repeat: of the first every request, of all the p99 over time.
pub(super) fn film(
    order: &Order,
    algorithm: &Algorithm,
    stopped: &dyn Fn() -> bool,
) -> Option<Result<(Trial, Vec<Reel>), Refusal>> {
    let lab = match compare::in_pool(&order.lab, &order.pool, algorithm) {
        Ok(lab) => lab,
        Err(problems) => return Some(Err(why(&problems))),
    };
    let (mut sum, mut reels) = (Sum::default(), Vec::new());
    for seed in seeds(&order.lab) {
        let mut run = Run::followed(&lab, seed, Detail::Ways);
        advance(&mut run, order.duration, stopped)?;
        let mut reel = Reel::of(&mut run, order);
        if !reels.is_empty() {
            // Only the first is played.
            reel.journeys = Vec::new();
        }
        reels.push(reel);
        sum.add(order, &run.report(order.duration));
    }
    Some(Ok((sum.trial(), reels)))
}

/// What came to the pool in one run.
pub(super) struct Reel {
    pub(super) journeys: Vec<Journey>,
    /// The names of the pool's servers by their number in the run.
    pub(super) servers: BTreeMap<u32, String>,
    /// The p99 over time, in seconds.
    pub(super) line: Vec<f32>,
}

impl Reel {
    fn of(run: &mut Run, order: &Order) -> Self {
        let place = order.lab.pools.iter().position(|pool| pool.name == order.pool);
        let came =
            |journey: &Journey| journey.way.is_some_and(|(_, pool)| Some(pool as usize) == place);
        let mut journeys = run.take_ended();
        journeys.extend(run.under_way().cloned());
        journeys.retain(came);
        journeys.sort_by_key(|journey| journey.number);
        let servers = (0..).map_while(|number| Some((number, run.server(number)?)));
        let inside = servers.filter(|(_, (pool, _))| *pool == order.pool);
        let servers = inside.map(|(number, (_, name))| (number, name.to_owned())).collect();
        Self { line: film::line(&journeys, order.duration), journeys, servers }
    }
}

/// How long the lab is tried: a lab with cues as long as it says, others for a minute, because the longer the less is
/// left to chance. Less where it sends so much that all algorithms together would take more than some seconds.
pub(super) fn duration_for(lab: &Lab, stopped: &dyn Fn() -> bool) -> Option<Period> {
    let says = if lab.cues.is_empty() { LONGEST } else { lab.duration };
    let most = says.ns().clamp(SHORTEST.ns(), LONGEST.ns());
    let mut run = Run::new(lab, lab.seed);
    let mut until_ns = 0;
    while until_ns < most {
        if stopped() {
            return None;
        }
        until_ns = (until_ns + Period::from_secs(1).ns()).min(most);
        run.advance(until_ns);
        let sent = run.figures().clients_together().counters.started;
        if sent > REQUESTS_MAX && until_ns >= SHORTEST.ns() {
            break;
        }
    }
    Some(Period::from_ns(until_ns))
}

fn advance(run: &mut Run, duration: Period, stopped: &dyn Fn() -> bool) -> Option<()> {
    for step in 1..=STEPS {
        if stopped() {
            return None;
        }
        run.advance(duration.ns() / STEPS * step);
    }
    run.advance(duration.ns());
    Some(())
}

/// Of all repeats so far.
#[derive(Default)]
struct Sum {
    together: MeterReading,
    p99s: Vec<Option<f64>>,
    started: Vec<(String, u64)>,
    keys: u64,
    moved: u64,
    taken_for_mocks: Vec<String>,
}

impl Sum {
    fn add(&mut self, order: &Order, report: &Report) {
        let Figures { clients, pools, key_moves } = &report.overall;
        let heard = compare::audience(&order.lab, &order.pool);
        let together = heard
            .filter_map(|client| clients.get(client))
            .fold(MeterReading::default(), |sum, reading| sum.merge(reading));
        self.p99s.push(together.latency.quantile(0.99).map(|ns| ns as f64 / 1e9));
        self.together = self.together.merge(&together);
        let pool = pools.iter().filter(|pool| pool.name == order.pool);
        for (name, reading) in pool.flat_map(|pool| &pool.servers) {
            let started = reading.counters.started;
            match self.started.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += started,
                None => self.started.push((name.clone(), started)),
            }
        }
        for moves in key_moves.iter().filter(|moves| moves.pool == order.pool) {
            self.keys += moves.keys;
            self.moved += moves.moved;
        }
        self.taken_for_mocks.clone_from(&report.taken_for_mocks);
    }

    fn trial(self) -> Trial {
        let all: u64 = self.started.iter().map(|(_, started)| started).sum();
        let share = |(name, started): (String, u64)| (name, started as f64 / all.max(1) as f64);
        Trial {
            together: self.together,
            p99s: self.p99s,
            shares: self.started.into_iter().map(share).collect(),
            moved: (self.keys > 0).then(|| self.moved as f64 / self.keys as f64),
            taken_for_mocks: self.taken_for_mocks,
        }
    }
}

fn seeds(lab: &Lab) -> impl Iterator<Item = u64> {
    let first = lab.seed;
    (0..REPEATS).map(move |repeat| first.wrapping_add(repeat))
}

fn why(problems: &[Problem]) -> Refusal {
    let first = problems.iter().find(|problem| problem.is_error());
    first.map_or_else(String::new, |problem| format!("{}: {}", problem.what, problem.remedy))
}

pub(super) const REPEATS: u64 = 8;
const SHORTEST: Period = Period::from_secs(10);
const LONGEST: Period = Period::from_secs(60);
/// In one run.
const REQUESTS_MAX: u64 = 20_000;
/// How often in a run somebody can stop it.
const STEPS: u64 = 100;
