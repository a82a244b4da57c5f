//! Who answered each client lately, and why a client changed its server.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use super::past::{Past, Stand, Step, steps_between};
use crate::lab::{Key, Stickiness};
use crate::ui::story::{Mark, Sort, Story};

/// What is needed of every recorded request of a pool, so that a look over a minute of them costs little.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pool: String,
    /// The number of the next request of the story to be taken in.
    next: u64,
    entries: VecDeque<Entry>,
    clients: Vec<IpAddr>,
    client_numbers: BTreeMap<IpAddr, u32>,
    servers: Vec<Arc<str>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at_ns: u64,
    client: u32,
    server: u16,
    tries: u8,
}

/// The picture of the last minute before a moment. Servers are numbers into the tape's.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answered {
    pub(super) rows: Vec<Row>,
    pub(super) n_clients: usize,
    /// How many clients changed server, by why they last did, the most frequent first.
    pub(super) changed: Vec<(Cause, usize)>,
    /// When who serves was changed, as parts of the way from left to right.
    pub(super) marks: Vec<f32>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) client: IpAddr,
    pub(super) cells: Vec<Option<Cell>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) server: u16,
    /// Another server than the one that had answered before.
    pub(super) changed: bool,
    pub(super) n_requests: u32,
}

/// Why a client has another server than before, as far as can be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    Joined(String),
    Left(String),
    Drained(String),
    Down(String),
    Weights,
    /// What was set anew.
    Settings(&'static str),
    Retried,
    OtherKey,
    Unbound,
    Unknown,
}

/// The stretch of time that is shown, cut into columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) moment_ns: u64,
    pub(super) columns: u64,
}

impl Span {
    pub(super) fn column_ns(self) -> u64 {
        SPAN_NS / self.columns.max(1)
    }

    /// Columns stand still in time and are not cut anew for each frame.
    pub(super) fn last_column(self) -> u64 {
        self.moment_ns / self.column_ns()
    }

    fn begin_ns(self) -> u64 {
        (self.last_column() + 1).saturating_sub(self.columns) * self.column_ns()
    }

    /// The part of the way from left to right at which a time lies.
    fn way(self, at_ns: u64) -> f32 {
        let end_ns = (self.last_column() + 1) * self.column_ns();
        let length_ns = self.columns * self.column_ns();
        1.0 - (end_ns as f64 - at_ns as f64) as f32 / length_ns as f32
    }

    fn column(self, at_ns: u64) -> Option<usize> {
        let column = at_ns / self.column_ns() + self.columns;
        column.checked_sub(self.last_column() + 1).map(|column| column as usize)
    }
}

impl Tape {
    /// Takes in the requests that the story has got since the last call. Another pool begins anew.
    pub(super) fn follow(&mut self, story: &Story, pool: &str) {
        if self.pool != pool {
            *self = Self { pool: pool.to_owned(), ..Self::default() };
        }
        let forgotten = story.forgotten_requests();
        let first = self.next.max(forgotten) - forgotten;
        let requests = story.requests();
        for record in requests.range((first as usize).min(requests.len())..) {
            let here = record.pool.as_deref() == Some(pool);
            let Some(last) = record.attempts.last().filter(|_| here) else { continue };
            let entry = Entry {
                at_ns: record.at_ns,
                client: self.client(record.client.ip()),
                server: self.server(&last.server),
                tries: record.attempts.len().min(255) as u8,
            };
            self.entries.push_back(entry);
        }
        self.next = forgotten + requests.len() as u64;
        let excess = self.entries.len().saturating_sub(ENTRIES_MAX);
        self.entries.drain(..excess);
    }

    /// Grows with every request that is taken in.
    pub(super) fn length(&self) -> u64 {
        self.next
    }

    pub(super) fn server_name(&self, server: u16) -> &str {
        self.servers.get(usize::from(server)).map_or("", |name| name)
    }

    fn client(&mut self, address: IpAddr) -> u32 {
        *self.client_numbers.entry(address).or_insert_with(|| {
            self.clients.push(address);
            self.clients.len() as u32 - 1
        })
    }

    fn server(&mut self, name: &Arc<str>) -> u16 {
        let known = self.servers.iter().position(|server| server == name);
        known.unwrap_or_else(|| {
            self.servers.push(Arc::clone(name));
            self.servers.len() - 1
        }) as u16
    }

