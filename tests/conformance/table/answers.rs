//! Bodies of answers, and when there is none: RFC 9112 section 6.3, RFC 9110 sections 6.4.1, 8.6, 15.

use crate::case::{Case, Do, Gets, Sees, case, write};

pub(crate) fn cases() -> Vec<Case> {
    [framed(), bodiless(), old()].into_iter().flatten().collect()
}

fn get(name: &'static str, section: &'static str) -> Case {
    case(name, section).send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn framed() -> Vec<Case> {
    vec![
        get("a sized answer stays sized", "9112 6.2")
            .reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            .gets([Gets::Field("content-length", "5"), Gets::Body("hello"), Gets::Open]),
        get("a chunked answer", "9112 7.1")
            .reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n")
            .gets([Gets::Body("hello"), Gets::Complete, Gets::Without("content-length"), Gets::Open]),
        get("an answer that ends with its connection", "9112 6.3")
            .last_reply("HTTP/1.1 200 OK\r\n\r\nhello")
            .gets([Gets::Body("hello"), Gets::Complete]),
        get("the next client after one that ended so", "9112 6.3")
            .last_reply("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
            .gets([Gets::Body("hello"), Gets::Complete, Gets::Open])
            .peers("haproxy 2.6 closes, as it may"),
        get("a length beside a coding goes", "9112 6.3")
            .reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            .gets([Gets::Without("content-length"), Gets::Body("hello"), Gets::Complete])
            .peers("nginx 1.22 takes it, and refuses since 1.23"),
        case("trailers come through to who asks for them", "9110 6.5, 10.1.4")
            .send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
            .reply(
                "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                 2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n",
            )
            .gets([Gets::Body("ok"), Gets::Trailer("x-sum", "42"), Gets::Open])
            .peers("nginx and haproxy 2.6 drop them, as they may"),
        get("no reason phrase", "9112 4")
            .reply("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok")
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Open]),
        get("a status nobody knows comes through", "9110 15")
            .reply("HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nok")
            .gets([Gets::Status(299), Gets::Body("ok"), Gets::Open]),
        get("an error with its body comes through", "9110 15.6.1")
            .reply("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")
            .gets([Gets::Status(500), Gets::Body("no"), Gets::Open]),
        get("bytes behind an answer are nobody's", "9112 9.2")
            .reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            .gets([Gets::Body("ok"), Gets::Open]),
    ]
}

fn bodiless() -> Vec<Case> {
    vec![
        case("HEAD keeps the length and has no body", "9110 9.3.2")
            .send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            .reply("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            .sees([Sees::Line("HEAD / HTTP/1.1")])
            .gets([Gets::Field("content-length", "500"), Gets::Body(""), Gets::Open]),
        case("HEAD of a chunked answer has no body", "9112 6.3")
            .send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            .reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            .gets([Gets::Status(200), Gets::Without("content-length"), Gets::Open]),
        case("HEAD of an answer without framing", "9112 6.3")
            .send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            .reply("HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n")
            .gets([Gets::Field("x-a", "1"), Gets::Open]),
        get("204 has neither body nor framing", "9110 8.6")
            .reply("HTTP/1.1 204 No Content\r\n\r\n")
            .gets([
                Gets::Status(204),
                Gets::Without("content-length"),
                Gets::Without("transfer-encoding"),
                Gets::Open,
            ]),
        get("a length in 204 does not come through", "9110 8.6")
            .reply("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            .gets([Gets::Status(204), Gets::Without("content-length"), Gets::Open])
            .peers("haproxy and nginx leave it"),
        get("304 has no body, whatever it says", "9110 15.4.5")
            .reply("HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\nETag: \"x\"\r\n\r\n")
            .gets([Gets::Status(304), Gets::Field("etag", "\"x\""), Gets::Open]),
        get("304 with a coding has no body either", "9112 6.1")
            .reply("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")
            .gets([Gets::Status(304), Gets::Open]),
    ]
}

/// Clients that do not know chunks, and servers of their time.
fn old() -> Vec<Case> {
    const CHUNKS: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    vec![
        case("HTTP/1.0 gets no chunks", "9112 6.1")
            .send("GET / HTTP/1.0\r\n\r\n")
            .reply(CHUNKS)
            .gets([Gets::Without("transfer-encoding"), Gets::Body("hello"), Gets::Closed]),
        case("nor when it asks to go on", "9112 6.1")
            .send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            .reply(CHUNKS)
            .gets([Gets::Without("transfer-encoding"), Gets::Body("hello"), Gets::Closed]),
        get("a server of HTTP/1.0", "9112 9.3")
            .last_reply("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .gets([Gets::Body("ok"), Gets::Complete, Gets::Open]),
        get("a server of HTTP/1.0 is not asked twice on one connection", "9112 9.3")
            .send("GET /two HTTP/1.1\r\nHost: a\r\n\r\n")
            .answers(2)
            .serve([
                vec![
                    Do::ReadBody,
                    write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                    Do::Hang,
                ],
                vec![Do::ReadBody, write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo")],
            ])
            .gets([Gets::Body("ok"), Gets::Second(vec![Gets::Body("two")])]),
    ]
}
