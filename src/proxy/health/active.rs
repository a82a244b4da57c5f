//! Active checks: each server of a pool that wants them is asked in its own rhythm.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::super::network::Network;
use super::super::plan::Plan;
use super::super::pool::PoolState;
use super::probe::probe;
use crate::dice::Dice;
use crate::lab::ActiveCheck;

/// The checks of all servers, by pool and server.
pub(super) struct Rounds<N> {
    network: N,
    dice: Dice,
    running: BTreeMap<(Arc<str>, Arc<str>), Round>,
}

/// The checks of one server, which end with this.
struct Round {
    check: ActiveCheck,
    state: Arc<PoolState>,
    task: JoinHandle<()>,
}

impl Round {
    fn goes_on(&self, check: &ActiveCheck, state: &Arc<PoolState>) -> bool {
        self.check == *check && Arc::ptr_eq(&self.state, state) && !self.task.is_finished()
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<N: Network> Rounds<N> {
    pub(super) fn new(network: N, dice: Dice) -> Self {
        Self { network, dice, running: BTreeMap::new() }
    }

    /// Goes by a new plan. Checks that are wanted as before keep their schedule.
    pub(super) fn follow(&mut self, plan: &Plan) {
        let mut before = std::mem::take(&mut self.running);
        for pool in plan.pools.values() {
            let Some(check) = &pool.settings.health.active else { continue };
            for server in &pool.servers {
                let place = (Arc::clone(&pool.name), Arc::clone(&server.name));
                let kept = before.remove(&place);
                let round = kept
                    .filter(|round| round.goes_on(check, &pool.state))
                    .unwrap_or_else(|| self.begin(&server.name, check, &pool.state));
                self.running.insert(place, round);
            }
        }
    }

    fn begin(&mut self, server: &Arc<str>, check: &ActiveCheck, state: &Arc<PoolState>) -> Round {
        let walk = Walk {
            network: self.network.clone(),
            state: Arc::clone(state),
            server: Arc::clone(server),
            check: check.clone(),
            dice: Dice::new(self.dice.roll()),
        };
        let task = tokio::task::spawn_local(walk.go());
        Round { check: check.clone(), state: Arc::clone(state), task }
    }
}

/// What the checks of one server go by.
struct Walk<N> {
    network: N,
    state: Arc<PoolState>,
    server: Arc<str>,
    check: ActiveCheck,
    dice: Dice,
}

impl<N: Network> Walk<N> {
    /// The first check comes at a random time within the interval, so that checks do not come in step.
    async fn go(mut self) {
        let interval_ns = self.check.interval.ns() as f64;
        let mut pause_ns = (interval_ns * self.dice.unit()) as u64;
        loop {
            tokio::time::sleep(Duration::from_nanos(pause_ns)).await;
            let began_ns = self.state.clock.now_ns();
            let Some(good) = self.ask().await else { return };
            self.state.checked(&self.server, good);
            let jitter = (self.dice.unit() * 2.0 - 1.0) * self.check.jitter_percent / 100.0;
            let took_ns = self.state.clock.now_ns().saturating_sub(began_ns);
            pause_ns = ((interval_ns * (1.0 + jitter)) as u64).saturating_sub(took_ns);
            // Even where every check takes as long as the interval, the thread gets to do other things.
            pause_ns = pause_ns.max(SHORTEST_PAUSE_NS);
        }
    }

    /// Nothing if the server is not there any more.
    async fn ask(&self) -> Option<bool> {
        let server = {
            let pool = self.state.current.load().upgrade()?;
            let index = pool.balancing().index_of(&self.server)?;
            Arc::clone(&pool.servers[index])
        };
        let patience = Duration::from_nanos(self.check.timeout.ns());
        let asking = probe(&self.network, &server, &self.check.probe);
        Some(tokio::time::timeout(patience, asking).await.is_ok_and(|good| good))
    }
}

const SHORTEST_PAUSE_NS: u64 = 1_000_000;
