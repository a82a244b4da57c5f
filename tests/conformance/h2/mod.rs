//! HTTP/2 with frames written by hand: RFC 9113.

pub(crate) mod frames;
mod runner;
mod table;

pub(crate) use runner::run;
pub(crate) use table::{broken_connections, malformed_requests, requests};
