//! How a pretend world behaves: latency, failure, capacity, arrivals and keys.
//!
//! Pure: virtual time is an argument in nanoseconds since the start of whatever is asked, chance is
//! [`Dice`](crate::dice::Dice), and nothing here opens a socket or reads a clock. The simulator and the
//! real mocks and clients live by the same values, so they cannot disagree.
//!
//! Every settings type can hold a value that makes no sense, because a person is editing it. Each one
//! has `flaws()`, which names every such value with its place, and none of them panics on one.

mod arrivals;
mod behaviour;
mod diurnal;
mod failure;
mod flaw;
mod keys;
mod latency;
mod normal;
mod station;
mod zipf;

#[cfg(test)]
mod sampling;

pub use arrivals::Arrivals;
pub use behaviour::{Behaviour, SlowSpells, WarmUp};
pub use failure::{FailureKind, FailureOdds, Failures};
pub use flaw::{Flaw, ModelError};
pub use keys::{KeySource, Keys};
pub use latency::{Latency, read_samples};
pub use station::{Arrival, Station};
pub use zipf::Zipf;
