//! How tries and requests end: settled, tried again, given up.

use crate::balance::Sample;
use crate::balance::pool::Pick;
use crate::lab::{RetryOn, Sessions as Kept};
use crate::meter::{Outcome, TimeoutKind};
use crate::model::Arrivals;

use super::flight::{Attempt, Fate, Flight, FlightId, Stage};
use super::sessions::Cause;
use super::stick::Bond;
use super::{Event, Simulation};

impl Simulation {
    /// Ends a try: the server is free of it, everybody learns of it, and the request is tried again or ends.
    pub(super) fn settle(&mut self, id: FlightId, outcome: Outcome, status: Option<u16>) {
        let Some(at) = self.leave_server(id, outcome, !outcome.is_error()) else { return };
        if let (Some(journal), Some(flight)) = (&mut self.journal, self.flights.get(id)) {
            journal.answered(flight.number, status);
        }
        self.tell_judge(id, &at, outcome);
        self.let_next_in(id, &at);
        // What the client has had a part of cannot be had again.
        if at.fate != Fate::CutOff && self.may_try_again(id, outcome, status) {
            self.plan_retry(id, &at);
        } else {
            self.complete(id, outcome, Some(at));
        }
    }

    /// Takes a request off its server's books.
    fn leave_server(&mut self, id: FlightId, outcome: Outcome, succeeded: bool) -> Option<Attempt> {
        let now_ns = self.now_ns();
        let flight = self.flights.get(id)?;
        let Stage::At(at) = std::mem::replace(&mut flight.stage, Stage::Outside) else {
            return None;
        };
        let latency_ns = now_ns - at.started_ns;
        let beside = at.beside;
        let sample = Sample { now_ns, beside, first_byte_ns: latency_ns, latency_ns, succeeded };
        at.pool.finish(at.member as usize, &sample);
        let meter = &mut self.servers[at.server as usize].meter;
        meter.counters.finish_alone(outcome);
        meter.latency.record_alone(latency_ns);
        if let Some(journal) = &mut self.journal {
            journal.left(flight.number, outcome, now_ns);
        }
        Some(at)
    }

    /// The place that came free goes to whoever has waited longest for it.
    fn let_next_in(&mut self, id: FlightId, at: &Attempt) {
        let Some(flight) = self.flights.get(id) else { return };
        let worker = flight.worker;
        let front = &mut self.fronts[flight.front as usize];
        if front.line.is_empty() {
            return;
        }
        let Some(member) = front.member_of(at.server) else { return };
        if let Some(next) = front.next_in_line(worker, member) {
            self.send_to(next, member);
        }
    }

    fn may_try_again(&mut self, id: FlightId, outcome: Outcome, status: Option<u16>) -> bool {
        let Some(flight) = self.flights.get(id) else { return false };
        let group = &self.crowds[flight.crowd as usize];
        let Some(way) = group.ways.get(flight.way) else { return false };
        let retries = &way.retries;
        if flight.attempts >= retries.attempts {
            return false;
        }
        if !retries.on.iter().any(|on| is_case(*on, outcome, status)) {
            return false;
        }
        let repeatable = outcome == Outcome::Refused
            || retries.non_idempotent
            || is_idempotent(&group.kind(flight.kind).method);
        let front = &self.fronts[flight.front as usize];
        let under_way = front.retries_under_way;
        let budget = (front.in_flight() as f64 * retries.budget.percent / 100.0).floor() as u32;
        repeatable && (flight.is_retry || under_way < budget.max(retries.budget.floor))
    }

    fn plan_retry(&mut self, id: FlightId, at: &Attempt) {
        let now_ns = self.now_ns();
        let Some(flight) = self.flights.get(id) else { return };
        let group = &self.crowds[flight.crowd as usize];
        let backoff =
            group.ways.get(flight.way).map(|way| way.retries.backoff.clone()).unwrap_or_default();
        let front = &mut self.fronts[flight.front as usize];
        self.servers[at.server as usize].meter.counters.retry();
        front.retries_under_way += u32::from(!flight.is_retry);
        flight.is_retry = true;
        if let Some(member) = front.member_of(at.server) {
            flight.tried.add(member);
        }
        let doubled_ns = backoff.base.ns() << (flight.attempts - 1).min(16);
        let pause_ns = self.dice.below(doubled_ns.min(backoff.max.ns()) + 1);
        self.agenda.plan(now_ns + pause_ns, Event::TryAgain { flight: id });
    }

