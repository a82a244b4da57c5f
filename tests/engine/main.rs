//! A lab on real sockets through the library's door: every kind of listener, every kind of change, every trouble.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod anew;
mod changes;
mod commands;
mod encrypted;
mod kit;
mod listeners;
mod troubles;
mod under_way;
