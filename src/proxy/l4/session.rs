//! One session of datagrams: a client's address, a server picked once, and a socket for the two.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::sleep;

use super::super::buffers::Buffer;
use super::super::network::Network;
use super::super::plan::ListenerPlan;
use super::super::ticket::Ticket;
use super::super::worker::Worker;
use super::passage::{Before, Passage};
use super::search::Search;
use super::way::Caller;
use crate::meter::Outcome;

/// What the listener's loop sees of a session.
pub(super) struct Session {
    /// Towards the server, once there is one.
    socket: RefCell<Option<Rc<UdpSocket>>>,
    /// What came before there was one.
    early: RefCell<VecDeque<Bytes>>,
    /// From the client, and not yet counted.
    n_bytes_in: Cell<u64>,
    /// Whether a datagram went either way since this was looked at last.
    moved: Cell<bool>,
    broken: Cell<bool>,
}

impl Session {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            socket: RefCell::default(),
            early: RefCell::default(),
            n_bytes_in: Cell::new(0),
            moved: Cell::new(true),
            broken: Cell::new(false),
        })
    }

    /// Whether it can carry no more, so that the next datagram begins another one.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.get()
    }

    /// Sends a client's datagram on. Where there is no room for it, it is lost, as datagrams may be.
    pub(super) fn send(&self, datagram: &[u8]) {
        self.moved.set(true);
        let socket = self.socket.borrow();
        let Some(socket) = &*socket else {
            let mut early = self.early.borrow_mut();
            if early.len() < EARLY_MAX {
                early.push_back(Bytes::copy_from_slice(datagram));
            }
            return;
        };
        match socket.try_send(datagram) {
            Ok(_) => self.n_bytes_in.set(self.n_bytes_in.get() + datagram.len() as u64),
            Err(error) if is_passing(error.kind()) => {}
            Err(_refused) => self.broken.set(true),
        }
    }

    fn close(&self) {
        self.broken.set(true);
        *self.socket.borrow_mut() = None;
    }

    fn open(&self, socket: &Rc<UdpSocket>) {
        *self.socket.borrow_mut() = Some(Rc::clone(socket));
        let early = std::mem::take(&mut *self.early.borrow_mut());
        for datagram in early {
            self.send(&datagram);
        }
    }
}

/// Whose session it is, and how it is reached.
pub(super) struct Peer {
    pub(super) caller: Caller,
    pub(super) listener: Arc<ListenerPlan>,
    /// Where the client's datagrams come in and the answers go out.
    pub(super) front: Rc<UdpSocket>,
}

/// Runs a session to its end.
pub(super) async fn run<N: Network>(worker: Rc<Worker<N>>, peer: Peer, session: Rc<Session>) {
    let mut passage = Passage::begin(&worker, &peer.listener, &peer.caller, Before::default());
    match reach(&worker, &peer, &mut passage).await {
        Ok((socket, mut ticket)) => {
            let socket = Rc::new(socket);
            session.open(&socket);
            let mut answers =
                Answers { worker: &worker, peer: &peer, session: &session, passage: &mut passage };
            let outcome = answers.carry(&socket, &mut ticket).await;
            ticket.end(outcome);
            passage.end(outcome);
        }
        Err(outcome) => passage.end(outcome),
    }
    session.close();
}

async fn reach<N: Network>(
    worker: &Rc<Worker<N>>,
    peer: &Peer,
    passage: &mut Passage,
) -> Result<(UdpSocket, Ticket), Outcome> {
    let route = peer.caller.route(&peer.listener).ok_or(Outcome::NoServer)?;
    let mut search =
        Search::begin(worker, &peer.caller, route, passage).ok_or(Outcome::NoServer)?;
    loop {
        let ticket = search.pick(passage).await?;
        if let Ok(socket) = connect(&ticket.server().addresses).await {
            search.found(&ticket);
            return Ok((socket, ticket));
        }
        ticket.end(Outcome::Refused);
        if !search.may_go_on(passage, Outcome::Refused).await {
            return Err(Outcome::Refused);
        }
    }
}

