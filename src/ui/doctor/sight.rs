//! What the doctor looks at: the last seconds of one pool, as the story tells them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chance::Band;
use super::diagnosis::Row;
use super::expected::{Call, Expectations, Standing, Way, rules_of};
use super::keys::key_of;
use crate::balance::Health;
use crate::engine::Record;
use crate::lab::{Lab, Pool, Protocol};
use crate::ui::story::{Frame, ServerFrame};
use crate::ui::workbench::Workbench;

pub(super) struct Sight<'a> {
    pub(super) lab: &'a Lab,
    pub(super) pool: &'a Pool,
    pub(super) way: Way,
    pub(super) workers: usize,
    pub(super) rows: Vec<Row>,
    /// Tries that were given out.
    pub(super) n: u64,
    pub(super) over_secs: f64,
    /// What built-in clients sent to where this pool serves.
    pub(super) sent: u64,
    /// Sampled requests of this pool, newest first.
    pub(super) requests: Vec<&'a Record>,
    /// Something that decides about shares was changed a short while ago.
    pub(super) changed: bool,
}

impl<'a> Sight<'a> {
    pub(super) fn of(
        workbench: &'a Workbench,
        workers: usize,
        expectations: &mut Expectations,
    ) -> Option<Self> {
        let lab = workbench.lab();
        let pool = lab.pools.get(workbench.focus())?;
        let to_ns = workbench.moment_ns();
        let changed_ns = changed_ns(workbench, lab, pool);
        let from_ns = to_ns.saturating_sub(WINDOW_NS).max(changed_ns);
        let frames: Vec<&Frame> = workbench
            .story
            .frames_between(from_ns, to_ns)
            .filter(|frame| frame.at_ns.saturating_sub(frame.over_ns) >= changed_ns)
            .collect();
        let requests = requests(workbench, &pool.name, from_ns, to_ns);
        let callers = callers(lab, pool);
        let sent = |frame: &Frame, name: &str| {
            frame.clients.get(name).map_or(0, |reading| reading.counters.started)
        };
        let sent_by: Vec<(&str, u64)> = callers
            .iter()
            .map(|name| (*name, frames.iter().map(|frame| sent(frame, name)).sum()))
            .collect();
        let due = due(lab, pool, &frames, &sent_by, &requests, expectations);
        let rows = rows(workbench, pool, &frames, due.as_ref());
        Some(Self {
            lab,
            pool,
            way: Way::of(&pool.algorithm),
            workers,
            n: rows.iter().map(|row| row.requests).sum(),
            over_secs: to_ns.saturating_sub(from_ns) as f64 / 1e9,
            sent: sent_by.iter().map(|(_, n)| n).sum(),
            rows,
            requests,
            changed: changed_ns + WINDOW_NS > to_ns && changed_ns > 0,
        })
    }

    /// Whether connections, and not requests, are what is balanced here.
    pub(super) fn balances_connections(&self) -> bool {
        let mut leading = leading_here(self.lab, self.pool).peekable();
        leading.peek().is_some() && leading.all(|listener| listener.protocol != Protocol::Http)
    }

    pub(super) fn usable(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.state.is_none())
    }

    /// How many requests of the sample had each value, most first.
    pub(super) fn count<K: Ord>(&self, of: impl Fn(&Record) -> Option<K>) -> Vec<(K, usize)> {
        let mut counts = BTreeMap::new();
        for key in self.requests.iter().filter_map(|record| of(record)) {
            *counts.entry(key).or_insert(0) += 1;
        }
        let mut counts: Vec<(K, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// When something was changed that decides who gets what: algorithm, key, stickiness, members, workers.
fn changed_ns(workbench: &Workbench, lab: &Lab, pool: &Pool) -> u64 {
    let rules = rules_of(pool);
    let same = |other: &Lab| {
        other.state == lab.state
            && other.workers == lab.workers
            && other.pool(&pool.name).is_some_and(|pool| rules_of(pool) == rules)
    };
    let moment_ns = workbench.moment_ns();
    let labs = workbench.story.labs().iter().filter(|(at_ns, _)| *at_ns <= moment_ns);
    let since = labs.rev().take_while(|(_, lab)| same(lab)).last();
    // The lab that ran from the start was never changed.
    let is_first = workbench.story.labs().first().map(|(at_ns, _)| *at_ns);
    since.map_or(0, |(at_ns, _)| if Some(*at_ns) == is_first { 0 } else { *at_ns })
}

fn leading_here<'a>(
    lab: &'a Lab,
    pool: &'a Pool,
) -> impl Iterator<Item = &'a crate::lab::Listener> {
    lab.listeners.iter().filter(|listener| {
        let routes = listener.routes_in_force();
        routes.iter().any(|route| route.to.pools().contains(&pool.name.as_str()))
    })
}

/// The client groups that send to listeners which lead to this pool.
pub fn callers<'a>(lab: &'a Lab, pool: &'a Pool) -> Vec<&'a str> {
    let leads = |name: &str| leading_here(lab, pool).any(|listener| listener.name == name);
    let clients = lab.clients.iter().filter(|client| leads(&client.listener));
    clients.map(|client| client.name.as_str()).collect()
}

