//! Every shape that two readers may understand differently is refused, wherever the bytes are cut.

use proptest::prelude::*;

use super::*;
use crate::meter::{LimitKind, Outcome};

const BOUNDS: Bounds = Bounds { header_bytes: 4096, header_count: 20 };

/// The passed length and the end, for one piece.
fn whole(bytes: &[u8]) -> Scan {
    Framing::new(BOUNDS).scan(bytes)
}

/// The same for bytes cut into pieces, as the guard shows them.
fn cut(bytes: &[u8], cuts: &[usize]) -> (Scan, u64) {
    let mut framing = Framing::new(BOUNDS);
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    places.push(bytes.len());
    places.sort_unstable();
    let mut passed = 0;
    for place in places {
        let scan = framing.scan(&bytes[passed..place.max(passed)]);
        passed += scan.passed;
        if scan.end != End::More {
            return (Scan { passed, end: scan.end }, framing.n_heads());
        }
    }
    (Scan { passed, end: End::More }, framing.n_heads())
}

fn refusal(bytes: &[u8]) -> Option<(u16, &'static str)> {
    let single: Vec<usize> = (0..bytes.len()).collect();
    let scan = whole(bytes);
    assert_eq!(cut(bytes, &single).0, scan, "byte by byte: {}", bytes.escape_ascii());
    match scan.end {
        End::More => None,
        End::Refused(violation) | End::Broken(violation) => {
            Some((violation.status, violation.message))
        }
    }
}

#[test]
fn every_smuggling_shape_is_refused_with_its_status() {
    for (status, part, request) in refused_requests() {
        let (found, message) =
            refusal(request).unwrap_or_else(|| panic!("passed: {}", request.escape_ascii()));
        assert_eq!(found, status, "{}: {message}", request.escape_ascii());
        assert!(message.contains(part), "{}: {message}", request.escape_ascii());
    }
}

type Refused = (u16, &'static str, &'static [u8]);

fn refused_requests() -> Vec<Refused> {
    [request_lines(), field_lines(), lengths(), codings(), chunks()].concat()
}

