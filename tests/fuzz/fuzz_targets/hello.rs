//! What a TLS client asks for does not change by what follows.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../promises.rs"]
mod promises;

fuzz_target!(|bytes: &[u8]| promises::hello(bytes));
