//! Keys that have another server after a change of the pool.

use std::collections::BTreeSet;

use crate::balance::remap::{Assignment, Moves};
use crate::balance::{Member, Origin, Request};
use crate::lab::KeyMoves;

use super::Simulation;
use super::front::Front;

/// Which server each key of the lab belonged to at one time.
pub(super) struct Mapping {
    members: Vec<Member>,
    owners: Vec<u32>,
}

/// Where the keys belong now, or nothing if this pool does not choose by key.
pub(super) fn mapping(simulation: &Simulation, front_index: u32) -> Option<Mapping> {
    let front = &simulation.fronts[front_index as usize];
    if !front.is_keyed() {
        return None;
    }
    let members = idle_members(simulation, front);
    let balancer = front.settings.algorithm.build(&members, &Origin::default());
    let keys = keys(simulation, front_index);
    let requests = keys.iter().map(|(key, address)| Request {
        key,
        address: Some(*address),
        ..Request::default()
    });
    let owners = Assignment::new(balancer.as_ref(), &members, requests).owners;
    Some(Mapping { members, owners })
}

impl Simulation {
    /// Compares with the mapping from before a change and keeps what moved.
    pub(super) fn note_moves(&mut self, front_index: u32, before: Option<&Mapping>, cue: &str) {
        let (Some(before), Some(after)) = (before, mapping(self, front_index)) else { return };
        let Moves { keys, moved, needless, unavoidable } =
            before.assignment().moves_to(&after.assignment());
        if before.owners.is_empty() || (moved == 0 && unavoidable == 0.0) {
            return;
        }
        self.key_moves.push(KeyMoves {
            cue: cue.to_owned(),
            pool: self.fronts[front_index as usize].settings.name.clone(),
            keys,
            moved,
            needless,
            unavoidable,
        });
    }
}

impl Mapping {
    fn assignment(&self) -> Assignment<'_> {
        Assignment { members: &self.members, owners: self.owners.clone() }
    }
}

/// The pool's members as they would be with nothing to do. A dead server holds no keys.
fn idle_members(simulation: &Simulation, front: &Front) -> Vec<Member> {
    let members = front.pools[0].members().iter().zip(&front.servers);
    members
        .map(|(member, &server)| Member {
            drained: member.drained || !simulation.servers[server as usize].enabled,
            load: Default::default(),
            standing: Default::default(),
            ..member.clone()
        })
        .collect()
}

/// The distinct keys that requests to this pool can carry, some thousands of each group.
fn keys(simulation: &Simulation, front_index: u32) -> BTreeSet<(Vec<u8>, std::net::IpAddr)> {
    let front = &simulation.fronts[front_index as usize];
    let mut keys = BTreeSet::new();
    for crowd in simulation.crowds.iter().filter(|crowd| crowd.ways.lead_to(front_index)) {
        keys.extend(crowd.all_keys(&front.settings.key));
    }
    keys
}
