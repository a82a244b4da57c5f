//! The exchange of one request for one answer, with as many tries as the route allows.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::connection::Connection;
use super::super::network::Network;
use super::super::pick::Asker;
use super::super::plan::RoutePlan;
use super::super::pool::PoolInForce;
use super::super::record;
use super::super::retrying::Retrying;
use super::super::server::Server;
use super::super::ticket::Ticket;
use super::answer::Answer;
use super::attempt::{Attempted, Failure, Stage};
use super::client::Client;
use super::journey::Journey;
use super::message::{AnswerHead, RequestHead};
use super::upload::Source;
use super::upstream::Wanted;
use crate::balance::{self, Notes, Tried};
use crate::dice::Dice;
use crate::meter::{Outcome, StatusClass, TimeoutKind};

/// What stays the same over all tries.
pub(super) struct Exchange<'a, N: Network> {
    pub(super) connection: &'a Connection<N>,
    pub(super) route: &'a RoutePlan,
    pub(super) pool: Arc<PoolInForce>,
    /// As it goes to a server: already stripped and completed.
    pub(super) head: &'a RequestHead,
    pub(super) source: Option<&'a Rc<Source>>,
    pub(super) key: Vec<u8>,
    /// The server that the client is bound to.
    pub(super) own: Option<Arc<str>>,
    pub(super) strict: bool,
    pub(super) client: &'a Client,
    pub(super) wanted: Wanted,
    /// Whether the client's own server had the request already.
    pub(super) own_was_tried: Cell<bool>,
    /// When all of it, the body of the answer included, has to be over.
    pub(super) deadline: Option<Instant>,
}

/// An answer that came, and what has to be seen to its end.
pub(super) struct Exchanged<S> {
    pub(super) head: AnswerHead,
    pub(super) answer: Answer<S>,
    pub(super) ticket: Ticket,
}

/// How far the tries of a request have come.
pub(super) struct Course<S> {
    pub(super) n_tries: u32,
    /// Who had the request already. By identity, because a new plan may number them otherwise.
    tried: Vec<Arc<Server>>,
    pub(super) retrying: Option<Retrying>,
    /// An answer that is worth another try. The client gets it if there is nothing better to be had.
    kept: Option<Exchanged<S>>,
}

impl<N: Network> Exchange<'_, N> {
    /// Tries until there is an answer or no further try is allowed.
    pub(super) async fn run(&self, journey: &mut Journey) -> Result<Exchanged<N::Stream>, Outcome> {
        let mut course = Course::new();
        loop {
            let picked = self.within(pin!(self.pick(&course, journey))).await;
            let ticket = match picked {
                Ok(ticket) => ticket,
                Err(outcome) => return course.give_up(outcome),
            };
            course.begin(&ticket);
            if self.own.as_ref() == Some(&ticket.server().name) {
                self.own_was_tried.set(true);
            }
            let place = note_attempt(journey);
            let tried = match self.route.retries.hedge.as_ref().filter(|_| self.may_hedge()) {
                Some(hedge) => Box::pin(self.race(ticket, hedge, &mut course, journey)).await,
                None => note_end(journey, place, self.attempt(ticket).await),
            };
            let failure = match tried {
                Ok(exchanged) => {
                    let status = exchanged.head.status.as_u16();
                    let outcome = Outcome::Answered(StatusClass::of(status));
                    course.keep(exchanged);
                    if !self.wants_retry_of_status(status) {
                        return course.give_up(outcome);
                    }
                    Failure { outcome, stage: Stage::Answered }
                }
                Err(failure) => failure,
            };
            if let Err(outcome) = self.take_leave_to_retry(&mut course, failure) {
                return course.give_up(outcome);
            }
            journey.listener().meter.counters.retry();
            if let Err(outcome) = self.within(pin!(self.back_off(course.n_tries))).await {
                return course.give_up(outcome);
            }
        }
    }

    async fn pick(
        &self,
        course: &Course<N::Stream>,
        journey: &mut Journey,
    ) -> Result<Ticket, Outcome> {
        let worker = &self.connection.worker;
        // The first try belongs to the plan that the request found; another goes to who is there by then.
        let pool = if course.n_tries == 0 { Arc::clone(&self.pool) } else { self.pool.newest() };
        // Nothing was waited for before the first try.
        let is_first = course.n_tries == 0;
        let now_ns = if is_first { journey.started_ns } else { worker.shared.clock.now_ns() };
        let mut notes = if journey.record.is_some() { Notes::on() } else { Notes::off() };
        let mut dice = Dice::new(worker.dice.borrow_mut().roll());
        let request = self.request(course.tried_in(&pool), now_ns);
        let ticket = self.asker().pick(&pool, &request, &mut dice, &mut notes).await?;
        if let Some(record) = &mut journey.record {
            record.phases.queue_ns += ticket.started_ns.saturating_sub(now_ns);
        }
        note_pick(journey, &ticket, notes);
        Ok(ticket)
    }

    /// One more server at once, or none: nobody waits in line only to be quicker.
    pub(super) fn pick_another(
        &self,
        course: &Course<N::Stream>,
        journey: &mut Journey,
    ) -> Option<Ticket> {
        let worker = &self.connection.worker;
        let pool = self.pool.newest();
        let mut notes = if journey.record.is_some() { Notes::on() } else { Notes::off() };
        let mut dice = Dice::new(worker.dice.borrow_mut().roll());
        let request = self.request(course.tried_in(&pool), worker.shared.clock.now_ns());
        let ticket = self.asker().pick_at_once(&pool, &request, &mut dice, &mut notes)?;
        note_pick(journey, &ticket, notes);
        Some(ticket)
    }

    fn asker(&self) -> Asker<'_> {
        let worker = &self.connection.worker;
        Asker {
            shared: &worker.shared,
            worker: worker.index,
            own: self.own.clone(),
            strict: self.strict,
        }
    }

    fn request(&self, tried: Tried, now_ns: u64) -> balance::Request<'_> {
        let address = Some(self.connection.client.ip());
        balance::Request { key: &self.key, address, now_ns, tried }
    }

    /// Bounded by the time for the request as a whole. Pinned where it was made, or it would be copied on its way.
    async fn within<T>(
        &self,
        step: Pin<&mut impl Future<Output = Result<T, Outcome>>>,
    ) -> Result<T, Outcome> {
        let Some(deadline) = self.deadline else { return step.await };
        let late = Err(Outcome::TimedOut(TimeoutKind::Total));
        tokio::time::timeout_at(deadline, step).await.unwrap_or(late)
    }

    /// Waits before the next try: from nothing to twice as long each time, so that those who failed together do
    /// not come back together.
    async fn back_off(&self, n_tries: u32) -> Result<(), Outcome> {
        let backoff = &self.route.retries.backoff;
        let longest_ns = backoff.base.ns().saturating_mul(1 << (n_tries - 1).min(20));
        let longest_ns = longest_ns.min(backoff.max.ns());
        if longest_ns > 0 {
            let drawn_ns = self.connection.worker.dice.borrow_mut().below(longest_ns);
            tokio::time::sleep(Duration::from_nanos(drawn_ns)).await;
        }
        Ok(())
    }
}

