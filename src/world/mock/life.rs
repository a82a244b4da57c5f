//! The lives of a mock: it listens, dies, comes back, and at last leaves.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::desk::{Desk, Identity};
use super::gauges::Gauges;
use super::listen::Port;
use super::session::{SessionStore, Sessions};
use super::tuning::Tuning;
use super::udp;
use super::visit::{Leaving, Visit};
use super::wire::{Ending, Wire};
use crate::dice::Dice;
use crate::period::Clock;

/// What a mock is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MockStatus {
    Starting,
    Serving,
    /// Not enabled: it refuses connections.
    Dead,
    /// It should serve and cannot; it keeps trying.
    Trouble(String),
}

/// Everything that a mock keeps while it is dead.
pub(super) struct Lives {
    pub(super) identity: Arc<Identity>,
    pub(super) address: SocketAddr,
    pub(super) news: watch::Receiver<Arc<Tuning>>,
    pub(super) tell: watch::Sender<MockStatus>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) shared: Arc<SessionStore>,
    pub(super) connections: usize,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seed: u64,
}

/// How a life ended.
#[derive(PartialEq, Eq)]
pub(super) enum End {
    Killed,
    Stopped,
}

impl Lives {
    pub(super) async fn run(mut self, mut port: Port) {
        for number in 0_u64.. {
            // It may have been killed before it ever ran.
            if !self.news.borrow().enabled {
                port = port.close().unwrap_or(Port::Closed(self.address));
                self.tell.send_replace(MockStatus::Dead);
            }
            let Some(deaths) = self.until_enabled().await else { return };
            match self.open(port) {
                Ok(open) => {
                    let desk = self.desk(number);
                    self.tell.send_replace(MockStatus::Serving);
                    let (end, left) = self.live(open, &desk, deaths).await;
                    if end == End::Stopped {
                        return;
                    }
                    port = left.close().unwrap_or(Port::Closed(self.address));
                }
                Err(error) => {
                    let trouble = format!("cannot listen on {}: {error}", self.address);
                    port = Port::Closed(self.address);
                    self.rest_in_trouble(trouble).await;
                }
            }
        }
    }

    fn desk(&self, number: u64) -> Rc<Desk> {
        let seed = self.seed ^ number.rotate_right(8);
        let dice = Dice::stream(seed ^ SESSION_STREAM, self.identity.stream);
        let sessions = Sessions::new(Arc::clone(&self.shared), dice);
        Desk::new(&self.identity, &self.gauges, sessions, &self.clock, self.news.clone(), seed)
    }

    /// One life: from the first connection to the last. Gives the port back, or what is left of it.
    async fn live(&mut self, port: Port, desk: &Rc<Desk>, deaths: u64) -> (End, Port) {
        let ended = match port {
            Port::Open(listener) => match TcpListener::from_std(listener) {
                Ok(listener) => Ok(self.receive(listener, desk, deaths).await),
                Err(error) => Err(error),
            },
            Port::Udp(socket) => match UdpSocket::from_std(socket) {
                Ok(socket) => Ok(self.receive_datagrams(socket, desk, deaths).await),
                Err(error) => Err(error),
            },
            Port::Held(_) | Port::Closed(_) => Err(io::ErrorKind::NotConnected.into()),
        };
        match ended {
            Ok(ended) => ended,
            Err(error) => {
                self.rest_in_trouble(error.to_string()).await;
                (End::Killed, Port::Closed(self.address))
            }
        }
    }

    async fn receive(
        &mut self,
        listener: TcpListener,
        desk: &Rc<Desk>,
        deaths: u64,
    ) -> (End, Port) {
        let (dead, leaving) = (Arc::new(AtomicBool::new(false)), Rc::new(Leaving::default()));
        let mut visits = JoinSet::new();
        let mut keeping = std::pin::pin!(desk.keep_time());
        let end = loop {
            tokio::select! {
                biased;
                end = heed(&mut self.news, desk, deaths) => break end,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _client)) => {
                        let ending = Ending::of_server(&dead);
                        self.welcome(stream, ending, desk, &leaving, &mut visits);
                    }
                    Err(error) => self.pause(&error).await,
                },
                Some(_) = visits.join_next() => {}
                never = &mut keeping => never,
            }
        };
        match end {
            End::Killed => {
                dead.store(true, Ordering::Relaxed);
                visits.shutdown().await;
                desk.close();
            }
            End::Stopped => {
                leaving.tell();
                let finish = async { while visits.join_next().await.is_some() {} };
                tokio::select! {
                    () = finish => {}
                    never = &mut keeping => never,
                    () = tokio::time::sleep(GRACE) => {}
                }
            }
        }
        let port = listener.into_std().map_or(Port::Closed(self.address), Port::Open);
        (end, port)
    }

    async fn receive_datagrams(
        &mut self,
        socket: UdpSocket,
        desk: &Rc<Desk>,
        deaths: u64,
    ) -> (End, Port) {
        let end = tokio::select! {
            biased;
            end = heed(&mut self.news, desk, deaths) => end,
            never = udp::receive(socket, Rc::clone(desk)) => never,
            never = desk.keep_time() => never,
        };
        desk.close();
        (end, Port::Closed(self.address))
    }

    /// Takes a connection in, if there is room.
    fn welcome(
        &self,
        stream: TcpStream,
        ending: Arc<Ending>,
        desk: &Rc<Desk>,
        leaving: &Rc<Leaving>,
        visits: &mut JoinSet<()>,
    ) {
        let wire = Wire::new(stream, Arc::clone(&ending));
        if visits.len() >= self.connections {
            ending.reset();
            return self.gauges.turn_away();
        }
        let Some(visit) = Visit::begin(desk, leaving, ending) else { return };
        visits.spawn_local(super::protocol::attend(wire, visit, self.tls.clone()));
    }

    /// Out of files, most likely: trying again at once would only burn the processor.
    async fn pause(&self, error: &io::Error) {
        self.rest_in_trouble(format!("cannot accept: {error}")).await;
        self.tell.send_replace(MockStatus::Serving);
    }

    async fn rest_in_trouble(&self, trouble: String) {
        self.tell.send_replace(MockStatus::Trouble(trouble));
        tokio::time::sleep(PAUSE).await;
    }

    /// How often it had died when it came to life; `None` if it is stopped instead.
    async fn until_enabled(&mut self) -> Option<u64> {
        // Who is stopped while in trouble would otherwise try for ever.
        self.news.has_changed().ok()?;
        let tuning = self.news.wait_for(|tuning| tuning.enabled).await.ok()?;
        Some(tuning.deaths)
    }

    fn open(&self, port: Port) -> io::Result<Port> {
        match port {
            Port::Closed(address) => Port::take(self.identity.protocol, address)?.open(),
            port => port.open(),
        }
    }
}

/// Takes over new settings until one of them ends this life.
async fn heed(news: &mut watch::Receiver<Arc<Tuning>>, desk: &Desk, deaths: u64) -> End {
    loop {
        if news.changed().await.is_err() {
            return End::Stopped;
        }
        if news.borrow_and_update().deaths != deaths {
            return End::Killed;
        }
        desk.retune();
    }
}

/// How long a stopped mock may finish what it began.
const GRACE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
const SESSION_STREAM: u64 = 0x7365_7373;
