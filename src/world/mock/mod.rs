//! Mock servers: servers that the lab itself starts and whose behaviour it sets while they run.
//!
//! A mock lives on one thread of the world, so what it knows needs no locks. Its handle sends new settings
//! through a watch channel; each request looks whether there are any, so that what is asked after a change is
//! answered by the changed mock.

mod answer;
mod desk;
mod gauges;
mod grpc;
mod http;
mod life;
mod listen;
mod place;
mod protocol;
mod question;
mod session;
mod sniff;
mod tcp;
mod tuning;
mod udp;
mod visit;
mod websocket;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::watch;

use self::desk::Identity;
use self::gauges::Gauges;
use self::life::Lives;
use self::tuning::Tuning;
use super::{World, WorldError};
use crate::lab::{MockProtocol, Sessions};
use crate::model::Behaviour;

pub use self::gauges::{MockMeter, MockReading};
pub use self::life::MockStatus;
pub use self::session::SessionStore;

/// What a mock is started with.
pub struct MockSettings {
    pub name: String,
    pub pool: String,
    /// Without one, any free port on loopback.
    pub address: Option<SocketAddr>,
    pub protocol: MockProtocol,
    pub behaviour: Behaviour,
    pub sessions: Sessions,
    /// What the mocks of a pool have in common under [`Sessions::Shared`].
    pub shared: Arc<SessionStore>,
    /// A mock that is not enabled is dead: it refuses connections.
    pub enabled: bool,
    /// Connections at once; one more is reset.
    pub connections: usize,
    /// With it, every connection is TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl MockSettings {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            pool: String::new(),
            address: None,
            protocol: MockProtocol::default(),
            behaviour: Behaviour::default(),
            sessions: Sessions::default(),
            shared: Arc::default(),
            enabled: true,
            connections: 4_096,
            tls: None,
        }
    }
}

impl World {
    /// Starts a mock. Its address is bound when this returns, and clients that connect at once wait in its backlog.
    pub fn start_mock(&self, settings: MockSettings) -> Result<Mock, WorldError> {
        let MockSettings { name, pool, address, protocol, .. } = settings;
        let MockSettings { behaviour, sessions, shared, enabled, connections, tls, .. } = settings;
        let address = address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let port = listen::Port::take(protocol, address)
            .map_err(|source| WorldError::bind(&name, address, source))?;
        let port = if enabled { port.open() } else { port.close() };
        let port = port.map_err(|source| WorldError::bind(&name, address, source))?;
        let address = port.address().map_err(|source| WorldError::bind(&name, address, source))?;

        let (tuning, news) =
            watch::channel(Arc::new(Tuning { behaviour, sessions, enabled, deaths: 0 }));
        let (tell, status) = watch::channel(MockStatus::Starting);
        let gauges = Arc::new(Gauges::default());
        let lives = Lives {
            identity: Arc::new(Identity::new(name, pool, protocol, address)),
            address,
            news,
            tell,
            gauges: Arc::clone(&gauges),
            shared,
            connections,
            tls,
            clock: Arc::clone(self.clock()),
            seed: self.seed(),
        };
        self.spawn_on(self.next_thread(), move || {
            tokio::task::spawn_local(lives.run(port));
        })?;
        Ok(Mock { address, tuning, status, gauges })
    }
}

/// A running mock. Dropping it stops it: what is being answered is finished, within reason.
pub struct Mock {
    address: SocketAddr,
    tuning: watch::Sender<Arc<Tuning>>,
    status: watch::Receiver<MockStatus>,
    gauges: Arc<Gauges>,
}

impl Mock {
    /// The same for its whole life, also across death and revival.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whoever asks after this returns meets the new behaviour. Connections stay.
    pub fn retune(&self, behaviour: Behaviour) {
        self.change(|tuning| tuning.behaviour = behaviour);
    }

    pub fn keep_sessions(&self, sessions: Sessions) {
        self.change(|tuning| tuning.sessions = sessions);
    }

    /// Kills it, which resets its connections and refuses new ones, or brings it back on the same port, cold.
    pub fn set_enabled(&self, enabled: bool) {
        self.change(|tuning| {
            tuning.deaths += u64::from(tuning.enabled && !enabled);
            tuning.enabled = enabled;
        });
    }

    pub fn status(&self) -> MockStatus {
        self.status.borrow().clone()
    }

    pub fn reading(&self) -> MockReading {
        self.gauges.read()
    }

    /// Reads what it counts also after it is gone.
    pub fn meter(&self) -> MockMeter {
        MockMeter::of(&self.gauges)
    }

    pub fn stop(self) {}

    fn change(&self, change: impl FnOnce(&mut Tuning)) {
        self.tuning.send_if_modified(|current| {
            let mut tuning = Tuning::clone(current);
            change(&mut tuning);
            let is_new = tuning != **current;
            if is_new {
                *current = Arc::new(tuning);
            }
            is_new
        });
    }
}
