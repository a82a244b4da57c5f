//! What must hold for any bytes: called by the fuzz targets and, over the corpora, by a normal test.

use evenkeel::proxy::readers::{
    Bounds, End, Framing, Hello, Holds, Key, Parsed, Read, Token, find, find_set,
    parse_proxy_protocol, read_hello, remove,
};
use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

/// In one piece or byte by byte: as much passes, and it ends the same.
pub fn framing(bytes: &[u8]) {
    let bounds = Bounds { header_bytes: 512, header_count: 8 };
    let whole = Framing::new(bounds).scan(bytes);
    let mut framing = Framing::new(bounds);
    let (mut passed, mut end) = (0, End::More);
    for place in 1..=bytes.len() {
        let scan = framing.scan(&bytes[passed..place]);
        passed += scan.passed;
        end = scan.end;
        if end != End::More {
            break;
        }
    }
    assert_eq!((passed, end), (whole.passed, whole.end));
}

/// A header lies within the bytes, and what follows it does not change it.
pub fn proxy_protocol(bytes: &[u8]) {
    if let Parsed::Header(header) = parse_proxy_protocol(bytes) {
        assert!(header.authority.is_none_or(|authority| authority.end <= header.length));
        let alone = parse_proxy_protocol(&bytes[..header.length]);
        assert!(matches!(alone, Parsed::Header(again) if again.source == header.source));
        assert_eq!(parse_proxy_protocol(&bytes[..header.length - 1]), Parsed::NeedMore);
    }
}

/// What was found stays found when more bytes come.
pub fn hello(bytes: &[u8]) {
    let found = read_hello(bytes);
    if found != Hello::NeedMore && !bytes.is_empty() {
        assert_eq!(read_hello(&[bytes, b"\x16\x03\x01more"].concat()), found);
    }
}

/// A cookie that is taken out is gone, and nothing that is made up is a token.
pub fn cookie(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = HeaderMap::new();
    headers.append(COOKIE, value.clone());
    headers.append(SET_COOKIE, value);
    let key = Key::new(b"fuzz", "pool");
    for text in [find(&headers, "a"), find_set(&headers, "a")].into_iter().flatten() {
        assert_eq!(Token::read(text, &key, 0, Holds::default()), Read::Forged);
    }
    remove(&mut headers, "a");
    assert_eq!(find(&headers, "a"), None);
}
