//! Hash functions whose results never change between runs, machines or releases.
//!
//! A key that moves because a hash function changed is a broken session, so nothing here may ever give
//! another result. Rust's own `Hash` promises no such thing and is not used for keys.

pub use crate::dice::mix;

/// xxHash64, the default of Envoy's ring and Maglev and of everything that is ours.
pub fn xxh64(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh64::xxh64(bytes, seed)
}

/// CRC-32 (IEEE 802.3), as NGINX computes it for `hash`.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// MD5, as libketama uses it: for spreading points, not for secrets.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    use md5::Digest as _;
    md5::Md5::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_the_published_ones() {
        assert_eq!(xxh64(b"", 0), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"abc", 0), 0x44bc_2cf5_ad77_0999);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(md5(b"abc")[..4], [0x90, 0x01, 0x50, 0x98]);
    }
}
