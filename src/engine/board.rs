//! What the control thread shows to others: the status, the instruments, the journals.

use std::collections::BTreeMap;
use std::sync::Arc;
#[expect(clippy::disallowed_types, reason = "taken by those who look, never by a request")]
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::event::{Event, Kind};
use super::journal::Journal;
use super::observation::{Dropped, MockGauges, Observation, gauges};
use super::printed::Printed;
use super::sessions::{self, Ledger};
use super::status::Status;
use crate::lab::{Figures, KeyMoves, PoolFigures};
use crate::meter::{Meter, MeterReading, Recent};
use crate::period::Clock;
use crate::proxy::{Record, Shared};
use crate::world::MockMeter;
use crate::world::client::ClientHandle;

pub(super) struct Board {
    pub(super) shared: Arc<Shared>,
    status: ArcSwap<Status>,
    instruments: ArcSwap<Instruments>,
    /// What the control thread has to say, until somebody looks.
    told: Recent<Event>,
    /// What commands have printed, until somebody looks.
    printed: Recent<Printed>,
    #[expect(clippy::disallowed_types, reason = "taken by those who look, never by a request")]
    looked: Mutex<Looked>,
}

/// Every meter there is or was.
#[derive(Debug, Clone, Default)]
pub(super) struct Instruments {
    /// Of the listeners there are.
    pub(super) listeners: Vec<(String, Arc<Meter>)>,
    /// Pool by pool, of every server that was in it at some time. A server that came back has several.
    pub(super) pools: Vec<(String, Vec<ServerMeters>)>,
    pub(super) clients: BTreeMap<String, ClientMeters>,
    pub(super) key_moves: Vec<KeyMoves>,
    /// Of the mocks that run, by pool and server.
    pub(super) mocks: BTreeMap<(String, String), MockMeter>,
}

/// A client group; one that was removed and came back has several meters.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientMeters {
    pub(super) meters: Vec<Arc<Meter>>,
    pub(super) groups: Vec<Arc<ClientHandle>>,
}

#[derive(Debug, Clone)]
pub(super) struct ServerMeters {
    pub(super) name: String,
    pub(super) meters: Vec<Arc<Meter>>,
}

/// What was fetched already, for whoever wants it again.
struct Looked {
    events: Journal<Event>,
    requests: Journal<Record>,
    printed: Journal<Printed>,
    next_event: u64,
    next_request: u64,
    next_printed: u64,
    dropped: Dropped,
    broken_sessions: Ledger,
}

impl Board {
    pub(super) fn new(shared: Arc<Shared>, status: Status) -> Self {
        let looked = Looked {
            events: Journal::new(EVENTS),
            requests: Journal::new(status.lab.limits.history as usize),
            printed: Journal::new(PRINTED),
            next_event: 0,
            next_request: 0,
            next_printed: 0,
            dropped: Dropped::default(),
            broken_sessions: Ledger::new(),
        };
        Self {
            shared,
            status: ArcSwap::from_pointee(status),
            instruments: ArcSwap::default(),
            told: Recent::new(EVENTS),
            printed: Recent::new(PRINTED),
            looked: looked.into(),
        }
    }

    pub(super) fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    pub(super) fn set_status(&self, status: Status) {
        self.status.store(Arc::new(status));
    }

    pub(super) fn set_instruments(&self, instruments: Instruments) {
        self.instruments.store(Arc::new(instruments));
    }

