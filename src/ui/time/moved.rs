//! How many keys an edit moved to another server, and how many it had to move.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::balance::pool::Pool as Balancing;
use crate::balance::remap::{Assignment, Moves};
use crate::balance::{Member, Origin, Request};
use crate::lab::{Lab, Pool, Requests};
use crate::ui::doctor::callers;

/// Parts of all keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moved {
    pub(super) at_ns: u64,
    pub(super) share: f64,
    pub(super) unavoidable: f64,
}

/// Nothing where keys do not decide, before or after, or where nothing was changed that decides.
pub(super) fn moved(before: &Lab, after: &Lab, pool: &str, at_ns: u64) -> Option<Moved> {
    let (was, is) = (before.pool(pool)?, after.pool(pool)?);
    let keyed = was.algorithm.about().keyed && is.algorithm.about().keyed;
    if !keyed || was == is || was.key != is.key {
        return None;
    }
    let old = Balancing::new(&was.algorithm, &was.settings(), &was.terms(), 0);
    // The new pool follows the old one, so that what a server carries by its name goes along.
    let new = old.followed_by(&is.algorithm, &is.settings(), &is.terms(), 0);
    let (old, new) = (members(was, &old), members(is, &new));
    let keys = keys(after, is);
    let (old, new) = (owners(was, &old, &keys), owners(is, &new, &keys));
    let Moves { keys, moved, unavoidable, .. } = old.moves_to(&new);
    let moved = moved as f64 / keys.max(1) as f64;
    (moved > 0.0 || unavoidable > 0.0).then_some(Moved { at_ns, share: moved, unavoidable })
}

type Key = (Vec<u8>, IpAddr);

/// As they would be with nothing to do. A dead server holds no keys.
fn members(pool: &Pool, balancing: &Balancing) -> Vec<Member> {
    let is_dead = |name: &str| pool.server_of(name).is_some_and(|server| !server.enabled);
    let idle = |member: &Member| Member {
        drained: member.drained || is_dead(&member.name),
        load: Default::default(),
        standing: Default::default(),
        ..member.clone()
    };
    balancing.members().iter().map(idle).collect()
}

fn owners<'m>(pool: &Pool, members: &'m [Member], keys: &BTreeSet<Key>) -> Assignment<'m> {
    let balancer = pool.algorithm.build(members, &Origin::default());
    let requests = keys.iter().map(|(key, address)| Request {
        key,
        address: Some(*address),
        ..Request::default()
    });
    Assignment::new(balancer.as_ref(), members, requests)
}

/// The different keys that built-in clients can send to this pool.
fn keys(lab: &Lab, pool: &Pool) -> BTreeSet<Key> {
    let clients = callers(lab, pool).into_iter().filter_map(|name| lab.client(name));
    clients.flat_map(|client| Requests::new(client, 0, 0).all_keys(&pool.key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{PRESETS, Server};

    #[test]
    fn a_ring_moves_little_and_modulo_almost_all() {
        let preset = PRESETS.iter().find(|it| it.text.contains("\"Add a server\""));
        let preset = preset.expect("there is a preset about it");
        let before = crate::lab::load(preset.text.as_bytes()).expect("presets load").lab.into_lab();
        let mut after = before.clone();
        for pool in &mut after.pools {
            pool.servers.push(Server { name: "f".to_owned(), ..pool.servers[0].clone() });
        }
        let parts = |pool| {
            let moved = moved(&before, &after, pool, 0).expect("keys decide in both");
            assert!((moved.unavoidable - 1.0 / 6.0).abs() < 1e-9);
            moved.share
        };
        assert!(parts("ring") < 0.25, "{}", parts("ring"));
        assert!(parts("modulo") > 0.75, "{}", parts("modulo"));
        assert_eq!(moved(&before, &before, "ring", 0), None);
    }
}
