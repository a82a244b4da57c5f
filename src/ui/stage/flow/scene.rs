//! What the picture shows at a moment: who is there, how they are, and every dot. Drawn from the story alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lanes::Lanes;
use super::servers::{self, ServerScene};
use super::track::{Id, LAG_MAX_NS, PIPE_NS, Place, SEEN_NS, SERVER_LAG_NS, Track};
use crate::balance::Algorithm;
use crate::engine::{Record, Status};
use crate::lab::{Lab, Pool, Stickiness, WorkerState};
use crate::ui::badges::Badges;
use crate::ui::selection::Selection;
use crate::ui::senders::Senders;
use crate::ui::story::{Frame, PoolFrame, Story};

/// What a scene is made from.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Source<'a> {
    pub(in crate::ui) story: &'a Story,
    pub(in crate::ui) lab: &'a Lab,
    /// How the engine stands now; nothing for a moment that is past.
    pub(in crate::ui) status: Option<&'a Status>,
    pub(in crate::ui) badges: &'a Badges,
    pub(in crate::ui) selection: &'a Selection,
    pub(in crate::ui) moment_ns: u64,
    /// Whether the moment moves on by itself.
    pub(in crate::ui) is_moving: bool,
    /// The place of the pool whose servers are drawn.
    pub(in crate::ui) focus: usize,
}

pub(super) struct Scene<'a> {
    pub(super) pool: &'a str,
    pub(super) lanes: Lanes,
    /// Requests a second of each lane.
    pub(super) lane_rates: Vec<f32>,
    pub(super) servers: Vec<ServerScene>,
    pub(super) others: Vec<OtherPool>,
    pub(super) dots: Vec<Dot<'a>>,
    pub(super) stops: Vec<Stop>,
    /// Who was picked last, by its place.
    pub(super) picked: Option<usize>,
    /// Who is next, where the algorithm's order tells.
    pub(super) next: Option<usize>,
    /// Requests that wait at the balancer until a server has room.
    pub(super) n_waiting: usize,
    /// One of how many requests has a dot.
    pub(super) shown_of: u32,
}

/// A pool that is not looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OtherPool {
    pub(super) place: usize,
    pub(super) name: String,
    pub(super) rate: f32,
    pub(super) n_servers: usize,
}

pub(super) struct Dot<'a> {
    pub(super) id: Id,
    pub(super) lane: usize,
    pub(super) is_yours: bool,
    pub(super) is_selected: bool,
    pub(super) place: Place,
    pub(super) target: Target,
    /// 0 for the first try.
    pub(super) attempt: usize,
    pub(super) record: Option<&'a Arc<Record>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Server(usize),
    /// One of the pools that are not looked at.
    Other(usize),
    Nobody,
}

/// Failures that are still shown at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stop {
    pub(super) target: Target,
    pub(super) lane: usize,
    /// Of the newest.
    pub(super) why: &'static str,
    pub(super) age: f32,
    pub(super) count: usize,
}

impl<'a> Scene<'a> {
    pub(super) fn at(source: Source<'a>) -> Option<Self> {
        let Source { story, lab, moment_ns, focus, .. } = source;
        let pool = lab.pools.get(focus)?;
        let senders = Senders::of(lab);
        let lanes = Lanes::of(&senders);
        let then = story.frame_at(moment_ns.saturating_sub(SERVER_LAG_NS));
        let recent: Vec<&Frame> =
            story.frames_between(moment_ns.saturating_sub(RATE_NS), moment_ns).collect();
        let mut scene = Self {
            pool: &pool.name,
            lane_rates: vec![0.0; lanes.all().len()],
            lanes,
            servers: servers::servers(source, pool, then, &recent),
            others: others(lab, focus, &recent),
            dots: Vec::new(),
            stops: Vec::new(),
            picked: None,
            next: None,
            n_waiting: then.and_then(|it| it.pool(&pool.name)).map_or(0, |it| it.waiting),
            shown_of: 1,
        };
        let sampled = sampled(&recent);
        let thinned = scene.thinned(sampled);
        scene.shown_of = (f64::from(thinned) / sampled).round().max(1.0) as u32;
        scene.follow(source, &senders, thinned);
        for rate in &mut scene.lane_rates {
            *rate = (f64::from(*rate) / sampled) as f32 / RATE_SECS;
        }
        let is_complete = scene.shown_of == 1;
        servers::fill(&mut scene.servers, &scene.dots, is_complete);
        scene.next =
            scene.picked.filter(|_| is_complete && keeps_order(lab, pool)).and_then(|picked| {
                let n_servers = scene.servers.len();
                (1..=n_servers)
                    .map(|step| (picked + step) % n_servers)
                    .find(|&it| scene.servers[it].takes_new())
            });
        Some(scene)
    }

