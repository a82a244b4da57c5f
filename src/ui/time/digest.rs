//! The frames of the visible stretch, put together into as many buckets as a chart has columns worth looking at.
//!
//! Buckets lie on multiples of their width, so that one that is past never changes and is worked out once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::range::Span;
use crate::meter::LatencyReading;
use crate::ui::doctor::{Expectations, Standing, WINDOW_NS, callers};
use crate::ui::story::Frame;
use crate::ui::workbench::Workbench;

#[derive(Debug, Default)]
pub(super) struct Digest {
    width_ns: u64,
    pool: String,
    buckets: BTreeMap<u64, Bucket>,
}

/// What happened in a short while.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    /// In the middle of it.
    pub(super) at_ns: i64,
    pub(super) over_secs: f64,
    pub(super) servers: Vec<Server>,
    /// As clients measured it, from when they meant to send; without built-in clients, as the proxy did.
    pub(super) latency: LatencyReading,
    pub(super) finished: u64,
    pub(super) errors: u64,
    pub(super) broken_sessions: u64,
    /// Every frame that will ever belong to it is in it.
    whole: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) name: Arc<str>,
    pub(super) started: u64,
    /// The part of all tries that it was due.
    pub(super) due: Option<f64>,
    pub(super) in_flight: Extremes,
}

/// A row of values that are drawn in one column: nothing that stands out is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Extremes {
    pub(super) low: f64,
    pub(super) high: f64,
    sum: f64,
    n: u32,
}

impl Extremes {
    pub(super) fn add(&mut self, value: f64) {
        let (low, high) = if self.n == 0 { (value, value) } else { (self.low, self.high) };
        let (low, high) = (low.min(value), high.max(value));
        *self = Self { low, high, sum: self.sum + value, n: self.n + 1 };
    }

    pub(super) fn mean(self) -> f64 {
        self.sum / f64::from(self.n.max(1))
    }
}

impl Digest {
    /// Brings the buckets of a stretch up to date. Cheap while the stretch only moves on.
    pub(super) fn update(
        &mut self,
        workbench: &Workbench,
        expectations: &mut Expectations,
        span: Span,
    ) {
        let width_ns = width_for(span);
        let pool = workbench.lab().pools.get(workbench.focus());
        let pool = pool.map_or("", |pool| pool.name.as_str());
        if self.width_ns != width_ns || self.pool != pool {
            self.buckets.clear();
            self.width_ns = width_ns;
            pool.clone_into(&mut self.pool);
        }
        // A few before the edge, because shares look back.
        let before_ns = WINDOW_MOST_NS.min(span.len_ns() as u64);
        let first = (span.from_ns.max(0) as u64).saturating_sub(before_ns) / width_ns;
        let last = span.to_ns.max(0) as u64 / width_ns;
        self.buckets.retain(|index, _| (first..=last).contains(index));
        for index in first..=last {
            let is_whole = self.buckets.get(&index).is_some_and(|bucket| bucket.whole);
            let made = (!is_whole).then(|| self.bucket(workbench, expectations, index));
            if let Some(bucket) = made.flatten() {
                self.buckets.insert(index, bucket);
            }
        }
    }

    /// Oldest first. Where nothing was seen there is none.
    pub(super) fn buckets(&self) -> impl DoubleEndedIterator<Item = &Bucket> {
        self.buckets.values()
    }

    pub(super) fn width_ns(&self) -> u64 {
        self.width_ns
    }

    fn bucket(
        &self,
        workbench: &Workbench,
        expectations: &mut Expectations,
        index: u64,
    ) -> Option<Bucket> {
        let (from_ns, to_ns) = (index * self.width_ns, (index + 1) * self.width_ns);
        let story = &workbench.story;
        let mut frames = story.frames_between(from_ns + 1, to_ns).peekable();
        frames.peek()?;
        let mut bucket = Bucket {
            at_ns: (from_ns + self.width_ns / 2).cast_signed(),
            // Frames come in order, so one that is later says that none is missing.
            whole: story.reach_ns().1 > to_ns,
            ..Bucket::default()
        };
        let mut last: Option<&Frame> = None;
        for frame in frames {
            bucket.add(frame, &self.pool);
            last = Some(frame);
        }
        // One that is not over yet stands where it is.
        bucket.at_ns = bucket.at_ns.min(last?.at_ns.cast_signed());
        bucket.broken_sessions =
            broken(last, &self.pool).saturating_sub(broken(story.frame_at(from_ns), &self.pool));
        bucket.owe(workbench, expectations, last?, &self.pool);
        Some(bucket)
    }
}

