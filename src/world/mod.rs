//! The pretend world on real sockets: mocks, clients and commands.

mod error;
mod mock;
mod threads;

pub use error::WorldError;
pub use mock::{Mock, MockReading, MockSettings, MockStatus, SessionStore};
pub use threads::{World, WorldSettings};