    /// One of how many recorded requests gets a dot, so that no lane is crowded. Doubles, so that dots do not come
    /// and go with every change of the rate.
    fn thinned(&self, sampled: f64) -> u32 {
        let busiest = self.servers.iter().map(|server| server.rate).fold(0.0, f32::max);
        let all: f32 = self.servers.iter().map(|server| server.rate).sum();
        let others: f32 = self.others.iter().map(|pool| pool.rate).sum();
        let per_lane = (all + others) / self.lanes.all().len().max(1) as f32;
        let crowd = busiest.max(per_lane) / LANE_DOTS_MAX;
        let whole = (all + others) / DOTS_MAX;
        let factor = f64::from(crowd.max(whole)) * sampled;
        (factor.ceil().max(1.0) as u32).next_power_of_two()
    }

    /// Goes through the requests that have anything to show.
    fn follow(&mut self, source: Source<'a>, senders: &Senders, thinned: u32) {
        let Source { story, moment_ns, .. } = source;
        let places = self.servers.iter().enumerate().map(|(place, it)| (it.name.clone(), place));
        let mut targets = Targets { servers: places.collect(), last_pick_ns: 0, thinned };
        let began_by = |came_ns: u64| came_ns + SEEN_NS <= moment_ns;
        let requests = story.requests();
        let first_after = requests
            .partition_point(|record| end_ns(record) <= moment_ns + LONGEST_NS + DISORDER_NS);
        let oldest_ns = moment_ns.saturating_sub(LAG_MAX_NS + RETRIES_NS + DISORDER_NS);
        let recent = requests.range(..first_after).rev();
        for record in recent.take_while(|record| end_ns(record) >= oldest_ns) {
            if began_by(record.at_ns) {
                let track = Track::of_record(record, senders);
                self.add(source, &track, &mut targets);
            }
        }
        for begun in story.under_way() {
            if let Some(track) = Track::of_begun(begun, senders)
                && began_by(track.id.came_ns)
            {
                self.add(source, &track, &mut targets);
            }
        }
    }

    fn add(&mut self, source: Source<'a>, track: &Track<'a>, targets: &mut Targets) {
        let (id, is_yours) = (track.id, track.sender.is_none());
        let lane = self.lanes.place_of(track.sender);
        if id.came_ns + RATE_NS > source.moment_ns {
            self.lane_rates[lane] += 1.0;
        }
        let is_here = track.pool == Some(self.pool);
        if is_here
            && let Some((at_ns, server)) = track.last_pick(source.moment_ns)
            && at_ns >= targets.last_pick_ns
            && let Some(&place) = targets.servers.get(server)
        {
            (targets.last_pick_ns, self.picked) = (at_ns, Some(place));
        }
        let is_selected = match source.selection {
            Selection::Request(record) => is_of(record, id),
            _ => false,
        };
        if !is_yours && !is_selected && !id.number.is_multiple_of(u64::from(targets.thinned)) {
            return;
        }
        track.places(source.moment_ns, |place| {
            let number = match place {
                Place::ServerPipe { number, .. } | Place::AtServer { number, .. } => Some(number),
                Place::Stopped { number, .. } => number,
                Place::ClientPipe { .. } | Place::AtBalancer => None,
            };
            let server = number.and_then(|number| track.tries.get(number)).map(|it| it.server);
            let target = self.target(track.pool, server, targets);
            if let Place::Stopped { age, why, .. } = place {
                return self.stop(Stop { target, lane, why, age, count: 1 });
            }
            let attempt = number.unwrap_or(0);
            let record = track.record;
            self.dots.push(Dot { id, lane, is_yours, is_selected, place, target, attempt, record });
        });
    }

    fn target(&self, pool: Option<&str>, server: Option<&str>, targets: &Targets) -> Target {
        let Some(server) = server else { return Target::Nobody };
        if pool == Some(self.pool) {
            return targets.servers.get(server).map_or(Target::Nobody, |&it| Target::Server(it));
        }
        let other = self.others.iter().position(|other| Some(other.name.as_str()) == pool);
        other.map_or(Target::Nobody, Target::Other)
    }

