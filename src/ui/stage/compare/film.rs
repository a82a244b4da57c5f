//! What a lane plays: where every request is at any moment of a run.

use std::collections::BTreeMap;

use super::trial::{Reel, Trial};
use crate::balance::Algorithm;
use crate::meter::Outcome;
use crate::period::Period;
use crate::sim::Journey;

/// One algorithm's runs, the first of them with all that happened.
pub(super) struct Film {
    pub(super) algorithm: Algorithm,
    pub(super) trial: Trial,
    pub(super) duration: Period,
    /// The p99 over time in each repeat, in seconds.
    pub(super) lines: Vec<Vec<f32>>,
    /// In the order of their coming.
    journeys: Vec<Journey>,
    /// The names of the servers by their number in the run.
    servers: BTreeMap<u32, String>,
    longest_ns: u64,
}

/// How things stand at a moment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Scene {
    pub(super) dots: Vec<Dot>,
    /// One of so many requests has a dot.
    pub(super) one_of: u64,
    /// In line at the balancer.
    pub(super) in_line: u32,
    /// By name: who is in service, who waits there, and what failed just now.
    pub(super) servers: BTreeMap<String, Crowd>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Crowd {
    pub(super) busy: u32,
    pub(super) waiting: u32,
    pub(super) failed: u32,
}

/// A request on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dot {
    pub(super) identity: u32,
    pub(super) leg: Leg,
    /// How much of it lies behind, from 0 to 1.
    pub(super) way: f32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leg {
    ToBalancer,
    ToServer(String),
}

impl Film {
    pub(super) fn new(
        algorithm: Algorithm,
        duration: Period,
        (trial, reels): (Trial, Vec<Reel>),
    ) -> Self {
        let lines = reels.iter().map(|reel| reel.line.clone()).collect();
        let Reel { journeys, servers, .. } =
            reels.into_iter().next().expect("there is at least one repeat");
        let lasts_ns = |it: &Journey| it.ended_ns.unwrap_or_else(|| duration.ns()) - it.came_ns;
        let longest_ns = journeys.iter().map(lasts_ns).max().unwrap_or(0);
        Self { algorithm, trial, duration, lines, journeys, servers, longest_ns }
    }

    /// How things stand at a moment of the first run. In virtual time a way takes no time; here it is drawn before
    /// the request comes, so that servers are shown exactly as they are.
    pub(super) fn scene(&self, at_ns: u64) -> Scene {
        let first = at_ns.saturating_sub(self.longest_ns + FAILURE_NS);
        let from = self.journeys.partition_point(|it| it.came_ns < first);
        let to = self.journeys.partition_point(|it| it.came_ns <= at_ns + 2 * LEG_NS);
        let seen = &self.journeys[from..to.max(from)];
        let n_moving = seen.iter().filter(|it| it.came_ns + LEG_NS > at_ns).count() as u64;
        let mut scene = Scene { one_of: n_moving.div_ceil(DOTS_MAX).max(1), ..Scene::default() };
        for name in self.servers.values() {
            scene.servers.insert(name.clone(), Crowd::default());
        }
        for journey in seen {
            self.place(journey, at_ns, &mut scene);
        }
        scene
    }

    fn place(&self, journey: &Journey, at_ns: u64, scene: &mut Scene) {
        if journey.number.is_multiple_of(scene.one_of)
            && let Some((leg, way)) = self.leg(journey, at_ns)
        {
            scene.dots.push(Dot { identity: journey.identity, leg, way });
        }
        let Journey { came_ns, ended_ns, tries, .. } = journey;
        let has_come = *came_ns <= at_ns;
        let has_ended = ended_ns.is_some_and(|ended_ns| ended_ns <= at_ns);
        let waits = tries.first().is_none_or(|first| first.began_ns > at_ns);
        scene.in_line += u32::from(has_come && !has_ended && waits);
        for it in tries.iter().filter(|it| it.began_ns <= at_ns) {
            let Some(crowd) =
                self.servers.get(&it.server).and_then(|name| scene.servers.get_mut(name))
            else {
                continue;
            };
            match it.ended_ns.filter(|&ended_ns| ended_ns <= at_ns) {
                Some(ended_ns) => {
                    let failed = it.outcome.is_some_and(Outcome::is_error);
                    crowd.failed += u32::from(failed && at_ns - ended_ns < FAILURE_NS);
                }
                None if it.served_from_ns.is_some_and(|from_ns| from_ns <= at_ns) => {
                    crowd.busy += 1;
                }
                None => crowd.waiting += 1,
            }
        }
    }

