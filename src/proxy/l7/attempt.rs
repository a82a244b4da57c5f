//! One try of a request at one server, with all that may cut it short.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::time::Duration;

use http::uri::Scheme;
use tokio::time::{Instant, sleep_until};

use super::super::network::Network;
use super::super::server::Server;
use super::super::ticket::Ticket;
use super::answer::Answer;
use super::exchange::{Exchange, Exchanged};
use super::message::AnswerHead;
use super::upload::{Pace, Upload, UploadError};
use super::upstream::{self, Asking, Sent, Wanted};
use crate::lab::UpstreamProtocol;
use crate::meter::{LimitKind, Outcome, TimeoutKind};

/// What came of a try.
pub(super) struct Attempted<S> {
    pub(super) result: Result<Exchanged<S>, Failure>,
    pub(super) connect_ns: u64,
    pub(super) reused: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) outcome: Outcome,
    pub(super) stage: Stage,
}

/// How far a try had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// No server has seen the request.
    #[default]
    Connecting,
    Sent,
    Answered,
}

/// What is known of a try also when it is cut short.
#[derive(Default)]
struct Trip {
    stage: Cell<Stage>,
    connect_ns: Cell<u64>,
    reused: Cell<bool>,
}

type Delivered<S> = (AnswerHead, Answer<S>);

impl<N: Network> Exchange<'_, N> {
    pub(super) async fn attempt(&self, mut ticket: Ticket) -> Attempted<N::Stream> {
        let trip = Trip::default();
        let delivered = {
            // Pinned before it is waited for, or it would be copied on its way: here and below.
            let mut delivering = pin!(self.deliver(ticket.server(), &trip));
            tokio::select! {
                biased;
                delivered = delivering.as_mut() => delivered,
                outcome = self.cut_short() => Err(outcome),
            }
        };
        let result = match delivered {
            Ok((head, answer)) => {
                ticket.first_byte(self.connection.worker.shared.clock.now_ns());
                Ok(Exchanged { head, answer, ticket })
            }
            Err(outcome) => Err(self.blame(ticket, outcome, trip.stage.get())),
        };
        Attempted { result, connect_ns: trip.connect_ns.get(), reused: trip.reused.get() }
    }

    /// Sends the request and waits for the head of the answer. A connection found closed is replaced once,
    /// silently: the server did not want the connection any more, which says nothing about the request.
    async fn deliver(
        &self,
        server: &std::sync::Arc<Server>,
        trip: &Trip,
    ) -> Result<Delivered<N::Stream>, Outcome> {
        let worker = &self.connection.worker;
        let mut wanted = self.wanted;
        let mut refused_before = false;
        let asking = self.asking(server);
        if !self.head.method.is_idempotent() {
            // What cannot be sent twice looks out for connections that were closed while they rested.
            tokio::task::yield_now().await;
        }
        loop {
            trip.stage.set(Stage::Connecting);
            let began_ns = worker.shared.clock.now_ns();
            let reached = upstream::reach(self.connection, server, wanted, began_ns).await;
            let mut now_ns = began_ns;
            // One that was there is found in no time.
            if !matches!(&reached, Ok(reached) if reached.reused) {
                now_ns = worker.shared.clock.now_ns();
                let took_ns = now_ns.saturating_sub(began_ns);
                trip.connect_ns.set(trip.connect_ns.get() + took_ns);
            }
            let reached = reached?;
            trip.reused.set(reached.reused);
            trip.stage.set(Stage::Sent);
            let upload = Upload::of(self.source);
            let sending = pin!(upstream::send(reached.carrier, self.head, upload, &asking));
            let outcome = match self.sent(sending, now_ns).await {
                Sent::Answered(head, answer) => return Ok((head, answer)),
                Sent::Unsent => {
                    trip.stage.set(Stage::Connecting);
                    if !reached.reused {
                        return Err(Outcome::Reset);
                    }
                    wanted = Wanted::Fresh;
                    continue;
                }
                // Once, and whatever the method is: by the server's own word nothing was done about it.
                Sent::Unprocessed if !refused_before && self.has_all_of_the_body() => {
                    refused_before = true;
                    continue;
                }
                Sent::Unprocessed => Outcome::Reset,
                Sent::Failed(outcome) => outcome,
            };
            let lost_in_the_race = reached.reused && outcome == Outcome::Reset;
            if !lost_in_the_race || wanted == Wanted::Fresh || !self.can_repeat_safely() {
                return Err(outcome);
            }
            wanted = Wanted::Fresh;
        }
    }

    fn asking(&self, server: &Server) -> Asking<'_> {
        let scheme = match server.upstream.protocol {
            UpstreamProtocol::Https => Scheme::HTTPS,
            UpstreamProtocol::Http1 | UpstreamProtocol::H2c => Scheme::HTTP,
        };
        Asking { client: self.client, source: self.source, scheme }
    }

    async fn sent<S>(
        &self,
        sending: Pin<&mut impl Future<Output = Sent<S>>>,
        now_ns: u64,
    ) -> Sent<S> {
        tokio::select! {
            biased;
            sent = sending => sent,
            () = self.response_is_late(now_ns) => Sent::Failed(Outcome::TimedOut(TimeoutKind::Response)),
        }
    }

    /// Ends when the time for this try or for the whole request is over.
    async fn cut_short(&self) -> Outcome {
        let for_try = self.route.retries.per_try_timeout;
        let for_try = for_try.map(|most| Instant::now() + Duration::from_nanos(most.ns()));
        tokio::select! {
            biased;
            () = until(self.deadline) => Outcome::TimedOut(TimeoutKind::Total),
            () = until(for_try) => Outcome::TimedOut(TimeoutKind::Response),
        }
    }

    /// Ends when the server has had the whole request for too long, or does not take it.
    async fn response_is_late(&self, now_ns: u64) {
        let period = |it: Option<crate::period::Period>| it.map(|it| Duration::from_nanos(it.ns()));
        let response = period(self.route.timeouts.response);
        let Some(source) = self.source else {
            return match response {
                Some(most) => self.client.waits(most, now_ns).await,
                None => std::future::pending().await,
            };
        };
        let idle = period(self.route.timeouts.idle);
        loop {
            let now = Instant::now();
            let look_again = match source.pace() {
                Pace::Ended(at) => response.map(|most| at + most),
                Pace::AtServer(since) => idle.map(|most| since + most),
                // The client's own slowness has a clock of its own.
                Pace::AtClient => Some(now + idle.or(response).unwrap_or(LOOK_AGAIN)),
            };
            if look_again.is_some_and(|at| at <= now) {
                return;
            }
            until(look_again.or(Some(now + LOOK_AGAIN))).await;
        }
    }

    /// Ends the try on the server's books. One that failed because of the client's own body is not its failure.
    fn blame(&self, ticket: Ticket, outcome: Outcome, stage: Stage) -> Failure {
        let by_client =
            self.source.and_then(|source| source.failure()).map(|failure| match failure {
                UploadError::TooLong => Outcome::LimitHit(LimitKind::BodySize),
                UploadError::Stalled => Outcome::TimedOut(TimeoutKind::Idle),
                UploadError::Broken | UploadError::Superseded => Outcome::ClientLeft,
            });
        ticket.end(by_client.map_or(outcome, |_| Outcome::ClientLeft));
        Failure { outcome: by_client.unwrap_or(outcome), stage }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Where nothing says when something is too slow, it is only looked at now and then.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
