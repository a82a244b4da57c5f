//! Answers that are no HTTP, or end too soon: RFC 9112 sections 5.1, 6.3 and 8, RFC 9110 section 15.6.3.

use crate::case::{Case, Do, Gets, Sees, case, write};

pub(crate) fn cases() -> Vec<Case> {
    [not_http(), cut(), silent()].into_iter().flatten().collect()
}

fn get(name: &'static str, section: &'static str) -> Case {
    case(name, section).send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn not_http() -> Vec<Case> {
    let bad = |name, section, answer: &[u8]| {
        get(name, section).last_reply(answer).gets([Gets::Status(502), Gets::Open])
    };
    vec![
        bad("no HTTP at all", "9110 15.6.3", b"SSH-2.0-OpenSSH_9.2\r\n"),
        bad("a status of two digits", "9112 4", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
        bad("a status below 100", "9110 15", b"HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok"),
        bad(
            "lengths that differ",
            "9112 6.3",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        ),
        bad(
            "a list of lengths that differ",
            "9112 6.3",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nokk",
        ),
        bad(
            "a length that is no number",
            "9112 6.3",
            b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nok",
        ),
        bad("a length with a sign", "9112 6.3", b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
        bad(
            "NUL in a value",
            "9110 5.5",
            b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok",
        ),
        bad(
            "a name that is no token",
            "9110 5.6.2",
            b"HTTP/1.1 200 OK\r\nX(A: b\r\nContent-Length: 2\r\n\r\nok",
        ),
        bad(
            "a switch nobody asked for",
            "9110 15.2.2",
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        )
        .peers("nginx sends it on"),
        get("a space before the colon does not come through", "9112 5.1")
            .last_reply("HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 2\r\n\r\nok")
            .gets([Gets::StatusIn(&[200, 502]), Gets::Without("x-a ")]),
        get("a folded line does not come through", "9112 5.2")
            .last_reply("HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok")
            .gets([Gets::StatusIn(&[200, 502]), Gets::Complete]),
    ]
}

/// What was cut must not look whole.
fn cut() -> Vec<Case> {
    let cut = |name, section, answer: &str, end: Do| {
        get(name, section).serve([vec![Do::ReadBody, write(answer), end]]).gets([
            Gets::Status(200),
            Gets::Incomplete,
            Gets::Closed,
        ])
    };
    const SIZED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    vec![
        cut("a sized answer that ends early", "9112 8", SIZED, Do::Close),
        cut("a sized answer that is reset", "9112 8", SIZED, Do::Reset),
        cut("a chunked answer that ends early", "9112 8", CHUNKED, Do::Close),
        cut("a chunked answer that is reset", "9112 8", CHUNKED, Do::Reset),
        cut(
            "a chunked answer that ends within a chunk",
            "9112 8",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
            Do::Close,
        ),
        cut(
            "a chunked answer with a bad size",
            "9112 7.1",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nmore\r\n0\r\n\r\n",
            Do::Close,
        ),
        case("a chunked answer cut on its way to HTTP/1.0 is not ended in order", "9112 8")
            .send("GET / HTTP/1.0\r\n\r\n")
            .serve([vec![Do::ReadBody, write(CHUNKED), Do::Close]])
            .gets([Gets::Status(200), Gets::Closed])
            .peers("without framing only a reset could tell"),
        get("an answer without framing that is reset", "9112 8")
            .serve([vec![Do::ReadBody, write("HTTP/1.1 200 OK\r\n\r\nhello"), Do::Reset]])
            .gets([Gets::CutOr(&[502]), Gets::Closed])
            .peers("the reset may overtake the answer"),
    ]
}

fn silent() -> Vec<Case> {
    vec![
        get("a server that closes without an answer", "9110 15.6.3")
            .serve([vec![Do::ReadBody, Do::Close]])
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(502), Gets::Open]),
        get("a server that resets without an answer", "9110 15.6.3")
            .serve([vec![Do::ReadBody, Do::Reset]])
            .gets([Gets::Status(502), Gets::Open]),
        get("a head that ends early", "9112 8")
            .serve([vec![Do::ReadBody, write("HTTP/1.1 200 OK\r\nContent-Le"), Do::Close]])
            .gets([Gets::Status(502), Gets::Open]),
    ]
}
