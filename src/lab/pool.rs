//! A pool: servers that are interchangeable, and how one of them is chosen.

use serde::{Deserialize, Serialize};

use super::health::Health;
use super::server::Server;
use super::sticky::Stickiness;
use super::upstream::Upstream;
use crate::balance::Algorithm;
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    pub name: String,
    #[serde(with = "super::algorithm_text")]
    pub algorithm: Algorithm,
    /// What a key-driven algorithm looks at.
    pub key: KeySource,
    pub servers: Vec<Server>,
    pub stickiness: Stickiness,
    /// A priority group overflows into the next when less than 100 / this of it is healthy.
    pub over_provisioning_percent: f64,
    pub zones: Zones,
    pub slow_start: Option<SlowStart>,
    pub queue: Queue,
    /// Below this part of usable servers, all are used; 0 never does.
    pub panic_percent: f64,
    pub health: Health,
    pub upstream: Upstream,
    /// What the mocks of this pool have in common.
    pub mocks: Mocks,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            name: String::new(),
            algorithm: Algorithm::default(),
            key: KeySource::Address,
            servers: Vec::new(),
            stickiness: Stickiness::Off,
            over_provisioning_percent: 140.0,
            zones: Zones::default(),
            slow_start: None,
            queue: Queue::default(),
            panic_percent: 0.0,
            health: Health::default(),
            upstream: Upstream::default(),
            mocks: Mocks::default(),
        }
    }
}

impl Pool {
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.name == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The client's address, as the PROXY protocol or the connection tells it.
    #[default]
    Address,
    Header(String),
    Cookie(String),
    Query(String),
    Path,
    /// Path and query.
    Uri,
    Sni,
}

/// Where the proxy and its servers stand; a server's own zone is preferred while it is healthy enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Zones {
    /// The zone the proxy is in; without one, zones do not count.
    pub own: Option<String>,
    /// Traffic leaves the zone when less than this part of it is usable.
    pub spill_percent: f64,
}

impl Default for Zones {
    fn default() -> Self {
        Self { own: None, spill_percent: 70.0 }
    }
}

/// A server that comes (back) gets its share little by little: weight × max(floor,
/// (elapsed ÷ window)^(1 ÷ aggression)), Envoy's formula.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlowStart {
    pub window: Period,
    pub aggression: f64,
    pub floor_percent: f64,
}

impl Default for SlowStart {
    fn default() -> Self {
        Self { window: Period::from_secs(30), aggression: 1.0, floor_percent: 10.0 }
    }
}

/// Where requests wait while every usable server is at its concurrency limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Requests waiting at most; 0 refuses at once.
    pub limit: u32,
    pub timeout: Period,
}

impl Default for Queue {
    fn default() -> Self {
        Self { limit: 1024, timeout: Period::from_secs(5) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mocks {
    pub protocol: MockProtocol,
    pub sessions: Sessions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MockProtocol {
    /// HTTP/1.1 and HTTP/2.
    #[default]
    Http,
    /// Unary echo.
    Grpc,
    /// WebSocket echo.
    Websocket,
    TcpEcho,
    UdpEcho,
}

/// Where a mock keeps what it knows about a client. In memory, a client on another server is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sessions {
    #[default]
    Off,
    Memory,
    Shared,
}
