//! The chunked coding of requests: RFC 9112 section 7.1.

use crate::case::{Case, Gets, Sees, case};

pub(crate) fn cases() -> Vec<Case> {
    [taken(), broken()].into_iter().flatten().collect()
}

fn chunked(name: &'static str, section: &'static str, body: &[u8]) -> Case {
    let head = b"POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    case(name, section).send([head, body].concat())
}

fn taken() -> Vec<Case> {
    let fine = |name, section, body: &[u8]| {
        chunked(name, section, body)
            .sees([Sees::Body("hello world"), Sees::Requests(1), Sees::Without("content-length")])
            .gets([Gets::Status(200), Gets::Open])
    };
    vec![
        fine("two chunks", "9112 7.1", b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
        fine("sizes in either case", "9112 7.1", b"B\r\nhello world\r\n0\r\n\r\n"),
        fine("sizes in lower case", "9112 7.1", b"b\r\nhello world\r\n0\r\n\r\n"),
        fine("zeros before a size", "9112 7.1", b"00b\r\nhello world\r\n000\r\n\r\n"),
        fine("an extension is left out", "9112 7.1.1", b"b;a=b;c\r\nhello world\r\n0;x\r\n\r\n"),
        fine("a quoted extension", "9112 7.1.1", b"b;a=\"x;y\"\r\nhello world\r\n0\r\n\r\n"),
        case("the coding's name in odd case", "9112 7")
            .send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cHunKed\r\n\r\n2\r\nok\r\n0\r\n\r\n")
            .sees([Sees::Body("ok")])
            .gets([Gets::Status(200), Gets::Open]),
        case("trailers go on", "9110 6.5")
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-Sum\r\n\
                 Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n",
            )
            .sees([Sees::Body("ok"), Sees::Trailer("x-sum", "42")])
            .gets([Gets::Status(200), Gets::Open])
            .peers("nginx and haproxy 2.6 drop them, as they may"),
        case("a trailer cannot frame", "9110 6.5.1")
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                 2\r\nok\r\n0\r\nContent-Length: 50\r\nHost: b\r\n\r\n",
            )
            .sees([
                Sees::Without("content-length"),
                Sees::Field("host", "a"),
                Sees::WithoutTrailer("content-length"),
                Sees::WithoutTrailer("host"),
            ])
            .gets([Gets::StatusIn(&[200, 400])]),
    ]
}

/// The head may have gone on before its body broke; a whole request must not have, and nothing behind it.
fn broken() -> Vec<Case> {
    let bad = |name, body: &[u8]| {
        chunked(name, "9112 7.1", &[body, b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"].concat())
            .sees([Sees::NothingComplete])
            .gets([Gets::CutOr(&[400]), Gets::Closed])
    };
    vec![
        bad("a size with a prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
        bad("a plus sign", b"+5\r\nhello\r\n0\r\n\r\n"),
        bad("a minus sign", b"-1\r\nhello\r\n0\r\n\r\n"),
        bad("a space before the size", b" 5\r\nhello\r\n0\r\n\r\n"),
        bad("a space behind the size", b"5 \r\nhello\r\n0\r\n\r\n")
            .peers("haproxy 2.6 and nginx take it"),
        bad("a letter that is no digit", b"G\r\nhello\r\n0\r\n\r\n"),
        bad("no size", b"\r\nhello\r\n0\r\n\r\n"),
        bad("an underscore", b"0_5\r\nhello\r\n0\r\n\r\n"),
        bad("a size beyond 64 bits", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
        bad("a size of sixteen digits that wraps", b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
        bad("a bare LF after the size", b"5\nhello\r\n0\r\n\r\n").peers("nginx takes it"),
        bad("a bare CR after the size", b"5\rhello\r\n0\r\n\r\n"),
        bad("no line end after the data", b"5\r\nhello0\r\n\r\n"),
        bad("a bare LF after the data", b"5\r\nhello\n0\r\n\r\n").peers("nginx takes it"),
        bad("more data than was said", b"5\r\nhello!!\r\n0\r\n\r\n"),
        bad("a bare LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
        bad("a bare CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n")
            .peers("nginx and haproxy take it"),
        bad("NUL in an extension", b"5;a\0b\r\nhello\r\n0\r\n\r\n")
            .peers("nginx and haproxy take it"),
        bad("a bare LF at the end of the trailers", b"5\r\nhello\r\n0\r\n\n")
            .peers("nginx takes it"),
        bad("a space before a trailer's colon", b"5\r\nhello\r\n0\r\nX-A : 1\r\n\r\n"),
        bad("a folded trailer", b"5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n"),
        bad("a trailer without a colon", b"5\r\nhello\r\n0\r\nXA\r\n\r\n"),
        bad("NUL in a trailer", b"5\r\nhello\r\n0\r\nX-A: \0\r\n\r\n"),
    ]
}
