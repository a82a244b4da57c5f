//! The judge of one pool on real answers: nobody who serves a request waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU64, fence};
#[expect(clippy::disallowed_types, reason = "see `Watch::sitting`")]
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

use super::super::event::{Event, Events, What};
use super::super::pool::{PoolInForce, PoolState};
use super::super::server::Server;
use crate::balance::Health;
use crate::balance::health::{Cause, Change, Judge};
use crate::lab;
use crate::meter::{Outcome, StatusClass};

/// The judge of one pool, and what tells when it need not be asked.
pub(in super::super) struct Watch {
    /// Requests only ever try this lock; who waits for it are the checks and the publishing of a plan.
    #[expect(clippy::disallowed_types, reason = "see above: not on a request's way")]
    sitting: Mutex<Sitting>,
    /// Answers that the judge has not seen yet.
    answers: ArrayQueue<Answer>,
    heed: AtomicU8,
    /// When the judge has something to do by itself; [`NEVER`] if nothing is coming.
    due_ns: AtomicU64,
    /// Answers that were not judged because too many came at once.
    unjudged: AtomicU64,
    events: Arc<Events>,
    /// Wakes who keeps the vigil when something is due sooner than it was.
    bell: Arc<Notify>,
}

/// The judge, and the names of those it judges: a plan may be replaced between an answer and its judgement.
struct Sitting {
    judge: Judge,
    names: Vec<Arc<str>>,
}

/// How a try at a server ended.
struct Answer {
    server: Arc<Server>,
    /// Where it stood in its pool, which most often is where it stands now.
    index: usize,
    good: bool,
    at_ns: u64,
}

/// Which answers make a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heed {
    None,
    /// Only bad ones: nobody has anything to make good.
    Bad,
    All,
}

impl Watch {
    pub(in super::super) fn new(
        settings: &lab::Pool,
        events: Arc<Events>,
        bell: Arc<Notify>,
    ) -> Self {
        let names: Vec<Arc<str>> =
            settings.terms().iter().map(|terms| terms.name.as_str().into()).collect();
        let judge = Judge::new(settings.health.rules(), names.len());
        let watch = Self {
            heed: AtomicU8::new(Heed::of(&judge) as u8),
            due_ns: AtomicU64::new(NEVER),
            sitting: Sitting { judge, names }.into(),
            answers: ArrayQueue::new(ANSWERS),
            unjudged: AtomicU64::new(0),
            events,
            bell,
        };
        watch.adjourn(&watch.sitting());
        watch
    }

    pub(super) fn due_ns(&self) -> Option<u64> {
        Some(self.due_ns.load(SeqCst)).filter(|&due_ns| due_ns != NEVER)
    }

    pub(in super::super) fn unjudged(&self) -> u64 {
        self.unjudged.load(Relaxed)
    }

    /// Notes what matters until the judge sits again.
    fn adjourn(&self, sitting: &Sitting) {
        self.heed.store(Heed::of(&sitting.judge) as u8, Relaxed);
        let due_ns = sitting.judge.due_ns().unwrap_or(NEVER);
        if due_ns < self.due_ns.swap(due_ns, SeqCst) {
            self.bell.notify_one();
        }
    }

    #[cfg(test)]
    pub(super) fn n_waiting(&self) -> usize {
        self.answers.len()
    }

    pub(super) fn heeds(&self, good: bool) -> bool {
        let heed = self.heed.load(Relaxed);
        heed == Heed::All as u8 || !good && heed == Heed::Bad as u8
    }

