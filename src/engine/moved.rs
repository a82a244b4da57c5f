//! Keys that have another server after a cue: the same count that a run in virtual time makes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::balance::remap::{Assignment, Moves};
use crate::balance::{Member, Origin, Request};
use crate::lab::{KeyMoves, Lab, Pool, Requests};
use crate::proxy::Plan;

/// Which server each key of the lab belonged to at one time.
pub(super) struct Mapping {
    members: Vec<Member>,
    owners: Vec<u32>,
}

/// The mappings of all pools that choose by key.
pub(super) fn mappings(lab: &Lab, plan: &Plan) -> BTreeMap<String, Mapping> {
    let keyed = lab.pools.iter().filter(|pool| pool.algorithm.about().keyed);
    let mappings = keyed.filter_map(|pool| {
        let in_force = plan.pools.get(pool.name.as_str())?;
        Some((pool.name.clone(), mapping(lab, pool, in_force.balancing().members())))
    });
    mappings.collect()
}

/// What each pool's change did to its keys.
pub(super) fn moves(
    cue: &str,
    before: &BTreeMap<String, Mapping>,
    after: &BTreeMap<String, Mapping>,
) -> Vec<KeyMoves> {
    let changed = after.iter().filter_map(|(pool, after)| {
        let before = before.get(pool).filter(|before| !before.owners.is_empty())?;
        let Moves { keys, moved, needless, unavoidable } =
            before.assignment().moves_to(&after.assignment());
        let nothing = moved == 0 && unavoidable == 0.0;
        let (cue, pool) = (cue.to_owned(), pool.clone());
        (!nothing).then_some(KeyMoves { cue, pool, keys, moved, needless, unavoidable })
    });
    changed.collect()
}

impl Mapping {
    fn assignment(&self) -> Assignment<'_> {
        Assignment { members: &self.members, owners: self.owners.clone() }
    }
}

fn mapping(lab: &Lab, pool: &Pool, members: &[Member]) -> Mapping {
    let members: Vec<Member> = members.iter().map(|member| idle(pool, member)).collect();
    let balancer = pool.algorithm.build(&members, &Origin::default());
    let keys = keys(lab, pool);
    let requests = keys.iter().map(|(key, address)| Request {
        key,
        address: Some(*address),
        ..Request::default()
    });
    let owners = Assignment::new(balancer.as_ref(), &members, requests).owners;
    Mapping { members, owners }
}

/// As it would be with nothing to do. A dead server holds no keys.
fn idle(pool: &Pool, member: &Member) -> Member {
    let server = pool.server_of(&member.name);
    Member {
        drained: member.drained || server.is_some_and(|server| !server.enabled),
        load: Default::default(),
        standing: Default::default(),
        ..member.clone()
    }
}

/// The distinct keys that requests to this pool can carry.
fn keys(lab: &Lab, pool: &Pool) -> BTreeSet<(Vec<u8>, IpAddr)> {
    let leads_here = |listener: &str| {
        lab.listener(listener).is_some_and(|listener| {
            let routes = listener.routes_in_force();
            routes.iter().any(|route| route.to.pools().contains(&pool.name.as_str()))
        })
    };
    let clients = lab.clients.iter().filter(|client| leads_here(&client.listener));
    clients.flat_map(|client| Requests::new(client, 0, 0).all_keys(&pool.key)).collect()
}
