//! What belongs to one connection only, both ways: RFC 9110 section 7.6.1.

use crate::case::{Case, Gets, Sees, case};

pub(crate) fn cases() -> Vec<Case> {
    [to_servers(), to_clients()].into_iter().flatten().collect()
}

fn to_servers() -> Vec<Case> {
    let get = |name, section, fields: &str| {
        case(name, section)
            .send(format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
            .gets([Gets::Status(200)])
    };
    vec![
        get("a field named by Connection ends here", "9110 7.6.1", "Connection: x-a\r\nX-A: 1\r\n")
            .sees([Sees::Without("x-a")])
            .peers("nginx and haproxy send it on"),
        get(
            "so do several, in any case and place",
            "9110 7.6.1",
            "X-A: 1\r\nConnection: keep-alive, X-a\r\nX-B: 2\r\nconnection: X-B,,\r\nX-C: 3\r\n",
        )
        .sees([Sees::Without("x-a"), Sees::Without("x-b"), Sees::Field("x-c", "3")])
        .peers("nginx and haproxy send them on"),
        get("Keep-Alive ends here", "9110 7.6.1", "Keep-Alive: timeout=5\r\n")
            .sees([Sees::Without("keep-alive")])
            .peers("haproxy 2.6 sends it on"),
        get("Proxy-Connection ends here", "9110 7.6.1", "Proxy-Connection: keep-alive\r\n")
            .sees([Sees::Without("proxy-connection")])
            .peers("nginx sends it on"),
        get("TE ends here", "9110 10.1.4", "TE: gzip;q=0.5\r\nConnection: TE\r\n")
            .sees([Sees::Without("te")])
            .peers("haproxy 2.6 sends it on"),
        get(
            "an Upgrade that Connection does not name ends here",
            "9110 7.8",
            "Upgrade: websocket\r\n",
        )
        .sees([Sees::Without("upgrade"), Sees::Without("connection")])
        .peers("nginx and haproxy send it on"),
        case("a Connection that names the forwarded fields cannot hide the client", "9110 7.6.1")
            .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: x-forwarded-for, via, close\r\n\r\n")
            .sees([Sees::NothingOr(vec![
                Sees::Like("x-forwarded-for", |it| it.ends_with("127.0.0.1")),
                Sees::Like("via", |it| it.starts_with("1.1 ")),
            ])])
            .gets([Gets::StatusIn(&[200, 400]), Gets::Closed]),
        get(
            "fields for everybody stay",
            "9110 7.6.1",
            "Cookie: a=b\r\nAuthorization: Basic eA==\r\n",
        )
        .sees([Sees::Field("cookie", "a=b"), Sees::Field("authorization", "Basic eA==")]),
        case("a Connection that names the length cannot unframe", "9110 7.6.1")
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\n\
                 Content-Length: 5\r\n\r\nhello",
            )
            .sees([Sees::NothingOr(vec![Sees::Body("hello"), Sees::Requests(1)])])
            .gets([Gets::StatusIn(&[200, 400])]),
        case("a Connection that names the coding cannot unframe", "9110 7.6.1")
            .send(
                "POST / HTTP/1.1\r\nHost: a\r\nConnection: transfer-encoding\r\n\
                 Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            )
            .sees([Sees::NothingOr(vec![Sees::Body("hello"), Sees::Requests(1)])])
            .gets([Gets::StatusIn(&[200, 400])]),
        get("close is the client's own matter", "9112 9.6", "Connection: close\r\n")
            .sees([Sees::Requests(1), Sees::Body("")])
            .gets([Gets::Status(200), Gets::Closed]),
    ]
}

fn to_clients() -> Vec<Case> {
    let answer = |name, section, fields: &str| {
        case(name, section)
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .reply(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{fields}\r\nok"))
    };
    vec![
        answer(
            "a field that the server's Connection names",
            "9110 7.6.1",
            "Connection: x-a\r\nX-A: 1\r\nX-B: 2\r\n",
        )
        .gets([Gets::Without("x-a"), Gets::Field("x-b", "2"), Gets::Open])
        .peers("nginx and haproxy send it on"),
        answer("the server's Keep-Alive", "9110 7.6.1", "Keep-Alive: timeout=5\r\n")
            .gets([Gets::Without("keep-alive"), Gets::Open])
            .peers("haproxy sends it on"),
        answer("the server's Proxy-Connection", "9110 7.6.1", "Proxy-Connection: close\r\n")
            .gets([Gets::Without("proxy-connection"), Gets::Open])
            .peers("nginx and haproxy send it on"),
        answer(
            "an Upgrade that the server offers",
            "9110 7.8",
            "Connection: upgrade\r\nUpgrade: h2c\r\n",
        )
        .gets([Gets::Without("upgrade"), Gets::Open])
        .peers("nginx and haproxy send it on"),
        answer(
            "a server that closes does not close the client",
            "9112 9.3",
            "Connection: close\r\n",
        )
        .gets([Gets::Body("ok"), Gets::Without("connection"), Gets::Open]),
        answer(
            "fields of one name keep their order and number",
            "9110 5.3",
            "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n",
        )
        .gets([Gets::Status(200), Gets::Open, Gets::Body("ok")]),
        answer(
            "the server's own fields come through",
            "9110 5.1",
            "Server: mine\r\nETag: \"x\"\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n",
        )
        .gets([
            Gets::Field("server", "mine"),
            Gets::Field("etag", "\"x\""),
            Gets::Field("date", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ])
        .peers("nginx has a Server and a Date of its own"),
        case("the version is the proxy's own, up", "9110 6.2")
            .send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .last_reply("HTTP/1.0 200 Fine\r\nContent-Length: 2\r\n\r\nok")
            .gets([Gets::Like("content-length", |it| it == "2"), Gets::Status(200), Gets::Open]),
    ]
}