    /// Ends a request. `at` is the try that answered it, if one did.
    pub(super) fn complete(&mut self, id: FlightId, outcome: Outcome, at: Option<Attempt>) {
        self.count_time();
        let now_ns = self.now_ns();
        let Some(flight) = self.flights.remove(id) else { return };
        if let Some(journal) = &mut self.journal {
            journal.ended(flight.number, outcome, now_ns);
        }
        if flight.is_retry {
            self.fronts[flight.front as usize].retries_under_way -= 1;
        }
        let group = &mut self.crowds[flight.crowd as usize];
        group.meter.counters.finish_alone(outcome);
        // A quick refusal must not make a bad choice look fast; who gave up waiting has waited so long.
        if !outcome.is_error() || matches!(outcome, Outcome::TimedOut(_)) {
            group.meter.latency.record_alone(now_ns - flight.intended_ns);
        }
        if let Some(at) = at.filter(|_| !outcome.is_error()) {
            self.remember(&flight, &at);
        }
        self.send_user_on(&flight);
    }

    /// A server answered a client: its bond and its session are there now.
    fn remember(&mut self, flight: &Flight, at: &Attempt) {
        let now_ns = self.now_ns();
        let group = &self.crowds[flight.crowd as usize];
        let front = &mut self.fronts[flight.front as usize];
        let client = (flight.crowd, flight.identity);
        let name = &at.pool.members()[at.member as usize].name;
        front.bonds.bind(
            client,
            group.client.cookies,
            group.address(flight.identity).0,
            name,
            now_ns,
        );
        if front.settings.mocks.sessions == Kept::Memory {
            let otherwise = if flight.is_retry { Cause::Failover } else { Cause::Unbound };
            self.sessions[flight.front as usize].answered(client, at.server, otherwise);
        }
    }

    /// Keeps the reason if a pick takes a client away from the server that has its session.
    pub(super) fn suspect(&mut self, flight: &Flight, bond: &Bond, own: Option<u32>, pick: Pick) {
        let sessions = &mut self.sessions[flight.front as usize];
        let client = (flight.crowd, flight.identity);
        let Some(home) = sessions.home(client) else { return };
        let front = &self.fronts[flight.front as usize];
        let pool = &front.pools[flight.worker as usize];
        let member = front.member_of(home);
        let chosen = pick.member().map(|member| front.servers[member]);
        if chosen.is_none() || chosen == Some(home) {
            return;
        }
        let cause = match (member, bond) {
            (None, _) => Cause::ServerRemoved,
            (Some(member), _) if flight.tried.contains(member) => Cause::Failover,
            (Some(member), _)
                if pool.members()[member as usize].standing.health()
                    != crate::balance::Health::Up =>
            {
                Cause::ServerDown
            }
            (Some(_), Bond::Expired) => Cause::BondExpired,
            (Some(member), _) if own.is_none() && pool.members()[member as usize].is_draining() => {
                Cause::ServerDrained
            }
            (Some(_), _) => Cause::Unbound,
        };
        sessions.suspect(client, cause);
    }

    /// In a closed loop the user thinks and sends again, if the lab still has that user.
    fn send_user_on(&mut self, flight: &Flight) {
        let now_ns = self.now_ns();
        let Some(user) = flight.user else { return };
        let group = &mut self.crowds[flight.crowd as usize];
        group.set_asking(user, false);
        let Arrivals::Closed { users, think } = &group.client.arrivals else { return };
        if !group.client.enabled || user >= *users {
            return;
        }
        // Whoever was answered or turned away at once takes a moment all the same: users who do not think would
        // otherwise send for ever without time going on.
        let earliest_ns = flight.intended_ns + ROUND_TRIP_NS;
        let at_ns = (now_ns + think.draw(&mut group.dice)).max(earliest_ns);
        let event = Event::Send { crowd: flight.crowd, user, era: group.era };
        self.agenda.plan(at_ns, event);
    }

