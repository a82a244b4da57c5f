//! A worker: one thread's part of the data plane, with its own connections to servers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::watch;

use super::connection;
use super::date::Date;
use super::doze::Doze;
use super::idle::Idle;
use super::network::{Network, Wire as _};
use super::shared::Shared;
use crate::dice::Dice;
use crate::lab::Protocol;

/// Everything of one worker. It lives on one thread, so nothing in it is locked.
pub struct Worker<N: Network> {
    pub(super) index: usize,
    pub(super) network: N,
    pub(super) shared: Arc<Shared>,
    pub(super) idle: Idle<N::Stream>,
    tidying: Cell<Tidying>,
    pub(super) dice: RefCell<Dice>,
    doors: RefCell<BTreeMap<usize, watch::Sender<Door>>>,
    connections: Cell<u64>,
    /// Connections that are open now.
    open: watch::Sender<usize>,
    requests: Cell<u64>,
    sampler: Cell<Sampler>,
    date: RefCell<Date>,
}

/// How far a listener has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    /// Nothing new comes in; what is under way may finish.
    Closing,
    /// What is still there is dropped.
    Closed,
}

/// Who looks after the idle connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tidying {
    Nobody,
    /// A timer. Some were put there since its last look, or not.
    Timer {
        was_used: bool,
    },
}

/// Lets some requests be recorded: bursts are, and so many a second.
#[derive(Debug, Clone, Copy)]
struct Sampler {
    allowance: f64,
    at_ns: u64,
}

impl<N: Network> Worker<N> {
    pub fn new(index: usize, network: N, shared: Arc<Shared>, seed: u64) -> Rc<Self> {
        Rc::new(Self {
            index,
            network,
            shared,
            idle: Idle::default(),
            tidying: Cell::new(Tidying::Nobody),
            dice: RefCell::new(Dice::stream(seed, index as u64)),
            doors: RefCell::default(),
            connections: Cell::new(0),
            open: watch::Sender::new(0),
            requests: Cell::new(0),
            sampler: Cell::new(Sampler { allowance: SAMPLES_AT_ONCE, at_ns: 0 }),
            date: RefCell::default(),
        })
    }

