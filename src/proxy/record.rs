//! A finished request as it can be looked at: what it was, why it went where, and how long each step took.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::balance::Decision;
use crate::meter::Outcome;

/// One sampled request.
#[derive(Debug, Clone)]
pub struct Record {
    pub at_ns: u64,
    /// Counts all requests of a worker, sampled or not.
    pub number: u64,
    pub worker: usize,
    /// Counts the connections of a worker.
    pub connection: u64,
    pub listener: Arc<str>,
    pub route: Option<Arc<str>>,
    pub pool: Option<Arc<str>>,
    pub client: SocketAddr,
    pub method: String,
    pub target: String,
    pub host: String,
    pub version: &'static str,
    pub status: Option<u16>,
    pub outcome: Outcome,
    pub attempts: Vec<Attempt>,
    pub phases: Phases,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub request_headers: Vec<(String, String)>,
    pub response_headers: Vec<(String, String)>,
}

impl Record {
    /// Whether somebody else than a built-in client sent it: those number their requests. Of connections, which carry
    /// no number, nobody can tell.
    pub fn is_yours(&self) -> bool {
        let is_number = |(name, _): &(String, String)| name == "x-evenkeel-request";
        !self.method.is_empty() && !self.request_headers.iter().any(is_number)
    }

    /// When it was over.
    pub fn ended_ns(&self) -> u64 {
        self.at_ns.saturating_add(self.phases.total_ns)
    }
}

/// One try at one server.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub server: Arc<str>,
    /// Why this server; nothing where it was not asked for.
    pub decision: Option<Box<Decision>>,
    pub began_ns: u64,
    pub outcome: Option<Outcome>,
    /// Whether it went over a connection that was there already.
    pub reused_connection: bool,
}

/// A try of a sampled request that has just begun: what is on its way, long before its record is whole.
#[derive(Debug, Clone)]
pub struct Begun {
    pub at_ns: u64,
    /// When the request came.
    pub came_ns: u64,
    /// With `worker`, what its record will be known by.
    pub number: u64,
    pub worker: usize,
    /// 0 for the first try.
    pub attempt: usize,
    pub listener: Arc<str>,
    pub pool: Option<Arc<str>>,
    pub server: Arc<str>,
    pub client: SocketAddr,
    /// As its record will say.
    pub is_yours: bool,
}

impl Begun {
    /// The newest try of a record that is being written.
    pub(super) fn newest_of(record: &Record) -> Option<Self> {
        let attempt = record.attempts.len().checked_sub(1)?;
        let Attempt { server, began_ns, .. } = &record.attempts[attempt];
        Some(Self {
            at_ns: *began_ns,
            came_ns: record.at_ns,
            number: record.number,
            worker: record.worker,
            attempt,
            listener: Arc::clone(&record.listener),
            pool: record.pool.clone(),
            server: Arc::clone(server),
            client: record.client,
            is_yours: record.is_yours(),
        })
    }
}

/// How long each step took, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Phases {
    /// From the first byte of the connection to its readiness, for its first request only.
    pub accept_ns: u64,
    pub tls_ns: u64,
    pub queue_ns: u64,
    pub connect_ns: u64,
    pub first_byte_ns: u64,
    pub body_ns: u64,
    pub total_ns: u64,
}
