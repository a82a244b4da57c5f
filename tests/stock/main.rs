//! Clients that others wrote, against the real program: each speaks its protocol as its authors meant it.
//!
//! They have to be installed. The gate's script does that where Debian's packages are to be had.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a program that does not do what it should has failed")]

mod curl;
mod grpc;
mod openssl;
#[path = "../serve/program.rs"]
mod program;
mod stage;
mod tool;
mod websocket;
mod wrk;
