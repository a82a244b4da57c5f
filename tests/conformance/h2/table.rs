//! The rows: requests led to servers of HTTP/1.1, requests that are malformed, connections that are broken.

use crate::case::{Do, OK, Sees, write};

use super::frames::{
    ALL, CONTINUATION, END_HEADERS, END_STREAM, PING, PUSH_PROMISE, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, block, data, frame, headers,
};
use super::runner::{H2Gets, Row};

type Fields<'a> = &'a [(&'a str, &'a str)];

fn row(name: &'static str, section: &'static str, frames: &[Vec<u8>]) -> Row {
    let server = vec![vec![Do::ReadBody, Do::Write(OK.to_vec())]];
    Row { name, section, send: frames.concat(), server, sees: Vec::new(), gets: Vec::new() }
}

impl Row {
    fn sees(self, sees: impl IntoIterator<Item = Sees>) -> Self {
        Self { sees: sees.into_iter().collect(), ..self }
    }

    fn gets(self, gets: impl IntoIterator<Item = H2Gets>) -> Self {
        Self { gets: gets.into_iter().collect(), ..self }
    }

    fn reply(self, answer: &str, then: Option<Do>) -> Self {
        let script = [Do::ReadBody, write(answer)].into_iter().chain(then).collect();
        Self { server: vec![script], ..self }
    }
}

fn fields<'a>(method: &'a str, more: Fields<'a>) -> Vec<(&'a str, &'a str)> {
    let pseudo =
        [(":method", method), (":scheme", "http"), (":authority", "a.example"), (":path", "/x?y")];
    pseudo.into_iter().chain(more.iter().copied()).collect()
}

fn get(more: Fields<'_>) -> Vec<u8> {
    headers(1, ALL, &fields("GET", more))
}

fn post(more: Fields<'_>) -> Vec<u8> {
    headers(1, END_HEADERS, &fields("POST", more))
}

pub(crate) fn requests() -> Vec<Row> {
    let mut rows = to_servers();
    rows.extend(further_to_servers());
    rows.extend(to_clients());
    rows.extend(connections());
    rows
}

