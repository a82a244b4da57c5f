//! Clients of HTTP/2 that misbehave, in raw frames, while others are served.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::time::Duration;

use evenkeel::meter::{LimitKind, Outcome};
use evenkeel::proxy::What;

use crate::bench::{Bench, Wire};
use crate::http_kit::{
    ask_http2, block, eventually, http2, http2_server, in_flight, lab_to, raw_server, request,
};

/// A client that writes frames as it likes.
struct Raw(Wire);

impl Raw {
    /// Sends the preface and empty settings.
    fn connect(bench: &Bench) -> Self {
        let mut raw = Self(bench.dial("front"));
        raw.0.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        raw.write(&frame(SETTINGS, 0, 0, &[]));
        raw
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.0.write_all(bytes).unwrap();
    }

    /// The reason of the `GOAWAY` that has to come.
    fn goaway(&mut self) -> u32 {
        loop {
            let (kind, _, payload) = self.read();
            if kind == GOAWAY {
                return u32::from_be_bytes(payload[4..8].try_into().unwrap());
            }
        }
    }

    fn read(&mut self) -> (u8, u32, Vec<u8>) {
        let mut head = [0; 9];
        self.0.0.read_exact(&mut head).unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.0.0.read_exact(&mut payload).unwrap();
        (head[3], u32::from_be_bytes(head[5..9].try_into().unwrap()), payload)
    }

    /// The status of the answer on a stream.
    fn status(&mut self, stream: u32) -> String {
        loop {
            let (kind, id, payload) = self.read();
            if kind == GOAWAY {
                return format!("goaway {}", payload[7]);
            }
            if id == stream && kind == RST_STREAM {
                return format!("reset {}", payload[3]);
            }
            if id == stream && kind == HEADERS {
                // Statuses without a place in the static table come as literals of an indexed name.
                return match payload[0] {
                    0x88 => "200".into(),
                    0x8c => "400".into(),
                    _ => status_literal(&payload),
                };
            }
        }
    }
}

/// A status that is written out: 0x48 or 0x08, a length (perhaps with Huffman's flag), digits.
fn status_literal(payload: &[u8]) -> String {
    let length = payload[1] & 0x7f;
    let digits = &payload[2..2 + length as usize];
    if payload[1] & 0x80 == 0 {
        return String::from_utf8_lossy(digits).into_owned();
    }
    // The only one met here, as RFC 7541 appendix B codes it.
    match digits {
        [0x69, 0x90, 0xff] => "431".into(),
        other => format!("{other:02x?}"),
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Fields as literals, the plainest form of HPACK.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127);
            block.push(text.len() as u8);
            block.extend(text.as_bytes());
        }
    }
    block
}

fn request_block(more: &[(&str, &str)]) -> Vec<u8> {
    let pseudo =
        [(":method", "GET"), (":scheme", "http"), (":authority", "site.test"), (":path", "/hang")];
    fields(&[&pseudo[..], more].concat())
}

/// While somebody misbehaves, an honest client is answered.
fn others_are_served(bench: &Bench) {
    block(async {
        let mut sender = http2(bench.address("front")).await;
        let request = request("GET", "/fine").body(()).unwrap();
        assert_eq!(ask_http2(&mut sender, request, &[], None).await.unwrap().body, b"/fine");
    });
}

fn count(bench: &Bench, outcome: Outcome) -> u64 {
    bench.shared().plan().listener(0).unwrap().meter.counters.read().of(outcome)
}

fn assert_flood_is_told(bench: &Bench) {
    let flood = Outcome::LimitHit(LimitKind::Resets);
    block(eventually("counted", || count(bench, flood) == 1));
    let mut events = bench.shared().events.drain();
    assert!(events.any(|event| matches!(event.what, What::Misbehaved { .. })));
}

#[test]
fn rapid_resets_end_the_connection() {
    let hanging = raw_server(|mut wire| drop(wire.read_to_end()));
    for (server, protocol) in [(hanging, "http1"), (http2_server(), "h2c")] {
        for burst in [1, 100] {
            let bench = Bench::run(&lab_to(server, protocol, ""));
            let mut raw = Raw::connect(&bench);
            let mut frames = Vec::new();
            for n in 0..300 {
                frames.extend(frame(
                    HEADERS,
                    END_STREAM | END_HEADERS,
                    2 * n + 1,
                    &request_block(&[]),
                ));
                frames.extend(frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes()));
                if n % burst == 0 {
                    // It may have been cut off already.
                    drop(raw.0.0.write_all(&std::mem::take(&mut frames)));
                }
            }
            assert_eq!(raw.goaway(), ENHANCE_YOUR_CALM, "{protocol}");
            block(eventually("let go", || in_flight(bench.shared()) == 0));
            assert_flood_is_told(&bench);
        }
    }
}

