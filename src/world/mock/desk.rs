//! Where a mock's requests come in: its station, its dice, and its behaviour at this moment.
//!
//! One desk is one life: a mock that is killed and comes back is cold, empty and knows nobody.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use http::HeaderValue;
use tokio::sync::{Notify, watch};

use super::gauges::Gauges;
use super::place::{Place, Waiting};
use super::session::Sessions;
use super::tuning::Tuning;
use crate::dice::Dice;
use crate::hash::xxh64;
use crate::lab::MockProtocol;
use crate::model::{Arrival, FailureKind, Station};
use crate::period::Clock;
use crate::world::alarm::Alarm;

/// Who a mock is.
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) pool: String,
    pub(super) protocol: MockProtocol,
    /// Its name as a header has it.
    pub(super) header: HeaderValue,
    /// Sets it apart from other mocks of the same world.
    pub(super) stream: u64,
}

impl Identity {
    pub(super) fn new(
        name: String,
        pool: String,
        protocol: MockProtocol,
        address: SocketAddr,
    ) -> Self {
        // No name of a checked lab has a character that cannot stand in a header.
        let header = HeaderValue::from_str(&name)
            .unwrap_or_else(|_not_visible| HeaderValue::from_static("mock"));
        let stream = xxh64(format!("{pool}/{name}").as_bytes(), 0);
        // The address is left out of the stream: it changes from run to run, and a run is repeated by its seed.
        let name = if name.is_empty() { address.to_string() } else { name };
        Self { name, pool, protocol, header, stream }
    }
}

pub(super) struct Desk {
    pub(super) identity: Arc<Identity>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) sessions: Sessions,
    clock: Arc<dyn Clock>,
    opened_ns: u64,
    news: RefCell<watch::Receiver<Arc<Tuning>>>,
    tuning: RefCell<Arc<Tuning>>,
    fates: RefCell<Dice>,
    work: RefCell<Dice>,
    station: RefCell<Station<u64>>,
    /// Those in the queue by their tickets: `None` once it is their turn.
    queue: RefCell<HashMap<u64, Option<Waker>>>,
    next_ticket: Cell<u64>,
    /// When the places come free whose clients went away.
    left_behind: RefCell<BinaryHeap<Reverse<u64>>>,
    left: Notify,
    alarm: Alarm,
    closed: Cell<bool>,
}

