//! Runs rows of HTTP/2: writes frames, reads frames until what is expected has come or cannot come any more.

use crate::case::{Do, Sees, Setting};
use crate::client::sentinel_is_answered;
use crate::judge;
use crate::message::{Stop, Wire};
use crate::runner::Front;
use crate::server::ScriptedServer;

use super::frames::{
    ACK, DATA, END_STREAM, Frame, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, frame,
    parse,
};

pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    /// What follows the preface and empty settings.
    pub(crate) send: Vec<u8>,
    pub(crate) server: Vec<Vec<Do>>,
    pub(crate) sees: Vec<Sees>,
    pub(crate) gets: Vec<H2Gets>,
}

pub(crate) enum H2Gets {
    Status(u32, u16),
    Interim(u32, u16),
    Body(u32, &'static str),
    /// The stream ended in order.
    Ended(u32),
    Trailers(u32),
    /// The stream was reset, and does not look complete.
    Reset(u32),
    /// Reset, alone or with the whole connection (RFC 9113 section 5.4.1), or answered with this status.
    ResetOr(u32, u16),
    /// The connection is given up.
    GoneAway,
    Pong,
    /// Exactly so many bytes of the body, and no more until there is room.
    Held(u32, usize),
}

pub(crate) fn run(rows: &[Row]) {
    let failures: Vec<String> = std::thread::scope(|scope| {
        let hands: Vec<_> = rows.iter().map(|row| (row, scope.spawn(|| check(row)))).collect();
        hands
            .into_iter()
            .map(|(row, hand)| (row, hand.join().unwrap()))
            .filter(|(_, problems)| !problems.is_empty())
            .map(|(row, it)| {
                format!("  {} [{}]\n      {}", row.name, row.section, it.join("\n      "))
            })
            .collect()
    });
    assert!(failures.is_empty(), "{} do not hold\n{}", failures.len(), failures.join("\n"));
}

fn check(row: &Row) -> Vec<String> {
    let server = ScriptedServer::start(row.server.clone());
    let front = Front::start(&Setting::default(), server.address);
    let mut wire = Wire::connect(front.address());
    wire.send(&[PREFACE, &frame(SETTINGS, 0, 0, &[]), &row.send].concat());
    let mut frames = Vec::new();
    let mut ended = None;
    while ended.is_none() && !row.gets.iter().all(|it| it.is_met(&frames, None)) {
        ended = wire.fill().err();
        frames.extend(parse(&mut wire.read));
    }
    let unmet = row.gets.iter().filter(|it| !it.is_met(&frames, ended));
    let mut problems: Vec<String> = unmet.map(|it| it.say(&frames, ended)).collect();
    if !sentinel_is_answered(&mut Wire::connect(front.address())) {
        problems.push("another client was not served afterwards".to_owned());
    }
    problems.extend(judge::problems_of_sight(&row.sees, &server.seen()));
    problems
}

impl H2Gets {
    fn is_met(&self, frames: &[Frame], ended: Option<Stop>) -> bool {
        let of = |stream: u32| frames.iter().filter(move |it| it.stream == stream);
        let heads = |stream| of(stream).filter(|it| it.kind == HEADERS);
        let body = |stream| -> Vec<u8> {
            of(stream).filter(|it| it.kind == DATA).flat_map(|it| it.payload.clone()).collect()
        };
        let final_status = |stream| heads(stream).map(Frame::status).find(|it| *it >= 200);
        let is_ended = |stream| of(stream).any(|it| it.kind <= HEADERS && it.has(END_STREAM));
        let is_reset = |stream| of(stream).any(|it| it.kind == RST_STREAM);
        match *self {
            Self::Status(stream, status) => final_status(stream) == Some(status),
            Self::Interim(stream, status) => heads(stream).any(|it| it.status() == status),
            Self::Body(stream, text) => is_ended(stream) && body(stream) == text.as_bytes(),
            Self::Ended(stream) => is_ended(stream),
            Self::Trailers(stream) => {
                heads(stream).next_back().is_some_and(|it| it.status() == 0 && it.has(END_STREAM))
            }
            Self::Reset(stream) => is_reset(stream) && !is_ended(stream),
            Self::ResetOr(stream, status) => {
                is_reset(stream)
                    || final_status(stream) == Some(status)
                    || Self::GoneAway.is_met(frames, ended)
            }
            Self::GoneAway => {
                frames.iter().any(|it| it.kind == GOAWAY && it.error() != 0)
                    || matches!(ended, Some(Stop::End | Stop::Reset))
            }
            Self::Pong => frames.iter().any(|it| it.kind == PING && it.has(ACK)),
            Self::Held(stream, length) => body(stream).len() == length && !is_ended(stream),
        }
    }

    fn say(&self, frames: &[Frame], ended: Option<Stop>) -> String {
        let what = match self {
            Self::Status(stream, status) => format!("stream {stream} did not get {status}"),
            Self::Interim(stream, status) => format!("stream {stream} got no interim {status}"),
            Self::Body(stream, text) => format!("stream {stream} did not get {text:?}"),
            Self::Ended(stream) => format!("stream {stream} did not end in order"),
            Self::Trailers(stream) => format!("stream {stream} got no trailers"),
            Self::Reset(stream) => format!("stream {stream} was not reset, or looks complete"),
            Self::ResetOr(stream, status) => format!("stream {stream}: neither reset nor {status}"),
            Self::GoneAway => "the connection was not given up".to_owned(),
            Self::Pong => "the ping was not answered".to_owned(),
            Self::Held(stream, length) => format!("stream {stream}: not just {length} bytes"),
        };
        let shown: Vec<_> =
            frames.iter().map(|it| (it.kind, it.flags, it.stream, it.status())).collect();
        format!("{what}; kind, flags, stream, status: {shown:?}, {ended:?}")
    }
}
