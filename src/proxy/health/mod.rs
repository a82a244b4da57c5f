//! Health: servers are asked now and then, their answers are watched, and the pool's judge draws the conclusions.
//!
//! ```text
//! active: probe ──────────────┐
//!                             ▼
//! a try ends ─► queue ─► watch: judge ─► members' health, events, whoever waits asks again
//!                             ▲
//! vigil: a sentence is over ──┘
//! ```
//!
//! [`keep`] runs on one thread for all pools. Answers come in on every worker: they are put into a bounded queue
//! without waiting, and whoever finds the judge free lets it see all of them.

mod active;
mod grpc;
mod probe;
mod vigil;
mod watch;

pub use vigil::keep;
pub(super) use watch::Watch;

#[cfg(test)]
mod tests;
