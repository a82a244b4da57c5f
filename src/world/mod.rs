//! The pretend world on real sockets: mocks, clients and commands.

mod alarm;
pub mod client;
mod command;
mod error;
mod mock;
mod threads;

pub use command::{Command, CommandSettings, CopyStatus, Listener, LogLine, LogReading, LogStream};
pub use error::WorldError;
pub use mock::{Mock, MockMeter, MockReading, MockSettings, MockStatus, SessionStore};
pub use threads::{World, WorldSettings};
