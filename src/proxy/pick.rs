//! Picking a server for a request: ask the pool, and wait in line where all are full.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::pool::PoolInForce;
use super::shared::Shared;
use super::ticket::Ticket;
use super::waiting::Turn;
use crate::balance::pool::Pick;
use crate::balance::{Notes, Request, Tried};
use crate::dice::Dice;
use crate::meter::{Outcome, TimeoutKind};

/// Who asks, and with what.
pub(super) struct Asker<'a> {
    pub(super) shared: &'a Shared,
    pub(super) worker: usize,
    /// The server that the client is bound to, by name: an index would not outlive a change of the pool.
    pub(super) own: Option<Arc<str>>,
    /// Refuses a client whose own server cannot be used.
    pub(super) strict: bool,
}

impl Asker<'_> {
    /// A place at a server, or how the request ended without one.
    pub(super) async fn pick(
        &self,
        pool: &Arc<PoolInForce>,
        request: &Request<'_>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Result<Ticket, Outcome> {
        let (mut pool, mut request) = (Arc::clone(pool), *request);
        // However often the line is asked anew, nobody waits for longer than the line allows.
        let mut until = None;
        loop {
            let own = self.own.as_ref().and_then(|own| pool.balancing().index_of(own));
            let own = own.map(|index| index as u32);
            if self.strict && self.own.is_some() && own.is_none() {
                return Err(Outcome::NoServer);
            }
            let share = Arc::clone(pool.share(self.worker));
            match share.pick_or_repeat(&request, own, dice, notes) {
                Pick::Nobody => return Err(Outcome::NoServer),
                Pick::Member(index) if self.strict && own.is_some_and(|own| own != index) => {
                    return Err(Outcome::NoServer);
                }
                Pick::Member(index) => {
                    let index = index as usize;
                    // Somebody on another thread may have taken the last place since.
                    if let Some(beside) = share.try_start(index) {
                        // Who waited before this began later than the request says.
                        let now_ns = match until {
                            None => request.now_ns,
                            Some(_) => pool.state.clock.now_ns(),
                        };
                        return Ok(Ticket::new(pool, self.worker, (index, beside), now_ns));
                    }
                }
                Pick::Wait { only } => match self.wait(&pool, only, &mut until).await? {
                    Turn::Place(place) => return Ok(place.into_ticket()),
                    Turn::AskAgain => {
                        let newest = pool.newest();
                        request.tried = translated(request.tried, &pool, &newest);
                        pool = newest;
                    }
                },
            }
        }
    }

    /// A place at once at a server that was not tried yet, or none.
    pub(super) fn pick_at_once(
        &self,
        pool: &Arc<PoolInForce>,
        request: &Request<'_>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Option<Ticket> {
        let share = pool.share(self.worker);
        let index = share.pick(request, None, dice, notes).member()?;
        let beside = share.try_start(index)?;
        Some(Ticket::new(Arc::clone(pool), self.worker, (index, beside), request.now_ns))
    }

    async fn wait(
        &self,
        pool: &Arc<PoolInForce>,
        only: Option<u32>,
        until: &mut Option<Instant>,
    ) -> Result<Turn, Outcome> {
        let in_all = self.shared.plan.load().limits.queue as usize;
        let waiting = &pool.state.waiting;
        let mut place = waiting.join(self.worker, only, in_all).ok_or(Outcome::QueueFull)?;
        // A place that came free between the pick and here was not given to anybody.
        let all = 0..pool.servers.len();
        for index in all.filter(|&index| only.is_none_or(|only| only as usize == index)) {
            pool.place_came_free(index);
        }
        let patience = Duration::from_nanos(pool.settings.queue.timeout.ns());
        let until = *until.get_or_insert_with(|| Instant::now() + patience);
        match tokio::time::timeout_at(until, &mut place.turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_gone)) => Ok(Turn::AskAgain),
            Err(_elapsed) => Err(Outcome::TimedOut(TimeoutKind::Queue)),
        }
    }
}

/// Who was tried, by their places in another pool.
fn translated(tried: Tried, from: &PoolInForce, to: &PoolInForce) -> Tried {
    let mut translated = Tried::default();
    let names = from.servers.iter().enumerate().filter(|&(index, _)| tried.contains(index as u32));
    for (_, server) in names {
        if let Some(index) = to.balancing().index_of(&server.name) {
            translated.add(index as u32);
        }
    }
    translated
}
