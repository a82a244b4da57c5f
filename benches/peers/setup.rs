//! What every proxy of a workload is asked to be: the job, before anybody's configuration language.

use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) front: Front,
    /// All of them lead to the same pool.
    pub(crate) n_listeners: usize,
    pub(crate) n_servers: usize,
    pub(crate) algorithm: Choice,
    pub(crate) routes: Routes,
    pub(crate) workers: u32,
    /// A cookie of the proxy keeps each client at its server.
    pub(crate) sticky: bool,
    /// Each server is asked for its health every two seconds.
    pub(crate) health: bool,
    /// The headers that a proxy adds by our defaults; all proxies add the same ones or none.
    pub(crate) forwarded: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            front: Front::Http,
            n_listeners: 1,
            n_servers: 2,
            algorithm: Choice::RoundRobin,
            routes: Routes::One,
            workers: 1,
            sticky: false,
            health: false,
            forwarded: true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    Http,
    /// TLS ended here; HTTP/1.1 and HTTP/2 by ALPN.
    Https,
    Tcp,
    Udp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    RoundRobin,
    LeastConnections,
    PeakEwma,
    /// By the path.
    Maglev,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routes {
    /// Everything goes to the one pool.
    One,
    /// So many host names, each with a route of its own.
    Hosts(usize),
    /// So many exact paths, each with a route of its own.
    Paths(usize),
}

/// Where one proxy of a workload stands.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) servers: Vec<SocketAddr>,
    /// Its own, for its configuration.
    pub(crate) folder: PathBuf,
    /// PEM files of the certificate that all proxies show.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}
