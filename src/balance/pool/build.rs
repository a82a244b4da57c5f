//! Building a pool, taking over from the one before what must survive the change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use super::super::algorithm::Algorithm;
use super::super::member::Member;
use super::super::{Origin, member::Standing};
use super::{Group, GroupKey, Pool, Settings, slow_start};

/// The terms on which a member joins a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub name: String,
    pub weight: u32,
    /// The most requests in flight; 0 for no limit.
    pub limit: u32,
    pub drained: bool,
    /// 0 is asked first.
    pub priority: u32,
    pub zone: Option<String>,
    /// The number `HAProxy` hashes. Without one the lowest free number is taken, and kept.
    pub id: Option<u32>,
}

impl Terms {
    pub fn new(name: &str, weight: u32) -> Self {
        let name = name.to_owned();
        Self { name, weight, limit: 0, drained: false, priority: 0, zone: None, id: None }
    }
}

impl Pool {
    /// The most members a pool may have; an index then fits everywhere one is kept.
    pub const MEMBERS_MAX: usize = slow_start::WORDS * 64;

    /// A pool that nothing precedes.
    pub fn new(algorithm: &Algorithm, settings: &Settings, terms: &[Terms], seed: u64) -> Self {
        Build { algorithm, settings, seed, now_ns: 0, before: None }.pool(terms)
    }

    /// The pool that follows this one at `now_ns`, with other settings, terms or algorithm. In-flight counts,
    /// estimates, health and ids are carried over by name, and the turn goes on where it was.
    pub fn followed_by(
        &self,
        algorithm: &Algorithm,
        settings: &Settings,
        terms: &[Terms],
        now_ns: u64,
    ) -> Self {
        Build { algorithm, settings, seed: now_ns, now_ns, before: Some(self) }.pool(terms)
    }
}

struct Build<'a> {
    algorithm: &'a Algorithm,
    settings: &'a Settings,
    seed: u64,
    now_ns: u64,
    before: Option<&'a Pool>,
}

impl Build<'_> {
    fn pool(&self, terms: &[Terms]) -> Pool {
        assert!(
            terms.len() <= Pool::MEMBERS_MAX,
            "a pool has at most {} members",
            Pool::MEMBERS_MAX
        );
        let members = self.members(terms);
        let mut keys: Vec<GroupKey> = terms.iter().map(|terms| self.group_key(terms)).collect();
        let key_of_member = keys.clone();
        keys.sort();
        keys.dedup();
        let mut places = vec![(0, 0); members.len()];
        let groups = keys
            .into_iter()
            .enumerate()
            .map(|(group_index, key)| {
                let belongs = |member: &&Member| key_of_member[member.index as usize] == key;
                let inside: Vec<Member> = members.iter().filter(belongs).cloned().collect();
                for (local, member) in inside.iter().enumerate() {
                    places[member.index as usize] = (group_index as u32, local as u32);
                }
                self.group(key, inside)
            })
            .collect();
        let pool = Pool {
            members,
            groups,
            places,
            settings: self.settings.clone(),
            keyed: self.algorithm.about().keyed,
            warm_until_ns: AtomicU64::new(0),
        };
        pool.refresh();
        pool
    }

    fn members(&self, terms: &[Terms]) -> Vec<Member> {
        let known = |name: &str| {
            self.before.and_then(|pool| pool.index_of(name).map(|index| &pool.members[index]))
        };
        let wanted =
            |terms: &Terms| terms.id.or_else(|| known(&terms.name).map(|member| member.id));
        let mut taken: BTreeSet<u32> = terms.iter().filter_map(wanted).collect();
        let mut join = |(index, terms): (usize, &Terms)| {
            let mut member = Member::new(&terms.name, index, terms.weight);
            member.limit = terms.limit;
            member.drained = terms.drained;
            member.id = wanted(terms).unwrap_or_else(|| take_lowest_free(&mut taken));
            match known(&terms.name) {
                Some(before) => {
                    member.load = Arc::clone(&before.load);
                    member.standing = Arc::clone(&before.standing);
                }
                None => member.standing = Arc::new(Standing::joined(self.now_ns)),
            }
            member
        };
        terms.iter().enumerate().map(&mut join).collect()
    }

    fn group_key(&self, terms: &Terms) -> GroupKey {
        let own = self.settings.own_zone.as_deref();
        let zone = own.map(|_| terms.zone.as_deref().unwrap_or_default()).unwrap_or_default();
        GroupKey {
            level: terms.priority,
            abroad: own.is_some_and(|own| own != zone),
            zone: zone.into(),
        }
    }

    fn group(&self, key: GroupKey, members: Vec<Member>) -> Group {
        let before = self.before.and_then(|pool| pool.groups.iter().find(|group| group.key == key));
        let carried = before.map_or_else(Origin::default, |group| group.origin.clone());
        let origin = Origin { seed: self.seed, ..carried };
        let balancer = self.algorithm.build(&members, &origin);
        Group {
            key,
            members,
            balancer,
            origin,
            share: AtomicU32::new(0),
            panic: AtomicBool::new(false),
        }
    }
}

impl Standing {
    fn joined(now_ns: u64) -> Self {
        let standing = Self::default();
        standing.set(super::Health::Up, now_ns);
        standing
    }
}

fn take_lowest_free(taken: &mut BTreeSet<u32>) -> u32 {
    let free = (1..=u32::MAX).find(|id| !taken.contains(id)).expect("fewer members than numbers");
    taken.insert(free);
    free
}

impl Pool {
    /// Works out what follows from the members' health. Called whenever it changed.
    pub fn refresh(&self) {
        self.share_out();
        let Some(slow_start) = &self.settings.slow_start else { return };
        let window = slow_start.window.ns();
        let ends = self.members.iter().filter_map(|member| match member.standing.since_ns() {
            0 => None,
            since => Some(since.saturating_add(window)),
        });
        self.warm_until_ns.store(ends.max().unwrap_or(0), Relaxed);
    }
}
