//! The exchange of one request for one answer, with as many tries as the route allows.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http::request::Parts;
use http::uri::Scheme;
use http::{Request, Response};

use super::super::connection::Connection;
use super::super::idle::Http1;
use super::super::network::Network;
use super::super::pick::Asker;
use super::super::plan::RoutePlan;
use super::super::pool::PoolInForce;
use super::super::record::Attempt;
use super::super::ticket::Ticket;
use super::answer::Answer;
use super::client::Client;
use super::journey::Journey;
use super::upload::{Source, Upload, UploadError};
use super::upstream::{self, Asking, Sent, Wanted};
use crate::balance::{self, Notes, Tried};
use crate::lab::{RetryOn, UpstreamProtocol};
use crate::meter::{LimitKind, Outcome, StatusClass, TimeoutKind};

/// What stays the same over all tries.
pub(super) struct Exchange<'a, N: Network> {
    pub(super) connection: &'a Connection<N>,
    pub(super) route: &'a RoutePlan,
    pub(super) pool: Arc<PoolInForce>,
    /// As it goes to a server: already stripped and completed.
    pub(super) head: &'a Parts,
    pub(super) source: Option<&'a Rc<Source>>,
    pub(super) key: Vec<u8>,
    pub(super) own: Option<Arc<str>>,
    pub(super) strict: bool,
    pub(super) client: &'a Client,
    pub(super) wanted: Wanted,
}

/// An answer that came, and what has to be seen to its end.
pub(super) struct Exchanged {
    pub(super) response: Response<Answer>,
    pub(super) connection: Option<Http1>,
    pub(super) ticket: Ticket,
}

