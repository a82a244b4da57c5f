//! The name in a TLS client's hello, read without taking part in the handshake (RFC 8446 section 4.1.2, RFC 6066
//! section 3).

/// What a connection's first bytes tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    NeedMore,
    NotTls,
    Found {
        /// In lower case; a client may ask for none.
        server_name: Option<String>,
    },
    Invalid(&'static str),
}

/// More than this is never looked at: the largest hellos of today have about two thousand bytes.
pub(super) const LENGTH_MAX: usize = 16 * 1024;

/// Reads what came so far.
pub fn read(bytes: &[u8]) -> Hello {
    match bytes {
        [] => return Hello::NeedMore,
        [HANDSHAKE] | [HANDSHAKE, 3, ..] => {}
        _ => return Hello::NotTls,
    }
    let message = match gathered(bytes) {
        Ok(Some(message)) => message,
        Ok(None) if bytes.len() >= LENGTH_MAX => return Hello::Invalid(TOO_LONG),
        Ok(None) => return Hello::NeedMore,
        Err(why) => return Hello::Invalid(why),
    };
    found(&message).unwrap_or(Hello::Invalid("the TLS hello is not well formed"))
}

/// The hello, put together from the records that it came in; `None` if some is missing.
fn gathered(mut bytes: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let mut message = Vec::new();
    loop {
        if let [kind, high, middle, low, body @ ..] = &message[..] {
            if *kind != CLIENT_HELLO {
                return Err("the first TLS message is not a client's hello");
            }
            let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
            if length > LENGTH_MAX {
                return Err(TOO_LONG);
            }
            if let Some(body) = body.get(..length) {
                return Ok(Some(body.to_vec()));
            }
        }
        let [kind, _, _, high, low, rest @ ..] = bytes else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind != HANDSHAKE || length == 0 || length > RECORD_LENGTH_MAX {
            return Err("a TLS record of the hello is not valid");
        }
        let Some(fragment) = rest.get(..length) else { return Ok(None) };
        message.extend_from_slice(fragment);
        bytes = &rest[length..];
    }
}

/// `None` if the hello is not well formed.
fn found(message: &[u8]) -> Option<Hello> {
    let nameless = Hello::Found { server_name: None };
    let mut hello = Fields(message);
    hello.take(2 + 32)?;
    hello.block(1)?;
    hello.block(2)?;
    hello.block(1)?;
    if hello.0.is_empty() {
        return Some(nameless);
    }
    let mut extensions = Fields(hello.block(2)?);
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        let content = extensions.block(2)?;
        if kind == SERVER_NAME {
            return host_name(content).map(|name| Hello::Found { server_name: Some(name) });
        }
    }
    Some(nameless)
}

fn host_name(extension: &[u8]) -> Option<String> {
    let mut names = Fields(Fields(extension).block(2)?);
    while !names.0.is_empty() {
        let kind = names.number(1)?;
        let name = names.block(2)?;
        if kind == 0 {
            let valid = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            let text = valid.then(|| std::str::from_utf8(name).ok()).flatten()?;
            return Some(text.trim_end_matches('.').to_ascii_lowercase());
        }
    }
    None
}

/// What is left of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    /// What stands behind its own length.
    fn block(&mut self, width: usize) -> Option<&'a [u8]> {
        let length = self.number(width)?;
        self.take(length)
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: usize = 0;
const RECORD_LENGTH_MAX: usize = 16 * 1024;
const TOO_LONG: &str = "the TLS hello is too long";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::pki_types::ServerName;

    use super::*;

    /// The hello that rustls itself sends.
    fn hello_for(name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    /// The same message in records of a few bytes.
    fn in_small_records(bytes: &[u8], size: usize) -> Vec<u8> {
        let records = bytes[5..].chunks(size);
        records.flat_map(|part| [&[22, 3, 1, 0, part.len() as u8], part].concat()).collect()
    }

    fn found(name: &str) -> Hello {
        Hello::Found { server_name: Some(name.to_owned()) }
    }

    #[test]
    fn the_name_is_found_in_a_real_hello() {
        assert_eq!(read(&hello_for("Shop.example")), found("shop.example"));
        assert_eq!(read(&hello_for("127.0.0.1")), Hello::Found { server_name: None });
    }

    #[test]
    fn a_hello_in_pieces_is_read_when_all_is_there() {
        let bytes = in_small_records(&hello_for("shop.example"), 40);
        for cut in 1..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Hello::NeedMore, "{cut}");
        }
        assert_eq!(read(&bytes), found("shop.example"));
    }

    #[test]
    fn what_is_no_hello_is_told_apart() {
        assert_eq!(read(b"GET / HTTP/1.1\r\n"), Hello::NotTls);
        assert!(matches!(read(&[22, 3, 1, 0, 4, 2, 0, 0, 0]), Hello::Invalid(_)));
        assert!(matches!(read(&[22, 3, 1, 0, 0]), Hello::Invalid(_)));
        assert!(matches!(read(&[22, 3, 1, 0, 4, 1, 0xff, 0, 0]), Hello::Invalid(_)));
        assert!(matches!(read(&[22, 3, 1, 0, 5, 1, 0, 0, 1, 0]), Hello::Invalid(_)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(tail in any::<Vec<u8>>(), at in 0..200_usize, byte: u8) {
            let _anything = read(&tail);
            let _like_tls = read(&[&[22, 3, 1, 0, 60, 1, 0, 0, 56], &tail[..]].concat());
            let mut hello = hello_for("shop.example");
            let at = at % hello.len();
            hello[at] = byte;
            let _changed = read(&hello);
        }
    }
}
