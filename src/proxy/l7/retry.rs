//! When a request is tried again.

use super::super::network::Network;
use super::super::retrying::Retrying;
use super::attempt::{Failure, Stage};
use super::exchange::{Course, Exchange};
use super::upstream::Wanted;
use crate::lab::RetryOn;
use crate::meter::{Outcome, TimeoutKind};

impl<N: Network> Exchange<'_, N> {
    /// Whether a failed try may be followed by another; if not, how the request ends.
    pub(super) fn take_leave_to_retry(
        &self,
        course: &mut Course<N::Stream>,
        failure: Failure,
    ) -> Result<(), Outcome> {
        let retries = &self.route.retries;
        let wanted = failure.stage == Stage::Answered || self.wants_retry_of(failure);
        let safe = failure.stage == Stage::Connecting
            || self.head.method.is_idempotent()
            || retries.non_idempotent;
        if !wanted || !safe || course.n_tries >= retries.attempts || !self.has_all_of_the_body() {
            return Err(failure.outcome);
        }
        if course.retrying.is_none() {
            let shared = &self.connection.worker.shared;
            let taken = Retrying::take(&self.pool, shared, &retries.budget);
            course.retrying = Some(taken.map_err(|limit| limit.unwrap_or(failure.outcome))?);
        }
        Ok(())
    }

    /// Only where a second sending does no harm, and the whole of the request is there.
    pub(super) fn may_hedge(&self) -> bool {
        let bound = self.strict && self.own.is_some();
        self.head.method.is_idempotent() && !bound && self.wanted != Wanted::Upgradable
    }

    pub(super) fn can_repeat_safely(&self) -> bool {
        self.head.method.is_idempotent() && self.has_all_of_the_body()
    }

    pub(super) fn has_all_of_the_body(&self) -> bool {
        self.source.is_none_or(|source| source.can_repeat())
    }

    fn wants_retry_of(&self, Failure { outcome, stage }: Failure) -> bool {
        let on = |cause| self.route.retries.on.contains(&cause);
        match outcome {
            Outcome::TimedOut(TimeoutKind::Response) => {
                on(RetryOn::Timeout) || stage == Stage::Connecting && on(RetryOn::Connect)
            }
            // Whose time is over, or who left, is not helped by another try.
            Outcome::TimedOut(TimeoutKind::Total | TimeoutKind::Idle) | Outcome::ClientLeft => {
                false
            }
            _ if stage == Stage::Connecting => on(RetryOn::Connect),
            Outcome::Reset => on(RetryOn::Reset),
            Outcome::BadResponse => on(RetryOn::BadResponse),
            _ => false,
        }
    }

    pub(super) fn wants_retry_of_status(&self, status: u16) -> bool {
        self.route.retries.on.iter().any(|on| match on {
            RetryOn::GatewayError => (502..=504).contains(&status),
            RetryOn::ServerError => (500..=599).contains(&status),
            RetryOn::Status(wanted) => *wanted == status,
            RetryOn::Connect | RetryOn::Reset | RetryOn::Timeout | RetryOn::BadResponse => false,
        })
    }
}
