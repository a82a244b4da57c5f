//! Clients and servers that mean harm: slow, endless, many. Others are served, and memory stays bounded.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../proxy/bench.rs"]
#[expect(dead_code, reason = "these tests read answers by their framing")]
mod bench;
mod bombs;
mod floods;
#[path = "../conformance/message.rs"]
#[expect(dead_code, reason = "these tests look at few things of an answer")]
mod message;
#[path = "../proxy/secrets.rs"]
#[expect(dead_code, reason = "nothing here is encrypted")]
mod secrets;
mod slow;
mod stalled;
mod support;
#[path = "../proxy/vigil.rs"]
mod vigil;