impl<N: Network> Exchange<'_, N> {
    /// Tries until there is an answer or no further try is allowed.
    pub(super) async fn run(&self, journey: &mut Journey) -> Result<Exchanged, Outcome> {
        let mut tried = Tried::default();
        let mut pool = Arc::clone(&self.pool);
        let mut retrying: Option<Retrying> = None;
        for attempt in 1.. {
            let ticket = self.pick(&pool, tried, journey).await?;
            // A request stays on the pool it began with, so that who was tried keeps their places.
            pool = Arc::clone(&ticket.pool);
            tried.add(ticket.index as u32);
            let outcome = match self.attempt(ticket, journey).await {
                Ok(exchanged) => {
                    let status = exchanged.response.status().as_u16();
                    if !self.wants_retry_of_status(status)
                        || !self.may_try_again(&pool, attempt, Stage::Answered)
                    {
                        return Ok(exchanged);
                    }
                    let outcome = Outcome::Answered(StatusClass::of(status));
                    exchanged.ticket.end(outcome);
                    outcome
                }
                Err((outcome, stage)) => {
                    if !self.wants_retry_of(outcome, stage)
                        || !self.may_try_again(&pool, attempt, stage)
                    {
                        return Err(outcome);
                    }
                    outcome
                }
            };
            note_outcome(journey, outcome);
            if retrying.is_none() {
                retrying = Some(Retrying::new(&pool).ok_or(Outcome::LimitHit(LimitKind::Retries))?);
            }
            journey.listener().meter.counters.retry();
            self.back_off(attempt).await;
        }
        unreachable!("the loop ends by returning")
    }

    async fn pick(
        &self,
        pool: &Arc<PoolInForce>,
        tried: Tried,
        journey: &mut Journey,
    ) -> Result<Ticket, Outcome> {
        let worker = &self.connection.worker;
        let now_ns = worker.shared.clock.now_ns();
        let mut notes = if journey.record.is_some() { Notes::on() } else { Notes::off() };
        let asker = Asker {
            shared: &worker.shared,
            worker: worker.index,
            own: self.own.clone(),
            strict: self.strict,
        };
        let request = balance::Request {
            key: &self.key,
            address: Some(self.connection.client.ip()),
            now_ns,
            tried,
        };
        let mut dice = crate::dice::Dice::new(worker.dice.borrow_mut().roll());
        let ticket = asker.pick(pool, &request, &mut dice, &mut notes).await?;
        if let Some(record) = &mut journey.record {
            record.phases.queue_ns += ticket.started_ns.saturating_sub(now_ns);
            record.attempts.push(Attempt {
                server: Arc::clone(&ticket.server().name),
                decision: notes.take().map(Box::new),
                began_ns: ticket.started_ns,
                outcome: None,
                reused_connection: false,
            });
        }
        Ok(ticket)
    }

    /// One try. A connection found closed is replaced once, silently: the server did not want the connection
    /// any more, which says nothing about the request.
    async fn attempt(
        &self,
        mut ticket: Ticket,
        journey: &mut Journey,
    ) -> Result<Exchanged, (Outcome, Stage)> {
        let worker = &self.connection.worker;
        let mut wanted = self.wanted;
        let mut refused_before = false;
        let asking = Asking {
            client: self.client,
            source: self.source,
            scheme: match ticket.server().upstream.protocol {
                UpstreamProtocol::Https => Scheme::HTTPS,
                UpstreamProtocol::Http1 | UpstreamProtocol::H2c => Scheme::HTTP,
            },
        };
        loop {
            let began_ns = worker.shared.clock.now_ns();
            let reached = match upstream::reach(self.connection, ticket.server(), wanted).await {
                Ok(reached) => reached,
                Err(outcome) => {
                    ticket.end(outcome);
                    return Err((outcome, Stage::Connecting));
                }
            };
            if let Some(record) = &mut journey.record {
                let now_ns = worker.shared.clock.now_ns();
                record.phases.connect_ns += now_ns.saturating_sub(began_ns);
                if let Some(attempt) = record.attempts.last_mut() {
                    attempt.reused_connection = reached.reused;
                }
            }
            let reused = reached.reused;
            let request = Request::from_parts(self.head.clone(), Upload::of(self.source));
            let outcome = match self.answer(upstream::send(reached.carrier, request, &asking)).await
            {
                Sent::Answered(response, connection) => {
                    ticket.first_byte(worker.shared.clock.now_ns());
                    return Ok(Exchanged { response, connection, ticket });
                }
                Sent::Unsent if reused => {
                    wanted = Wanted::Fresh;
                    continue;
                }
                // Once, and whatever the method is: by the server's own word nothing was done about it.
                Sent::Unprocessed if !refused_before && self.has_all_of_the_body() => {
                    refused_before = true;
                    continue;
                }
                Sent::Unsent | Sent::Unprocessed => Outcome::Reset,
                Sent::Failed(outcome) => outcome,
            };
            let outcome = self.blame(outcome);
            let lost_in_the_race = reused && outcome == Outcome::Reset && self.can_repeat_safely();
            if lost_in_the_race && wanted != Wanted::Fresh {
                wanted = Wanted::Fresh;
                continue;
            }
            ticket.end(outcome);
            return Err((outcome, Stage::Sent));
        }
    }

    async fn answer(&self, sending: impl Future<Output = Sent>) -> Sent {
        let limits = [self.route.timeouts.response, self.route.retries.per_try_timeout];
        let Some(patience) = limits.into_iter().flatten().min() else { return sending.await };
        tokio::time::timeout(Duration::from_nanos(patience.ns()), sending)
            .await
            .unwrap_or(Sent::Failed(Outcome::TimedOut(TimeoutKind::Response)))
    }

    /// A try that failed because of the client's own body is not the server's failure.
    fn blame(&self, outcome: Outcome) -> Outcome {
        match self.source.and_then(|source| source.failure()) {
            Some(UploadError::TooLong) => Outcome::LimitHit(LimitKind::BodySize),
            Some(UploadError::Stalled) => Outcome::TimedOut(TimeoutKind::Idle),
            Some(UploadError::Broken) => Outcome::ClientLeft,
            None => outcome,
        }
    }

    fn can_repeat_safely(&self) -> bool {
        self.head.method.is_idempotent() && self.has_all_of_the_body()
    }

    fn has_all_of_the_body(&self) -> bool {
        self.source.is_none_or(|source| source.can_repeat())
    }

    fn wants_retry_of(&self, outcome: Outcome, stage: Stage) -> bool {
        let cause = match (outcome, stage) {
            (_, Stage::Connecting) => RetryOn::Connect,
            (Outcome::Reset, _) => RetryOn::Reset,
            (Outcome::TimedOut(TimeoutKind::Response), _) => RetryOn::Timeout,
            (Outcome::BadResponse, _) => RetryOn::BadResponse,
            _ => return false,
        };
        self.route.retries.on.contains(&cause)
    }

    fn wants_retry_of_status(&self, status: u16) -> bool {
        self.route.retries.on.iter().any(|on| match on {
            RetryOn::GatewayError => (502..=504).contains(&status),
            RetryOn::ServerError => (500..=599).contains(&status),
            RetryOn::Status(wanted) => *wanted == status,
            RetryOn::Connect | RetryOn::Reset | RetryOn::Timeout | RetryOn::BadResponse => false,
        })
    }

    fn may_try_again(&self, pool: &PoolInForce, attempt: u32, stage: Stage) -> bool {
        let retries = &self.route.retries;
        let safe = stage == Stage::Connecting
            || self.head.method.is_idempotent()
            || retries.non_idempotent;
        attempt < retries.attempts
            && safe
            && self.has_all_of_the_body()
            && pool.state.may_retry(&retries.budget)
    }

    /// Waits before the next try: from nothing to twice as long each time, so that those who failed together do
    /// not come back together.
    async fn back_off(&self, attempt: u32) {
        let backoff = &self.route.retries.backoff;
        let longest_ns = backoff.base.ns().saturating_mul(1 << (attempt - 1).min(20));
        let longest_ns = longest_ns.min(backoff.max.ns());
        if longest_ns > 0 {
            let drawn_ns = self.connection.worker.dice.borrow_mut().below(longest_ns);
            tokio::time::sleep(Duration::from_nanos(drawn_ns)).await;
        }
    }
}

/// How far a try had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No server has seen the request.
    Connecting,
    Sent,
    Answered,
}

/// Counts a request among those that are being tried again.
struct Retrying(Arc<PoolInForce>);

impl Retrying {
    fn new(pool: &Arc<PoolInForce>) -> Option<Self> {
        pool.state.retrying.fetch_add(1, Relaxed);
        Some(Self(Arc::clone(pool)))
    }
}

impl Drop for Retrying {
    fn drop(&mut self) {
        self.0.state.retrying.fetch_sub(1, Relaxed);
    }
}

fn note_outcome(journey: &mut Journey, outcome: Outcome) {
    let record = journey.record.as_mut();
    if let Some(attempt) = record.and_then(|record| record.attempts.last_mut()) {
        attempt.outcome = Some(outcome);
    }
}
