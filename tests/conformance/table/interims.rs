//! Answers before the answer: RFC 9110 sections 10.1.1 and 15.2, RFC 8297.

use crate::case::{Case, Do, Gets, OK, Sees, case, write};

pub(crate) fn cases() -> Vec<Case> {
    [expectations(), early_hints()].into_iter().flatten().collect()
}

const EXPECTING: &str =
    "POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

fn expectations() -> Vec<Case> {
    let continues = || vec![write("HTTP/1.1 100 Continue\r\n\r\n"), Do::ReadBody, write(OK)];
    vec![
        case("a body that waits is let come", "9110 10.1.1")
            .send(EXPECTING)
            .awaits("HTTP/1.1 100 ")
            .send("hello")
            .serve([continues()])
            .sees([Sees::Body("hello"), Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Interims(&[100]), Gets::Open]),
        case("also by a server that does not know the expectation", "9110 10.1.1")
            .send(EXPECTING)
            .awaits("HTTP/1.1 100 ")
            .send("hello")
            .sees([Sees::Body("hello")])
            .gets([Gets::Status(200), Gets::Open])
            .peers("haproxy waits for the server, as it may"),
        case("a body that does not wait", "9110 10.1.1")
            .send([EXPECTING.as_bytes(), b"hello"].concat())
            .serve([continues()])
            .sees([Sees::Body("hello")])
            .gets([Gets::Status(200), Gets::Open]),
        case("a refusal instead of the body", "9110 10.1.1")
            .send(EXPECTING)
            .serve([vec![write("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno"), Do::Hang]])
            .gets([Gets::Status(417), Gets::Body("no")]),
        case("HTTP/1.0 expects nothing", "9110 10.1.1")
            .send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
            .gets([Gets::Status(200), Gets::Interims(&[]), Gets::Closed]),
        case("an expectation without a body", "9110 10.1.1")
            .send("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
            .gets([Gets::Status(200), Gets::Open]),
    ]
}

fn early_hints() -> Vec<Case> {
    const HINT: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
    let get = |name, section| case(name, section).send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    vec![
        get("103 comes through", "8297 2")
            .serve([vec![write(HINT), write(OK)]])
            .gets([
                Gets::Interims(&[103]),
                Gets::InterimField("link", "</a.css>; rel=preload"),
                Gets::Status(200),
                Gets::Body("ok"),
                Gets::Open,
            ])
            .peers("nginx 1.22 answers 502"),
        get("103 comes before the answer is there", "8297 2")
            .awaits("HTTP/1.1 103 ")
            .serve([vec![write(HINT), write(OK)]])
            .gets([Gets::Interims(&[103]), Gets::Status(200), Gets::Open]),
        get("several do", "9110 15.2")
            .serve([vec![write("HTTP/1.1 102 Processing\r\n\r\n"), write(HINT), write(OK)]])
            .gets([Gets::Interims(&[102, 103]), Gets::Status(200), Gets::Open]),
        get("an interim answer does not hide the field of one connection", "9110 7.6.1")
            .serve([vec![
                write(
                    "HTTP/1.1 103 Early Hints\r\nConnection: x-a\r\nX-A: 1\r\nLink: </b>\r\n\r\n",
                ),
                write(OK),
            ]])
            .gets([Gets::InterimField("link", "</b>"), Gets::Status(200), Gets::Open]),
        case("HTTP/1.0 gets none", "9110 15.2")
            .send("GET / HTTP/1.0\r\n\r\n")
            .serve([vec![write(HINT), write(OK)]])
            .gets([Gets::Interims(&[]), Gets::Status(200), Gets::Body("ok"), Gets::Closed])
            .peers("nginx 1.22 answers 502"),
        get("a 100 that nobody waits for does no harm", "9110 15.2.1")
            .serve([vec![write("HTTP/1.1 100 Continue\r\n\r\n"), write(OK)]])
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Open]),
    ]
}
