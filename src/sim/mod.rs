//! The lab in virtual time.
//!
//! The same compiled algorithms, pools, judges, behaviours and arrivals as on real sockets, driven by a list of
//! events instead of a clock: a minute of traffic takes milliseconds, and the same lab and seed give the same
//! run, byte for byte, on every system.
//!
//! What it leaves out: the network takes no time, every request has a connection of its own, the proxy itself costs
//! nothing, hedging is not simulated, and servers that are not mocks are taken for mocks with default
//! settings. A server goes on with a request that its client gave up, as most do.
//!
//! Every request draws its work from its own number. So two runs of a lab that differ in the algorithm only
//! see the same requests at the same times, and each would make the same work at the same server.

mod agenda;
mod crowd;
mod cues;
mod ends;
mod event;
mod flight;
mod front;
mod journal;
mod journey;
mod moved;
mod report;
mod run;
mod server;
mod sessions;
mod stick;
mod way;
mod wellness;

pub mod compare;

use std::collections::BTreeMap;

use crate::dice::Dice;
use crate::lab::{Figures, KeyMoves, Lab, WorkerState};
use crate::meter::{LimitKind, Outcome};
use crate::model::Arrivals;
use crate::period::Period;

pub use crate::lab::Span as Window;
use agenda::Agenda;
use crowd::Crowd;
use event::Event;
use flight::Flights;
use front::Front;
use journal::Journal;
pub use journal::{AskedFor, Detail, Happening, Journey, Try};
pub use report::Report;
pub use run::{PoolNow, Run, ServerNow};
use server::Server;
use sessions::Sessions;
use way::Ways;

/// Runs a lab in virtual time. The lab has to be a checked one.
pub fn run(lab: &Lab, seed: u64, duration: Period) -> Report {
    let mut simulation = Simulation::new(lab, seed, None);
    simulation.run_until(duration.ns());
    simulation.report(duration)
}

/// A run under way.
struct Simulation {
    lab: Lab,
    seed: u64,
    agenda: Agenda<Event>,
    flights: Flights,
    crowds: Vec<Crowd>,
    fronts: Vec<Front>,
    sessions: Vec<Sessions>,
    servers: Vec<Server>,
    /// The balancer's own dice: draws of algorithms, pauses before retries.
    dice: Dice,
    check_dice: Dice,
    next_number: u64,
    windows: Vec<Window>,
    /// The cue that began the open window, and when.
    window_began: (Option<String>, u64),
    figures_before: Figures,
    key_moves: Vec<KeyMoves>,
    /// Requests in the system, summed over time: for Little's law.
    request_ns: u128,
    counted_until_ns: u64,
    key: Vec<u8>,
    /// Of a run that is followed.
    journal: Option<Journal>,
}

impl Simulation {
    fn new(lab: &Lab, seed: u64, journal: Option<Journal>) -> Self {
        let mut servers = Vec::new();
        let workers = match lab.state {
            WorkerState::Shared => 1,
            WorkerState::PerWorker => lab.workers.unwrap_or(WORKERS).max(1) as usize,
        };
        let fronts: Vec<Front> = lab
            .pools
            .iter()
            .map(|pool| {
                let first = servers.len() as u32;
                for server in &pool.servers {
                    let copies = server.terms().into_iter();
                    servers
                        .extend(copies.map(|copy| Server::new(&pool.name, &copy.name, server, 0)));
                }
                Front::new(pool, (first..servers.len() as u32).collect(), workers, seed)
            })
            .collect();
        let front_of: BTreeMap<&str, u32> = lab
            .pools
            .iter()
            .enumerate()
            .map(|(index, pool)| (pool.name.as_str(), index as u32))
            .collect();
        let crowd = |(stream, client): (usize, &crate::lab::Client)| {
            Crowd::new(client, Ways::new(lab, &client.listener, &front_of), seed, stream as u64)
        };
        let mut simulation = Self {
            crowds: lab.clients.iter().enumerate().map(crowd).collect(),
            sessions: fronts.iter().map(|_| Sessions::default()).collect(),
            fronts,
            servers,
            agenda: Agenda::default(),
            flights: Flights::default(),
            dice: Dice::stream(seed, BALANCER_STREAM),
            check_dice: Dice::stream(seed, CHECK_STREAM),
            next_number: 0,
            windows: Vec::new(),
            window_began: (None, 0),
            figures_before: Figures::default(),
            key_moves: Vec::new(),
            request_ns: 0,
            counted_until_ns: 0,
            key: Vec::new(),
            journal,
            lab: lab.clone(),
            seed,
        };
        simulation.plan_beginning();
        simulation
    }

