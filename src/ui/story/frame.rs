//! One frame of the story: what was measured over a short while, and how things stood at its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::balance::Health;
use crate::engine::{MockGauges, Observation, PoolGauges, ServerGauges};
use crate::lab::{Figures, PoolFigures};
use crate::meter::MeterReading;

/// What happened since the frame before, and the gauges at `at_ns`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    pub at_ns: u64,
    pub over_ns: u64,
    /// In the order of the document.
    pub pools: Vec<PoolFrame>,
    /// Each client group as it saw its own requests.
    pub clients: BTreeMap<Arc<str>, MeterReading>,
    /// All listeners together: built-in clients and people alike.
    pub proxied: MeterReading,
    pub connections: usize,
    /// Requests that were measured but not recorded.
    pub unsampled: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PoolFrame {
    pub name: Arc<str>,
    /// Requests that wait for a server of this pool.
    pub waiting: usize,
    pub servers: Vec<ServerFrame>,
    /// Sessions that broke since the start, by their cause.
    pub broken_sessions: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFrame {
    pub name: Arc<str>,
    /// What it was given and what came of it.
    pub measured: MeterReading,
    pub in_flight: u32,
    pub health: Health,
    pub health_since_ns: u64,
    pub weight: u32,
    pub draining: bool,
    pub connections: u32,
    pub mock: Option<MockGauges>,
}

impl Frame {
    /// What lies between two observations.
    pub fn between(before: Option<&Observation>, now: &Observation) -> Self {
        let figures = match before {
            Some(before) => now.figures.since(&before.figures),
            None => now.figures.clone(),
        };
        let Figures { clients, pools, .. } = &figures;
        let pools = now.pools.iter().map(|gauges| {
            let measured = pools.iter().find(|pool| pool.name == gauges.name);
            let total = now.figures.pool(&gauges.name);
            PoolFrame::of(gauges, measured, total)
        });
        Self {
            at_ns: now.at_ns,
            over_ns: now.at_ns - before.map_or(0, |before| before.at_ns).min(now.at_ns),
            pools: pools.collect(),
            clients: clients
                .iter()
                .map(|(name, reading)| (name.as_str().into(), reading.clone()))
                .collect(),
            proxied: proxied(before, now),
            connections: now.connections,
            unsampled: now.dropped.unsampled
                - before.map_or(0, |it| it.dropped.unsampled).min(now.dropped.unsampled),
        }
    }

    pub fn pool(&self, name: &str) -> Option<&PoolFrame> {
        self.pools.iter().find(|pool| &*pool.name == name)
    }

    /// All client groups together.
    pub fn clients_together(&self) -> MeterReading {
        self.clients.values().fold(MeterReading::default(), |sum, reading| sum.merge(reading))
    }
}

impl PoolFrame {
    fn of(
        gauges: &PoolGauges,
        measured: Option<&PoolFigures>,
        total: Option<&PoolFigures>,
    ) -> Self {
        let PoolGauges { name, waiting, servers } = gauges;
        let reading = |server: &str| {
            let servers = measured.into_iter().flat_map(|pool| &pool.servers);
            let found = servers.into_iter().find(|(name, _)| name == server);
            found.map(|(_, reading)| reading.clone()).unwrap_or_default()
        };
        Self {
            name: name.as_str().into(),
            waiting: *waiting,
            servers: servers.iter().map(|it| ServerFrame::of(it, reading(&it.name))).collect(),
            broken_sessions: total.map(|pool| pool.broken_sessions.clone()).unwrap_or_default(),
        }
    }

    pub fn server(&self, name: &str) -> Option<&ServerFrame> {
        self.servers.iter().find(|server| &*server.name == name)
    }

    /// Tries that were given out.
    pub fn started(&self) -> u64 {
        self.servers.iter().map(|server| server.measured.counters.started).sum()
    }

    pub fn in_flight(&self) -> u32 {
        self.servers.iter().map(|server| server.in_flight).sum()
    }
}

impl ServerFrame {
    fn of(gauges: &ServerGauges, measured: MeterReading) -> Self {
        let ServerGauges {
            name,
            in_flight,
            health,
            health_since_ns,
            weight,
            draining,
            reachable: _,
            connections,
            mock,
        } = gauges;
        Self {
            name: name.as_str().into(),
            measured,
            in_flight: *in_flight,
            health: *health,
            health_since_ns: *health_since_ns,
            weight: *weight,
            draining: *draining,
            connections: *connections,
            mock: *mock,
        }
    }
}

fn proxied(before: Option<&Observation>, now: &Observation) -> MeterReading {
    let since = |(name, reading): (&String, &MeterReading)| {
        let earlier = before.and_then(|before| before.listeners.get(name));
        earlier.map_or_else(|| reading.clone(), |earlier| reading.since(earlier))
    };
    let readings = now.listeners.iter().map(since);
    readings.reduce(|sum, reading| sum.merge(&reading)).unwrap_or_default()
}
