//! Cues in virtual time: an edit of the lab, and what follows from the new lab.

use std::sync::Arc;

use crate::lab::{self, Lab};
use crate::meter::Outcome;

use super::journal::Happening;
use super::server::Server;
use super::{Simulation, moved};

impl Simulation {
    pub(super) fn cue(&mut self, index: u32) {
        let cue = self.lab.cues[index as usize].clone();
        self.close_window(Some(&cue.name));
        let next =
            cue.apply(&self.lab).expect("a checked lab's cues can be applied in their order");
        self.take_over(next, &cue.name);
        if let Some(journal) = &mut self.journal {
            let lab = Arc::new(self.lab.clone());
            journal.happened.push((self.agenda.now_ns(), Happening::Cue { index, lab }));
        }
    }

    /// Goes on with another lab. Listeners, routes and the number of pools stay as they are: no edit changes
    /// them.
    fn take_over(&mut self, next: Lab, cue: &str) {
        let before = std::mem::replace(&mut self.lab, next);
        for front in 0..self.fronts.len() as u32 {
            let place = front as usize;
            if before.pools[place] != self.lab.pools[place] {
                self.change_pool(front, cue);
            }
        }
        for crowd in 0..self.crowds.len() as u32 {
            let client = &self.lab.clients[crowd as usize];
            if self.crowds[crowd as usize].retune(client) {
                self.set_going(crowd);
            }
        }
        if before.hold && !self.lab.hold {
            self.release();
        }
    }

    fn change_pool(&mut self, front_index: u32, cue: &str) {
        let now_ns = self.now_ns();
        let settings = self.lab.pools[front_index as usize].clone();
        let numbers = self.number_servers(&settings);
        let front = &self.fronts[front_index as usize];
        let new: Vec<u32> =
            numbers.iter().copied().filter(|&number| front.member_of(number).is_none()).collect();
        let before = moved::mapping(self, front_index);
        self.fronts[front_index as usize].follow(&settings, numbers.clone(), now_ns);
        self.note_moves(front_index, before.as_ref(), cue);
        for server in new {
            self.servers[server as usize].stay += 1;
            self.plan_check(front_index, server, true);
        }
        for &server in &numbers {
            if !self.servers[server as usize].enabled {
                self.cut_off(server);
            }
        }
        for server in numbers {
            while let Some(next) = self.servers[server as usize].station.start_next() {
                self.start_service(server, next);
            }
        }
        self.ask_again(front_index);
    }

    /// The run's numbers of a pool's servers. Those that are new get one, the others their new settings.
    fn number_servers(&mut self, pool: &lab::Pool) -> Vec<u32> {
        let now_ns = self.now_ns();
        let mut numbers = Vec::new();
        for server in &pool.servers {
            for copy in server.terms() {
                let same = |known: &Server| known.pool == pool.name && known.name == copy.name;
                if let Some(number) = self.servers.iter().position(same) {
                    self.servers[number].retune(server, now_ns);
                    numbers.push(number as u32);
                } else {
                    numbers.push(self.servers.len() as u32);
                    self.servers.push(Server::new(&pool.name, &copy.name, server, now_ns));
                }
            }
        }
        numbers
    }

    /// A server is dead: what it had is reset, also what nobody waits for any more.
    fn cut_off(&mut self, server: u32) {
        self.servers[server as usize].die();
        for id in self.flights.at_server(server) {
            self.settle(id, Outcome::Reset, None);
        }
    }

    fn release(&mut self) {
        for crowd in 0..self.crowds.len() {
            while let Some(id) = self.crowds[crowd].held.pop_front() {
                self.enter(id);
            }
        }
    }
}