    /// The picture for a moment. `kept` are the clients that had a row before: they keep it while they ask.
    pub(super) fn answered(
        &self,
        span: Span,
        kept: &[IpAddr],
        events: &Events,
        stand: &Stand,
    ) -> Answered {
        let Span { moment_ns, .. } = span;
        let from_ns = span.begin_ns();
        let first = self.entries.partition_point(|entry| entry.at_ns + LATE_NS < from_ns);
        let lately = self.entries.range(first..);
        let mut lately: Vec<Entry> =
            lately.filter(|it| (from_ns..=moment_ns).contains(&it.at_ns)).copied().collect();
        lately.sort_by_key(|entry| (entry.client, entry.at_ns));
        let by_client: Vec<&[Entry]> = lately.chunk_by(|a, b| a.client == b.client).collect();
        let causes = by_client.iter().filter_map(|asked| self.cause(asked, events, stand));
        Answered {
            changed: counted(causes),
            rows: self.rows(&by_client, kept, span),
            n_clients: by_client.len(),
            marks: events.marks(span),
        }
    }

    fn rows(&self, by_client: &[&[Entry]], kept: &[IpAddr], span: Span) -> Vec<Row> {
        let address = |asked: &&&[Entry]| self.clients[asked[0].client as usize];
        let rank = |asked: &&&[Entry]| {
            let address = address(asked);
            let place = kept.iter().position(|known| *known == address).unwrap_or(usize::MAX);
            (place, std::cmp::Reverse(asked.len()), address)
        };
        let mut chosen: Vec<&&[Entry]> = by_client.iter().collect();
        chosen.sort_by_key(rank);
        chosen.truncate(ROWS_MAX);
        let row = |asked: &&[Entry]| {
            let mut cells: Vec<Option<Cell>> = vec![None; span.columns as usize];
            let mut before = None;
            for entry in *asked {
                let moved = before.is_some_and(|before| before != entry.server);
                before = Some(entry.server);
                let cell = span.column(entry.at_ns).and_then(|column| cells.get_mut(column));
                let Some(cell) = cell else { continue };
                let earlier = cell.unwrap_or(Cell { server: 0, changed: false, n_requests: 0 });
                *cell = Some(Cell {
                    server: entry.server,
                    changed: earlier.changed || moved,
                    n_requests: earlier.n_requests + 1,
                });
            }
            Row { client: self.clients[asked[0].client as usize], cells }
        };
        chosen.into_iter().map(row).collect()
    }

    /// Why a client last changed its server, if it did.
    fn cause(&self, asked: &[Entry], events: &Events, stand: &Stand) -> Option<Cause> {
        let mut moves = asked.windows(2).filter(|pair| pair[0].server != pair[1].server);
        let [before, after] = moves.next_back()? else { return None };
        let (from, to) = (self.server_name(before.server), self.server_name(after.server));
        let stretch = (before.at_ns, after.at_ns);
        Some(events.cause(stand, stretch, from, to, after.tries > 1))
    }
}

/// What happened that may bring a client to another server.
#[derive(Debug, Default)]
pub(super) struct Events {
    steps: Vec<(u64, Step)>,
    /// Other settings of the pool that were changed.
    settings: Vec<(u64, &'static str)>,
    /// Servers whose health got worse or better.
    health: Vec<(u64, String, bool)>,
}

impl Events {
    pub(super) fn gather(past: &Past, marks: &VecDeque<Mark>, pool: &str, moment_ns: u64) -> Self {
        let from_ns = moment_ns.saturating_sub(2 * SPAN_NS);
        let mut events = Self::default();
        for (at_ns, before, after) in past.between(from_ns, moment_ns) {
            let steps = steps_between(&before.roster, &after.roster);
            events.steps.extend(steps.into_iter().map(|step| (at_ns, step)));
            let others = [
                (before.stickiness != after.stickiness, "stickiness"),
                (before.key != after.key, "the key"),
                (before.algorithm != after.algorithm, "the algorithm"),
            ];
            let changed = others.into_iter().filter(|(changed, _)| *changed);
            events.settings.extend(changed.map(|(_, what)| (at_ns, what)));
        }
        for mark in marks.iter().filter(|mark| (from_ns..=moment_ns).contains(&mark.at_ns)) {
            let Some((_, server)) = mark.server.as_ref().filter(|(of, _)| of == pool) else {
                continue;
            };
            match mark.sort {
                Sort::Worse => events.health.push((mark.at_ns, server.clone(), true)),
                Sort::Better => events.health.push((mark.at_ns, server.clone(), false)),
                _ => {}
            }
        }
        events
    }

