//! What must hold for any bytes: called by the fuzz targets and, over the corpora, by a normal test.

use evenkeel::proxy::readers::{
    Bounds, Change, End, Fields, Framing, Hello, Key, Lifetime, Name, Parsed, Read, change, find,
    parse_proxy_protocol, read_hello, remove,
};
use http::HeaderValue;

/// In one piece or byte by byte: as much passes, and it ends the same.
pub(crate) fn framing(bytes: &[u8]) {
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
pub(crate) fn proxy_protocol(bytes: &[u8]) {
    if let Parsed::Header(header) = parse_proxy_protocol(bytes) {
        assert_eq!(parse_proxy_protocol(&bytes[..header.length]), Parsed::Header(header));
        assert_eq!(parse_proxy_protocol(&bytes[..header.length - 1]), Parsed::NeedMore);
    }
}

/// What was found stays found when more bytes come.
pub(crate) fn hello(bytes: &[u8]) {
    let found = read_hello(bytes);
    if found != Hello::NeedMore && !bytes.is_empty() {
        assert_eq!(read_hello(&[bytes, b"\x16\x03\x01more"].concat()), found);
    }
}

/// A cookie that is taken out is gone, and nothing that is made up is a token.
pub(crate) fn cookie(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let mut headers = Fields::default();
    headers.add(Name::Cookie, value.as_bytes());
    headers.add(Name::SetCookie, value.as_bytes());
    let key = Key::new(&[7; 32]);
    let set = match change(&headers, "a") {
        Some(Change::Set(text)) => Some(text),
        _ => None,
    };
    for text in [find(&headers, "a"), set].into_iter().flatten() {
        assert_eq!(key.read("pool", text, 0, Lifetime::default()), Read::Forged);
    }
    remove(&mut headers, "a");
    assert_eq!(find(&headers, "a"), None);
}
