//! Datagrams: each client's address makes a session with one server, which ends by silence.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::super::buffers::Buffer;
use super::super::network::Network;
use super::super::plan::ListenerPlan;
use super::super::worker::{Door, Worker};
use super::session::{Peer, Session, run};
use super::way::Caller;
use crate::meter::{LimitKind, Outcome};

/// A worker's part of a listener for datagrams. The system leads a client's datagrams to the same worker each time, because
/// it spreads them by their addresses.
pub(in super::super) struct Datagrams {
    pub(in super::super) slot: usize,
    pub(in super::super) socket: UdpSocket,
    /// Sessions of this listener over all workers.
    pub(in super::super) n_sessions: Arc<AtomicUsize>,
}

/// Carries datagrams until the listener has closed. A listener that is closing begins no sessions.
pub(in super::super) async fn serve<N: Network>(worker: Rc<Worker<N>>, datagrams: Datagrams) {
    let Datagrams { slot, socket, n_sessions } = datagrams;
    let door = worker.door(slot);
    let sessions = HashMap::new();
    let mut front = Front { worker, slot, socket: Rc::new(socket), sessions, n_sessions, door };
    front.carry().await;
}

/// The side towards the clients.
struct Front<N: Network> {
    worker: Rc<Worker<N>>,
    slot: usize,
    socket: Rc<UdpSocket>,
    sessions: HashMap<SocketAddr, Running>,
    n_sessions: Arc<AtomicUsize>,
    door: watch::Receiver<Door>,
}

/// A session in the table; its task is stopped when it is taken out.
struct Running {
    session: Rc<Session>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<N: Network> Front<N> {
    async fn carry(&mut self) {
        // Answers are sent without waiting, which a new socket does not take before it was asked.
        drop(self.socket.writable().await);
        let mut door = self.door.clone();
        loop {
            tokio::select! {
                // An error of the socket is told by the next read.
                _ = self.socket.readable() => {}
                _ = door.wait_for(|door| *door == Door::Closed) => return,
            }
            let mut buffer = Buffer::take();
            for _ in 0..AT_ONCE {
                match self.socket.try_recv_from(&mut buffer) {
                    Ok((n_bytes, from)) => self.arrived(&buffer[..n_bytes], from),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    // A client that does not take its answers: known on some systems, and of no consequence.
                    Err(_refused) => {}
                }
            }
            drop(buffer);
            self.sweep();
            tokio::task::consume_budget().await;
        }
    }

    fn arrived(&mut self, datagram: &[u8], from: SocketAddr) {
        if let Some(running) = self.sessions.get(&from)
            && !running.task.is_finished()
            && !running.session.is_broken()
        {
            return running.session.send(datagram);
        }
        self.sessions.remove(&from);
        if *self.door.borrow() == Door::Open {
            self.begin(datagram, from);
        }
    }

    fn begin(&mut self, datagram: &[u8], from: SocketAddr) {
        let listener = self.worker.shared.plan.load().listener(self.slot).map(Arc::clone);
        let Some(listener) = listener else { return };
        let Some(place) = Place::take(&self.n_sessions, &listener) else {
            listener.meter.counters.start();
            listener.meter.counters.finish(Outcome::LimitHit(LimitKind::Connections));
            return;
        };
        let session = Session::new();
        session.send(datagram);
        let caller = Caller { address: from, sni: None };
        let peer = Peer { caller, listener, front: Rc::clone(&self.socket) };
        let (worker, of_task) = (Rc::clone(&self.worker), Rc::clone(&session));
        let task = tokio::task::spawn_local(async move {
            let _place = place;
            run(worker, peer, of_task).await;
        });
        self.sessions.insert(from, Running { session, task });
    }

    /// Forgets sessions that have ended, once they are as many as may be half of the table.
    fn sweep(&mut self) {
        if self.sessions.len() >= SWEEP_FROM && self.sessions.len() == self.sessions.capacity() {
            self.sessions.retain(|_, running| !running.task.is_finished());
        }
    }
}

/// A session's place among those of its listener.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(n_sessions: &Arc<AtomicUsize>, listener: &ListenerPlan) -> Option<Self> {
        let place = Self(Arc::clone(n_sessions));
        let before = n_sessions.fetch_add(1, Relaxed);
        (before < listener.udp.sessions as usize).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

const AT_ONCE: usize = 64;
const SWEEP_FROM: usize = 64;
