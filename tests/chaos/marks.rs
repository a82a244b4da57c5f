//! What a client and a server both make of a request, so that an answer to another one is noticed.

/// The number behind a mark.
pub(crate) fn after(text: &str, mark: &str) -> Option<u64> {
    let rest = &text[text.find(mark)? + mark.len()..];
    let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

pub(crate) fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(7, |sum, &byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}
