//! The real data plane: listeners, L4, L7, TLS, connections to servers, health, retries.
//!
//! A worker is one thread with everything of its own: its listeners' sockets, its clients' connections, its idle
//! connections to servers. Workers share one [`Plan`], replaced by a single pointer store, and what hangs off
//! its pools: loads, health, lines, stick tables. A request looks at the plan once and finishes on what it found.
//!
//! ```text
//! connection ─► l7::http1 ─► request ─► way (route, key) ─► exchange ─► pick ─► ticket ─► upstream ─► answer
//!                               │                              ▲                  │
//!                               └ journey: counted, recorded   └──── next try ◄───┘  ticket ends with the body
//! ```

mod access_log;
mod alarm;
mod boxed;
mod buffers;
mod connection;
mod cookie;
mod data_plane;
mod date;
mod doze;
mod event;
mod fields;
mod framing;
mod headers;
pub mod health;
mod hello;
mod host;
mod idle;
mod inbox;
mod l4;
mod l7;
mod lanes;
mod network;
mod open_files;
mod pick;
mod plan;
mod pool;
mod proxy_protocol;
mod record;
mod retrying;
mod secret;
mod server;
mod shared;
mod sticky;
mod ticket;
pub mod tls;
mod token;
mod transport;
mod waiting;
mod worker;

pub use access_log::AccessLog;
pub use data_plane::{Bound, Carries, DataPlane};
pub use event::{Event, Events, What};
pub use network::{Network, Sockets, Wire};
pub use plan::{Blueprint, ListenerParts, ListenerPlan, Plan, RoutePlan};
pub use pool::{PoolInForce, PoolState};
pub use record::{Attempt, Begun, Phases, Record};
pub use secret::secret;
pub use server::Server;
pub use shared::{Shared, Tallies};
pub use sticky::Unstuck;
pub use ticket::Ticket;
pub use worker::{SAMPLES_A_SECOND, Worker};

/// The readers of bytes that strangers send: for fuzzing, and for nothing else.
#[doc(hidden)]
pub mod readers {
    pub use super::cookie::{Change, change, find, remove};
    pub use super::fields::{Fields, Name};
    pub use super::framing::{Bounds, End, Framing, Scan, Violation};
    pub use super::hello::{Hello, read as read_hello};
    pub use super::proxy_protocol::{Header, Parsed, parse as parse_proxy_protocol};
    pub use super::token::{Key, Lifetime, Read, Token};
}
