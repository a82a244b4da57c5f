//! Changing the protocol of a connection: RFC 9110 section 7.8, RFC 6455 section 4, RFC 9113 section 3.1.

use crate::case::{Case, Do, Gets, Sees, Setting, case, write};

pub(crate) fn cases() -> Vec<Case> {
    [made(), not_made()].into_iter().flatten().collect()
}

const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn made() -> Vec<Case> {
    vec![
        case("a WebSocket handshake goes through whole", "6455 4.1")
            .send(HANDSHAKE)
            .serve([vec![write(SWITCHED), Do::Echo]])
            .sees([
                Sees::Like("connection", |it| it.eq_ignore_ascii_case("upgrade")),
                Sees::Field("upgrade", "websocket"),
                Sees::Field("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                Sees::Field("sec-websocket-version", "13"),
            ])
            .gets([
                Gets::Status(101),
                Gets::Like("connection", |it| it.eq_ignore_ascii_case("upgrade")),
                Gets::Field("upgrade", "websocket"),
                Gets::Field("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ])
            .peers("nginx needs settings for it"),
        case("what follows goes both ways", "6455 5")
            .send(HANDSHAKE)
            .awaits("\r\n\r\n")
            .send(b"\x81\x05hello")
            .serve([vec![write(SWITCHED), Do::Echo]])
            .gets([
                Gets::Status(101),
                Gets::Tunnelled("\u{81}\u{5}hello".trim_start_matches('\u{81}')),
            ]),
        case("what the client sent too early arrives", "9110 7.8")
            .send([HANDSHAKE.as_bytes(), b"early"].concat())
            .serve([vec![write(SWITCHED), Do::Echo]])
            .gets([Gets::Status(101), Gets::Tunnelled("early")]),
        case("what the server sent with its answer arrives", "9110 7.8")
            .send(HANDSHAKE)
            .serve([vec![write([SWITCHED.as_bytes(), b"welcome"].concat()), Do::Echo]])
            .gets([Gets::Status(101), Gets::Tunnelled("welcome")]),
        case("the server's end is the client's end", "6455 7.1.1")
            .send(HANDSHAKE)
            .serve([vec![write([SWITCHED.as_bytes(), b"bye"].concat()), Do::Close]])
            .gets([Gets::Status(101), Gets::Tunnelled("bye"), Gets::Closed]),
        case("Upgrade among the options of a browser", "9110 7.6.1")
            .send(HANDSHAKE.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"))
            .serve([vec![write(SWITCHED), Do::Echo]])
            .sees([Sees::Field("upgrade", "websocket")])
            .gets([Gets::Status(101)]),
    ]
}

fn not_made() -> Vec<Case> {
    let h2c = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
    vec![
        case("HTTP/1.0 cannot upgrade", "9110 7.8")
            .send(HANDSHAKE.replace("HTTP/1.1", "HTTP/1.0"))
            .sees([Sees::Without("upgrade")])
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Closed]),
        case("a server that does not want to", "9110 7.8")
            .send(HANDSHAKE)
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Open]),
        case("h2c is between two neighbours and ends here", "9113 3.1")
            .send(h2c)
            .sees([Sees::Without("upgrade"), Sees::Without("http2-settings"), Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Body("ok"), Gets::Open])
            .peers("haproxy 2.6 sends it on"),
        case("a lab may forbid it", "9110 7.8")
            .lab(Setting { listener: "http: (upgrade: false)", ..Setting::default() })
            .send(HANDSHAKE)
            .sees([Sees::Without("upgrade"), Sees::Without("connection")])
            .gets([Gets::Status(200), Gets::Open]),
        case("a refused one is no tunnel for the next request", "9110 7.8")
            .send(HANDSHAKE)
            .awaits("\r\n\r\nok")
            .send("GET /next HTTP/1.1\r\nHost : a\r\n\r\n")
            .answers(2)
            .sees([Sees::Requests(1)])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(400)]), Gets::Closed]),
        case("a request that is smuggled behind a handshake is not read by the server", "9110 7.8")
            .send([HANDSHAKE.as_bytes(), b"GET /two HTTP/1.1\r\nHost: a\r\n\r\n"].concat())
            .answers(2)
            .sees([
                Sees::Requests(2),
                Sees::Second(vec![Sees::Line("GET /two HTTP/1.1"), Sees::Without("upgrade")]),
            ])
            .gets([Gets::Status(200), Gets::Second(vec![Gets::Status(200)]), Gets::Open]),
    ]
}
