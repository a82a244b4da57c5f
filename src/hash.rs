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

/// CRC-32 of several pieces as if they were one.
pub fn crc32_joined<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize()
}

/// MD5, as libketama uses it: for spreading points, not for secrets.
pub fn md5(bytes: &[u8]) -> [u8; 16] {
    use md5::Digest as _;
    md5::Md5::digest(bytes).into()
}

/// Murmur 3 (Appleby) of two words, as Katran computes it: the 128-bit variant, of which it keeps one half.
pub fn murmur3_pair(first: u64, second: u64, seed: u32) -> u64 {
    const LEFT: u64 = 0x87c3_7b91_1142_53d5;
    const RIGHT: u64 = 0x4cf5_ad43_2745_937f;
    let (mut low, mut high) = (u64::from(seed), u64::from(seed));
    low ^= first.wrapping_mul(LEFT).rotate_left(31).wrapping_mul(RIGHT);
    low = low.rotate_left(27).wrapping_add(high).wrapping_mul(5).wrapping_add(0x52dc_e729);
    high ^= second.wrapping_mul(RIGHT).rotate_left(33).wrapping_mul(LEFT);
    high = high.rotate_left(31).wrapping_add(low).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    // Sixteen bytes went in.
    low ^= 16;
    high ^= 16;
    low = low.wrapping_add(high);
    high = high.wrapping_add(low);
    murmur3_finish(low).wrapping_add(murmur3_finish(high))
}

fn murmur3_finish(mut value: u64) -> u64 {
    value = (value ^ (value >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    value = (value ^ (value >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_the_published_ones() {
        assert_eq!(xxh64(b"", 0), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"abc", 0), 0x44bc_2cf5_ad77_0999);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // The first half of MurmurHash3_x64_128 over the two words, checked with a program that gives the
        // published digest of "The quick brown fox jumps over the lazy dog".
        assert_eq!(murmur3_pair(42, 2_718_281_828, 2_307), 0x4fef5fa86f8dff79);
        assert_eq!(crc32_joined([&b"1234"[..], b"", b"56789"]), 0xcbf4_3926);
        assert_eq!(md5(b"abc")[..4], [0x90, 0x01, 0x50, 0x98]);
    }
}