    fn stop(&mut self, stop: Stop) {
        match self.stops.iter_mut().find(|known| known.target == stop.target) {
            Some(known) => {
                let count = known.count + 1;
                if stop.age < known.age {
                    *known = stop;
                }
                known.count = count;
            }
            None => self.stops.push(stop),
        }
    }

    /// The servers that got a lane's requests of late, with how many each.
    pub(super) fn served(&self, source: Source<'_>, lane: usize) -> Vec<usize> {
        let senders = Senders::of(source.lab);
        let oldest_ns = source.moment_ns.saturating_sub(TRACED_NS);
        let mut served = vec![0; self.servers.len()];
        let recent = source.story.requests().iter().rev();
        let past = recent.skip_while(|record| record.at_ns > source.moment_ns).take(TRACED_MAX);
        for record in past.take_while(|record| record.at_ns >= oldest_ns) {
            if record.pool.as_deref() == Some(self.pool)
                && self.lanes.place_of(senders.sender_of(record)) == lane
                && let Some(attempt) = record.attempts.last()
                && let Some(it) = self.servers.iter().position(|it| *it.name == *attempt.server)
            {
                served[it] += 1;
            }
        }
        served
    }

    /// Whether anything moves by itself.
    pub(super) fn has_motion(&self) -> bool {
        !self.stops.is_empty()
            || self
                .dots
                .iter()
                .any(|dot| matches!(dot.place, Place::ClientPipe { .. } | Place::ServerPipe { .. }))
    }
}

struct Targets {
    servers: BTreeMap<String, usize>,
    last_pick_ns: u64,
    thinned: u32,
}

pub(super) fn is_of(record: &Record, id: Id) -> bool {
    (record.worker, record.number, record.at_ns) == (id.worker, id.number, id.came_ns)
}

fn end_ns(record: &Record) -> u64 {
    record.at_ns + record.phases.total_ns
}

/// The part of all requests that is recorded.
fn sampled(recent: &[&Frame]) -> f64 {
    let all: u64 = recent.iter().map(|frame| frame.proxied.counters.started).sum();
    let missed: u64 = recent.iter().map(|frame| frame.unsampled).sum();
    if all == 0 { 1.0 } else { (1.0 - missed as f64 / all as f64).clamp(0.001, 1.0) }
}

fn others(lab: &Lab, focus: usize, recent: &[&Frame]) -> Vec<OtherPool> {
    let pools = lab.pools.iter().enumerate().filter(|(place, _)| *place != focus);
    let other = |(place, pool): (usize, &Pool)| OtherPool {
        place,
        name: pool.name.clone(),
        rate: per_second(recent, &pool.name),
        n_servers: pool.servers.len(),
    };
    pools.map(other).take(OTHERS_MAX).collect()
}

/// Tries that a pool gave out, a second.
fn per_second(recent: &[&Frame], pool: &str) -> f32 {
    let over_ns: u64 = recent.iter().map(|frame| frame.over_ns).sum();
    let started: u64 = recent.iter().filter_map(|it| it.pool(pool)).map(PoolFrame::started).sum();
    if over_ns == 0 { 0.0 } else { (started as f64 * 1e9 / over_ns as f64) as f32 }
}

/// Whether who was picked last tells who is next.
fn keeps_order(lab: &Lab, pool: &Pool) -> bool {
    let is_alike = |pool: &Pool| pool.servers.windows(2).all(|it| it[0].priority == it[1].priority);
    matches!(pool.algorithm, Algorithm::RoundRobin(_))
        && (lab.state == WorkerState::Shared || lab.workers == Some(1))
        && pool.stickiness == Stickiness::Off
        && pool.own_zone.is_none()
        && pool.slow_start.is_none()
        && is_alike(pool)
}

/// Over how long a rate is measured.
const RATE_NS: u64 = 1_000_000_000;
const RATE_SECS: f32 = 1.0;
/// Requests that took longer than this appear in the past only once they had ended.
const LONGEST_NS: u64 = 12_000_000_000;
/// Records of several workers come in bunches.
const DISORDER_NS: u64 = 300_000_000;
/// Three retries, each there and back.
const RETRIES_NS: u64 = 6 * PIPE_NS;
/// How far back a client is traced.
const TRACED_NS: u64 = 15_000_000_000;
const TRACED_MAX: usize = 4_000;
/// Dots a second in one pipe that can still be told apart.
pub(super) const LANE_DOTS_MAX: f32 = 60.0;
/// Dots a second in the whole picture.
const DOTS_MAX: f32 = 300.0;
const OTHERS_MAX: usize = 6;
