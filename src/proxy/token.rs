//! The value of an inserted cookie: signed and opaque.
//!
//! It names the server by a hash and carries when it was issued and last used. All of it is encrypted, so that a
//! client learns nothing, not even whether two clients have the same server, and bound to one pool, so that a
//! cookie cannot be carried over to another. The form is SIV's: the tag over the content is the nonce of
//! the encryption, so nothing random is needed and equal contents give equal cookies (RFC 5297 has the reasoning).

use std::fmt::Write as _;

use ring::hmac;

/// What a cookie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub server: u64,
    pub issued_secs: u64,
    pub used_secs: u64,
}

/// What came of reading a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    Valid(Token),
    /// It was ours, and its time is over.
    Expired,
    /// Not made with this key for this pool, or changed since.
    Forged,
}

/// How long a cookie holds, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lifetime {
    pub max_age: Option<u64>,
    pub idle: Option<u64>,
}

/// The secret that makes cookies.
pub struct Key {
    signing: hmac::Key,
    hiding: hmac::Key,
}

impl Key {
    pub fn new(secret: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let part =
            |purpose: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, purpose).as_ref());
        Self { signing: part(b"sign"), hiding: part(b"hide") }
    }

    pub fn issue(&self, pool: &str, token: Token) -> String {
        let mut content = token.to_bytes();
        let tag = self.tag(pool, &content);
        self.hide(&tag, &mut content);
        let mut text = String::with_capacity(TEXT_LENGTH);
        let bytes: Vec<u8> = tag.into_iter().chain(content).collect();
        for group in bytes.chunks(3) {
            write_group(&mut text, group);
        }
        text
    }

    pub fn read(&self, pool: &str, text: &[u8], now_secs: u64, lifetime: Lifetime) -> Read {
        let Some(bytes) = decoded(text) else { return Read::Forged };
        let (tag, content) = bytes.split_at(TAG_LENGTH);
        let tag: [u8; TAG_LENGTH] = tag.try_into().expect("it was split there");
        let mut content: [u8; CONTENT_LENGTH] = content.try_into().expect("the rest is that long");
        self.hide(&tag, &mut content);
        if !equal(&tag, &self.tag(pool, &content)) {
            return Read::Forged;
        }
        let token = Token::from_bytes(content);
        // From the future: the clock was set back. A little is taken for now, more for a mistake that ends the bond.
        let early = token.used_secs.max(token.issued_secs) > now_secs + SKEW_SECS;
        let over = |since: u64, limit: Option<u64>| {
            limit.is_some_and(|limit| now_secs.saturating_sub(since) >= limit)
        };
        if early
            || over(token.issued_secs, lifetime.max_age)
            || over(token.used_secs, lifetime.idle)
        {
            return Read::Expired;
        }
        Read::Valid(token)
    }

    fn tag(&self, pool: &str, content: &[u8]) -> [u8; TAG_LENGTH] {
        let mut context = hmac::Context::with_key(&self.signing);
        context.update(&(pool.len() as u64).to_be_bytes());
        context.update(pool.as_bytes());
        context.update(content);
        first(context.sign().as_ref())
    }

    /// Encrypts and decrypts: the same stream of bytes laid over twice is nothing.
    fn hide(&self, tag: &[u8], content: &mut [u8; CONTENT_LENGTH]) {
        let stream = hmac::sign(&self.hiding, tag);
        content.iter_mut().zip(stream.as_ref()).for_each(|(byte, mask)| *byte ^= mask);
    }
}

impl Token {
    fn to_bytes(self) -> [u8; CONTENT_LENGTH] {
        let mut bytes = [0; CONTENT_LENGTH];
        bytes[..8].copy_from_slice(&self.server.to_be_bytes());
        bytes[8..14].copy_from_slice(&self.issued_secs.to_be_bytes()[2..]);
        bytes[14..].copy_from_slice(&self.used_secs.to_be_bytes()[2..]);
        bytes
    }

    fn from_bytes(bytes: [u8; CONTENT_LENGTH]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        Self {
            server: number(&bytes[..8]),
            issued_secs: number(&bytes[8..14]),
            used_secs: number(&bytes[14..]),
        }
    }
}