    /// Drops the deadlines of requests that ended long before them, once they are the most.
    pub(super) fn tidy_deadlines(&mut self, crowd: u32) {
        let deadlines = &mut self.crowds[crowd as usize].deadlines;
        if deadlines.len() > 1_024 + 2 * self.flights.under_way() {
            deadlines.retain(|&(_, id)| self.flights.is_under_way(id));
        }
    }

    /// Clients of a group whose patience has ended by now go away.
    pub(super) fn give_up(&mut self, crowd: u32) {
        let now_ns = self.now_ns();
        while let Some(&(until_ns, id)) = self.crowds[crowd as usize].deadlines.front() {
            let under_way = self.flights.is_under_way(id);
            if under_way && until_ns > now_ns {
                return self.agenda.plan(until_ns, Event::GiveUp { crowd });
            }
            self.crowds[crowd as usize].deadlines.pop_front();
            if under_way {
                self.abandon(id, Outcome::ClientLeft);
            }
        }
    }

    /// The proxy gives a request up, in whichever try it is.
    pub(super) fn total_ends(&mut self, id: FlightId) {
        if self.flights.is_under_way(id) {
            self.abandon(id, Outcome::TimedOut(TimeoutKind::Total));
        }
    }

    /// Nobody waits any more, and the server is told why. One whose client went away is not blamed.
    fn abandon(&mut self, id: FlightId, why: Outcome) {
        self.leave_station(id);
        if let Some(at) = self.leave_server(id, why, !why.is_error()) {
            if why.is_error() {
                self.tell_judge(id, &at, why);
            }
            self.let_next_in(id, &at);
        } else if let Some(flight) = self.flights.get(id) {
            let front = flight.front as usize;
            let crowd = flight.crowd as usize;
            if let Some(front) = self.fronts.get_mut(front) {
                front.line.forget(|(waiting, _)| *waiting == id);
            }
            self.crowds[crowd].held.retain(|held| *held != id);
        }
        self.complete(id, Outcome::TimedOut(TimeoutKind::Total), None);
    }

    pub(super) fn try_ends(&mut self, id: FlightId, attempt: u32) {
        let current = self.flights.get(id).is_some_and(|flight| flight.attempts == attempt);
        if current {
            self.leave_station(id);
            self.settle(id, Outcome::TimedOut(TimeoutKind::Response), None);
        }
    }

    /// Nobody waits for the answer any more: a waiting request goes, a hanging one is cut off, and one in
    /// service is finished by the server all the same.
    fn leave_station(&mut self, id: FlightId) {
        let Some(flight) = self.flights.get(id) else { return };
        let Stage::At(at) = &flight.stage else { return };
        let (number, in_service, hangs) = (at.server, at.in_service, at.fate == Fate::Hang);
        let station = &mut self.servers[number as usize].station;
        if !in_service {
            station.forget(|waiting| *waiting == id);
        } else if hangs && let Some(next) = station.finish() {
            self.start_service(number, next);
        }
    }

    pub(super) fn line_ends(&mut self, front: u32) {
        let now_ns = self.now_ns();
        while let Some((id, _)) = self.fronts[front as usize].line.take_expired(now_ns) {
            self.complete(id, Outcome::TimedOut(TimeoutKind::Queue), None);
        }
    }
}

/// About what a round trip on loopback takes.
const ROUND_TRIP_NS: u64 = 100_000;

fn is_case(on: RetryOn, outcome: Outcome, status: Option<u16>) -> bool {
    match on {
        RetryOn::Connect => outcome == Outcome::Refused,
        RetryOn::Reset => outcome == Outcome::Reset,
        RetryOn::Timeout => matches!(outcome, Outcome::TimedOut(_)),
        RetryOn::BadResponse => outcome == Outcome::BadResponse,
        RetryOn::GatewayError => matches!(status, Some(502..=504)),
        RetryOn::ServerError => status.is_some_and(|status| status >= 500),
        RetryOn::Status(wanted) => status == Some(wanted),
    }
}

/// RFC 9110, 9.2.2.
fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}
