//! Mocks keep their promises on real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "mock/answers.rs"]
mod answers;
#[path = "mock/caller.rs"]
mod caller;
#[path = "mock/echoes.rs"]
mod echoes;
#[path = "mock/failures.rs"]
mod failures;
#[path = "mock/lives.rs"]
mod lives;
#[path = "mock/stage.rs"]
mod stage;
#[path = "mock/streams.rs"]
mod streams;
