//! Checks, judgements and their consequences in virtual time.

use crate::balance::health::Change;
use crate::meter::{Outcome, StatusClass};

use super::flight::{Attempt, FlightId};
use super::journal::Happening;
use super::{Event, Simulation};

impl Simulation {
    /// Plans a server's next active check: the first at a random time within the interval, so that checks do
    /// not come in step.
    pub(super) fn plan_check(&mut self, front: u32, server: u32, first: bool) {
        let Some(active) = &self.fronts[front as usize].settings.health.active else { return };
        let interval_ns = active.interval.ns() as f64;
        let part = if first {
            self.check_dice.unit()
        } else {
            1.0 + (self.check_dice.unit() * 2.0 - 1.0) * active.jitter_percent / 100.0
        };
        let at_ns = self.now_ns() + (interval_ns * part) as u64;
        let stay = self.servers[server as usize].stay;
        self.agenda.plan(at_ns, Event::Check { front, server, stay });
    }

    pub(super) fn check(&mut self, front_index: u32, server: u32) {
        let front = &mut self.fronts[front_index as usize];
        let Some(active) = &front.settings.health.active else { return };
        let good = self.servers[server as usize].passes_check(&active.probe, &mut self.check_dice);
        // A server that left the pool is not checked any more.
        let Some(member) = front.member_of(server) else { return };
        if let Some(change) = front.judge.checked(member as usize, good) {
            self.enforce(front_index, change);
            self.ask_again(front_index);
        }
        self.plan_check(front_index, server, false);
    }

    /// Lets the judge know how a try ended.
    pub(super) fn tell_judge(&mut self, id: FlightId, at: &Attempt, outcome: Outcome) {
        let now_ns = self.now_ns();
        let Some(flight) = self.flights.get(id) else { return };
        let front_index = flight.front;
        let front = &mut self.fronts[front_index as usize];
        let Some(member) = front.member_of(at.server) else { return };
        let by_status = outcome == Outcome::Answered(StatusClass::ServerError);
        let bad =
            outcome.is_error() && (!by_status || front.settings.health.passive.count_server_errors);
        if let Some(change) = front.judge.answered(member as usize, !bad, now_ns) {
            self.enforce(front_index, change);
            self.ask_again(front_index);
        }
        // Only a bad end gives the judge something to come back for, also where the server's health stays as it
        // is: an ejection behind a failed check has to end, too.
        if bad {
            self.plan_judgement(front_index);
        }
    }

    fn enforce(&mut self, front_index: u32, change: Change) {
        let now_ns = self.now_ns();
        let front = &self.fronts[front_index as usize];
        front.enforce(change, now_ns);
        if let Some(journal) = &mut self.journal {
            let server = front.servers[change.member];
            let happening = Happening::Health { pool: front_index, server, change };
            journal.happened.push((now_ns, happening));
        }
    }

    pub(super) fn plan_judgement(&mut self, front_index: u32) {
        let front = &mut self.fronts[front_index as usize];
        let Some(due_ns) = front.judge.due_ns() else { return };
        if front.judgement_ns.is_none_or(|planned_ns| planned_ns > due_ns) {
            front.judgement_ns = Some(due_ns);
            self.agenda.plan(due_ns, Event::Judge { front: front_index });
        }
    }

    pub(super) fn judge(&mut self, front_index: u32) {
        let now_ns = self.now_ns();
        let front = &mut self.fronts[front_index as usize];
        if front.judgement_ns.is_none_or(|planned_ns| planned_ns > now_ns) {
            // An earlier look has taken the place of this one.
            return;
        }
        front.judgement_ns = None;
        let changes = front.judge.advance(now_ns);
        for &change in &changes {
            self.enforce(front_index, change);
        }
        if !changes.is_empty() {
            self.ask_again(front_index);
        }
        self.plan_judgement(front_index);
    }

    /// The pool has changed: whoever is in line asks it again, in order.
    pub(super) fn ask_again(&mut self, front_index: u32) {
        for _ in 0..self.fronts[front_index as usize].line.len() {
            let Some((id, _)) = self.fronts[front_index as usize].line.leave() else { return };
            self.dispatch(id);
        }
    }
}
