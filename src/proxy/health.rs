//! Health: what becomes of checks and answers, through the pool's judge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
#[expect(
    clippy::disallowed_types,
    reason = "taken for bad answers and by the checks, not for good answers"
)]
use std::sync::{Mutex, PoisonError};

use super::pool::PoolInForce;
use crate::balance::health::{Change, Judge, Rules};
use crate::lab;
use crate::meter::{Outcome, StatusClass};

/// The judge of one pool, and what tells when it need not be asked.
#[expect(
    clippy::disallowed_types,
    reason = "taken for bad answers and by the checks, not for good answers"
)]
pub(super) struct Watch {
    judge: Mutex<Judge>,
    /// Whether good answers matter, too: rates are watched, or somebody has failures against their name.
    attentive: AtomicBool,
}

impl Watch {
    pub(super) fn new(settings: &lab::Pool) -> Self {
        let rules = settings.health.rules();
        let attentive = AtomicBool::new(counts_all(&rules));
        Self { judge: Judge::new(rules, settings.terms().len()).into(), attentive }
    }

    /// Goes by new rules. `before[i]` says where the member `i` stood in the old pool.
    pub(super) fn follow(&self, rules: Rules, before: &[Option<usize>]) {
        self.with(|judge| *judge = judge.followed_by(rules, before));
        self.attentive.store(true, Relaxed);
    }

    pub(super) fn with<R>(&self, look: impl FnOnce(&mut Judge) -> R) -> R {
        look(&mut self.judge.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PoolInForce {
    /// Lets the judge know how a try ended.
    pub(super) fn answered(self: &Arc<Self>, index: usize, outcome: Outcome, now_ns: u64) {
        let by_status = outcome == Outcome::Answered(StatusClass::ServerError);
        let counts = !by_status || self.settings.health.passive.count_server_errors;
        let bad = outcome.is_error() && counts;
        let watch = &self.state.watch;
        if !bad && !watch.attentive.load(Relaxed) {
            return;
        }
        watch.attentive.store(true, Relaxed);
        let newest = self.newest();
        let Some(index) = newest.balancing().index_of(&self.servers[index].name) else { return };
        if let Some(change) = watch.with(|judge| judge.answered(index, !bad, now_ns)) {
            newest.enforce(change, now_ns);
        }
    }

    /// Puts what the judge found into force, and gives places that became usable to those who wait.
    pub(super) fn enforce(self: &Arc<Self>, change: Change, now_ns: u64) {
        for share in &self.shares {
            share.set_health(change.member, change.to, now_ns);
        }
        self.place_came_free(change.member);
    }
}

fn counts_all(rules: &Rules) -> bool {
    let Rules { passive, breaker, .. } = rules;
    breaker.is_some() || passive.failure_rate.is_some() || passive.success_rate.is_some()
}
