//! The simulator against queueing theory: what it measures has to be what the formulas say.
//!
//! No tolerance here is guessed. A run is cut into batches, the batches give a standard error, and the limit is
//! 4.5 of those (see `theory/batches.rs` for the odds of a false alarm). Every comparison also has to tell the
//! right answer from that of a server which is 5 % slower, or of another rule: what cannot fail proves nothing.

#![expect(clippy::unwrap_used, reason = "a run that lacks what was asked for has failed")]
#![expect(
    clippy::print_stdout,
    reason = "with --nocapture the tests print theory beside measurement"
)]

#[path = "theory/batches.rs"]
mod batches;
#[path = "theory/formulas.rs"]
mod formulas;
#[path = "theory/many_servers.rs"]
mod many_servers;
#[path = "theory/one_server.rs"]
mod one_server;
#[path = "theory/order.rs"]
mod order;
#[path = "theory/scene.rs"]
mod scene;
