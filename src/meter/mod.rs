//! Numbers: written by the hot path with atomics, read whole, compared by difference.
//!
//! Nothing here is ever reset, because a reset would take the numbers from under everybody else who
//! reads them. Whoever wants "the last second" keeps a reading and takes the difference.
//!
//! Each number of a reading is exact; two numbers of one reading may lie a few requests apart, because
//! writers do not wait for readers.

mod counters;
mod histogram;
mod observation;
mod outcome;
mod reading;
mod recent;

pub use counters::{CounterReading, Counters};
pub use histogram::Histogram;
pub use observation::{Change, Meter, MeterReading, Observation};
pub use outcome::{LimitKind, Outcome, StatusClass, TimeoutKind};
pub use reading::{Bar, LatencyReading};
pub use recent::Recent;
