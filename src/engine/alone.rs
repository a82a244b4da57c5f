//! Parts of the pretend world without a proxy: load for an address, mocks on addresses.

use std::net::SocketAddr;
use std::sync::Arc;

use super::clock::RealClock;
use crate::lab::{MockProtocol, Sessions};
use crate::model::Behaviour;
use crate::period::Clock;
use crate::proxy::tls::{Inside, Origination, Surroundings};
pub use crate::world::client::load::{
    Load, LoadError, LoadProgress, LoadReport, LoadSettings, Pace,
};
use crate::world::{Mock, MockSettings, World, WorldSettings};
pub use crate::world::{MockReading, WorldError};

/// Begins to load an address. Whoever the server says it is, is believed: it is load and not a secret.
pub fn load(mut settings: LoadSettings) -> Result<Load, LoadError> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::start());
    if settings.url.starts_with("https:") {
        let own = super::Settings::default();
        let surroundings = Surroundings::new(own.folder, own.authority_folder, Arc::clone(&clock));
        let trusting =
            crate::lab::UpstreamTls { verify: crate::lab::Verify::Nothing, ..Default::default() };
        let inside = Inside::Http(crate::lab::HttpVersions::Both);
        // Without it the load says that it needs one.
        settings.tls = Origination::new(&trusting, inside, &surroundings)
            .ok()
            .map(|origination| Arc::clone(origination.config()));
    }
    Load::start(&settings, clock)
}

/// Mock servers that serve until they are dropped.
pub struct Mocks {
    mocks: Vec<(String, Mock)>,
    /// Last, because the mocks live in it.
    _world: World,
}

/// What mocks have in common.
#[derive(Debug, Clone, Default)]
pub struct MocksSettings {
    pub protocol: MockProtocol,
    pub behaviour: Behaviour,
    pub sessions: Sessions,
    pub seed: u64,
}

impl Mocks {
    /// One mock at each address, called `a`, `b`, `c`, …
    pub fn start(addresses: &[SocketAddr], settings: &MocksSettings) -> Result<Self, WorldError> {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::start());
        let threads = addresses.len().min(THREADS);
        let world = World::start(WorldSettings { threads, clock, seed: settings.seed })?;
        let shared = Arc::default();
        let mut mocks = Vec::new();
        for (index, address) in addresses.iter().enumerate() {
            let name = name(index);
            let mock = world.start_mock(MockSettings {
                address: Some(*address),
                protocol: settings.protocol,
                behaviour: settings.behaviour.clone(),
                sessions: settings.sessions,
                shared: Arc::clone(&shared),
                ..MockSettings::new(&name)
            })?;
            mocks.push((name, mock));
        }
        Ok(Self { mocks, _world: world })
    }

    /// The names, addresses and counts of all.
    pub fn readings(&self) -> Vec<(&str, SocketAddr, MockReading)> {
        self.mocks.iter().map(|(name, mock)| (&**name, mock.address(), mock.reading())).collect()
    }
}

fn name(index: usize) -> String {
    let letter = char::from(b'a' + (index % 26) as u8);
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26) }
}

const THREADS: usize = 4;
