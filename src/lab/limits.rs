//! The bound on everything that could otherwise grow: each with a default and a counter of its hits.

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// Bounds of the data plane. A request that meets one is refused with a reason that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How long a client may take to send its request head.
    pub header_timeout: Period,
    pub header_bytes: u32,
    pub header_count: u32,
    /// The longest request body.
    pub body_bytes: u64,
    /// How long a connection may stay silent.
    pub idle_timeout: Period,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Period,
    /// Client connections, over all listeners.
    pub connections: u32,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// Streams a client may reset before its connection is closed (CVE-2023-44487, "rapid reset").
    pub resets: u32,
    /// Requests waiting for a server, over all pools.
    pub queue: u32,
    /// Retries under way at once, over all routes.
    pub retries: u32,
    /// Finished requests kept for looking at.
    pub history: u32,
    /// How long requests in flight get to finish when a listener closes or the lab stops.
    pub shutdown_timeout: Period,
}

impl Default for Limits {
    /// Bounds that no honest client on one machine meets: NGINX's 100 headers' worth of room,
    /// Envoy's 1024 waiting requests, hyper's 20 resets.
    fn default() -> Self {
        Self {
            header_timeout: Period::from_secs(10),
            header_bytes: 64 * 1024,
            header_count: 100,
            body_bytes: 1024 * 1024 * 1024,
            idle_timeout: Period::from_secs(60),
            handshake_timeout: Period::from_secs(10),
            connections: 10_000,
            streams: 128,
            resets: 20,
            queue: 1024,
            retries: 256,
            history: 10_000,
            shutdown_timeout: Period::from_secs(10),
        }
    }
}