    fn cause(
        &self,
        stand: &Stand,
        (before_ns, after_ns): (u64, u64),
        from: &str,
        to: &str,
        retried: bool,
    ) -> Cause {
        // What is asked for at once takes a moment until it is so.
        let between = before_ns.saturating_sub(LATE_NS)..=after_ns;
        let steps = || self.steps.iter().filter(|(at, _)| between.contains(at)).map(|it| &it.1);
        let health = |server: &str, worse: bool| {
            let is = |(at, name, how): &(u64, String, bool)| {
                between.contains(at) && name == server && *how == worse
            };
            self.health.iter().any(is)
        };
        let keyed = stand.algorithm.about().keyed;
        let free = !keyed && stand.stickiness == Stickiness::Off;
        let ours = steps().find_map(|step| match step {
            Step::Removed(server) if server == from => Some(Cause::Left(server.clone())),
            Step::Killed(server) if server == from => Some(Cause::Down(server.clone())),
            Step::Drained(server) if server == from => Some(Cause::Drained(server.clone())),
            Step::Added(server) | Step::Revived(server) | Step::Undrained(server)
                if server == to && !free =>
            {
                Some(Cause::Joined(server.clone()))
            }
            _ => None,
        });
        if let Some(cause) = ours {
            return cause;
        }
        if health(from, true) {
            return Cause::Down(from.to_owned());
        }
        let set = self.settings.iter().rev().find(|(at, _)| between.contains(at));
        match set {
            _ if free => Cause::Unbound,
            Some((_, what)) => Cause::Settings(what),
            None if health(to, false) => Cause::Joined(to.to_owned()),
            None if steps().any(|step| matches!(step, Step::Weight { .. })) => Cause::Weights,
            None if steps().next().is_some() => other_server(steps()),
            None if retried => Cause::Retried,
            None if keyed && stand.key != Key::Address => Cause::OtherKey,
            None => Cause::Unknown,
        }
    }

    /// When who serves changed, as parts of the way through a stretch of time.
    fn marks(&self, span: Span) -> Vec<f32> {
        let times = self.steps.iter().map(|(at_ns, _)| *at_ns);
        let mut marks: Vec<f32> =
            times.map(|at_ns| span.way(at_ns)).filter(|way| (0.0..=1.0).contains(way)).collect();
        marks.dedup();
        marks
    }
}

/// A key that moved between two servers that stayed: needlessly, because another came or went.
fn other_server<'a>(mut steps: impl Iterator<Item = &'a Step>) -> Cause {
    let cause = steps.find_map(|step| match step {
        Step::Added(server) | Step::Revived(server) | Step::Undrained(server) => {
            Some(Cause::Joined(server.clone()))
        }
        Step::Removed(server) => Some(Cause::Left(server.clone())),
        Step::Drained(server) => Some(Cause::Drained(server.clone())),
        Step::Killed(server) => Some(Cause::Down(server.clone())),
        Step::Weight { .. } => None,
    });
    cause.unwrap_or(Cause::Unknown)
}

fn counted(causes: impl Iterator<Item = Cause>) -> Vec<(Cause, usize)> {
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for cause in causes {
        *counts.entry(cause).or_insert(0) += 1;
    }
    let mut counts: Vec<(Cause, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

impl Cause {
    /// What follows "because", or stands alone.
    pub(super) fn words(&self, letter: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Joined(server) => format!("because {} joined", letter(server)),
            Self::Left(server) => format!("because {} left", letter(server)),
            Self::Drained(server) => format!("because {} was drained", letter(server)),
            Self::Down(server) => format!("because {} went down", letter(server)),
            Self::Weights => "because weights changed".to_owned(),
            Self::Settings(what) => format!("because {what} changed"),
            Self::Retried => "because a first try failed".to_owned(),
            Self::OtherKey => "because requests of one client carry different keys".to_owned(),
            Self::Unbound => "because nothing binds a client to a server".to_owned(),
            Self::Unknown => "for a reason that is not recorded".to_owned(),
        }
    }
}

impl Answered {
    /// "2 of 8", and what comes of it: "both because E joined".
    pub(super) fn sentence(&self, letter: &dyn Fn(&str) -> String) -> (String, String) {
        let n_changed: usize = self.changed.iter().map(|(_, count)| count).sum();
        let numbers = format!("{n_changed} of {}", self.n_clients);
        let why = match self.changed.as_slice() {
            [] => String::new(),
            [(cause, count)] => {
                let who = match count {
                    1 => "",
                    2 => "both ",
                    _ => "all ",
                };
                format!("{who}{}", cause.words(letter))
            }
            several => {
                let named = several.iter().take(CAUSES_NAMED);
                let words = named.map(|(cause, count)| format!("{count} {}", cause.words(letter)));
                words.collect::<Vec<_>>().join(", ")
            }
        };
        (numbers, why)
    }
}

pub(super) const SPAN_NS: u64 = 60_000_000_000;
pub(super) const ROWS_MAX: usize = 40;
const CAUSES_NAMED: usize = 2;
/// Requests are recorded when they end, so those that take longer come later.
const LATE_NS: u64 = 1_000_000_000;
/// As many as the story keeps.
const ENTRIES_MAX: usize = crate::ui::story::REQUESTS_MAX;

#[cfg(test)]
mod tests;