    pub(super) fn instruments(&self) -> Arc<Instruments> {
        self.instruments.load_full()
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(super) fn tell(&self, kind: Kind, text: impl Into<String>) {
        self.told.push(Event { at_ns: self.shared.clock.now_ns(), kind, text: text.into() });
        self.shared.events.call();
    }

    pub(super) fn print(&self, line: Printed) {
        self.printed.push(line);
    }

    pub(super) fn figures(&self) -> Figures {
        let instruments = self.instruments.load();
        instruments.figures(&self.fetch().broken_sessions)
    }

    pub(super) fn observe(&self) -> Observation {
        let plan = self.shared.plan();
        let (status, instruments) = (self.status(), self.instruments());
        let tallies = &self.shared.tallies;
        use std::sync::atomic::Ordering::Relaxed;
        let mut looked = self.fetch();
        let looked = &mut *looked;
        let Looked { dropped, broken_sessions, .. } = looked;
        let (events, events_gone) = looked.events.since(&mut looked.next_event);
        let (requests, requests_gone) = looked.requests.since(&mut looked.next_request);
        let (printed, printed_gone) = looked.printed.since(&mut looked.next_printed);
        dropped.events += events_gone;
        dropped.requests += requests_gone;
        dropped.printed += printed_gone;
        Observation {
            at_ns: self.clock().now_ns(),
            figures: instruments.figures(broken_sessions),
            listeners: instruments
                .listeners
                .iter()
                .map(|(name, meter)| (name.clone(), meter.read()))
                .collect(),
            pools: gauges(&plan, &status.lab, &instruments),
            connections: tallies.connections.load(Relaxed),
            accepted: tallies.accepted.load(Relaxed),
            turned_away: tallies.turned_away.load(Relaxed),
            in_line: tallies.in_line.load(Relaxed),
            events: events.iter().map(|event| Event::clone(event)).collect(),
            requests,
            begun: self.shared.begun.drain().collect(),
            printed,
            dropped: Dropped {
                events: dropped.events + self.told.lost() + self.shared.events.lost(),
                requests: dropped.requests + self.shared.records.lost(),
                unsampled: tallies.unsampled.load(Relaxed),
                log_lines: lost_lines(&plan),
                printed: dropped.printed + self.printed.lost(),
            },
        }
    }

    /// The newest requests, oldest first.
    pub(super) fn latest_requests(&self, count: usize) -> Vec<Arc<Record>> {
        self.fetch().requests.latest(count)
    }

    pub(super) fn latest_events(&self, count: usize) -> Vec<Arc<Event>> {
        self.fetch().events.latest(count)
    }

    /// Takes what has come since anybody looked.
    fn fetch(&self) -> MutexGuard<'_, Looked> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of the data plane first: with them begins what the reader is called for anew.
        let mut events: Vec<Event> = self.shared.events.drain().map(Event::from).collect();
        events.extend(self.told.drain());
        events.sort_by_key(|event| event.at_ns);
        for event in events {
            looked.events.add(event);
        }
        self.printed.drain().for_each(|line| looked.printed.add(line));
        looked.requests.set_limit(self.status.load().lab.limits.history as usize);
        let (status, plan) = (self.status.load(), self.shared.plan());
        let instruments = self.instruments.load();
        sessions::collect(&mut looked.broken_sessions, &instruments, &status.lab, &plan);
        self.shared.records.drain().for_each(|record| looked.requests.add(record));
        looked
    }
}

impl Instruments {
    fn figures(&self, broken_sessions: &Ledger) -> Figures {
        let reading = |server: &ServerMeters| {
            let readings = server.meters.iter().map(|meter| meter.read());
            let together = readings.reduce(|sum, reading| sum.merge(&reading));
            (server.name.clone(), together.unwrap_or_default())
        };
        let clients: BTreeMap<String, MeterReading> =
            self.clients.iter().map(|(name, client)| (name.clone(), client.read())).collect();
        let pools = self.pools.iter().map(|(name, servers)| PoolFigures {
            name: name.clone(),
            servers: servers.iter().map(reading).collect(),
            broken_sessions: broken_sessions.get(name).cloned().unwrap_or_default(),
        });
        Figures { clients, pools: pools.collect(), key_moves: self.key_moves.clone() }
    }

    /// How busy a mock is; nothing for a server that is none.
    pub(super) fn mock(&self, pool: &str, server: &str) -> Option<MockGauges> {
        let handle = self.mocks.get(&(pool.to_owned(), server.to_owned()))?;
        Some(handle.read().into())
    }

    pub(super) fn note_client(&mut self, name: &str, group: &Arc<ClientHandle>) {
        let client = self.clients.entry(name.to_owned()).or_default();
        client.meters.push(group.meter());
        client.groups.push(Arc::clone(group));
    }

    /// Its figures stay.
    pub(super) fn forget_client(&mut self, name: &str) {
        if let Some(client) = self.clients.get_mut(name) {
            client.groups.clear();
        }
    }

    /// Notes the meters of a pool's servers.
    pub(super) fn note_server(&mut self, pool: &str, server: &str, meter: &Arc<Meter>) {
        let place = self.pools.iter().position(|(name, _)| name == pool).unwrap_or_else(|| {
            self.pools.push((pool.to_owned(), Vec::new()));
            self.pools.len() - 1
        });
        let servers = &mut self.pools[place].1;
        match servers.iter_mut().find(|known| known.name == server) {
            Some(known) if known.meters.iter().any(|known| Arc::ptr_eq(known, meter)) => {}
            Some(known) => known.meters.push(Arc::clone(meter)),
            None => servers
                .push(ServerMeters { name: server.to_owned(), meters: vec![Arc::clone(meter)] }),
        }
    }
}

/// Lines that the logs of the plan in force could not take.
pub(super) fn lost_lines(plan: &crate::proxy::Plan) -> u64 {
    let logs = plan.listeners.iter().flatten().filter_map(|listener| listener.log.as_ref());
    logs.map(|log| log.lost()).sum()
}

impl ClientMeters {
    fn read(&self) -> MeterReading {
        let readings = self.meters.iter().map(|meter| meter.read());
        readings.reduce(|sum, reading| sum.merge(&reading)).unwrap_or_default()
    }
}

/// Events kept for looking at.
const EVENTS: usize = 4096;
/// Lines of commands kept for looking at. Each may have 8 KiB.
const PRINTED: usize = 2048;
