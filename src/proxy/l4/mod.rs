//! L4: bytes and datagrams are carried without being understood. A connection, or a session of datagrams, is one request:
//! picked once, and counted at its server until it ends.

mod greeting;
mod passage;
mod relay;
mod search;
mod session;
mod splice;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
mod way;

pub(super) use relay::{Ended, Tally, Unfinished, relay};
pub(super) use tcp::serve;
pub(super) use udp::{Datagrams, serve as serve_datagrams};
