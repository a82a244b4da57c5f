//! Why an engine cannot start, and what to do about it.

use std::io;
use std::net::SocketAddr;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the control thread does not start: {0}")]
    Thread(io::Error),
    #[error("the control thread has ended before it was ready")]
    Ended,
    #[error("the proxy's threads do not start: {0}")]
    Workers(io::Error),
    #[error("the admin address {address} cannot be opened: {problem}")]
    Admin { address: SocketAddr, problem: String },
    #[error(
        "the admin address {address} can be reached by other machines: set a token, or choose a loopback address"
    )]
    AdminNeedsToken { address: SocketAddr },
    #[error("files cannot be watched: {0}")]
    Watch(String),
}
