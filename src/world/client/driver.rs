//! Lets a client group send when it should: the same agenda as in virtual time, by a real clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::flight::{Flight, Ticket};
use super::group::{Answered, Group, Plan, Terms};
use super::measure::Tally;
use super::{ClientSettings, Orders};
use crate::dice::Dice;
use crate::lab::{Asked, Requests};
use crate::meter::{LimitKind, Outcome};
use crate::model::Arrivals;
use crate::period::Clock;
use crate::world::alarm::Metronome;

pub(super) struct Driver {
    group: Rc<Group>,
    orders: watch::Receiver<Orders>,
    in_force: Orders,
    metronome: Metronome,
    agenda: BinaryHeap<Reverse<Due>>,
    /// Raised by every change of how it sends, so that what was planned before is known to be stale.
    era: u32,
    planned: u64,
    requests: Requests,
    dice: Dice,
    seed: u64,
    stream: u64,
    /// Users of a closed loop who wait for an answer. They go on when they have it, whatever changes.
    asking: Vec<bool>,
    under_way: JoinSet<()>,
    from_ns: u64,
    until_ns: u64,
    fired_ns: u64,
}

/// What a group is given by the door.
pub(super) struct Parts {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tally: Arc<Tally>,
    pub(super) metronome: Metronome,
}

/// Something to do at a time. Of two at the same time, what was planned first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at_ns: u64,
    order: u64,
    era: u32,
    /// A user who sends; without one, an arrival of an open loop.
    user: Option<u32>,
}

impl Driver {
    pub(super) fn new(
        settings: &ClientSettings,
        parts: Parts,
        mut orders: watch::Receiver<Orders>,
    ) -> Self {
        let ClientSettings { seed, stream, ref traffic, from_ns, until_ns, .. } = *settings;
        let Parts { clock, tally, metronome } = parts;
        let in_force = orders.borrow_and_update().clone();
        let requests = Requests::new(&in_force.client, seed, stream);
        let plan = Plan::new(&in_force.client, &in_force.target, &requests);
        let group = Group::new(Terms { clock, traffic: Arc::clone(traffic), tally }, plan);
        group.set_hold(in_force.hold);
        Self {
            group: Rc::new(group),
            orders,
            in_force,
            metronome,
            agenda: BinaryHeap::new(),
            era: 0,
            planned: 0,
            requests,
            dice: Requests::arrival_dice(seed, stream),
            seed,
            stream,
            asking: Vec::new(),
            under_way: JoinSet::new(),
            from_ns,
            until_ns: until_ns.unwrap_or(u64::MAX),
            fired_ns: 0,
        }
    }

    /// Runs until nobody holds the handle any more.
    pub(super) async fn run(mut self) {
        self.set_going(self.from_ns);
        let mut tidy = tokio::time::interval(TIDY);
        let group = Rc::clone(&self.group);
        loop {
            let is_behind = self.work();
            if is_behind {
                // Answers that came in the meantime have their turn before more is sent.
                tokio::task::yield_now().await;
                if !self.orders.has_changed().is_ok_and(|changed| !changed) && !self.follow() {
                    return;
                }
                continue;
            }
            self.metronome.set(self.next_due_ns());
            tokio::select! {
                biased;
                changed = self.orders.changed() => {
                    if changed.is_err() || !self.follow() {
                        return;
                    }
                }
                () = self.metronome.beat() => {}
                () = group.wake.notified() => {}
                _ = tidy.tick() => group.tidy(),
            }
        }
    }

    /// Sends what is due; true if more is due than one turn may take.
    fn work(&mut self) -> bool {
        while self.under_way.try_join_next().is_some() {}
        let answered = self.group.answered.take();
        for answered in answered {
            self.send_user_on(answered);
        }
        for _ in 0..TURN {
            let now_ns = self.group.now_ns();
            let due = self.agenda.peek().filter(|Reverse(due)| due.at_ns <= now_ns);
            let Some(&Reverse(due)) = due else { return false };
            self.agenda.pop();
            if due.era == self.era && due.at_ns < self.until_ns {
                self.fired_ns = now_ns;
                self.group.tally.behind_ns.store(now_ns - due.at_ns, Relaxed);
                self.fire(due);
            }
        }
        true
    }

    fn fire(&mut self, due: Due) {
        if due.user.is_some() {
            return self.send(due.user, due.at_ns);
        }
        let arrivals = &self.in_force.client.arrivals;
        let at_once = arrivals.at_once();
        if let Some(at_ns) = arrivals.next_after(due.at_ns, &mut self.dice) {
            self.plan(at_ns, None);
        }
        for _ in 0..at_once {
            self.send(None, due.at_ns);
        }
    }