fn to_servers() -> Vec<Row> {
    vec![
        row("a GET becomes one of HTTP/1.1", "9113 8.3.1", &[get(&[("x-a", "1")])])
            .sees([
                Sees::Line("GET /x?y HTTP/1.1"),
                Sees::Field("host", "a.example"),
                Sees::Field("x-a", "1"),
                Sees::Bodiless,
            ])
            .gets(OK_WHOLE),
        row(
            "crumbs of a cookie are joined",
            "9113 8.2.3",
            &[get(&[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")])],
        )
        .sees([Sees::Field("cookie", "a=1; b=2; c=3")])
        .gets(OK_WHOLE),
        row(
            "a Host without an authority",
            "9113 8.3.1",
            &[headers(
                1,
                ALL,
                &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "b.example")],
            )],
        )
        .sees([Sees::Field("host", "b.example")])
        .gets(OK_WHOLE),
        row(
            "a body with its length",
            "9113 8.1",
            &[post(&[("content-length", "5")]), data(1, END_STREAM, b"hello")],
        )
        .sees([
            Sees::Body("hello"),
            Sees::Field("content-length", "5"),
            Sees::Without("transfer-encoding"),
        ])
        .gets(OK_WHOLE),
        row(
            "a body without one",
            "9113 8.1",
            &[post(&[]), data(1, 0, b"hel"), data(1, END_STREAM, b"lo")],
        )
        .sees([Sees::Body("hello"), Sees::Without("content-length")])
        .gets(OK_WHOLE),
    ]
}

fn further_to_servers() -> Vec<Row> {
    vec![
        row(
            "trailers of a request",
            "9113 8.1",
            &[
                post(&[("te", "trailers"), ("trailer", "x-sum")]),
                data(1, 0, b"hello"),
                headers(1, ALL, &[("x-sum", "42")]),
            ],
        )
        .sees([Sees::Body("hello"), Sees::Trailer("x-sum", "42")])
        .gets(OK_WHOLE),
        row(
            "the asterisk form",
            "9113 8.3.1",
            &[headers(
                1,
                ALL,
                &[(":method", "OPTIONS"), (":scheme", "http"), (":authority", "a"), (":path", "*")],
            )],
        )
        .sees([Sees::Line("OPTIONS * HTTP/1.1"), Sees::Field("host", "a")])
        .gets(OK_WHOLE),
        row("TE says trailers and no more", "9113 8.2.2", &[get(&[("te", "trailers")])])
            .gets(OK_WHOLE),
        row(
            "a head in pieces",
            "9113 6.10",
            &[
                frame(1, END_STREAM, 1, &block(&fields("GET", &[]))[..9]),
                frame(CONTINUATION, END_HEADERS, 1, &block(&fields("GET", &[]))[9..]),
            ],
        )
        .sees([Sees::Line("GET /x?y HTTP/1.1")])
        .gets(OK_WHOLE),
        row(
            "CONNECT is refused",
            "9113 8.5",
            &[headers(1, END_HEADERS, &[(":method", "CONNECT"), (":authority", "a:443")])],
        )
        .sees([Sees::Nothing])
        .gets([H2Gets::ResetOr(1, 405)]),
    ]
}

fn to_clients() -> Vec<Row> {
    const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
    const CUT_CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let head = || headers(1, ALL, &fields("HEAD", &[]));
    vec![
        row("a sized answer that was cut is reset", "9113 8.1.1", &[get(&[])])
            .reply(CUT, Some(Do::Close))
            .gets([H2Gets::Reset(1)]),
        row("a chunked answer that was cut is reset", "9113 8.1.1", &[get(&[])])
            .reply(CUT_CHUNKS, Some(Do::Close))
            .gets([H2Gets::Reset(1)]),
        row("a chunked answer that was reset is reset", "9113 8.1.1", &[get(&[])])
            .reply(CUT_CHUNKS, Some(Do::Reset))
            .gets([H2Gets::Reset(1)]),
        row("fields of the server's connection end here", "9113 8.2.2", &[get(&[])])
            .reply("HTTP/1.1 200 OK\r\nConnection: close, x-a\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok", None)
            .gets([H2Gets::Status(1, 200), H2Gets::Body(1, "ok")]),
        row("trailers of an answer", "9113 8.1", &[get(&[("te", "trailers")])])
            .reply("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n", None)
            .gets([H2Gets::Status(1, 200), H2Gets::Body(1, "ok"), H2Gets::Trailers(1)]),
        row("HEAD has no body", "9110 9.3.2", &[head()])
            .reply("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", None)
            .gets([H2Gets::Status(1, 200), H2Gets::Body(1, "")]),
        row("204 has no body", "9110 15.3.5", &[get(&[])])
            .reply("HTTP/1.1 204 No Content\r\n\r\n", None)
            .gets([H2Gets::Status(1, 204), H2Gets::Body(1, "")]),
        row("103 comes before", "8297 2", &[get(&[])])
            .reply("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", None)
            .gets([H2Gets::Interim(1, 103), H2Gets::Status(1, 200), H2Gets::Body(1, "ok")]),
        row("no HTTP at all is 502", "9110 15.6.3", &[get(&[])])
            .reply("nonsense\r\n\r\n", Some(Do::Close))
            .gets([H2Gets::Status(1, 502)]),
        row("an answer that ends with its connection", "9112 6.3", &[get(&[])])
            .reply("HTTP/1.1 200 OK\r\n\r\nhello", Some(Do::Close))
            .gets([H2Gets::Status(1, 200), H2Gets::Body(1, "hello")]),
    ]
}

fn connections() -> Vec<Row> {
    let window = |size: u32| frame(SETTINGS, 0, 0, &[&[0, 4][..], &size.to_be_bytes()].concat());
    vec![
        row("two streams at once", "9113 5", &[get(&[]), headers(3, ALL, &fields("GET", &[]))])
            .gets([H2Gets::Body(1, "ok"), H2Gets::Body(3, "ok")]),
        row(
            "one stream that is reset leaves the other",
            "9113 5.4.2",
            &[
                post(&[]),
                headers(3, ALL, &fields("GET", &[])),
                frame(RST_STREAM, 0, 1, &8u32.to_be_bytes()),
            ],
        )
        .gets([H2Gets::Body(3, "ok")]),
        row("a ping is answered", "9113 6.7", &[frame(PING, 0, 0, &[7; 8])]).gets([H2Gets::Pong]),
        row("a frame nobody knows is skipped", "9113 5.5", &[frame(0xfa, 0, 0, b"x"), get(&[])])
            .gets([H2Gets::Body(1, "ok")]),
        row("a window of one byte holds the rest", "9113 6.9.2", &[window(1), get(&[])])
            .gets([H2Gets::Status(1, 200), H2Gets::Held(1, 1)]),
    ]
}

/// Each is an error of its stream, and none reaches a server.
pub(crate) fn malformed_requests() -> Vec<Row> {
    let mut rows = malformed_fields();
    rows.extend(malformed_targets());
    rows.extend(wrong_lengths());
    rows
}

fn bad(name: &'static str, section: &'static str, frames: &[Vec<u8>]) -> Row {
    row(name, section, frames).sees([Sees::Nothing]).gets([H2Gets::ResetOr(1, 400)])
}

fn malformed_fields() -> Vec<Row> {
    let with = |name, section, field| bad(name, section, &[get(&[field])]);
    vec![
        with("a name in upper case", "9113 8.2.1", ("X-A", "1")),
        with("a space in a name", "9113 8.2.1", ("x a", "1")),
        with("a colon in a name", "9113 8.2.1", ("x:a", "1")),
        with("NUL in a value", "9113 8.2.1", ("x-a", "1\0")),
        with("CR in a value", "9113 8.2.1", ("x-a", "1\rx")),
        with("LF in a value", "9113 8.2.1", ("x-a", "1\nx: y")),
        with("connection", "9113 8.2.2", ("connection", "close")),
        with("keep-alive", "9113 8.2.2", ("keep-alive", "timeout=5")),
        with("proxy-connection", "9113 8.2.2", ("proxy-connection", "close")),
        with("transfer-encoding", "9113 8.2.2", ("transfer-encoding", "chunked")),
        with("upgrade", "9113 8.2.2", ("upgrade", "websocket")),
        with("TE that says more than trailers", "9113 8.2.2", ("te", "gzip")),
        with("a Host that differs from the authority", "9113 8.3.1", ("host", "b.example")),
        with("a pseudo-field behind fields", "9113 8.3", (":path", "/z")),
        with("a pseudo-field of answers", "9113 8.3", (":status", "200")),
        with("a pseudo-field nobody knows", "9113 8.3", (":foo", "1")),
    ]
}

fn malformed_targets() -> Vec<Row> {
    let only = |name, fields: Fields<'_>| bad(name, "9113 8.3.1", &[headers(1, ALL, fields)]);
    vec![
        only("no method", &[(":scheme", "http"), (":path", "/"), (":authority", "a")]),
        only("no path", &[(":method", "GET"), (":scheme", "http"), (":authority", "a")]),
        only("no scheme", &[(":method", "GET"), (":path", "/"), (":authority", "a")]),
        only(
            "an empty path",
            &[(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "a")],
        ),
        only(
            "a path without its slash",
            &[(":method", "GET"), (":scheme", "http"), (":path", "x"), (":authority", "a")],
        ),
        only(
            "a space in the path",
            &[
                (":method", "GET"),
                (":scheme", "http"),
                (":path", "/ HTTP/1.1"),
                (":authority", "a"),
            ],
        ),
        only(
            "two paths",
            &[
                (":method", "GET"),
                (":scheme", "http"),
                (":path", "/"),
                (":path", "/b"),
                (":authority", "a"),
            ],
        ),
        only(
            "user data in the authority",
            &[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "u@a")],
        ),
        only(
            "a space in the method",
            &[
                (":method", "GET /evil HTTP/1.1"),
                (":scheme", "http"),
                (":path", "/"),
                (":authority", "a"),
            ],
        ),
        only(
            "neither authority nor Host",
            &[(":method", "GET"), (":scheme", "http"), (":path", "/")],
        ),
    ]
}