impl Desk {
    pub(super) fn new(
        identity: &Arc<Identity>,
        gauges: &Arc<Gauges>,
        sessions: Sessions,
        clock: &Arc<dyn Clock>,
        mut news: watch::Receiver<Arc<Tuning>>,
        seed: u64,
    ) -> Rc<Self> {
        let tuning = Arc::clone(&news.borrow_and_update());
        let station = tuning.behaviour.station();
        Rc::new(Self {
            identity: Arc::clone(identity),
            gauges: Arc::clone(gauges),
            sessions,
            clock: Arc::clone(clock),
            opened_ns: clock.now_ns(),
            news: RefCell::new(news),
            tuning: RefCell::new(tuning),
            fates: RefCell::new(Dice::stream(seed ^ FATE_STREAM, identity.stream)),
            work: RefCell::new(Dice::stream(seed ^ SERVICE_STREAM, identity.stream)),
            station: RefCell::new(station),
            queue: RefCell::default(),
            next_ticket: Cell::new(0),
            left_behind: RefCell::default(),
            left: Notify::new(),
            alarm: Alarm::new(clock),
            closed: Cell::new(false),
        })
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// The newest settings.
    pub(super) fn tuning(&self) -> Arc<Tuning> {
        if self.news.borrow().has_changed().unwrap_or(false) {
            self.retune();
        }
        Arc::clone(&self.tuning.borrow())
    }

    /// How long a request that starts now is in service.
    pub(super) fn service_ns(&self) -> u64 {
        let since_ns = self.now_ns().saturating_sub(self.opened_ns);
        self.tuning().behaviour.service_ns(since_ns, &mut self.work.borrow_mut())
    }

    /// The dice for what befalls one request.
    pub(super) fn fate_dice(&self) -> Dice {
        Dice::new(self.fates.borrow_mut().roll())
    }

    /// Counts a failure that happens to a request.
    pub(super) fn fail(&self, kind: FailureKind) {
        self.gauges.fail(kind);
    }

    /// A place in service, at once or when the turn comes; `None` if the queue is full.
    pub(super) async fn enter(self: &Rc<Self>) -> Option<Place> {
        let ticket = self.next_ticket.get();
        self.next_ticket.set(ticket + 1);
        let arrival = self.station.borrow_mut().arrive(ticket);
        self.show();
        match arrival {
            Arrival::Starts(_) => Some(Place::new(self)),
            Arrival::Waits => {
                self.queue.borrow_mut().insert(ticket, Some(Waker::noop().clone()));
                Some(Waiting::new(self, ticket).await)
            }
            Arrival::Refused(_) => {
                self.gauges.overload();
                None
            }
        }
    }

    /// A place came free.
    pub(super) fn leave(&self) {
        let next = self.station.borrow_mut().finish();
        self.call(next);
        self.show();
    }

    /// A place will come free although nobody waits for its work any more.
    pub(super) fn leave_at(&self, until_ns: u64) {
        self.left_behind.borrow_mut().push(Reverse(until_ns));
        self.left.notify_one();
    }

    /// Whether it is this ticket's turn; if not, the waker is called when it is.
    pub(super) fn is_called(&self, ticket: u64, waker: &Waker) -> bool {
        let mut queue = self.queue.borrow_mut();
        if let Some(Some(waiting)) = queue.get_mut(&ticket) {
            waiting.clone_from(waker);
            return false;
        }
        queue.remove(&ticket);
        true
    }

    pub(super) fn stop_waiting(&self, ticket: u64) {
        let entry = self.queue.borrow_mut().remove(&ticket);
        match entry {
            // Its turn was taken.
            None => {}
            Some(None) => self.leave(),
            Some(Some(_)) => {
                self.station.borrow_mut().forget(|&waiting| waiting == ticket);
                self.show();
            }
        }
    }

    pub(super) async fn sleep(&self, ns: u64) {
        self.alarm.sleep(ns).await;
    }

    /// Keeps the time for everybody here, and frees the places of those who went away when their work is done.
    pub(super) async fn keep_time(&self) -> ! {
        tokio::select! {
            never = self.alarm.ring() => never,
            never = self.finish_what_was_left() => never,
        }
    }

    async fn finish_what_was_left(&self) -> ! {
        loop {
            let next_ns = self.left_behind.borrow().peek().map(|&Reverse(until_ns)| until_ns);
            let now_ns = self.now_ns();
            match next_ns {
                None => self.left.notified().await,
                Some(until_ns) if until_ns <= now_ns => {
                    self.left_behind.borrow_mut().pop();
                    self.leave();
                }
                // Whichever comes first; an earlier one may have been left meanwhile.
                Some(until_ns) => tokio::select! {
                    () = self.alarm.sleep(until_ns - now_ns) => {}
                    () = self.left.notified() => {}
                },
            }
        }
    }

    /// Its life has ended: what is still dropped of it no longer shows.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.gauges.busy.store(0, Ordering::Relaxed);
        self.gauges.waiting.store(0, Ordering::Relaxed);
    }

    /// Takes over the newest settings; whom a raised limit lets in starts now.
    pub(super) fn retune(&self) {
        let tuning = Arc::clone(&self.news.borrow_mut().borrow_and_update());
        let behaviour = &tuning.behaviour;
        self.station.borrow_mut().set_limits(behaviour.concurrency_limit, behaviour.queue_limit);
        *self.tuning.borrow_mut() = tuning;
        loop {
            let next = self.station.borrow_mut().start_next();
            if next.is_none() {
                break;
            }
            self.call(next);
        }
        self.show();
    }

    fn call(&self, ticket: Option<u64>) {
        let Some(ticket) = ticket else { return };
        let waker = self.queue.borrow_mut().get_mut(&ticket).and_then(Option::take);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn show(&self) {
        if !self.closed.get() {
            let station = self.station.borrow();
            self.gauges.busy.store(station.n_busy(), Ordering::Relaxed);
            self.gauges.waiting.store(station.n_waiting(), Ordering::Relaxed);
        }
    }
}

const FATE_STREAM: u64 = 0x6661_7465;
const SERVICE_STREAM: u64 = 0x7365_7276;
