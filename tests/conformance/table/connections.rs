//! How long connections last and in which order answers come: RFC 9112 section 9.

use crate::case::{Case, Do, Gets, OK, Sees, Setting, case, write};

pub(crate) fn cases() -> Vec<Case> {
    [ends(), pipelines(), races()].into_iter().flatten().collect()
}

fn ends() -> Vec<Case> {
    vec![
        case("a connection of HTTP/1.1 goes on", "9112 9.3")
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .gets([Gets::Status(200), Gets::Open]),
        case("unless the client says close", "9112 9.6")
            .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Field("connection", "close"), Gets::Closed]),
        case("close among other options", "9110 7.6.1")
            .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: x-a , CLOSE\r\n\r\n")
            .gets([Gets::Status(200), Gets::Closed]),
        case("a connection of HTTP/1.0 ends", "9112 9.3")
            .send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Closed]),
        case("unless the client asks to go on", "9112 9.3")
            .send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
            .gets([
                Gets::Like("connection", |it| it.eq_ignore_ascii_case("keep-alive")),
                Gets::Field("content-length", "2"),
                Gets::Open,
            ]),
        case("nothing is read behind close", "9112 9.6")
            .send("GET /one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n")
            .sees([Sees::Requests(1), Sees::Line("GET /one HTTP/1.1")])
            .gets([Gets::Status(200), Gets::Closed]),
        case("the last request of a connection is told so", "9112 9.6")
            .lab(Setting { listener: "http: (keep_alive_requests: 2)", ..Setting::default() })
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .awaits("ok")
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .answers(2)
            .gets([
                Gets::Without("connection"),
                Gets::Second(vec![Gets::Field("connection", "close")]),
                Gets::Closed,
            ]),
    ]
}

fn pipelines() -> Vec<Case> {
    let sized = |body: &str| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        vec![Do::ReadBody, write(head + body)]
    };
    vec![
        case("answers come in the order of their requests", "9112 9.3.2")
            .send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([sized("one"), sized("two"), sized("three")])
            .answers(3)
            .sees([Sees::Requests(3), Sees::Second(vec![Sees::Line("GET /2 HTTP/1.1")])])
            .gets([
                Gets::Body("one"),
                Gets::Second(vec![Gets::Body("two")]),
                Gets::Third(vec![Gets::Body("three")]),
                Gets::Open,
            ]),
        case("a request behind a body", "9112 9.3.2")
            .send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([sized("one"), sized("two")])
            .answers(2)
            .sees([Sees::Body("hello"), Sees::Second(vec![Sees::Line("GET /2 HTTP/1.1")])])
            .gets([Gets::Body("one"), Gets::Second(vec![Gets::Body("two")]), Gets::Open]),
        case("a bad request behind a good one is refused in its turn", "9112 9.3.2")
            .send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost : a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([sized("one")])
            .answers(2)
            .sees([Sees::Requests(1), Sees::Line("GET /1 HTTP/1.1")])
            .gets([Gets::Body("one"), Gets::Second(vec![Gets::Status(400)]), Gets::Closed]),
        case("an answer that was cut ends the requests behind it", "9112 9.3.2")
            .send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([
                vec![Do::ReadBody, write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"), Do::Close],
                sized("two"),
            ])
            .gets([Gets::Status(200), Gets::Incomplete, Gets::Closed]),
    ]
}

/// A server closes a kept connection just when it is used again.
fn races() -> Vec<Case> {
    let race = |name, method: &str, body: &str| {
        let first = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
        case(name, "9112 9.3.1")
            .send(first)
            .awaits("\r\n\r\nok")
            .send(format!("{method} /second HTTP/1.1\r\nHost: a\r\n{body}"))
            .serve([
                vec![Do::ReadBody, write(OK)],
                vec![Do::ReadBody, Do::Close],
                vec![Do::ReadBody, write(OK)],
            ])
            .answers(2)
    };
    vec![
        race("a GET lost to it is sent again", "GET", "\r\n")
            .sees([Sees::Requests(3)])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(200)]), Gets::Open])
            .peers("haproxy 2.6 answers 502; nginx with one server answers 502"),
        race("a HEAD-less DELETE is, too", "DELETE", "\r\n").sees([Sees::Requests(3)]).gets([
            Gets::Status(200),
            Gets::Second(vec![Gets::Status(200)]),
            Gets::Open,
        ]),
        race("a POST never", "POST", "Content-Length: 5\r\n\r\nhello")
            .sees([Sees::Requests(2)])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(502)])]),
        race("a POST without a body never", "POST", "Content-Length: 0\r\n\r\n")
            .sees([Sees::Requests(2)])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(502)])]),
        race("a PATCH never", "PATCH", "Content-Length: 0\r\n\r\n")
            .sees([Sees::Requests(2)])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(502)])]),
        case("a POST on a connection that was closed before it goes to a new one", "9112 9.3.1")
            .send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
            .awaits("\r\n\r\nok")
            .send("POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            .serve([
                vec![
                    Do::ReadBody,
                    write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
                    Do::Close,
                ],
                vec![Do::ReadBody, write(OK)],
            ])
            .answers(2)
            .sees([Sees::Requests(2), Sees::Second(vec![Sees::Body("hello")])])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(200)]), Gets::Open]),
        case("a GET that a fresh connection lost is not sent again by itself", "9110 9.2.2")
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([vec![Do::ReadBody, Do::Close], vec![Do::ReadBody, write(OK)]])
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(502), Gets::Open]),
        case("a GET that broke within its answer is not sent again", "9110 9.2.2")
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .serve([
                vec![
                    Do::ReadBody,
                    write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"),
                    Do::Close,
                ],
                vec![Do::ReadBody, write(OK)],
            ])
            .sees([Sees::Requests(1)])
            .gets([Gets::Incomplete, Gets::Closed]),
    ]
}