fn wrong_lengths() -> Vec<Row> {
    vec![
        bad(
            "lengths that differ",
            "9113 8.1.1",
            &[get(&[("content-length", "5"), ("content-length", "6")])],
        ),
        bad("a length without a body", "9113 8.1.1", &[get(&[("content-length", "5")])]),
        bad(
            "less than was said",
            "9113 8.1.1",
            &[post(&[("content-length", "50")]), data(1, END_STREAM, b"hello")],
        )
        .sees([Sees::NothingComplete]),
        bad(
            "more than was said",
            "9113 8.1.1",
            &[post(&[("content-length", "2")]), data(1, END_STREAM, b"hello")],
        )
        .sees([Sees::NothingComplete]),
    ]
}

/// Each is an error of the connection.
pub(crate) fn broken_connections() -> Vec<Row> {
    let bad = |name, section, frames: &[Vec<u8>]| {
        row(name, section, frames).sees([Sees::NothingComplete]).gets([H2Gets::GoneAway])
    };
    vec![
        bad("data on a stream that is not there", "9113 5.1", &[data(1, END_STREAM, b"x")]),
        bad(
            "a stream of the server's numbers",
            "9113 5.1.1",
            &[headers(2, ALL, &fields("GET", &[]))],
        ),
        bad("no room added", "9113 6.9", &[frame(WINDOW_UPDATE, 0, 0, &[0; 4])]),
        bad(
            "a window beyond its bound",
            "9113 6.9.1",
            &[frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffffu32.to_be_bytes())],
        ),
        bad("a continuation of nothing", "9113 6.10", &[frame(CONTINUATION, END_HEADERS, 1, b"")]),
        bad(
            "something else within a head",
            "9113 6.10",
            &[headers(1, END_STREAM, &fields("GET", &[])), frame(PING, 0, 0, &[0; 8])],
        ),
        bad(
            "a promise of a client",
            "9113 8.4",
            &[frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])],
        ),
        bad("a frame that is too long", "9113 4.2", &[data(1, 0, &[0; 20_000])]),
        bad("settings of an odd length", "9113 6.5", &[frame(SETTINGS, 0, 0, &[0; 5])]),
        bad("settings of a stream", "9113 6.5", &[frame(SETTINGS, 0, 1, &[])]),
        bad("a ping of an odd length", "9113 6.7", &[frame(PING, 0, 0, &[0; 7])]),
        bad("a head that is no HPACK", "9113 4.3", &[frame(1, ALL, 1, &[0xff; 8])]),
    ]
}

const OK_WHOLE: [H2Gets; 3] = [H2Gets::Status(1, 200), H2Gets::Body(1, "ok"), H2Gets::Ended(1)];
