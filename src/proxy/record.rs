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
