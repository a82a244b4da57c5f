//! A server as the proxy reaches it: where it is, what it speaks, and what was measured of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use super::tls::Origination;
use crate::hash::xxh64;
use crate::lab::{ProxyProtocolOut, Upstream};
use crate::meter::Meter;

/// One member of a pool. Kept from plan to plan as long as its address and the way to it stay the same, so
/// that connections to it stay, too.
pub struct Server {
    pub name: Arc<str>,
    /// Its place in each worker's store of idle connections.
    pub(super) slot: usize,
    /// Never given twice, so that a connection is not used for whoever got the slot next.
    pub(super) serial: u64,
    /// In the order in which they are tried: a name may have several.
    pub addresses: Vec<SocketAddr>,
    pub upstream: Upstream,
    pub(super) tls: Option<Arc<UpstreamTls>>,
    pub meter: Arc<Meter>,
    /// What a stickiness cookie calls it.
    pub(super) cookie_hash: u64,
    /// Connections to it, over all workers.
    pub(super) connections: AtomicU32,
    /// No plan knows it any more: connections to it close after their request.
    pub(super) retired: AtomicBool,
}

/// How connections to a server are encrypted.
pub(super) struct UpstreamTls {
    pub(super) origination: Arc<Origination>,
    pub(super) name: rustls::pki_types::ServerName<'static>,
}

impl Server {
    /// Connections to it over all workers, resting ones included.
    pub fn n_connections(&self) -> u32 {
        self.connections.load(Relaxed)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Relaxed)
    }

    pub(super) fn speaks_proxy_protocol(&self) -> bool {
        self.upstream.proxy_protocol != ProxyProtocolOut::Off
    }
}

/// What a cookie calls a server that was given no name for it: nothing that tells its address.
pub(super) fn cookie_hash(name: &str) -> u64 {
    xxh64(name.as_bytes(), COOKIE_SEED)
}

const COOKIE_SEED: u64 = 0x636f_6f6b_6965;
