//! Hash functions whose results never change between runs, machines or releases.
//!
//! A key that moves because a hash function changed is a broken session, so nothing here may ever give
//! another result. Rust's own `Hash` promises no such thing and is not used for keys.

pub use crate::dice::mix;

/// xxHash64, the default of Envoy's ring and Maglev and of everything that is ours.
pub fn xxh64(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh64::xxh64(bytes, seed)
}

/// [`xxh64`] of what comes in pieces.
pub struct Xxh64(xxhash_rust::xxh64::Xxh64);

impl Xxh64 {
    pub fn new(seed: u64) -> Self {
        Self(xxhash_rust::xxh64::Xxh64::new(seed))
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(&self) -> u64 {
        self.0.digest()
    }
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

/// The hash of the sdbm database library, `HAProxy`'s default: `c + 65599 × hash`.
pub fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, &byte| hash.wrapping_mul(65_599).wrapping_add(byte.into()))
}

/// Bernstein's hash as `HAProxy` has it: `c + 33 × hash`, beginning at 5381.
pub fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5_381, |hash: u32, &byte| hash.wrapping_mul(33).wrapping_add(byte.into()))
}

/// `HAProxy`'s own wt6: two words that turn each other by amounts taken from their state.
pub fn wt6(bytes: &[u8]) -> u32 {
    let (mut one, mut two) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut one_turn, mut two_turn) = (6, 18);
    for &byte in bytes {
        one = !(one ^ u32::from(byte));
        two = !two.wrapping_add(u32::from(byte));
        (one, two) = (two.rotate_left(one_turn), one.rotate_left(two_turn));
        let mixed = ((one >> 16) ^ two) & 0xffff;
        (one_turn, two_turn) = (mixed & 0x1f, mixed >> 11);
    }
    one ^ two
}

/// Jenkins' integer hash with `HAProxy`'s multiplication after it: spreads close numbers over all 32 bits. No
/// two numbers get the same result.
pub fn avalanche(mut value: u32) -> u32 {
    value = value.wrapping_add(0x7ed5_5d16).wrapping_add(value << 12);
    value = (value ^ 0xc761_c23c) ^ (value >> 19);
    value = value.wrapping_add(0x1656_67b1).wrapping_add(value << 5);
    value = value.wrapping_add(0xd3a2_646c) ^ (value << 9);
    value = value.wrapping_add(0xfd70_46c5).wrapping_add(value << 3);
    value = (value ^ 0xb55a_4f09) ^ (value >> 16);
    value.wrapping_mul(3_221_225_473)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_the_published_ones() {
        assert_eq!(xxh64(b"", 0), 0xef46_db37_51d8_e999);
        assert_eq!(xxh64(b"abc", 0), 0x44bc_2cf5_ad77_0999);
        let mut pieces = Xxh64::new(0);
        for piece in [&b"a"[..], b"", b"bc"] {
            pieces.update(piece);
        }
        assert_eq!(pieces.finish(), 0x44bc_2cf5_ad77_0999);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // The first half of MurmurHash3_x64_128 over the two words, checked with a program that gives the
        // published digest of "The quick brown fox jumps over the lazy dog".
        assert_eq!(murmur3_pair(42, 2_718_281_828, 2_307), 0x4fef5fa86f8dff79);
        assert_eq!(crc32_joined([&b"1234"[..], b"", b"56789"]), 0xcbf4_3926);
        assert_eq!([sdbm(b"ab"), djb2(b"ab")], [97 * 65_599 + 98, (5_381 * 33 + 97) * 33 + 98]);
        assert_eq!(wt6(b""), 0xa53c_965a ^ 0x5ca6_953a);
        assert_eq!(md5(b"abc")[..4], [0x90, 0x01, 0x50, 0x98]);
    }
}
