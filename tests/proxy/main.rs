//! The data plane end to end, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod basics;
mod bench;
mod checks;
mod grpc_checks;
mod http2_ends;
mod http2_floods;
mod http2_servers;
mod http_kit;
mod interim;
mod l4;
mod live;
mod matrix;
mod origin;
mod passive;
mod retries;
mod secrets;
mod stickiness;
mod stock_http2;
#[path = "../stock/tool.rs"]
mod tool;
mod upgrade;
mod vigil;