    fn sitting(&self) -> MutexGuard<'_, Sitting> {
        self.sitting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sitting_if_free(&self) -> Option<MutexGuard<'_, Sitting>> {
        match self.sitting.try_lock() {
            Ok(sitting) => Some(sitting),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Sitting {
    fn place_of(&self, name: &str, likely: usize) -> Option<usize> {
        let is = |&place: &usize| self.names.get(place).is_some_and(|known| **known == *name);
        Some(likely).filter(is).or_else(|| (0..self.names.len()).find(is))
    }

    fn hear(&mut self, answer: &Answer) -> Option<Change> {
        let member = self.place_of(&answer.server.name, answer.index)?;
        self.judge.answered(member, answer.good, answer.at_ns)
    }
}

impl Heed {
    fn of(judge: &Judge) -> Self {
        match (judge.heeds_answers(), judge.heeds_good_answers()) {
            (false, _) => Self::None,
            (true, false) => Self::Bad,
            (true, true) => Self::All,
        }
    }
}

impl PoolInForce {
    /// Lets the judge know how a try ended.
    pub(in super::super) fn answered(&self, index: usize, outcome: Outcome, now_ns: u64) {
        let Some(good) = verdict(outcome, self.settings.health.passive.count_server_errors) else {
            return;
        };
        let watch = &self.state.watch;
        if !watch.heeds(good) {
            return;
        }
        let server = Arc::clone(&self.servers[index]);
        if watch.answers.push(Answer { server, index, good, at_ns: now_ns }).is_err() {
            watch.unjudged.fetch_add(1, Relaxed);
        }
        self.state.hear_answers();
    }

    /// Makes this the pool of its name. Its members stand as the judge has it under the new rules.
    pub(in super::super) fn come_into_force(self: &Arc<Self>) {
        let state = &self.state;
        state.current.store(Arc::downgrade(self));
        state.waiting.set_limit(self.settings.queue.limit as usize);
        let mut sitting = state.watch.sitting();
        sitting.follow(self);
        let now_ns = state.clock.now_ns();
        for (member, name) in sitting.names.iter().enumerate() {
            let to = sitting.judge.health(member);
            if self.shares.iter().any(|share| share.members()[member].standing.health() != to) {
                self.enforce(member, to, now_ns);
                state.tell(self, name, to, Cause::RulesChanged, now_ns);
            }
        }
        // A judgement may have come between the building of this pool and now.
        self.shares.iter().for_each(|share| share.refresh());
        state.watch.adjourn(&sitting);
        drop(sitting);
        state.hear_answers();
        state.waiting.ask_again();
    }

    fn enforce(&self, member: usize, to: Health, now_ns: u64) {
        self.shares.iter().for_each(|share| share.set_health(member, to, now_ns));
    }
}

impl Sitting {
    fn follow(&mut self, pool: &PoolInForce) {
        let names = pool.servers.iter().map(|server| Arc::clone(&server.name));
        let names: Vec<Arc<str>> = names.collect();
        let before: Vec<Option<usize>> =
            names.iter().enumerate().map(|(likely, name)| self.place_of(name, likely)).collect();
        self.judge = self.judge.followed_by(pool.settings.health.rules(), &before);
        self.names = names;
    }
}

impl PoolState {
    /// A check of a server came out.
    pub(super) fn checked(&self, server: &str, good: bool) {
        self.sit(self.watch.sitting(), |sitting| {
            let member = sitting.place_of(server, 0)?;
            sitting.judge.checked(member, good)
        });
        self.hear_answers();
    }

    /// Does what is due by now: sentences end, circuits are tried, rates are looked at.
    pub(super) fn advance(&self) {
        let now_ns = self.clock.now_ns();
        self.sit(self.watch.sitting(), |sitting| sitting.judge.advance(now_ns));
        self.hear_answers();
    }

    /// Holds nothing against anybody any more.
    pub(in super::super) fn forgive(&self) {
        self.sit(self.watch.sitting(), |sitting| sitting.judge.forgive());
    }

    /// Lets the judge see the answers that came in. Never waits: whoever has the judge hears these, too, because
    /// they look again after they let it go.
    fn hear_answers(&self) {
        loop {
            // Between putting in and trying the lock, and between letting it go and looking: one of both is seen.
            fence(SeqCst);
            if self.watch.answers.is_empty() {
                return;
            }
            let Some(sitting) = self.watch.sitting_if_free() else { return };
            self.sit(sitting, |_sitting| None);
        }
    }

    fn sit<C: IntoIterator<Item = Change>>(
        &self,
        mut sitting: MutexGuard<'_, Sitting>,
        act: impl FnOnce(&mut Sitting) -> C,
    ) {
        let heard = (0..ANSWERS).map_while(|_| self.watch.answers.pop());
        let mut changes: Vec<Change> = heard.filter_map(|answer| sitting.hear(&answer)).collect();
        changes.extend(act(&mut sitting));
        let pool = self.current.load().upgrade();
        let now_ns = self.clock.now_ns();
        for change in &changes {
            let Some(pool) = &pool else { continue };
            let name = &sitting.names[change.member];
            // A pool that is about to be replaced may know other members than the judge.
            let Some(member) = pool.balancing().index_of(name) else { continue };
            pool.enforce(member, change.to, now_ns);
            self.tell(pool, name, change.to, change.cause, now_ns);
        }
        self.watch.adjourn(&sitting);
        drop(sitting);
        if !changes.is_empty() {
            self.waiting.ask_again();
        }
    }

    fn tell(&self, pool: &PoolInForce, server: &Arc<str>, to: Health, cause: Cause, at_ns: u64) {
        let (pool, server) = (Arc::clone(&pool.name), Arc::clone(server));
        self.watch.events.push(Event { at_ns, what: What::Health { pool, server, to, cause } });
    }
}

/// Whether an end speaks for its server or against it. What its client or a limit of ours brought about says
/// nothing about it.
fn verdict(outcome: Outcome, count_server_errors: bool) -> Option<bool> {
    match outcome {
        Outcome::Answered(StatusClass::ServerError) => Some(!count_server_errors),
        Outcome::Answered(_) | Outcome::Carried => Some(true),
        Outcome::TimedOut(_) | Outcome::Refused | Outcome::Reset | Outcome::BadResponse => {
            Some(false)
        }
        Outcome::NoServer
        | Outcome::QueueFull
        | Outcome::LimitHit(_)
        | Outcome::ClientLeft
        | Outcome::BadRequest => None,
    }
}

/// Answers waiting to be judged: judging takes less than a microsecond, so this many are hardly ever there.
const ANSWERS: usize = 1024;
const NEVER: u64 = u64::MAX;
