//! The pretend world on real sockets: mocks, clients and commands.

mod error;
mod threads;

pub use error::WorldError;
pub use threads::{World, WorldSettings};
