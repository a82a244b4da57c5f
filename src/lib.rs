//! Evenkeel.
pub mod dice;
pub mod hash;
pub mod period;