fn requests<'a>(workbench: &'a Workbench, pool: &str, from_ns: u64, to_ns: u64) -> Vec<&'a Record> {
    let all = workbench.story.requests();
    // They come in the order in which they ended, but for a little.
    let end_ns = |record: &Arc<Record>| record.at_ns + record.phases.total_ns;
    let end = all.partition_point(|record| end_ns(record) <= to_ns);
    let lately = all.range(..end).rev().take(REQUESTS_MAX);
    lately
        .filter(|record| (from_ns..=to_ns).contains(&end_ns(record)))
        .filter(|record| record.pool.as_deref() == Some(pool))
        .map(|record| &**record)
        .collect()
}

/// How many tries each server should have got, by name. Each frame is judged by how everybody stood in it.
fn due(
    lab: &Lab,
    pool: &Pool,
    frames: &[&Frame],
    sent: &[(&str, u64)],
    requests: &[&Record],
    expectations: &mut Expectations,
) -> Option<BTreeMap<Arc<str>, f64>> {
    let mut due = BTreeMap::new();
    let pools = || frames.iter().filter_map(|frame| frame.pool(&pool.name));
    let mut stretches: Vec<(Vec<Standing>, u64)> = Vec::new();
    for frame in pools() {
        let (standings, n) = (Standing::all(frame), frame.started());
        match stretches.iter_mut().find(|(known, _)| *known == standings) {
            Some((_, sum)) => *sum += n,
            None => stretches.push((standings, n)),
        }
    }
    let calls: Vec<Call> = match Way::of(&pool.algorithm) {
        Way::ByKey if sent.iter().all(|(_, n)| *n == 0) => calls(pool, requests),
        _ => Vec::new(),
    };
    for (standings, n) in &stretches {
        let shares = if calls.is_empty() {
            expectations.of_clients(lab, pool, standings, sent)?
        } else {
            Expectations::of_calls(pool, standings, &calls)?
        };
        for (standing, share) in standings.iter().zip(shares.iter()) {
            *due.entry(Arc::clone(&standing.name)).or_insert(0.0) += share * *n as f64;
        }
    }
    Some(due)
}

fn calls(pool: &Pool, requests: &[&Record]) -> Vec<Call> {
    let call = |record: &&Record| {
        let key = key_of(record, &pool.key)?;
        Some((key.into_bytes(), Some(record.client.ip())))
    };
    requests.iter().filter_map(call).collect()
}

fn rows(
    workbench: &Workbench,
    pool: &Pool,
    frames: &[&Frame],
    due: Option<&BTreeMap<Arc<str>, f64>>,
) -> Vec<Row> {
    let newest = frames.last().copied().or_else(|| workbench.frame());
    let Some(newest) = newest.and_then(|frame| frame.pool(&pool.name)) else { return Vec::new() };
    let started = |name: &str| {
        let pools = frames.iter().filter_map(|frame| frame.pool(&pool.name));
        pools.filter_map(|pool| pool.server(name)).map(|it| it.measured.counters.started).sum()
    };
    let requests: Vec<u64> = newest.servers.iter().map(|server| started(&server.name)).collect();
    let n: u64 = requests.iter().sum();
    let lately = &frames[frames.len().saturating_sub(LATELY)..];
    let row = |(server, &requests): (&ServerFrame, &u64)| {
        let due = due.map(|due| due.get(&server.name).copied().unwrap_or(0.0));
        let rests = due.map_or(requests == 0, |due| due == 0.0);
        let reserve = (rests && is_behind(pool, &server.name)).then_some(RESERVE);
        Row {
            server: workbench.badge(&pool.name, &server.name).letter(),
            requests,
            share: requests as f64 / n.max(1) as f64,
            band: due.map(|due| Band::new(due / n.max(1) as f64, n)),
            in_flight: in_flight(lately, &pool.name, &server.name),
            weight: server.weight,
            state: state(pool, server).or(reserve),
        }
    };
    newest.servers.iter().zip(&requests).map(row).collect()
}

fn in_flight(lately: &[&Frame], pool: &str, server: &str) -> f64 {
    let pools = lately.iter().filter_map(|frame| frame.pool(pool));
    let gauges = pools.filter_map(|pool| pool.server(server));
    let (sum, n) =
        gauges.fold((0, 0), |(sum, n), server| (sum + u64::from(server.in_flight), n + 1_u64));
    sum as f64 / n.max(1) as f64
}

fn state(pool: &Pool, server: &ServerFrame) -> Option<&'static str> {
    let is_wished = pool.server_of(&server.name).is_none_or(crate::lab::Server::draining);
    match server.health {
        _ if server.draining && is_wished => Some("drained"),
        // Its program starts or has ended, so nobody is led to it.
        _ if server.draining => Some("not up"),
        Health::Up | Health::Trial => None,
        Health::Down => Some("down"),
        Health::Ejected => Some("ejected"),
    }
}

/// Whether others come before it, as long as they are enough.
fn is_behind(pool: &Pool, server: &str) -> bool {
    let first = pool.servers.iter().map(|server| server.priority).min();
    let own = pool.server_of(server).map(|server| server.priority);
    own > first
}

/// The state of a server of a later group, as long as nothing is due to it.
pub(super) const RESERVE: &str = "in reserve";
/// How far back the doctor looks.
pub const WINDOW_NS: u64 = 10_000_000_000;
/// Frames over which what is in flight is averaged: three seconds.
const LATELY: usize = 30;
const REQUESTS_MAX: usize = 4_000;
