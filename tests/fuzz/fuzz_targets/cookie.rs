//! A cookie that was taken out is gone, and made-up tokens are forged.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../promises.rs"]
mod promises;

fuzz_target!(|bytes: &[u8]| promises::cookie(bytes));