/// Takes as long for what differs early as for what differs late, so that a forger learns nothing by trying.
fn equal(a: &[u8; TAG_LENGTH], b: &[u8; TAG_LENGTH]) -> bool {
    a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

fn first(bytes: &[u8]) -> [u8; TAG_LENGTH] {
    std::array::from_fn(|index| bytes[index])
}

fn write_group(text: &mut String, group: &[u8]) {
    let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
    let bits = bits << (8 * (3 - group.len()));
    for place in 0..=group.len() {
        let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
        text.write_char(char::from(digit)).expect("a string takes what is written");
    }
}

fn decoded(text: &[u8]) -> Option<[u8; TAG_LENGTH + CONTENT_LENGTH]> {
    if text.len() != TEXT_LENGTH {
        return None;
    }
    let mut bytes = [0; TAG_LENGTH + CONTENT_LENGTH];
    for (group, out) in text.chunks(4).zip(bytes.chunks_mut(3)) {
        let mut bits = 0;
        for &byte in group {
            bits = bits << 6 | ALPHABET.iter().position(|&digit| digit == byte)? as u32;
        }
        out.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    Some(bytes)
}

const TAG_LENGTH: usize = 16;
const CONTENT_LENGTH: usize = 20;
/// Four characters for three bytes, and 36 bytes leave nothing over.
const TEXT_LENGTH: usize = 48;
const SKEW_SECS: u64 = 60;
/// RFC 4648 section 5.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key() -> Key {
        Key::new(&[7; 32])
    }

    fn token(server: u64, age: u64) -> Token {
        Token { server, issued_secs: NOW - age, used_secs: NOW - age / 2 }
    }

    fn read(pool: &str, text: &str, lifetime: Lifetime) -> Read {
        key().read(pool, text.as_bytes(), NOW, lifetime)
    }

    #[test]
    fn a_cookie_holds_for_its_pool_only() {
        let text = key().issue("web", token(5, 10));
        assert_eq!(read("web", &text, Lifetime::default()), Read::Valid(token(5, 10)));
        assert_eq!(read("api", &text, Lifetime::default()), Read::Forged);
        let other = Key::new(&[8; 32]);
        assert_eq!(other.read("web", text.as_bytes(), NOW, Lifetime::default()), Read::Forged);
    }

    #[test]
    fn a_cookie_ends_with_its_age_and_with_disuse() {
        let text = key().issue("web", token(5, 100));
        for (max_age, idle, holds) in [
            (Some(101), Some(51), true),
            (Some(100), None, false),
            (None, Some(50), false),
            (None, None, true),
        ] {
            let answer = read("web", &text, Lifetime { max_age, idle });
            assert_eq!(answer != Read::Expired, holds, "{max_age:?} {idle:?}");
        }
    }

    #[test]
    fn a_cookie_from_the_future_is_not_trusted() {
        let at = |secs| key().issue("web", Token { server: 1, issued_secs: secs, used_secs: secs });
        assert!(matches!(read("web", &at(NOW + 60), Lifetime::default()), Read::Valid(_)));
        assert_eq!(read("web", &at(NOW + 61), Lifetime::default()), Read::Expired);
    }

    #[test]
    fn cookies_of_one_server_do_not_look_alike() {
        let (a, b) = (key().issue("web", token(5, 10)), key().issue("web", token(5, 12)));
        let alike = a.bytes().zip(b.bytes()).filter(|(a, b)| a == b).count();
        assert!(alike < 10, "{a} {b}");
    }

    proptest! {
        #[test]
        fn whatever_is_changed_in_a_cookie_is_noticed(
            server: u64,
            at in 0..TEXT_LENGTH,
            digit in 0..64_usize,
        ) {
            let text = key().issue("web", token(server, 10));
            prop_assert_eq!(read("web", &text, Lifetime::default()), Read::Valid(token(server, 10)));
            let mut changed = text.clone().into_bytes();
            changed[at] = ALPHABET[digit];
            let changed = String::from_utf8(changed).unwrap();
            let expected = if changed == text { Read::Valid(token(server, 10)) } else { Read::Forged };
            prop_assert_eq!(read("web", &changed, Lifetime::default()), expected);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,60}") {
            prop_assert_eq!(read("web", &text, Lifetime::default()), Read::Forged);
        }
    }
}