    /// The leg that a request is on, if it is on its way.
    fn leg(&self, journey: &Journey, at_ns: u64) -> Option<(Leg, f32)> {
        // Times are shifted by two legs, so that nothing is before the beginning.
        let at_ns = at_ns + 2 * LEG_NS;
        let leaves_ns = journey.came_ns;
        let way = |from_ns: u64, to_ns: u64| {
            let behind = at_ns.checked_sub(from_ns)? as f32 / (to_ns - from_ns).max(1) as f32;
            (behind < 1.0).then_some(behind)
        };
        if let Some(way) = way(leaves_ns, leaves_ns + LEG_NS) {
            return Some((Leg::ToBalancer, way));
        }
        let mut free_ns = leaves_ns + LEG_NS;
        for it in &journey.tries {
            let arrives_ns = it.began_ns + 2 * LEG_NS;
            let from_ns = free_ns.max(arrives_ns - LEG_NS);
            if let Some(way) = way(from_ns, arrives_ns) {
                return Some((Leg::ToServer(self.servers.get(&it.server)?.clone()), way));
            }
            free_ns = it.ended_ns? + 2 * LEG_NS;
        }
        None
    }
}

/// The p99 of what ended within the window before each of the line's points, in seconds.
pub(super) fn line(journeys: &[Journey], duration: Period) -> Vec<f32> {
    let ended = journeys.iter().filter_map(|it| {
        let told = it
            .outcome
            .is_some_and(|outcome| !outcome.is_error() || matches!(outcome, Outcome::TimedOut(_)));
        let ended_ns = it.ended_ns.filter(|_| told)?;
        Some((ended_ns, ended_ns - it.came_ns))
    });
    let mut ended: Vec<(u64, u64)> = ended.collect();
    ended.sort_unstable();
    let window_ns = duration.ns() / WINDOWS;
    let mut last = 0.0;
    (1..=POINTS)
        .map(|point| {
            let until_ns = duration.ns() * point as u64 / POINTS as u64;
            let from = ended.partition_point(|it| it.0 + window_ns < until_ns);
            let to = ended.partition_point(|it| it.0 <= until_ns).max(from);
            let mut took: Vec<u64> = ended[from..to].iter().map(|it| it.1).collect();
            let rank = (took.len() as f64 * 0.99).ceil() as usize;
            if rank > 0 {
                last = *took.select_nth_unstable(rank - 1).1 as f32 / 1e9;
            }
            last
        })
        .collect()
}

/// How long a dot takes from the client to the balancer, and from there to the server.
const LEG_NS: u64 = 350_000_000;
/// How long a failure is seen.
const FAILURE_NS: u64 = 500_000_000;
const DOTS_MAX: u64 = 120;
pub(super) const POINTS: usize = 100;
/// The window of the line is this part of the run.
const WINDOWS: u64 = 12;

#[cfg(test)]
mod tests {
    use super::super::trial::{self, Order};
    use super::*;
    use crate::lab::PRESETS;
    use crate::sim::Run;
    use std::sync::Arc;

    #[test]
    fn the_scene_is_how_the_run_stands() {
        let lab = crate::lab::load(PRESETS[0].text.as_bytes()).unwrap().lab.into_lab();
        let algorithm = lab.pools[0].algorithm.clone();
        let duration = Period::from_secs(10);
        let order = Order { lab: Arc::new(lab.clone()), pool: "web".to_owned(), duration };
        let filmed = trial::film(&order, &algorithm, &|| false).unwrap().unwrap();
        let film = Film::new(algorithm, duration, filmed);
        let mut run = Run::new(&lab, lab.seed);
        for millis in (500..10_000).step_by(500) {
            let at_ns = Period::from_millis(millis).ns();
            run.advance(at_ns + 1);
            let scene = film.scene(at_ns);
            for server in &run.pools()[0].servers {
                let Crowd { busy, waiting, .. } = scene.servers[&server.name];
                assert_eq!((busy as usize, waiting as usize), (server.busy, server.waiting));
            }
            assert!(scene.dots.iter().all(|dot| (0.0..1.0).contains(&dot.way)));
        }
    }

    #[test]
    fn a_request_goes_to_the_balancer_and_then_to_its_server() {
        let lab = crate::lab::load(PRESETS[0].text.as_bytes()).unwrap().lab.into_lab();
        let algorithm = lab.pools[0].algorithm.clone();
        let duration = Period::from_secs(10);
        let order = Order { lab: Arc::new(lab), pool: "web".to_owned(), duration };
        let filmed = trial::film(&order, &algorithm, &|| false).unwrap().unwrap();
        let film = Film::new(algorithm, duration, filmed);
        let journey = film.journeys.iter().find(|it| it.came_ns > 2 * LEG_NS).unwrap();
        let leg = |before_ns: u64| film.leg(journey, journey.came_ns - before_ns);
        assert_eq!(leg(2 * LEG_NS + 1), None);
        assert_eq!(leg(LEG_NS + LEG_NS / 2).unwrap(), (Leg::ToBalancer, 0.5));
        let name = film.servers[&journey.tries[0].server].clone();
        assert_eq!(leg(LEG_NS / 2).unwrap(), (Leg::ToServer(name), 0.5));
        assert_eq!(leg(0), None, "it is at the server");
    }
}