impl<S> Course<S> {
    fn new() -> Self {
        Self { n_tries: 0, tried: Vec::new(), retrying: None, kept: None }
    }

    pub(super) fn begin(&mut self, ticket: &Ticket) {
        self.n_tries += 1;
        self.tried.push(Arc::clone(ticket.server()));
    }

    /// Who was tried, by their places in a pool.
    fn tried_in(&self, pool: &PoolInForce) -> Tried {
        let mut tried = Tried::default();
        for server in &self.tried {
            if let Some(index) = pool.balancing().index_of(&server.name) {
                tried.add(index as u32);
            }
        }
        tried
    }

    fn keep(&mut self, exchanged: Exchanged<S>) {
        self.let_go();
        self.kept = Some(exchanged);
    }

    fn let_go(&mut self) {
        if let Some(Exchanged { head, ticket, .. }) = self.kept.take() {
            ticket.end(Outcome::Answered(StatusClass::of(head.status.as_u16())));
        }
    }

    /// The end: with the answer that is there, or without one.
    fn give_up(&mut self, outcome: Outcome) -> Result<Exchanged<S>, Outcome> {
        if outcome == Outcome::TimedOut(TimeoutKind::Total) {
            self.let_go();
        }
        self.kept.take().ok_or(outcome)
    }
}

fn note_pick(journey: &mut Journey, ticket: &Ticket, notes: Notes) {
    if let Some(record) = &mut journey.record {
        record.attempts.push(record::Attempt {
            server: Arc::clone(&ticket.server().name),
            decision: notes.take().map(Box::new),
            began_ns: ticket.started_ns,
            outcome: None,
            reused_connection: false,
        });
    }
    journey.tell_begun();
}

/// The place of the newest try in the record.
pub(super) fn note_attempt(journey: &Journey) -> usize {
    journey.record.as_ref().map_or(0, |record| record.attempts.len().saturating_sub(1))
}

/// Records how a try went. One that was answered is not over yet.
pub(super) fn note_end<S>(
    journey: &mut Journey,
    place: usize,
    attempted: Attempted<S>,
) -> Result<Exchanged<S>, Failure> {
    let Attempted { result, connect_ns, reused } = attempted;
    if let Some(record) = &mut journey.record {
        record.phases.connect_ns += connect_ns;
        if let Some(attempt) = record.attempts.get_mut(place) {
            attempt.reused_connection = reused;
            attempt.outcome = Some(match &result {
                Ok(exchanged) => Outcome::Answered(StatusClass::of(exchanged.head.status.as_u16())),
                Err(failure) => failure.outcome,
            });
        }
    }
    result
}
