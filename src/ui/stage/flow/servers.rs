//! How each server of the pool is: what it is set to, how busy it is, who waits for it.

use super::scene::{Dot, Source, Target};
use super::track::Place;
use crate::lab::{Pool, Server};
use crate::ui::badges::Badge;
use crate::ui::standing::{Standing, state_of};
use crate::ui::story::{Frame, ServerFrame};
use crate::ui::widgets::Unit;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ServerScene {
    pub(super) name: String,
    pub(super) badge: Badge,
    pub(super) standing: Standing,
    /// How long a request takes there, if the lab sets that.
    pub(super) latency: Option<String>,
    /// How many it works on at once.
    pub(super) limit: Option<usize>,
    pub(super) n_busy: usize,
    pub(super) n_waiting: usize,
    /// The lanes of those who wait, first in line first, as far as they are known.
    pub(super) waiting: Vec<Waiting>,
    pub(super) connections: u32,
    /// Tries a second.
    pub(super) rate: f32,
    /// Whether it keeps a line of its own.
    has_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// Its place among the dots.
    pub(super) dot: usize,
    pub(super) lane: usize,
}

impl ServerScene {
    pub(super) fn takes_new(&self) -> bool {
        self.standing.takes_new()
    }

    pub(super) fn n_pipes(&self) -> usize {
        self.connections.clamp(1, 3) as usize
    }

    /// `1 of 4 busy`, or what it has in flight where nothing bounds that.
    pub(super) fn busy_text(&self) -> String {
        match self.limit {
            Some(limit) => format!("{} of {limit} busy", self.n_busy),
            None => format!("{} busy", self.n_busy),
        }
    }

    /// What a screen reader says of it.
    pub(super) fn spoken(&self) -> String {
        let Self { name, standing, n_waiting, .. } = self;
        let waiting = if *n_waiting > 0 { format!(", {n_waiting} waiting") } else { String::new() };
        format!("Server {name}, {}, {}{waiting}", standing.word(), self.busy_text())
    }
}

/// The servers of a pool in the order of the document, a command once for each copy. `then` is the frame for what
/// goes on at servers: dots get there later than their requests did.
pub(super) fn servers(
    source: Source<'_>,
    pool: &Pool,
    then: Option<&Frame>,
    recent: &[&Frame],
) -> Vec<ServerScene> {
    let now = source.story.frame_at(source.moment_ns);
    let copies = |server| Server::copy_names(server).into_iter().map(move |name| (server, name));
    let named = pool.servers.iter().flat_map(copies).enumerate();
    let scene = |(place, (server, name)): (usize, (&Server, String))| {
        let look_up = Known { pool: &pool.name, place, name: &name };
        let (now, then) = (look_up.of(now), look_up.of(then));
        let state = source.status.and_then(|status| state_of(status, &pool.name, &name));
        let mock = server.mock.as_ref();
        let mock_limit = mock.and_then(|mock| mock.concurrency_limit);
        let limit = mock_limit.into_iter().chain(server.concurrency.filter(|&it| it > 0)).min();
        let (n_busy, n_waiting) = then.map_or((0, 0), |then| match then.mock {
            Some(mock) => (mock.busy, mock.waiting),
            None => (then.in_flight as usize, 0),
        });
        ServerScene {
            badge: source.badges.of(&pool.name, &name),
            standing: Standing::of(server, state, now),
            latency: mock.and_then(|mock| latency_text(&mock.latency)),
            limit: limit.map(|limit| limit as usize),
            n_busy,
            n_waiting,
            waiting: Vec::new(),
            connections: now.map_or(0, |now| now.connections),
            rate: look_up.rate(recent),
            has_line: mock_limit.is_some(),
            name,
        }
    };
    named.map(scene).collect()
}

/// A server by its name, and by the place where it most likely stands.
#[derive(Clone, Copy)]
struct Known<'a> {
    pool: &'a str,
    place: usize,
    name: &'a str,
}

impl Known<'_> {
    fn of<'a>(&self, frame: Option<&'a Frame>) -> Option<&'a ServerFrame> {
        let pool = frame?.pool(self.pool)?;
        let guess = pool.servers.get(self.place).filter(|server| *server.name == *self.name);
        guess.or_else(|| pool.server(self.name))
    }

    /// Tries a second.
    fn rate(&self, recent: &[&Frame]) -> f32 {
        let over_ns: u64 = recent.iter().map(|frame| frame.over_ns).sum();
        let started = |frame: &&Frame| self.of(Some(frame)).map(|it| it.measured.counters.started);
        let counted: u64 = recent.iter().filter_map(started).sum();
        if over_ns == 0 { 0.0 } else { (counted as f64 * 1e9 / over_ns as f64) as f32 }
    }
}

/// Lets those whose dots are at a server fill its places. Where not every request has a dot, the gauges count, and
/// the dots only give colours to those who wait.
pub(super) fn fill(servers: &mut [ServerScene], dots: &[Dot<'_>], is_complete: bool) {
    let mut there: Vec<Vec<(u64, Waiting)>> = vec![Vec::new(); servers.len()];
    for (place, dot) in dots.iter().enumerate() {
        if let (Place::AtServer { since_ns, .. }, Target::Server(server)) = (dot.place, dot.target)
        {
            there[server].push((since_ns, Waiting { dot: place, lane: dot.lane }));
        }
    }
    for (server, mut there) in servers.iter_mut().zip(there) {
        there.sort_unstable_by_key(|(since_ns, waiting)| (*since_ns, waiting.dot));
        let limit = if server.has_line { server.limit.unwrap_or(usize::MAX) } else { usize::MAX };
        if is_complete {
            server.n_busy = there.len().min(limit);
            server.n_waiting = there.len() - server.n_busy;
        }
        let in_line = there.into_iter().map(|(_, waiting)| waiting);
        server.waiting = if is_complete {
            in_line.skip(server.n_busy).collect()
        } else {
            in_line.take(server.n_waiting).collect()
        };
    }
}

/// The mean, with a sign where single requests differ from it.
fn latency_text(latency: &crate::model::Latency) -> Option<String> {
    let text = Unit::Time.text(latency.mean_ns()? / 1e9);
    let is_constant = matches!(latency, crate::model::Latency::Constant(_));
    Some(if is_constant { text } else { format!("~{text}") })
}
