//! A run that goes on a little at a time, for those who watch it or want to be able to stop it.

use crate::balance::Health;
use crate::lab::{Figures, Lab};
use crate::period::Period;

use super::journal::{Detail, Happening, Journal, Journey};
use super::{Report, Simulation};

/// Whether it is watched, and how often it is stopped at, changes nothing that it gives.
pub struct Run {
    simulation: Simulation,
}

/// How a pool stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolNow {
    pub name: String,
    /// Requests that wait for a server of this pool.
    pub waiting: usize,
    /// In the order of the pool.
    pub servers: Vec<ServerNow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNow {
    pub name: String,
    pub in_flight: u32,
    pub health: Health,
    pub health_since_ns: u64,
    pub weight: u32,
    pub draining: bool,
    /// In service, and waiting at the server itself.
    pub busy: usize,
    pub waiting: usize,
}

impl Run {
    /// The lab has to be a checked one.
    pub fn new(lab: &Lab, seed: u64) -> Self {
        Self { simulation: Simulation::new(lab, seed, None) }
    }

    /// The same with a journal, which is to be emptied from time to time.
    pub fn followed(lab: &Lab, seed: u64, detail: Detail) -> Self {
        Self { simulation: Simulation::new(lab, seed, Some(Journal::new(detail))) }
    }

    pub fn now_ns(&self) -> u64 {
        self.simulation.now_ns()
    }

    /// Goes on until just before a moment.
    pub fn advance(&mut self, until_ns: u64) {
        self.simulation.run_until(until_ns);
    }

    pub fn report(self, duration: Period) -> Report {
        self.simulation.report(duration)
    }

    /// Measured since the beginning.
    pub fn figures(&self) -> Figures {
        self.simulation.figures()
    }

    pub fn pools(&self) -> Vec<PoolNow> {
        let Simulation { fronts, servers, .. } = &self.simulation;
        let pools = fronts.iter().map(|front| {
            let members = front.pools[0].members().iter().zip(&front.servers).enumerate();
            let servers = members.map(|(index, (member, &number))| {
                let in_flight = |pool: &std::rc::Rc<crate::balance::pool::Pool>| {
                    pool.members()[index].in_flight()
                };
                let station = &servers[number as usize].station;
                ServerNow {
                    name: member.name.to_string(),
                    in_flight: front.pools.iter().map(in_flight).sum(),
                    health: member.standing.health(),
                    health_since_ns: member.standing.since_ns(),
                    weight: member.weight,
                    draining: member.is_draining(),
                    busy: station.n_busy(),
                    waiting: station.n_waiting(),
                }
            });
            PoolNow {
                name: front.settings.name.clone(),
                waiting: front.line.len(),
                servers: servers.collect(),
            }
        });
        pools.collect()
    }

    /// The pool and the name of a server, by its number in this run.
    pub fn server(&self, number: u32) -> Option<(&str, &str)> {
        let server = self.simulation.servers.get(number as usize)?;
        Some((&server.pool, &server.name))
    }

    /// Requests in the system.
    pub fn n_under_way(&self) -> usize {
        self.simulation.flights.under_way()
    }

    /// Those that have not ended, where the run is followed.
    pub fn under_way(&self) -> impl Iterator<Item = &Journey> {
        self.simulation.journal.iter().flat_map(Journal::under_way)
    }

    /// Requests that have ended since the last call, as they ended.
    pub fn take_ended(&mut self) -> Vec<Journey> {
        self.journal().map(|journal| std::mem::take(&mut journal.ended)).unwrap_or_default()
    }

    /// Tries that have begun since the last call, with their requests as they were then. With reasons only.
    pub fn take_begun(&mut self) -> Vec<(Journey, usize)> {
        self.journal().map(|journal| std::mem::take(&mut journal.begun)).unwrap_or_default()
    }

    /// What has happened since the last call, and when.
    pub fn take_happened(&mut self) -> Vec<(u64, Happening)> {
        self.journal().map(|journal| std::mem::take(&mut journal.happened)).unwrap_or_default()
    }

    fn journal(&mut self) -> Option<&mut Journal> {
        self.simulation.journal.as_mut()
    }
}
