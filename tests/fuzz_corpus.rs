//! What once was interesting to a fuzzer stays harmless: the promises of the fuzz targets, over their corpora.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::fs;
use std::path::Path;

#[path = "fuzz/promises.rs"]
mod promises;

/// Every file of a corpus keeps the promise, and so does every beginning of it.
fn replay(corpus: &str, promise: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(corpus);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for end in 0..=bytes.len() {
            promise(&bytes[..end]);
        }
        count += 1;
    }
    assert!(count >= 5, "{corpus} has {count} files");
}

#[test]
fn framing_is_the_same_wherever_bytes_are_cut() {
    replay("framing", promises::framing);
}

#[test]
fn a_proxy_header_lies_within_its_bytes() {
    replay("proxy_protocol", promises::proxy_protocol);
}

#[test]
fn a_hello_does_not_change_by_what_follows() {
    replay("hello", promises::hello);
}

#[test]
fn a_removed_cookie_is_gone_and_no_bytes_are_a_token() {
    replay("cookie", promises::cookie);
}