    /// Accepts connections until the listener is closed.
    pub fn listen(
        self: Rc<Self>,
        slot: usize,
        listener: N::Listener,
    ) -> impl Future<Output = ()> + 'static {
        // Taken at once: a listener that is closed before it ran for the first time is closed, too.
        let mut door = self.door(slot);
        async move { self.accept_all(slot, &listener, &mut door).await }
    }

    async fn accept_all(
        self: &Rc<Self>,
        slot: usize,
        listener: &N::Listener,
        door: &mut watch::Receiver<Door>,
    ) {
        let local = self.network.address_of(listener);
        loop {
            let accepted = tokio::select! {
                // Who has connected already is not turned away because it closes now.
                biased;
                accepted = self.network.accept(listener) => accepted,
                _ = door.wait_for(|door| *door != Door::Open) => return,
            };
            match accepted {
                Ok((stream, peer)) => self.welcome(slot, stream, (peer, local), door.clone()),
                // Out of files or memory: trying again at once would only burn the processor.
                Err(error) => {
                    self.trouble(slot, &error.to_string());
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Closes a listener: what is under way gets `grace` to finish. It stays open for a moment of that, because
    /// whoever has just been told another address may still be on the way to this one: a connection in the queue
    /// of a socket that closes is reset, and so is one with a request that was not read.
    pub fn close(self: &Rc<Self>, slot: usize, grace: Duration) {
        let Some(door) = self.doors.borrow_mut().remove(&slot) else { return };
        let moment = CLOSES_IN.min(grace);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(moment).await;
            door.send_replace(Door::Closing);
            tokio::select! {
                () = tokio::time::sleep(grace.saturating_sub(moment)) => {}
                () = door.closed() => {}
            }
            door.send_replace(Door::Closed);
        });
    }

    pub fn close_all(self: &Rc<Self>, grace: Duration) {
        let slots: Vec<usize> = self.doors.borrow().keys().copied().collect();
        for slot in slots {
            self.close(slot, grace);
        }
    }

    /// Waits until all connections have ended, or for so long.
    pub async fn finished(&self, grace: Duration) {
        tokio::time::sleep(CLOSES_IN.min(grace)).await;
        let mut open = self.open.subscribe();
        // Too late or not, the worker stops now.
        drop(tokio::time::timeout(grace, open.wait_for(|open| *open == 0)).await);
    }

    /// Closes idle connections to servers that no plan knows any more.
    pub fn sweep(&self) {
        self.idle.sweep();
    }

    /// Lets go of idle connections in their time, and soon of those that their servers have closed. The timer runs only
    /// while something rests, and ever more slowly while nothing else happens.
    pub(super) fn tidy_later(self: &Rc<Self>) {
        if self.tidying.replace(Tidying::Timer { was_used: true }) != Tidying::Nobody {
            return;
        }
        let worker = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut pause = TIDY_PAUSE;
            loop {
                tokio::time::sleep(pause).await;
                let now_ns = worker.shared.clock.now_ns();
                let Some(until_ns) = worker.idle.tidy(now_ns) else { break };
                let timer = worker.tidying.replace(Tidying::Timer { was_used: false });
                let was_used = timer == Tidying::Timer { was_used: true };
                pause = if was_used { TIDY_PAUSE } else { TIDY_PAUSE_MAX.min(2 * pause) };
                let needed = Duration::from_nanos(until_ns.saturating_sub(now_ns));
                pause = pause.min(needed + TIDY_PAUSE);
            }
            worker.tidying.set(Tidying::Nobody);
        });
    }

    pub(super) fn door(&self, slot: usize) -> watch::Receiver<Door> {
        let mut doors = self.doors.borrow_mut();
        doors.entry(slot).or_insert_with(|| watch::Sender::new(Door::Open)).subscribe()
    }

    /// The door is the one that was come in by: the listener's place may have another one by now.
    fn welcome(
        self: &Rc<Self>,
        slot: usize,
        stream: N::Stream,
        (peer, local): (SocketAddr, Option<SocketAddr>),
        mut door: watch::Receiver<Door>,
    ) {
        let shared = &self.shared;
        let limit = shared.plan.load().limits.connections as usize;
        if !shared.tallies.admit(limit) {
            return self.turn_away(slot, &stream);
        }
        let number = self.connections.replace(self.connections.get() + 1);
        let arrival = connection::Arrival {
            slot,
            peer,
            local,
            number,
            at_ns: shared.clock.now_ns(),
            door: door.clone(),
        };
        let worker = Rc::clone(self);
        self.open.send_modify(|open| *open += 1);
        let serving = connection::serve(Rc::clone(self), arrival, stream);
        let closed = Doze::new(async move { drop(door.wait_for(|it| *it == Door::Closed).await) });
        tokio::task::spawn_local(async move {
            tokio::select! {
                biased;
                () = serving => {}
                () = closed => {}
            }
            worker.shared.tallies.leave();
            worker.open.send_modify(|open| *open -= 1);
        });
    }

    /// Tells a client that there are too many, if it can be told without waiting for it.
    fn turn_away(&self, slot: usize, stream: &N::Stream) {
        let plan = self.shared.plan.load();
        let speaks_plain_http = plan
            .listener(slot)
            .is_some_and(|listener| listener.protocol == Protocol::Http && listener.tls.is_none());
        if let Some(tcp) = stream.as_tcp().filter(|_| speaks_plain_http) {
            // A client that does not take it gets a closed connection and no reason.
            drop(tcp.try_write(TOO_MANY));
        }
    }

    pub(super) fn trouble(&self, slot: usize, why: &str) {
        let plan = self.shared.plan.load();
        let Some(listener) = plan.listener(slot) else { return };
        let (listener, why) = (Arc::clone(&listener.name), why.to_owned());
        self.shared
            .tell(|at_ns| super::Event { at_ns, what: super::What::Trouble { listener, why } });
    }

    /// Shows the time of day as answers say it.
    pub(super) fn date(&self, show: impl FnOnce(&[u8])) {
        let mut date = self.date.borrow_mut();
        show(date.at(self.shared.clock.unix_ns() / 1_000_000_000));
    }

    pub(super) fn next_request(&self) -> u64 {
        self.requests.replace(self.requests.get() + 1)
    }

    /// Whether a request that begins now is recorded in full.
    pub(super) fn samples(&self, now_ns: u64) -> bool {
        let Sampler { allowance, at_ns } = self.sampler.get();
        let earned = now_ns.saturating_sub(at_ns) as f64 / 1e9 * SAMPLES_A_SECOND;
        let allowance = (allowance + earned).min(SAMPLES_AT_ONCE);
        let sampled = allowance >= 1.0;
        let allowance = if sampled { allowance - 1.0 } else { allowance };
        self.sampler.set(Sampler { allowance, at_ns: now_ns });
        if !sampled {
            self.shared.tallies.unsampled.fetch_add(1, Relaxed);
        }
        sampled
    }
}

/// Requests recorded in full by each worker: more than anybody can look at, and far from being felt.
pub const SAMPLES_A_SECOND: f64 = 200.0;
const SAMPLES_AT_ONCE: f64 = 100.0;
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 53\r\n\
    x-evenkeel-outcome: limit_connections\r\nconnection: close\r\n\r\n\
    503 Service Unavailable too many connections are open";
/// Idle connections outlive their time by this much, or by the longest pause if they came within one. They are not used
/// any more, in either case.
const TIDY_PAUSE: Duration = Duration::from_millis(500);
/// Connections that their servers have closed lie about for this long at most.
const TIDY_PAUSE_MAX: Duration = Duration::from_secs(8);
/// Longer than a connection is on its way within a machine or a house, and nothing to somebody who waits.
const CLOSES_IN: Duration = Duration::from_millis(100);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
