//! Bodies of requests: RFC 9112 section 6, RFC 9110 sections 6.4 and 8.6.

use crate::case::{Act, Case, Do, Gets, Sees, case, write};

pub(crate) fn cases() -> Vec<Case> {
    [whole(), cut(), early()].into_iter().flatten().collect()
}

fn whole() -> Vec<Case> {
    vec![
        case("a sized body stays sized", "9112 6.2")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            .sees([
                Sees::Field("content-length", "5"),
                Sees::Without("transfer-encoding"),
                Sees::Body("hello"),
            ])
            .gets([Gets::Status(200), Gets::Open]),
        case("a body that comes in pieces", "9112 6.2")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Le")
            .send("ngth: 5\r\n\r")
            .send("\nhel")
            .send("lo")
            .sees([Sees::Body("hello"), Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Open]),
        case("a length of nothing is said", "9110 8.6")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            .sees([Sees::Field("content-length", "0"), Sees::Body("")])
            .gets([Gets::Status(200), Gets::Open]),
        case("a request without a body gets no framing", "9110 8.6")
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .sees([Sees::Bodiless, Sees::Body("")])
            .gets([Gets::Status(200), Gets::Open]),
        case("a GET may have a body", "9110 9.3.1")
            .send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            .sees([Sees::Body("hello"), Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Open]),
        case("a body that looks like a request is a body", "9112 6.3")
            .send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nGET /x HTTP/1.1\r\nHost: b\r\n\r\n")
            .sees([Sees::Body("GET /x HTTP/1.1\r\nHost: b\r\n"), Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Open]),
        case("a sized body in HTTP/1.0", "9112 6.3")
            .send("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
            .sees([Sees::Body("hello")])
            .gets([Gets::Status(200), Gets::Closed]),
        case("a POST without any framing has no body", "9112 6.3")
            .send("POST / HTTP/1.1\r\nHost: a\r\n\r\n")
            .sees([Sees::Body(""), Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Open]),
    ]
}

/// A client that leaves within its body: the server must not take what came for all of it.
fn cut() -> Vec<Case> {
    vec![
        case("a sized body that ends early", "9112 8")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            .answers(0)
            .sees([Sees::NothingComplete]),
        case("a chunked body that ends early", "9112 8")
            .send(
                "POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            )
            .answers(0)
            .sees([Sees::NothingComplete]),
    ]
}

/// A server that answers before it has the body.
fn early() -> Vec<Case> {
    const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
    let mut waiting = case("an early answer comes before the body's end", "9112 9.5")
        .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
        .serve([vec![write(REFUSAL), Do::Hang]])
        .gets([Gets::Status(403), Gets::Body("no")]);
    waiting.client.push(Act::Linger);
    vec![
        waiting,
        case("an early answer of a server that closes", "9112 9.5")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            .serve([vec![write(REFUSAL), Do::Close]])
            .gets([Gets::Status(403), Gets::Body("no")]),
        case("a refusal before the body's end says that the connection ends", "9112 9.6")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            .serve([vec![Do::Close]])
            .gets([Gets::Status(502), Gets::Field("connection", "close"), Gets::Closed]),
        case("an early answer, and the rest is not a request", "9112 9.5")
            .send("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            .awaits("\r\n\r\nno")
            .send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\nxxxxxxxx")
            .serve([vec![write(REFUSAL), Do::Hang]])
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(403), Gets::Body("no")]),
    ]
}
