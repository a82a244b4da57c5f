//! What is to be seen of a running lab: measurements so far, gauges now, what happened since the last look.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::board::Instruments;
use super::event::Event;
use super::printed::Printed;
use crate::balance::Health;
use crate::lab::{Figures, Lab};
use crate::meter::MeterReading;
use crate::proxy::{Begun, Plan, Record};
use crate::world::MockReading;

/// One look at everything.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    pub at_ns: u64,
    /// Measured since the start, by client group and by server.
    pub figures: Figures,
    /// The same for each listener.
    pub listeners: BTreeMap<String, MeterReading>,
    /// In the order of the document.
    pub pools: Vec<PoolGauges>,
    /// Client connections that are open.
    pub connections: usize,
    /// Client connections that ever came, and those that were turned away because there were too many.
    pub accepted: u64,
    pub turned_away: u64,
    /// Requests that wait for a server, over all pools.
    pub in_line: usize,
    /// What happened since the last look, oldest first.
    pub events: Vec<Event>,
    /// Requests that were recorded since the last look.
    pub requests: Vec<Arc<Record>>,
    /// Tries of sampled requests that have begun since the last look, whoever looked.
    pub begun: Vec<Begun>,
    /// What commands have printed since the last look, oldest first.
    pub printed: Vec<Arc<Printed>>,
    pub dropped: Dropped,
}

/// What nobody will see, counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    pub events: u64,
    /// Recorded requests that made room for newer ones.
    pub requests: u64,
    /// Requests that were measured but not recorded.
    pub unsampled: u64,
    /// Lines of access logs.
    pub log_lines: u64,
    /// Lines that commands printed.
    pub printed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolGauges {
    pub name: String,
    /// Requests that wait for a server of this pool.
    pub waiting: usize,
    pub servers: Vec<ServerGauges>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerGauges {
    pub name: String,
    pub in_flight: u32,
    pub health: Health,
    pub health_since_ns: u64,
    pub weight: u32,
    pub draining: bool,
    /// Whether there is an address that requests may go to: a program that does not run has none.
    pub reachable: bool,
    /// Connections of the proxy to it, resting ones included.
    pub connections: u32,
    /// What it says of itself, if it is a mock.
    pub mock: Option<MockGauges>,
}

impl ServerGauges {
    /// A server that is nowhere gets nothing, whatever its judge holds against it: nobody could ask it.
    pub fn shown_health(&self) -> Health {
        if self.reachable { self.health } else { Health::Down }
    }
}

/// How busy a mock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MockGauges {
    /// In service now.
    pub busy: usize,
    /// Waiting for a place now.
    pub waiting: usize,
}

impl From<MockReading> for MockGauges {
    fn from(MockReading { busy, waiting, .. }: MockReading) -> Self {
        Self { busy, waiting }
    }
}

/// The gauges of all pools that are in the plan.
pub(super) fn gauges(plan: &Plan, lab: &Lab, instruments: &Instruments) -> Vec<PoolGauges> {
    let pools = lab.pools.iter().filter_map(|pool| plan.pools.get(pool.name.as_str()));
    pools
        .map(|pool| {
            let members = pool.balancing().members().iter().zip(&pool.servers).enumerate();
            let servers = members.map(|(index, (member, server))| ServerGauges {
                name: member.name.to_string(),
                in_flight: pool.in_flight(index),
                health: member.standing.health(),
                health_since_ns: member.standing.since_ns(),
                weight: member.weight,
                draining: member.is_draining(),
                reachable: !server.addresses.is_empty(),
                connections: server.n_connections(),
                mock: instruments.mock(&pool.name, &member.name),
            });
            PoolGauges {
                name: pool.name.to_string(),
                waiting: pool.n_waiting(),
                servers: servers.collect(),
            }
        })
        .collect()
}