fn request_lines() -> Vec<Refused> {
    vec![
        (400, "method, target", b"GET\r\n\r\n"),
        (400, "method, target", b"GET /\r\n\r\n"),
        (400, "begin with a method", b" GET / HTTP/1.1\r\n\r\n"),
        (400, "begin with a method", b"G(T / HTTP/1.1\r\n\r\n"),
        (400, "single blanks", b"GET  / HTTP/1.1\r\n\r\n"),
        (400, "single blanks", b"GET /\ta HTTP/1.1\r\n\r\n"),
        (400, "single blanks", b"GET /a#b HTTP/1.1\r\n\r\n"),
        (400, "an HTTP version", b"GET /  HTTP/1.1\r\n\r\n"),
        (400, "an HTTP version", b"GET / HTTP/1.1 \r\n\r\n"),
        (400, "an HTTP version", b"GET / http/1.1\r\n\r\n"),
        (400, "an HTTP version", b"GET / HTTP/1.10\r\n\r\n"),
        (400, "an HTTP version", b"GET / HTTP/11\r\n\r\n"),
        (400, "an HTTP version", b"GET / a HTTP/1.1\r\n\r\n"),
        (505, "not spoken", b"GET / HTTP/2.0\r\n\r\n"),
        (505, "not spoken", b"GET / HTTP/0.9\r\n\r\n"),
        (505, "not spoken", b"GET / HTTP/1.2\r\n\r\n"),
        (505, "not spoken", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (400, "carriage return", b"GET / HTTP/1.1\n\r\n"),
        (400, "line feed", b"GET / HTTP/1.1\r\r\n\r\n"),
        (400, "NUL", b"GET /\0 HTTP/1.1\r\n\r\n"),
        (400, "control", b"GET /\x7f HTTP/1.1\r\n\r\n"),
        (400, "control", b"\x16\x03\x01\x02\x00\x01\x00\x01"),
        (400, "method, target", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    ]
}

fn field_lines() -> Vec<Refused> {
    vec![
        (400, "begins with a blank", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        (400, "begins with a blank", b"GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"),
        (400, "second line", b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),
        (400, "second line", b"GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n"),
        (400, "followed by a blank", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        (400, "followed by a blank", b"GET / HTTP/1.1\r\nContent-Length\t: 3\r\n\r\n"),
        (400, "no name", b"GET / HTTP/1.1\r\n: a\r\n\r\n"),
        (400, "no colon", b"GET / HTTP/1.1\r\nHost\r\n\r\n"),
        (400, "no name may have", b"GET / HTTP/1.1\r\nHo(st: a\r\n\r\n"),
        (400, "no name may have", b"GET / HTTP/1.1\r\nH\xf6st: a\r\n\r\n"),
        (400, "no name may have", b"GET / HTTP/1.1\r\nA\"b: a\r\n\r\n"),
        (400, "carriage return", b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
        (400, "carriage return", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
        (400, "carriage return", b"GET / HTTP/1.1\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n"),
        (400, "line feed", b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"),
        (400, "line feed", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        (400, "NUL", b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"),
        (400, "NUL", b"GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n"),
        (400, "control", b"GET / HTTP/1.1\r\nHost: a\x0bb\r\n\r\n"),
        (400, "control", b"GET / HTTP/1.1\r\nHost: a\x7fb\r\n\r\n"),
    ]
}

fn lengths() -> Vec<Refused> {
    vec![
        (
            400,
            "both",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        (
            400,
            "both",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            400,
            "more than one",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
        ),
        (
            400,
            "more than one",
            b"POST / HTTP/1.1\r\ncontent-length: 3\r\nCONTENT-LENGTH: 4\r\n\r\n",
        ),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: -3\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: 0x3\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: 3 3\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: 1e1\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: \"3\"\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n"),
        (400, "one number", b"POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\n"),
        (400, "CONNECT", b"CONNECT a:1 HTTP/1.1\r\nContent-Length: 3\r\n\r\n"),
    ]
}

fn codings() -> Vec<Refused> {
    vec![
        (501, "not known", b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
        (
            501,
            "not known",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        (400, "not the last", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"),
        (400, "not the last", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"),
        (
            400,
            "not the last",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        (
            400,
            "not the last",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        ),
        (400, "is not `chunked`", b"POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n"),
        (400, "is not `chunked`", b"POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"),
        (400, "is not `chunked`", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked;q=1\r\n\r\n"),
        (400, "is not `chunked`", b"POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"),
        (400, "is not `chunked`", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked chunked\r\n\r\n"),
        (400, "empty part", b"POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n"),
        (400, "empty part", b"POST / HTTP/1.1\r\nTransfer-Encoding: , chunked\r\n\r\n"),
        (400, "control", b"POST / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n"),
        (400, "followed by a blank", b"POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n"),
        (400, "1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (400, "CONNECT", b"CONNECT a:1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ]
}

macro_rules! chunked {
    ($body:literal) => {
        concat!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", $body).as_bytes()
    };
}

fn chunks() -> Vec<Refused> {
    vec![
        (400, "not hexadecimal", chunked!("0x3\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("+3\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("-3\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!(" 3\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("3 \r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("3 ;a=b\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("3_0\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!(";a=b\r\nabc\r\n0\r\n\r\n")),
        (400, "not hexadecimal", chunked!("g\r\nabc\r\n0\r\n\r\n")),
        (400, "too many digits", chunked!("0000000000000003\r\nabc\r\n0\r\n\r\n")),
        (400, "too many digits", chunked!("10000000000000003\r\nabc\r\n0\r\n\r\n")),
        (400, "carriage return", chunked!("3\nabc\r\n0\r\n\r\n")),
        (400, "carriage return", chunked!("3;a\nabc\r\n0\r\n\r\n")),
        (400, "line feed", chunked!("3\rabc\r\n0\r\n\r\n")),
        (400, "where its size says", chunked!("3\r\nabcd\r\n0\r\n\r\n")),
        (400, "where its size says", chunked!("3\r\nabc\n0\r\n\r\n")),
        (400, "where its size says", chunked!("3\r\nabc0\r\n\r\n")),
        (400, "where its size says", chunked!("3\r\nabc\rx0\r\n\r\n")),
        (400, "NUL", chunked!("3;a=\0\r\nabc\r\n0\r\n\r\n")),
        (400, "followed by a blank", chunked!("0\r\nGET / HTTP/1.1\r\n\r\n")),
        (400, "followed by a blank", chunked!("0\r\nA : b\r\n\r\n")),
        (400, "second line", chunked!("0\r\nA: b\r\n c\r\n\r\n")),
        (400, "carriage return", chunked!("0\r\nA: b\n\r\n")),
        (400, "carriage return", chunked!("0\r\n\n")),
    ]
}

#[test]
fn requests_in_order_pass_to_the_last_byte() {
    let heads: u64 = VALID.iter().map(|(heads, _)| heads).sum();
    let all: Vec<u8> = VALID.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    for (heads, bytes) in VALID {
        let (scan, found) = cut(bytes, &[]);
        assert_eq!((scan.passed, scan.end), (bytes.len(), End::More), "{}", bytes.escape_ascii());
        assert_eq!(found, *heads, "{}", bytes.escape_ascii());
    }
    assert_eq!(cut(&all, &[]), (Scan { passed: all.len(), end: End::More }, heads));
}

const VALID: &[(u64, &[u8])] = &[
    (1, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (1, b"\r\nGET / HTTP/1.0\r\n\r\n"),
    (1, b"GET http://a/b?c=d HTTP/1.1\r\nHost:\t a \t\r\nEmpty:\r\n\r\n"),
    (1, b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\nX: \xfc\tb\r\n\r\n"),
    (1, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    (1, b"POST / HTTP/1.1\r\ncontent-LENGTH: 003\r\n\r\n\r\n\n"),
    (1, b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    (1, chunked!("3\r\nabc\r\nA;x=\"y z\"\r\n0123456789\r\n000\r\nA: b\r\nC:\r\n\r\n")),
    (1, b"POST / HTTP/1.1\r\nTransfer-Encoding:\tCHUNKED \r\n\r\n0\r\n\r\n"),
    (2, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n"),
    (1, b"GET / HTTP/1.0\r\nUpgrade: x\r\n\r\n"),
];

#[test]
fn limits_are_met_at_their_number_and_not_before() {
    let fields = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(count));
    assert_eq!(refusal(fields(20).as_bytes()), None);
    assert_eq!(refusal(fields(21).as_bytes()).unwrap().0, 431);
    let long = |bytes: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(bytes - 23));
    assert_eq!((long(4096).len(), refusal(long(4096).as_bytes())), (4096, None));
    assert_eq!(refusal(long(4097).as_bytes()).unwrap().0, 431);
    let End::Refused(violation) = whole(long(9_000).as_bytes()).end else { panic!() };
    assert_eq!(violation.outcome, Outcome::LimitHit(LimitKind::HeadSize));
    assert_eq!(refusal(format!("GET /{}", "x".repeat(4090)).as_bytes()).unwrap().0, 414);
    let line = |extension: usize| format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(extension));
    let post = |body: &str| format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    assert_eq!(refusal(post(&line(254)).as_bytes()), None);
    assert_eq!(refusal(post(&line(255)).as_bytes()).unwrap().0, 400);
    let trailers = format!("0\r\n{}\r\n", "a: b\r\n".repeat(21));
    assert_eq!(refusal(post(&trailers).as_bytes()).unwrap().0, 431);
}

#[test]
fn only_what_stands_before_a_refused_head_passes() {
    let bytes = b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nA : b\r\n\r\n";
    let scan = whole(bytes);
    assert_eq!(scan.passed, 19);
    assert!(matches!(scan.end, End::Refused(_)));
    assert!(matches!(whole(chunked!("5\r\nabc")).end, End::More));
    assert!(matches!(whole(chunked!("x\r\nabc")).end, End::Broken(_)));
}

#[test]
fn what_follows_a_wish_to_switch_waits_for_the_answer() {
    let mut framing = Framing::new(BOUNDS);
    let head = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let scan = framing.scan(&[head.as_slice(), b"\x81\x01"].concat());
    assert_eq!((scan.passed, scan.end), (head.len(), End::More));
    assert!(framing.is_undecided());
    framing.go_on();
    assert!(matches!(framing.scan(b"\x81\x01\r\n").end, End::Refused(_)));
}

/// Bytes that look like requests, so that chance gets past the first line.
fn request_like() -> impl Strategy<Value = Vec<u8>> {
    let words = proptest::sample::select(vec![
        &b"GET / HTTP/1.1\r\n"[..],
        b"POST /x HTTP/1.1\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Upgrade: x\r\n",
        b"a: b\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"abcde",
        b" ",
        b"\0",
        b":",
    ]);
    let piece = prop_oneof![
        9 => words.prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn where_the_bytes_are_cut_changes_nothing(
        bytes in request_like(),
        cuts in proptest::collection::vec(any::<usize>(), 0..10),
    ) {
        prop_assert_eq!(cut(&bytes, &cuts), cut(&bytes, &[]));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let scan = whole(&bytes);
        prop_assert!(scan.passed <= bytes.len());
    }
}
