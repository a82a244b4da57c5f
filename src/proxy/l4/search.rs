//! The search for a server that takes a connection: one after the other, while nothing was sent.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::super::network::Network;
use super::super::pick::Asker;
use super::super::plan::RoutePlan;
use super::super::pool::PoolInForce;
use super::super::retrying::Retrying;
use super::super::ticket::Ticket;
use super::super::worker::Worker;
use super::passage::Passage;
use super::way::{Caller, is_strict, pool_of};
use crate::balance::{self, Tried};
use crate::dice::Dice;
use crate::lab::RetryOn;
use crate::meter::Outcome;

pub(super) struct Search<'a, N: Network> {
    worker: &'a Rc<Worker<N>>,
    caller: &'a Caller,
    route: &'a RoutePlan,
    pool: Arc<PoolInForce>,
    key: Vec<u8>,
    tried: Tried,
    attempt: u32,
    /// How the try before ended.
    failure: Option<Outcome>,
    retrying: Option<Retrying>,
}

impl<'a, N: Network> Search<'a, N> {
    /// Nothing if the route leads to no pool.
    pub(super) fn begin(
        worker: &'a Rc<Worker<N>>,
        caller: &'a Caller,
        route: &'a RoutePlan,
        passage: &mut Passage,
    ) -> Option<Self> {
        let pool = pool_of(route, &mut worker.dice.borrow_mut())?;
        passage.led(&route.name, &pool.name);
        let key = caller.key(&pool);
        let (tried, attempt, failure, retrying) = (Tried::default(), 0, None, None);
        Some(Self { worker, caller, route, pool, key, tried, attempt, failure, retrying })
    }

    /// The next server to try.
    pub(super) async fn pick(&mut self, passage: &mut Passage) -> Result<Ticket, Outcome> {
        let shared = &self.worker.shared;
        let now_ns = shared.clock.now_ns();
        let asker = Asker {
            shared,
            worker: self.worker.index,
            own: self.caller.own(&self.pool, now_ns),
            strict: is_strict(&self.pool),
        };
        let request = balance::Request {
            key: &self.key,
            address: Some(self.caller.ip()),
            now_ns,
            tried: self.tried,
        };
        // Dice of its own, because the pick may wait while others pick.
        let mut dice = Dice::new(self.worker.dice.borrow_mut().roll());
        let mut notes = passage.notes();
        let picked = asker.pick(&self.pool, &request, &mut dice, &mut notes).await;
        // That nobody is left says less than why the last one was not it.
        let nobody =
            |outcome| self.failure.filter(|_| outcome == Outcome::NoServer).unwrap_or(outcome);
        let ticket = picked.map_err(nobody)?;
        // The search stays on the pool it found, so that who was tried keeps their places.
        self.pool = Arc::clone(&ticket.pool);
        self.tried.add(ticket.index as u32);
        self.attempt += 1;
        if self.attempt > 1 {
            passage.tries_again();
        }
        passage.tries(&ticket, notes, now_ns);
        Ok(ticket)
    }

    /// A server has taken the connection.
    pub(super) fn found(&self, ticket: &Ticket) {
        let now_ns = self.worker.shared.clock.now_ns();
        self.caller.bind(&self.pool, &ticket.server().name, now_ns);
    }

    /// Whether another server may be tried; waits the time that must pass before.
    pub(super) async fn may_go_on(&mut self, passage: &mut Passage, failure: Outcome) -> bool {
        let retries = &self.route.retries;
        if self.attempt >= retries.attempts || !retries.on.contains(&RetryOn::Connect) {
            return false;
        }
        if self.retrying.is_none() {
            let taken = Retrying::take(&self.pool, &self.worker.shared, &retries.budget);
            let Ok(taken) = taken else { return false };
            self.retrying = Some(taken);
        }
        passage.failed(failure);
        self.failure = Some(failure);
        let longest_ns = retries.backoff.base.ns().saturating_mul(1 << (self.attempt - 1).min(20));
        let longest_ns = longest_ns.min(retries.backoff.max.ns());
        if longest_ns > 0 {
            let drawn_ns = self.worker.dice.borrow_mut().below(longest_ns);
            tokio::time::sleep(Duration::from_nanos(drawn_ns)).await;
        }
        true
    }
}
