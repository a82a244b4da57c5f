//! A PROXY header lies within its bytes, whatever they are.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../promises.rs"]
mod promises;

fuzz_target!(|bytes: &[u8]| promises::proxy_protocol(bytes));
