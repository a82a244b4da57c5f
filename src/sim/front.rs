//! One pool of the lab in virtual time: the pool in force, who waits for it, and what is known of its servers.

use std::rc::Rc;

use crate::balance::health::{Change, Judge};
use crate::balance::pool::{Line, Pool};
use crate::lab;

use super::flight::FlightId;
use super::stick::Bonds;

pub(super) struct Front {
    pub(super) settings: lab::Pool,
    /// One for all workers, or one for each where they count for themselves.
    pub(super) pools: Vec<Rc<Pool>>,
    /// The run's number of each member's server, in the order of the pool.
    pub(super) servers: Vec<u32>,
    /// The other way round: the member that each of the run's servers is, if it is one.
    places: Vec<Option<u32>>,
    pub(super) judge: Judge,
    /// Who waits, and at which worker.
    pub(super) line: Line<(FlightId, u32)>,
    pub(super) bonds: Bonds,
    pub(super) retries_under_way: u32,
    /// When the judge is asked to look again, so that it is asked once.
    pub(super) judgement_ns: Option<u64>,
}

impl Front {
    pub(super) fn new(settings: &lab::Pool, servers: Vec<u32>, workers: usize, seed: u64) -> Self {
        let terms = settings.terms();
        let around = settings.settings();
        let pool =
            |worker: u64| Rc::new(Pool::new(&settings.algorithm, &around, &terms, seed ^ worker));
        Self {
            pools: (0..workers as u64).map(pool).collect(),
            judge: Judge::new(settings.health.rules(), servers.len()),
            line: Line::new(settings.queue.limit as usize),
            bonds: Bonds::new(&settings.stickiness),
            places: places_of(&servers),
            servers,
            retries_under_way: 0,
            judgement_ns: None,
            settings: settings.clone(),
        }
    }

    /// Goes on with new settings and servers. What can be carried over is.
    pub(super) fn follow(&mut self, settings: &lab::Pool, servers: Vec<u32>, now_ns: u64) {
        let before: Vec<Option<usize>> = servers
            .iter()
            .map(|&server| self.member_of(server).map(|member| member as usize))
            .collect();
        self.judge = self.judge.followed_by(settings.health.rules(), &before);
        let terms = settings.terms();
        for pool in &mut self.pools {
            *pool = Rc::new(pool.followed_by(
                &settings.algorithm,
                &settings.settings(),
                &terms,
                now_ns,
            ));
        }
        self.line.set_limit(settings.queue.limit as usize);
        if self.settings.stickiness != settings.stickiness {
            self.bonds = Bonds::new(&settings.stickiness);
        }
        self.places = places_of(&servers);
        self.servers = servers;
        self.settings = settings.clone();
    }

    pub(super) fn member_of(&self, server: u32) -> Option<u32> {
        self.places.get(server as usize).copied().flatten()
    }

    /// Puts what the judge found into force for all workers.
    pub(super) fn enforce(&self, change: Change, now_ns: u64) {
        for pool in &self.pools {
            pool.set_health(change.member, change.to, now_ns);
        }
    }

    pub(super) fn in_flight(&self) -> u64 {
        let members = self.pools.iter().flat_map(|pool| pool.members());
        members.map(|member| u64::from(member.in_flight())).sum()
    }

    pub(super) fn is_keyed(&self) -> bool {
        self.settings.algorithm.about().keyed
    }

    /// Takes out of the line whoever may have a place that came free at a member.
    pub(super) fn next_in_line(&mut self, worker: u32, member: u32) -> Option<FlightId> {
        let pool = &self.pools[worker as usize];
        let admits = [false, true].map(|bound| pool.admits(member as usize, bound));
        // Workers that count for themselves have places of their own.
        let may = |&(_, at): &(FlightId, u32), bound| at == worker && admits[usize::from(bound)];
        self.line.next_for(member, may).map(|(id, _)| id)
    }
}

fn places_of(servers: &[u32]) -> Vec<Option<u32>> {
    let mut places = vec![None; servers.iter().max().map_or(0, |&last| last as usize + 1)];
    for (member, &server) in servers.iter().enumerate() {
        places[server as usize] = Some(member as u32);
    }
    places
}
