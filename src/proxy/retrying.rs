//! What keeps retries from making things worse: a budget for each pool, and a limit over all routes.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::pool::PoolInForce;
use super::shared::Shared;
use crate::lab::Budget;
use crate::meter::{LimitKind, Outcome};

/// Counts a request among those that are being tried again, in its pool and over all routes.
pub(super) struct Retrying {
    pool: Arc<PoolInForce>,
    shared: Arc<Shared>,
}

impl Retrying {
    /// A failing pool must not get more work (Envoy's retry budget). Where the limit over all routes is met, that is
    /// how the request ends.
    pub(super) fn take(
        pool: &Arc<PoolInForce>,
        shared: &Arc<Shared>,
        budget: &Budget,
    ) -> Result<Self, Option<Outcome>> {
        let within_limit = shared.tallies.begin_retry(shared.plan.load().limits.retries);
        if !within_limit {
            return Err(Some(Outcome::LimitHit(LimitKind::Retries)));
        }
        let before = pool.state.retrying.fetch_add(1, Relaxed);
        let taken = Self { pool: Arc::clone(pool), shared: Arc::clone(shared) };
        let under_way = f64::from(pool.state.under_way.load(Relaxed));
        let allowed = (under_way * budget.percent / 100.0).floor().max(f64::from(budget.floor));
        if f64::from(before) < allowed { Ok(taken) } else { Err(None) }
    }
}

impl Drop for Retrying {
    fn drop(&mut self) {
        self.pool.state.retrying.fetch_sub(1, Relaxed);
        self.shared.tallies.end_retry();
    }
}
