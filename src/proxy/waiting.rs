//! Who waits for a server with room: one line for each pool, over all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[expect(
    clippy::disallowed_types,
    reason = "taken only while somebody waits, never across an await"
)]
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::pool::PoolInForce;
use super::ticket::Ticket;
use crate::balance::pool::Line;

#[expect(
    clippy::disallowed_types,
    reason = "taken only while somebody waits, never across an await"
)]
pub(super) struct Waiting {
    line: Mutex<Line<Waiter>>,
    /// How many wait here: everybody who ends a request looks at this number and at nothing else.
    count: AtomicUsize,
    /// How many wait in all pools.
    in_line: Arc<AtomicUsize>,
}

struct Waiter {
    worker: usize,
    turn: oneshot::Sender<Turn>,
}

/// What somebody who waited is told.
pub(super) enum Turn {
    Place(Place),
    /// The pool has changed: ask again.
    AskAgain,
}

/// A place that was taken for somebody who waited: at this member, with so many beside them. Given back unless
/// it is taken over.
pub(super) struct Place {
    pool: Arc<PoolInForce>,
    worker: usize,
    index: usize,
    beside: u32,
    taken: bool,
}

impl Place {
    pub(super) fn into_ticket(mut self) -> Ticket {
        self.taken = true;
        let now_ns = self.pool.state.clock.now_ns();
        Ticket::new(Arc::clone(&self.pool), self.worker, (self.index, self.beside), now_ns)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.taken {
            self.pool.share(self.worker).cancel(self.index);
            self.pool.place_came_free(self.index);
        }
    }
}

/// Leaves the line when dropped, so that somebody who went away is not counted.
pub(super) struct InLine<'a> {
    waiting: &'a Waiting,
    pub(super) turn: oneshot::Receiver<Turn>,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.turn.close();
        self.waiting.line().forget(|waiter| waiter.turn.is_closed());
        self.waiting.recount();
    }
}

impl Waiting {
    pub(super) fn new(limit: usize, in_line: Arc<AtomicUsize>) -> Self {
        Self { line: Line::new(limit).into(), count: AtomicUsize::new(0), in_line }
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(SeqCst)
    }

    /// Joins the line, if it is not full; `only` waits for this member and no other.
    pub(super) fn join(&self, worker: usize, only: Option<u32>, all: usize) -> Option<InLine<'_>> {
        if self.in_line.load(SeqCst) >= all {
            return None;
        }
        let (turn, receiver) = oneshot::channel();
        self.line().join(Waiter { worker, turn }, u64::MAX, only).ok()?;
        self.recount();
        Some(InLine { waiting: self, turn: receiver })
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.line().set_limit(limit);
    }

    /// Gives places that are free at a member to those who wait for them.
    pub(super) fn hand_out(&self, pool: &Arc<PoolInForce>, index: usize) {
        for worker in 0..pool.shares.len() {
            while let Some((waiter, place)) = self.next_place(pool, worker, index) {
                // Whoever does not listen any more gives the place back by dropping it, outside the lock.
                drop(waiter.turn.send(Turn::Place(place)));
            }
        }
        self.recount();
    }

    /// Takes a free place for the first who may have it. The place is taken before it is given, because a pick
    /// on another thread may want it, too.
    fn next_place(
        &self,
        pool: &Arc<PoolInForce>,
        worker: usize,
        index: usize,
    ) -> Option<(Waiter, Place)> {
        let share = &pool.shares[worker];
        let admits = [false, true].map(|bound| share.admits(index, bound));
        if self.len() == 0 || !admits.contains(&true) {
            return None;
        }
        let beside = share.try_start(index)?;
        let own = |waiter: &Waiter| pool.shares.len() == 1 || waiter.worker == worker;
        let may = |waiter: &Waiter, bound: bool| own(waiter) && admits[usize::from(bound)];
        let Some(waiter) = self.line().next_for(index as u32, may) else {
            share.cancel(index);
            return None;
        };
        let worker = waiter.worker;
        Some((waiter, Place { pool: Arc::clone(pool), worker, index, beside, taken: false }))
    }

    /// Lets everybody ask again, because the pool changed under them.
    pub(super) fn ask_again(&self) {
        if self.len() == 0 {
            return;
        }
        let mut line = self.line();
        while let Some(waiter) = line.leave() {
            // Whoever does not listen any more has gone.
            drop(waiter.turn.send(Turn::AskAgain));
        }
        drop(line);
        self.recount();
    }

    fn recount(&self) {
        let line = self.line();
        let now = line.len();
        let before = self.count.swap(now, SeqCst);
        self.in_line.fetch_add(now.wrapping_sub(before), SeqCst);
    }

    fn line(&self) -> MutexGuard<'_, Line<Waiter>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