impl Bucket {
    fn add(&mut self, frame: &Frame, pool: &str) {
        self.over_secs += frame.over_ns as f64 / 1e9;
        let clients = frame.clients_together();
        let latency = if clients.latency.is_empty() && frame.clients.is_empty() {
            &frame.proxied.latency
        } else {
            &clients.latency
        };
        self.latency = self.latency.merge(latency);
        self.finished += frame.proxied.counters.finished();
        self.errors += frame.proxied.counters.errors();
        let servers = frame.pool(pool).map_or(&[][..], |pool| &pool.servers);
        for (place, server) in servers.iter().enumerate() {
            // Nearly always where it was in the frame before.
            let is_here = self.servers.get(place).is_some_and(|known| known.name == server.name);
            let search = || self.servers.iter().position(|known| known.name == server.name);
            let found = if is_here { Some(place) } else { search() };
            let index = found.unwrap_or_else(|| {
                self.servers.push(Server { name: Arc::clone(&server.name), ..Server::default() });
                self.servers.len() - 1
            });
            let known = &mut self.servers[index];
            known.started += server.measured.counters.started;
            known.in_flight.add(f64::from(server.in_flight));
        }
    }

    /// Notes what each server was due by how everybody stood at the end.
    fn owe(
        &mut self,
        workbench: &Workbench,
        expectations: &mut Expectations,
        last: &Frame,
        pool: &str,
    ) {
        let story = &workbench.story;
        let lab = story.lab_at(last.at_ns).unwrap_or_else(|| workbench.desk.good());
        let (Some(rules), Some(frame)) = (lab.pool(pool), last.pool(pool)) else { return };
        let standings = Standing::all(frame);
        // Over some time, so that the mix of who sends does not look new in every bucket.
        let lately = story.frames_between(last.at_ns.saturating_sub(WINDOW_NS), last.at_ns);
        let lately: Vec<&Frame> = lately.collect();
        let started = |frame: &&Frame, name: &str| {
            frame.clients.get(name).map_or(0, |reading| reading.counters.started)
        };
        let sent: Vec<(&str, u64)> = callers(lab, rules)
            .into_iter()
            .map(|name| (name, lately.iter().map(|frame| started(frame, name)).sum()))
            .collect();
        let Some(due) = expectations.of_clients(lab, rules, &standings, &sent) else { return };
        for (standing, due) in standings.iter().zip(due.iter()) {
            let server = self.servers.iter_mut().find(|server| server.name == standing.name);
            if let Some(server) = server {
                server.due = Some(*due);
            }
        }
    }

    pub(super) fn started(&self) -> u64 {
        self.servers.iter().map(|server| server.started).sum()
    }

    pub(super) fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| &*server.name == name)
    }
}

fn broken(frame: Option<&Frame>, pool: &str) -> u64 {
    frame.and_then(|frame| frame.pool(pool)).map_or(0, |pool| pool.broken_sessions.values().sum())
}

/// The narrowest of a few widths that gives no more buckets than a narrow chart can show.
fn width_for(span: Span) -> u64 {
    let fits = |width_ns: &&u64| span.len_ns() as u64 / **width_ns <= BUCKETS_MOST;
    *WIDTHS_NS.iter().find(fits).unwrap_or(&WIDTHS_NS[WIDTHS_NS.len() - 1])
}

const WIDTHS_NS: [u64; 6] =
    [100_000_000, 200_000_000, 500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000];
const BUCKETS_MOST: u64 = 125;
/// The longest time over which shares are counted.
pub(super) const WINDOW_MOST_NS: u64 = 30_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_kept() {
        let mut extremes = Extremes::default();
        for value in [3.0, 90.0, 1.0, 4.0] {
            extremes.add(value);
        }
        assert_eq!([extremes.low, extremes.high, extremes.mean()], [1.0, 90.0, 24.5]);
    }

    #[test]
    fn every_zoom_has_enough_buckets_and_not_too_many() {
        for secs in 10..=600_i64 {
            let span = Span { from_ns: 0, to_ns: secs * 1_000_000_000 };
            let n = span.len_ns() as u64 / width_for(span);
            assert!((48..=BUCKETS_MOST).contains(&n), "{secs} s has {n}");
        }
    }
}