    fn send(&mut self, user: Option<u32>, intended_ns: u64) {
        let group = &self.group;
        let Asked { identity, kind, key } = self.requests.draw(user);
        let number = group.traffic.next_number();
        group.tally.meter.counters.start();
        let gives_up_ns = intended_ns.saturating_add(self.in_force.client.timeout.ns());
        let flight = Flight { number, identity, kind, key, user, intended_ns, gives_up_ns };
        if let Some(user) = user {
            self.set_asking(user, true);
        }
        let group = &self.group;
        let full = group.tally.in_flight.load(Relaxed) >= IN_FLIGHT_MAX;
        if full || !group.traffic.enter() {
            let outcome = Outcome::LimitHit(LimitKind::Connections);
            group.tally.meter.counters.finish(outcome);
            if let Some(user) = user {
                group.user_is_free(user, intended_ns, outcome);
            }
            return;
        }
        self.under_way.spawn_local(flight.fly(Ticket::new(group, flight)));
    }

    /// In a closed loop the user thinks and sends again, if the lab still has that user.
    fn send_user_on(&mut self, answered: Answered) {
        let Answered { user, earliest_ns } = answered;
        self.set_asking(user, false);
        let client = &self.in_force.client;
        let Arrivals::Closed { users, think } = &client.arrivals else { return };
        if !client.enabled || user >= *users {
            return;
        }
        let thought_ns = self.group.now_ns().saturating_add(think.draw(&mut self.dice));
        self.plan(thought_ns.max(earliest_ns), Some(user));
    }

    /// Lets the group send from a time on as its settings say.
    fn set_going(&mut self, now_ns: u64) {
        let client = &self.in_force.client;
        if !client.enabled {
            return;
        }
        match client.arrivals.clone() {
            Arrivals::Closed { users, think } => {
                for user in 0..users {
                    if !self.is_asking(user) {
                        let thought_ns = think.draw(&mut self.dice);
                        self.plan(now_ns.saturating_add(thought_ns), Some(user));
                    }
                }
            }
            arrivals => {
                if let Some(at_ns) = arrivals.next_after(now_ns, &mut self.dice) {
                    self.plan(at_ns, None);
                }
            }
        }
    }

    /// Takes over new orders; false where there are none to come.
    fn follow(&mut self) -> bool {
        if self.orders.has_changed().is_err() {
            return false;
        }
        let orders = self.orders.borrow_and_update().clone();
        let before = std::mem::replace(&mut self.in_force, orders);
        let Orders { client, target, hold, life } = &self.in_force;
        let group = &self.group;
        let anew = before.life != *life;
        if anew {
            self.requests = Requests::new(client, self.seed, self.stream);
            self.dice = Requests::arrival_dice(self.seed, self.stream);
        } else if before.client != *client {
            self.requests.retune(client);
        }
        group.follow(Plan::new(client, target, &self.requests), anew);
        let sends_anew = anew
            || before.client.arrivals != client.arrivals
            || before.client.enabled != client.enabled;
        if before.hold != *hold {
            group.set_hold(*hold);
        }
        if sends_anew {
            self.era += 1;
            self.agenda.clear();
            self.set_going(self.group.now_ns());
        }
        true
    }

    fn plan(&mut self, at_ns: u64, user: Option<u32>) {
        if at_ns < self.until_ns {
            self.planned += 1;
            self.agenda.push(Reverse(Due { at_ns, order: self.planned, era: self.era, user }));
        }
    }

    /// By the clock. High rates go out in small bundles, because waking costs more than sending.
    fn next_due_ns(&self) -> Option<u64> {
        let Reverse(next) = self.agenda.peek()?;
        let at_ns = next.at_ns.max(self.fired_ns + BUNDLE_NS);
        Some(at_ns.saturating_add(self.group.traffic.began_ns))
    }

    fn is_asking(&self, user: u32) -> bool {
        self.asking.get(user as usize).copied().unwrap_or(false)
    }

    fn set_asking(&mut self, user: u32, asking: bool) {
        let user = user as usize;
        if user >= self.asking.len() {
            self.asking.resize(user + 1, false);
        }
        self.asking[user] = asking;
    }
}

/// Requests sent in one go before answers have their turn.
const TURN: u32 = 64;
const BUNDLE_NS: u64 = 100_000;
/// Of one group; over all groups the lab's own limit holds.
const IN_FLIGHT_MAX: u64 = 10_000;
const TIDY: Duration = Duration::from_secs(1);
