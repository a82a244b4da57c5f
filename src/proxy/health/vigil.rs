//! Who watches over all pools: one task for the judges, and one for each server that is to be checked.

use std::sync::Arc;
use std::time::Duration;

use super::super::network::Network;
use super::super::shared::Shared;
use super::active::Rounds;
use crate::dice::Dice;

/// Checks the servers of all pools and wakes their judges, for as long as it is polled: dropping it stops everything.
///
/// One at a time for a data plane, on a thread that lets tasks be spawned that stay on it. It follows the plans by
/// itself: a pool whose checks stay as they are keeps their schedule, and a pool without checks costs nothing.
pub async fn keep<N: Network>(network: N, shared: Arc<Shared>, dice: Dice) {
    let mut rounds = Rounds::new(network, dice);
    let mut revision = None;
    loop {
        let plan = shared.plan();
        if revision.replace(plan.revision) != Some(plan.revision) {
            rounds.follow(&plan);
        }
        let now_ns = shared.clock.now_ns();
        let states = || plan.pools.values().map(|pool| &pool.state);
        let is_due = |due_ns: Option<u64>| due_ns.is_some_and(|due_ns| due_ns <= now_ns);
        states().filter(|state| is_due(state.watch.due_ns())).for_each(|state| state.advance());
        let due_ns = states().filter_map(|state| state.watch.due_ns()).min();
        drop(plan);
        tokio::select! {
            () = shared.bell.notified() => {}
            () = until(due_ns, shared.clock.now_ns()) => {}
        }
    }
}

async fn until(due_ns: Option<u64>, now_ns: u64) {
    match due_ns {
        Some(due_ns) => {
            tokio::time::sleep(Duration::from_nanos(due_ns.saturating_sub(now_ns))).await;
        }
        None => std::future::pending().await,
    }
}
