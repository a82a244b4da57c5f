//! Evenkeel.
pub mod balance;
pub mod cli;
pub mod dice;
pub mod hash;
pub mod lab;
pub mod meter;
pub mod model;
pub mod period;
pub mod sim;