#[test]
fn resets_between_answers_are_forgiven() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    block(async {
        let mut sender = http2(bench.address("front")).await;
        for _ in 0..60 {
            let hang = request("GET", "/hang").body(()).unwrap();
            let (answer, mut stream) = sender.send_request(hang, true).unwrap();
            stream.send_reset(h2::Reason::CANCEL);
            drop((answer, stream));
            let fine = request("GET", "/fine").body(()).unwrap();
            ask_http2(&mut sender, fine, &[], None).await.unwrap();
        }
    });
    assert_eq!(count(&bench, Outcome::LimitHit(LimitKind::Resets)), 0);
}

#[test]
fn continuations_without_end_end_the_connection() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    let mut raw = Raw::connect(&bench);
    raw.write(&frame(HEADERS, END_STREAM, 1, &request_block(&[])));
    for _ in 0..1000 {
        let more = frame(CONTINUATION, 0, 1, &fields(&[("x", "y")]));
        if raw.0.0.write_all(&more).is_err() {
            break;
        }
    }
    assert_eq!(raw.goaway(), ENHANCE_YOUR_CALM);
    assert_flood_is_told(&bench);
    others_are_served(&bench);
}

/// Writes one frame until nobody takes it any more; how much that was.
fn push(raw: &mut Raw, frame: &[u8]) -> usize {
    let pile = frame.repeat(1000);
    raw.0.0.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut n_bytes = 0;
    while n_bytes < 256 << 20 {
        match raw.0.0.write(&pile) {
            Ok(n) => n_bytes += n,
            Err(_) => return n_bytes,
        }
    }
    n_bytes
}

#[test]
fn pings_and_settings_are_not_read_faster_than_their_answers() {
    for flood in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        let bench = Bench::run(&lab_to(http2_server(), "h2c", "limits: (idle_timeout: \"1s\"),"));
        let mut raw = Raw::connect(&bench);
        // The answers are not read, so they fill the sockets between us, and then the proxy stops reading, too.
        let n_bytes = push(&mut raw, &flood);
        assert!(n_bytes < 256 << 20, "it took all");
        others_are_served(&bench);
        // And it is not kept for ever.
        let tallies = &bench.shared().tallies;
        let open = || tallies.connections.load(std::sync::atomic::Ordering::SeqCst);
        block(eventually("dropped", || open() == 0));
    }
}

#[test]
fn empty_data_without_end_does_not_grow_anything() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    let mut raw = Raw::connect(&bench);
    raw.write(&frame(HEADERS, END_HEADERS, 1, &request_block(&[])));
    for _ in 0..100 {
        if raw.0.0.write_all(&frame(DATA, 0, 1, &[]).repeat(1000)).is_err() {
            break;
        }
    }
    others_are_served(&bench);
    drop(raw.0.0.shutdown(Shutdown::Both));
    block(eventually("let go", || in_flight(bench.shared()) == 0));
}

#[test]
fn malformed_requests_are_refused_and_reach_no_server() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", ""));
    let many: Vec<(&str, &str)> = vec![("x", "y"); 101];
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[("connection", "close")], "reset 1"),
        (&[("transfer-encoding", "chunked")], "reset 1"),
        (&[("te", "gzip")], "reset 1"),
        (&[("X", "y")], "goaway 1"),
        (&[("content-length", "5")], "reset 1"),
        (&[("host", "other.test")], "400"),
        (&many, "431"),
    ];
    for (more, expected) in cases {
        let mut raw = Raw::connect(&bench);
        raw.write(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &request_block(more)));
        let status = raw.status(1);
        assert_eq!(status, expected, "{more:?}");
    }
    assert_eq!(count(&bench, Outcome::LimitHit(LimitKind::HeaderCount)), 1);
    let plan = bench.shared().plan();
    assert_eq!(plan.pools["web"].servers[0].meter.counters.read().started, 0);
}

#[test]
fn a_client_that_never_finishes_its_preface_is_closed() {
    let bench = Bench::run(&lab_to(http2_server(), "h2c", "limits: (header_timeout: \"200ms\"),"));
    let mut wire = bench.dial("front");
    wire.send("PRI * HTTP/2.0\r\n");
    assert_eq!(wire.read_to_end(), "");
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ENHANCE_YOUR_CALM: u32 = 0xb;