/// A socket that speaks with one address only, so that nobody else can answer and refusals are heard.
async fn connect(addresses: &[SocketAddr]) -> io::Result<UdpSocket> {
    let to = addresses.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(to).await?;
    // What waits is sent without waiting, which a new socket does not take before it was asked.
    socket.writable().await?;
    Ok(socket)
}

/// Leads a server's datagrams back to the client.
struct Answers<'a, N: Network> {
    worker: &'a Rc<Worker<N>>,
    peer: &'a Peer,
    session: &'a Session,
    passage: &'a mut Passage,
}

impl<N: Network> Answers<'_, N> {
    /// Until the session has been silent for too long, its server refuses, or no plan knows the server any more.
    async fn carry(&mut self, socket: &UdpSocket, ticket: &mut Ticket) -> Outcome {
        let patience = Duration::from_nanos(self.peer.listener.udp.session_timeout.ns());
        let look_every = (patience / 4).min(LOOK_EVERY_MAX);
        let mut silent = Duration::ZERO;
        let mut look = pin!(sleep(look_every));
        loop {
            let passed = tokio::select! {
                ready = socket.ready(Interest::READABLE | Interest::ERROR) => match ready {
                    Ok(ready) if ready.is_error() => hear_error(socket),
                    Ok(_readable) => self.pass(socket, ticket),
                    Err(error) => Err(error),
                },
                () = look.as_mut() => {
                    look.set(sleep(look_every));
                    let moved = self.session.moved.replace(false);
                    silent = if moved { Duration::ZERO } else { silent + look_every };
                    Ok(())
                }
            };
            self.count(ticket, 0);
            if passed.is_err() || self.session.is_broken() {
                return Outcome::Refused;
            }
            if silent >= patience || ticket.server().is_retired() {
                return Outcome::Carried;
            }
        }
    }

    /// Passes on what has come. An error says that the server refuses.
    fn pass(&mut self, socket: &UdpSocket, ticket: &mut Ticket) -> io::Result<()> {
        let mut buffer = Buffer::take();
        for _ in 0..AT_ONCE {
            match socket.try_recv(&mut buffer) {
                Ok(n_bytes) => {
                    self.session.moved.set(true);
                    // Lost if there is no room, as datagrams may be.
                    if self
                        .peer
                        .front
                        .try_send_to(&buffer[..n_bytes], self.peer.caller.address)
                        .is_ok()
                    {
                        self.count(ticket, n_bytes as u64);
                    }
                }
                Err(error) if is_passing(error.kind()) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn count(&mut self, ticket: &mut Ticket, n_bytes_out: u64) {
        if n_bytes_out > 0 && self.passage.n_bytes_out() == 0 {
            ticket.first_byte(self.worker.shared.clock.now_ns());
        }
        let n_bytes_in = self.session.n_bytes_in.replace(0);
        if n_bytes_in + n_bytes_out > 0 {
            self.passage.carried(ticket.server(), n_bytes_in, n_bytes_out);
        }
    }
}

/// A refusal that came by ICMP, unless the client's next datagram has met it already, which ends the session, too.
fn hear_error(socket: &UdpSocket) -> io::Result<()> {
    // Said to be heard, or it would be reported again and again.
    drop(socket.try_io(Interest::ERROR, || Err::<(), _>(io::ErrorKind::WouldBlock.into())));
    socket.take_error()?.map_or(Ok(()), Err)
}

/// Not a refusal: no room now, or a datagram of a size the way there does not take.
fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::InvalidInput
    )
}

/// Datagrams kept while a server is looked for. More would come too late to be of use.
const EARLY_MAX: usize = 16;
/// Datagrams passed on before others on this thread get their turn.
const AT_ONCE: usize = 64;
/// The longest between two looks at whether a session has fallen silent, which also count what its client sent.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(1);
