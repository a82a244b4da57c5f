//! A request's way: from its listener to a pool, to a server, into service and out of it.

use crate::balance::pool::Pick;
use crate::balance::{Notes, Request};
use crate::dice::Dice;
use crate::hash::mix;
use crate::meter::{Outcome, StatusClass};
use crate::model::Arrival;
use crate::period::Period;

use super::Simulation;
use super::event::Event;
use super::flight::{Attempt, Fate, Flight, FlightId, Stage};
use super::stick::Bond;
use super::way::Led;

impl Simulation {
    /// Leads a request from its listener to a pool.
    pub(super) fn enter(&mut self, id: FlightId) {
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
        if let Some(journal) = &mut self.journal {
            journal.led(flight);
        }
        self.dispatch(id);
    }

    /// Asks the pool for a server and sends the request there.
    pub(super) fn dispatch(&mut self, id: FlightId) {
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
        let journal = self.journal.as_mut().filter(|journal| journal.wants_reasons());
        let mut notes = if journal.is_some() { Notes::on() } else { Notes::off() };
        let pick = pool.pick_or_repeat(&request, own, &mut self.dice, &mut notes);
        if let Some(journal) = journal {
            journal.decided(notes.take());
        }
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

    pub(super) fn wait(&mut self, id: FlightId, only: Option<u32>) {
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
    pub(super) fn send_to(&mut self, id: FlightId, member: u32) {
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
        if let Some(journal) = &mut self.journal {
            journal.began(flight.number, number, now_ns);
        }
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

    pub(super) fn turned_away(&mut self, id: FlightId, attempt: u32) {
        let Some(flight) = self.flights.get(id).filter(|flight| flight.attempts == attempt) else {
            return;
        };
        match &flight.stage {
            Stage::At(at) if at.fate == Fate::Refused => self.settle(id, Outcome::Refused, None),
            Stage::At(_) => self.settle(id, answered(OVERLOADED), Some(OVERLOADED)),
            Stage::Outside => {}
        }
    }

    pub(super) fn start_service(&mut self, number: u32, id: FlightId) {
        let now_ns = self.now_ns();
        let flight = self.flights.get(id).expect("who gives up waiting leaves the station");
        let mut dice = work(self.seed, SERVICE_STREAM, flight);
        let attempt = flight.attempts;
        let Stage::At(at) = &mut flight.stage else { return };
        at.in_service = true;
        if let Some(journal) = &mut self.journal {
            journal.in_service(flight.number, now_ns);
        }
        let server = &self.servers[number as usize];
        if let Some(service_ns) = server.service_ns(now_ns, at.fate, &mut dice) {
            let at_ns = now_ns.saturating_add(service_ns);
            let life = server.life;
            self.agenda.plan(at_ns, Event::Served { server: number, life, flight: id, attempt });
        }
    }

    /// A server is done with a request, whether or not anybody still waits for it.
    pub(super) fn served(&mut self, number: u32, id: FlightId, attempt: u32) {
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

const OK: u16 = 200;
const NOT_FOUND: u16 = 404;
/// What a mock answers when its own queue is full.
const OVERLOADED: u16 = 503;
const FATE_STREAM: u64 = 0x6661_7465;
const SERVICE_STREAM: u64 = 0x7365_7276;
