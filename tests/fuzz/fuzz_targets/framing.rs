//! No cut of the bytes changes how a connection's requests are framed.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../promises.rs"]
mod promises;

fuzz_target!(|bytes: &[u8]| promises::framing(bytes));