    fn plan_beginning(&mut self) {
        for (index, cue) in self.lab.cues.iter().enumerate() {
            self.agenda.plan(cue.at.ns(), Event::Cue { index: index as u32 });
        }
        for front in 0..self.fronts.len() as u32 {
            for server in self.fronts[front as usize].servers.clone() {
                self.plan_check(front, server, true);
            }
            self.plan_judgement(front);
        }
        for crowd in 0..self.crowds.len() as u32 {
            self.set_going(crowd);
        }
    }

    fn run_until(&mut self, end_ns: u64) {
        while let Some(event) = self.agenda.next(end_ns) {
            match event {
                Event::Arrive { crowd, era } => self.arrive(crowd, era),
                Event::Send { crowd, user, era } => {
                    if self.crowds[crowd as usize].era == era {
                        self.send_request(crowd, Some(user));
                    }
                }
                Event::Served { server, life, flight, attempt } => {
                    if self.servers[server as usize].life == life {
                        self.served(server, flight, attempt);
                    }
                }
                Event::TurnedAway { flight, attempt } => self.turned_away(flight, attempt),
                Event::GiveUp { crowd } => self.give_up(crowd),
                Event::TryEnds { flight, attempt } => self.try_ends(flight, attempt),
                Event::TryAgain { flight } => self.dispatch(flight),
                Event::LineEnds { front } => self.line_ends(front),
                Event::TotalEnds { flight } => self.total_ends(flight),
                Event::Check { front, server, stay } => {
                    if self.servers[server as usize].stay == stay {
                        self.check(front, server);
                    }
                }
                Event::Judge { front } => self.judge(front),
                Event::Cue { index } => self.cue(index),
            }
        }
        self.agenda.end(end_ns);
        self.count_time();
    }

    fn now_ns(&self) -> u64 {
        self.agenda.now_ns()
    }

    /// Adds up how many requests were under way for how long, before their number changes.
    fn count_time(&mut self) {
        let passed_ns = self.now_ns() - self.counted_until_ns;
        self.request_ns += u128::from(passed_ns) * self.flights.under_way() as u128;
        self.counted_until_ns = self.now_ns();
    }

    /// Lets a group send from now on as its settings say.
    fn set_going(&mut self, crowd: u32) {
        let now_ns = self.now_ns();
        let group = &mut self.crowds[crowd as usize];
        let era = group.era;
        if !group.client.enabled {
            return;
        }
        if let Arrivals::Closed { users, think } = group.client.arrivals.clone() {
            for user in 0..users {
                if group.is_asking(user) {
                    continue;
                }
                let at_ns = now_ns + think.draw(&mut group.dice);
                self.agenda.plan(at_ns, Event::Send { crowd, user, era });
            }
        } else if let Some(at_ns) = group.client.arrivals.next_after(now_ns, &mut group.dice) {
            self.agenda.plan(at_ns, Event::Arrive { crowd, era });
        }
    }

    fn arrive(&mut self, crowd: u32, era: u32) {
        let now_ns = self.now_ns();
        let group = &mut self.crowds[crowd as usize];
        if group.era != era {
            return;
        }
        let at_once = group.client.arrivals.at_once();
        if let Some(at_ns) = group.client.arrivals.next_after(now_ns, &mut group.dice) {
            self.agenda.plan(at_ns, Event::Arrive { crowd, era });
        }
        for _ in 0..at_once {
            self.send_request(crowd, None);
        }
    }

    fn send_request(&mut self, crowd: u32, user: Option<u32>) {
        self.count_time();
        let now_ns = self.now_ns();
        self.next_number += 1;
        let group = &mut self.crowds[crowd as usize];
        let flight = group.request(crowd, user, self.next_number, now_ns);
        if let Some(user) = user {
            group.set_asking(user, true);
        }
        group.meter.counters.start_alone();
        if let Some(journal) = &mut self.journal {
            journal.came(&flight, group);
        }
        // Without a bound, a pool that cannot keep up would take all memory before the run ends.
        let full = self.flights.under_way() >= self.lab.limits.connections as usize;
        let id = self.flights.add(flight);
        if full {
            return self.complete(id, Outcome::LimitHit(LimitKind::Connections), None);
        }
        let group = &mut self.crowds[crowd as usize];
        let gives_up_ns = now_ns.saturating_add(group.client.timeout.ns());
        group.deadlines.push_back((gives_up_ns, id));
        if group.deadlines.len() == 1 {
            self.agenda.plan(gives_up_ns, Event::GiveUp { crowd });
        }
        self.tidy_deadlines(crowd);
        if self.lab.hold {
            let group = &mut self.crowds[crowd as usize];
            group.held.push_back(id);
        } else {
            self.enter(id);
        }
    }
}

/// Workers that count for themselves, where a lab does not say how many there are.
const WORKERS: u32 = 4;
const BALANCER_STREAM: u64 = u64::MAX;
const CHECK_STREAM: u64 = u64::MAX - 1;

#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod prequal_tests;
#[cfg(test)]
mod tests;
