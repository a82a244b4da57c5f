//! What can go wrong with the pretend world, and what to do about it.

use std::io;
use std::net::SocketAddr;

#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error("the thread world-{index} does not start: {source}")]
    Thread { index: usize, source: io::Error },
    #[error("the thread world-{index} has ended: start the world again")]
    ThreadEnded { index: usize },
    #[error("the thread world-{index} is stuck: {limit} jobs wait for it")]
    Busy { index: usize, limit: usize },
    #[error(
        "`{name}` cannot listen on {address}, which is in use: stop what listens there or choose another port"
    )]
    InUse { name: String, address: SocketAddr },
    #[error("`{name}` cannot listen on {address}: {source}")]
    Bind { name: String, address: SocketAddr, source: io::Error },
    #[error("no port is free for `{name}`: {source}")]
    NoPort { name: String, source: io::Error },
    #[error("`{name}` has no command line that can be run: close its quotes and name a program")]
    CommandLine { name: String },
}

impl WorldError {
    pub(super) fn bind(name: &str, address: SocketAddr, source: io::Error) -> Self {
        let name = name.to_owned();
        if source.kind() == io::ErrorKind::AddrInUse {
            Self::InUse { name, address }
        } else {
            Self::Bind { name, address, source }
        }
    }
}
