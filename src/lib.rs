//! Evenkeel.
pub mod balance;
pub mod dice;
pub mod hash;
pub mod period;
