//! A pool: servers that are interchangeable, and how one of them is chosen.

use serde::{Deserialize, Serialize};

use super::health::Health;
use super::server::Server;
use super::sticky::Stickiness;
use super::upstream::Upstream;
use crate::balance::Algorithm;
use crate::balance::pool::{Settings, SlowStart, Terms};
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    pub name: String,
    #[serde(with = "super::algorithm_text")]
    pub algorithm: Algorithm,
    /// What a key-driven algorithm looks at.
    pub key: Key,
    pub servers: Vec<Server>,
    pub stickiness: Stickiness,
    /// When the next priority gets a share: at 140 (per cent, Envoy's number) once fewer than 71 % of
    /// this one are healthy. Without it, once nobody of this one is left.
    pub over_provisioning: Option<u32>,
    /// Below this percentage of healthy servers their health is ignored; 0 never does.
    pub panic_below: u32,
    /// The zone the proxy stands in; without one, zones make no difference.
    pub own_zone: Option<String>,
    pub slow_start: Option<SlowStart>,
    pub queue: Queue,
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
            key: Key::Address,
            servers: Vec::new(),
            stickiness: Stickiness::Off,
            over_provisioning: None,
            panic_below: 0,
            own_zone: None,
            slow_start: None,
            queue: Queue::default(),
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

    /// The server that a copy is one of. Whoever is no command is its own only copy.
    pub fn server_of(&self, copy: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.copy_names().iter().any(|name| name == copy))
    }

    /// What is wrapped around the algorithm.
    pub fn settings(&self) -> Settings {
        Settings {
            over_provisioning: self.over_provisioning,
            panic_below: self.panic_below,
            own_zone: self.own_zone.clone(),
            slow_start: self.slow_start.clone(),
        }
    }

    /// The terms on which its servers join, in order: a command once for each copy.
    pub fn terms(&self) -> Vec<Terms> {
        self.servers.iter().flat_map(Server::terms).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
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
