//! Sessions that broke: told by the clients whom a server did not know any more, with the likely cause.

use std::collections::BTreeMap;

use super::board::Instruments;
use crate::balance::Health;
use crate::lab::{Lab, Pool, Sessions, Stickiness};
use crate::proxy::Plan;

/// Broken sessions by pool and cause. The causes are those of a run in virtual time.
pub(super) type Ledger = BTreeMap<String, BTreeMap<&'static str, u64>>;

/// Enters what the clients have noticed since the last time.
pub(super) fn collect(ledger: &mut Ledger, instruments: &Instruments, lab: &Lab, plan: &Plan) {
    let keeping = |pool: &&Pool| pool.mocks.sessions == Sessions::Memory;
    for client in instruments.clients.values() {
        for group in &client.groups {
            for lost in group.lost_sessions() {
                let named = |pool: &&Pool| {
                    let Some(server) = &lost.server else { return true };
                    pool.server_of(server).is_some()
                };
                let pool = lab.pools.iter().filter(keeping).find(named);
                // Without a pool that keeps sessions there is nothing that could have broken.
                let Some(pool) = pool else { continue };
                let causes = ledger.entry(pool.name.clone()).or_default();
                *causes.entry(likely_cause(pool, instruments, plan)).or_insert(0) += 1;
            }
        }
    }
}

/// Who lost its session does not say where it was, so the pool's state has to tell: the worst that is the case.
fn likely_cause(pool: &Pool, instruments: &Instruments, plan: &Plan) -> &'static str {
    let in_force = plan.pools.get(pool.name.as_str());
    let well = |health: Health| health == Health::Up;
    let down = pool.servers.iter().any(|server| !server.enabled)
        || in_force.is_some_and(|pool| {
            pool.balancing().members().iter().any(|member| !well(member.standing.health()))
        });
    let ever = instruments.pools.iter().find(|(name, _)| *name == pool.name);
    let removed = ever.is_some_and(|(_, servers)| {
        servers.iter().any(|server| pool.server_of(&server.name).is_none())
    });
    let unstuck = pool.stickiness == Stickiness::Off;
    let drained = pool.servers.iter().any(crate::lab::Server::draining);
    match (down, removed, drained && unstuck) {
        (true, ..) => "server_down",
        (_, true, _) => "server_removed",
        (.., true) => "server_drained",
        _ => "unbound",
    }
}
