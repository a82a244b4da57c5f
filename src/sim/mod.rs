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
mod moved;
mod report;
mod server;
mod sessions;
mod stick;
mod way;
mod wellness;

pub mod compare;

use std::collections::BTreeMap;

use crate::balance::pool::Pick;
use crate::balance::{Notes, Request};
use crate::dice::Dice;
use crate::hash::mix;
use crate::lab::{Figures, KeyMoves, Lab, WorkerState};
use crate::meter::{LimitKind, Outcome, StatusClass};
use crate::model::{Arrival, Arrivals};
use crate::period::Period;

use agenda::Agenda;
use crowd::Crowd;
use event::Event;
use flight::{Attempt, Fate, Flight, FlightId, Flights, Stage};
use front::Front;
pub use report::{Report, Window};
use server::Server;
use sessions::Sessions;
use stick::Bond;
use way::{Led, Ways};

/// Runs a lab in virtual time. The lab has to be a checked one.
pub fn run(lab: &Lab, seed: u64, duration: Period) -> Report {
    let mut simulation = Simulation::new(lab, seed);
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
}

impl Simulation {
    fn new(lab: &Lab, seed: u64) -> Self {
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

    /// Leads a request from its listener to a pool.
    fn enter(&mut self, id: FlightId) {
        let Some(flight) = self.flights.get(id) else { return };
        let Flight { crowd, kind, identity, key, number, .. } = *flight;
        let group = &self.crowds[crowd as usize];
        let client = u64::from(crowd) << 32 | u64::from(identity);
        let now_ns = self.agenda.now_ns();
        let (way, front) = match group.ways.lead(group, kind, identity, key) {
            Led::Refused => return self.complete(id, Outcome::Refused, None),
            Led::Nowhere => return self.complete(id, answered(NOT_FOUND), None),
            Led::To(way) => match way.goal.settle(client, number) {
                Ok(front) => {
                    if let Some(total) = way.timeouts.total {
                        let ends_ns = now_ns.saturating_add(total.ns());
                        self.agenda.plan(ends_ns, Event::TotalEnds { flight: id });
                    }
                    (way.index, front)
                }
                Err(status) => return self.complete(id, answered(status), None),
            },
        };
        let workers = self.fronts[front as usize].pools.len() as u64;
        // A kept connection stays with its worker.
        let connection = if group.client.keep_alive { client } else { number };
        flight.way = way;
        flight.front = front;
        flight.worker = if workers == 1 { 0 } else { (mix(connection) % workers) as u32 };
        self.dispatch(id);
    }

    /// Asks the pool for a server and sends the request there.
    fn dispatch(&mut self, id: FlightId) {
        let now_ns = self.now_ns();
        let Some(flight) = self.flights.get(id) else { return };
        let group = &self.crowds[flight.crowd as usize];
        let front = &mut self.fronts[flight.front as usize];
        let (address_text, address) = group.address(flight.identity);
        self.key.clear();
        if front.is_keyed() {
            group.write_key(&front.settings.key, flight, &mut self.key);
        }
        let client = (flight.crowd, flight.identity);
        let bond = front.bonds.find(client, group.client.cookies, address_text, now_ns);
        let pool = &front.pools[flight.worker as usize];
        let own = match &bond {
            Bond::To(server) => pool.index_of(server).map(|index| index as u32),
            Bond::None | Bond::Expired => None,
        };
        let request =
            Request { key: &self.key, address: Some(address), now_ns, tried: flight.tried };
        let pick = pool.pick(&request, own, &mut self.dice, &mut Notes::off());
        let is_bound = bond != Bond::None && bond != Bond::Expired;
        let strict = front.bonds.is_strict();
        if self.sessions[flight.front as usize].home(client).is_some() {
            let flight = flight.clone();
            self.suspect(&flight, &bond, own, pick);
        }
        match pick {
            Pick::Member(member) if strict && is_bound && own != Some(member) => {
                self.complete(id, Outcome::NoServer, None);
            }
            Pick::Member(member) => self.send_to(id, member),
            Pick::Wait { only } => self.wait(id, only),
            Pick::Nobody => self.complete(id, Outcome::NoServer, None),
        }
    }

    fn wait(&mut self, id: FlightId, only: Option<u32>) {
        let now_ns = self.now_ns();
        let Some(flight) = self.flights.get(id) else { return };
        let front_index = flight.front;
        let front = &mut self.fronts[front_index as usize];
        let patience_ns = front.settings.queue.timeout.ns();
        let ends_ns = now_ns.saturating_add(patience_ns);
        let until_ns = *flight.line_until_ns.get_or_insert(ends_ns);
        match front.line.join((id, flight.worker), until_ns, only) {
            Ok(()) => self.agenda.plan(until_ns, Event::LineEnds { front: front_index }),
            Err(_full) => self.complete(id, Outcome::QueueFull, None),
        }
    }

    /// Begins a try at a server.
    fn send_to(&mut self, id: FlightId, member: u32) {
        let now_ns = self.now_ns();
        let Some(flight) = self.flights.get(id) else { return };
        let front = &mut self.fronts[flight.front as usize];
        let pool = std::rc::Rc::clone(&front.pools[flight.worker as usize]);
        let number = front.servers[member as usize];
        let beside = pool.start(member as usize);
        flight.attempts += 1;
        flight.line_until_ns = None;
        let server = &mut self.servers[number as usize];
        server.meter.counters.start_alone();
        let fate = server.fate(&mut work(self.seed, FATE_STREAM, flight));
        let attempt = flight.attempts;
        flight.stage = Stage::At(Attempt {
            pool,
            member,
            server: number,
            started_ns: now_ns,
            beside,
            in_service: false,
            fate,
        });
        let timeout_ns = self.try_timeout_ns(id);
        if let Some(timeout_ns) = timeout_ns {
            self.agenda
                .plan(now_ns.saturating_add(timeout_ns), Event::TryEnds { flight: id, attempt });
        }
        // Not at once but next: a server that turns a whole line away must not do so within one call.
        let turned_away = Event::TurnedAway { flight: id, attempt };
        if fate == Fate::Refused {
            return self.agenda.plan(now_ns, turned_away);
        }
        match self.servers[number as usize].station.arrive(id) {
            Arrival::Starts(id) => self.start_service(number, id),
            Arrival::Waits => {}
            Arrival::Refused(_) => self.agenda.plan(now_ns, turned_away),
        }
    }

    fn turned_away(&mut self, id: FlightId, attempt: u32) {
        let Some(flight) = self.flights.get(id).filter(|flight| flight.attempts == attempt) else {
            return;
        };
        match &flight.stage {
            Stage::At(at) if at.fate == Fate::Refused => self.settle(id, Outcome::Refused, None),
            Stage::At(_) => self.settle(id, answered(OVERLOADED), Some(OVERLOADED)),
            Stage::Outside => {}
        }
    }

    fn start_service(&mut self, number: u32, id: FlightId) {
        let now_ns = self.now_ns();
        let flight = self.flights.get(id).expect("who gives up waiting leaves the station");
        let mut dice = work(self.seed, SERVICE_STREAM, flight);
        let attempt = flight.attempts;
        let Stage::At(at) = &mut flight.stage else { return };
        at.in_service = true;
        let server = &self.servers[number as usize];
        if let Some(service_ns) = server.service_ns(now_ns, at.fate, &mut dice) {
            let at_ns = now_ns.saturating_add(service_ns);
            let life = server.life;
            self.agenda.plan(at_ns, Event::Served { server: number, life, flight: id, attempt });
        }
    }

    /// A server is done with a request, whether or not anybody still waits for it.
    fn served(&mut self, number: u32, id: FlightId, attempt: u32) {
        if let Some(next) = self.servers[number as usize].station.finish() {
            self.start_service(number, next);
        }
        let Some(flight) = self.flights.get(id).filter(|flight| flight.attempts == attempt) else {
            return;
        };
        let Stage::At(at) = &flight.stage else { return };
        let (outcome, status) = match at.fate {
            Fate::Answer(status) => (answered(status), Some(status)),
            Fate::SlowAnswer => (answered(OK), Some(OK)),
            Fate::Refused => (Outcome::Refused, None),
            Fate::Reset | Fate::CutOff | Fate::Hang => (Outcome::Reset, None),
        };
        self.settle(id, outcome, status);
    }

    /// How long this try may take, where that is less than the client itself waits.
    fn try_timeout_ns(&mut self, id: FlightId) -> Option<u64> {
        let flight = self.flights.get(id)?;
        let group = &self.crowds[flight.crowd as usize];
        let way = group.ways.get(flight.way)?;
        let ends = [way.retries.per_try_timeout, way.timeouts.response];
        let shortest_ns = ends.into_iter().flatten().map(Period::ns).min()?;
        (shortest_ns < group.client.timeout.ns()).then_some(shortest_ns)
    }
}

/// The dice of one request's work in one try. The first try is the same whoever makes it.
fn work(seed: u64, stream: u64, flight: &Flight) -> Dice {
    Dice::stream(seed ^ stream ^ u64::from(flight.attempts - 1) << 32, flight.number)
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered(match status {
        100..=199 => StatusClass::Informational,
        200..=299 => StatusClass::Success,
        300..=399 => StatusClass::Redirection,
        400..=499 => StatusClass::ClientError,
        _ => StatusClass::ServerError,
    })
}

/// Workers that count for themselves, where a lab does not say how many there are.
const WORKERS: u32 = 4;
const OK: u16 = 200;
const NOT_FOUND: u16 = 404;
/// What a mock answers when its own queue is full.
const OVERLOADED: u16 = 503;
const BALANCER_STREAM: u64 = u64::MAX;
const CHECK_STREAM: u64 = u64::MAX - 1;
const FATE_STREAM: u64 = 0x6661_7465;
const SERVICE_STREAM: u64 = 0x7365_7276;

#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod prequal_tests;
#[cfg(test)]
mod tests;
