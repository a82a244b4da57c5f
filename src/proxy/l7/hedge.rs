//! Hedging: when a server is slow to answer, another is asked beside it, and the first answer wins.
//!
//! Dean and Barroso, "The Tail at Scale", CACM 2013.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::super::network::Network;
use super::super::retrying::Retrying;
use super::super::ticket::Ticket;
use super::attempt::{Attempted, Failure};
use super::exchange::{Course, Exchange, Exchanged, note_attempt, note_end};
use super::journey::Journey;
use crate::lab::Hedge;

/// The tries that are under way, each with its place in the record.
type Runners<'a, S> = Vec<(usize, Pin<Box<dyn Future<Output = Attempted<S>> + 'a>>)>;

impl<N: Network> Exchange<'_, N> {
    /// The first answer of several tries. Who loses is dropped, and its place at its server comes free.
    pub(super) async fn race(
        &self,
        ticket: Ticket,
        hedge: &Hedge,
        course: &mut Course<N::Stream>,
        journey: &mut Journey,
    ) -> Result<Exchanged<N::Stream>, Failure> {
        let after = Duration::from_nanos(hedge.after.ns());
        let mut runners: Runners<'_, N::Stream> =
            vec![(note_attempt(journey), Box::pin(self.attempt(ticket)))];
        let mut allowances = Vec::new();
        loop {
            let may_add = runners.len() <= hedge.extra as usize
                && course.n_tries < self.route.retries.attempts
                && self.source.is_none_or(|source| source.is_whole());
            let (place, attempted) = tokio::select! {
                biased;
                done = poll_fn(|ctx| first_done(&mut runners, ctx)) => done,
                () = tokio::time::sleep(after), if may_add => {
                    if let Some((allowance, ticket)) = self.one_more(course, journey) {
                        allowances.push(allowance);
                        course.begin(&ticket);
                        let place = note_attempt(journey);
                        runners.push((place, Box::pin(self.attempt(ticket))));
                        journey.listener().meter.counters.retry();
                    }
                    continue;
                }
            };
            let result = note_end(journey, place, attempted);
            if result.is_ok() || runners.is_empty() {
                return result;
            }
        }
    }

    /// One more try, if there is somebody for it and the budget allows it.
    fn one_more(
        &self,
        course: &Course<N::Stream>,
        journey: &mut Journey,
    ) -> Option<(Retrying, Ticket)> {
        let shared = &self.connection.worker.shared;
        let allowance = Retrying::take(&self.pool, shared, &self.route.retries.budget).ok()?;
        Some((allowance, self.pick_another(course, journey)?))
    }
}

fn first_done<S>(
    runners: &mut Runners<'_, S>,
    ctx: &mut Context<'_>,
) -> Poll<(usize, Attempted<S>)> {
    for index in 0..runners.len() {
        if let Poll::Ready(attempted) = runners[index].1.as_mut().poll(ctx) {
            let (place, _) = runners.remove(index);
            return Poll::Ready((place, attempted));
        }
    }
    Poll::Pending
}
