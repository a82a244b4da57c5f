//! Asks by HTTP/2 on many streams at once, with the few frames that takes (RFC 9113).
//!
//! A whole implementation would cost more than the proxies; this one sends the same header block on every stream
//! (RFC 7541: indexed and literal fields without Huffman) and reads frames for their ends.

use std::io;
use std::time::{Duration, Instant};

use super::Tally;
use super::connect::{Connector, Wire};

pub(super) async fn drive(connector: &Connector, streams: usize, tally: &Tally) -> ! {
    loop {
        let Err(error) = converse(connector, streams, tally).await;
        tally.failed(&error);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn converse(
    connector: &Connector,
    streams: usize,
    tally: &Tally,
) -> io::Result<std::convert::Infallible> {
    let mut connection = Connection {
        wire: connector.connect().await?,
        next: 1,
        open: Vec::with_capacity(streams),
        received: 0,
        out: opening(),
    };
    for _ in 0..streams {
        connection.ask();
    }
    let mut buffer = vec![0; 128 * 1024];
    let mut filled = 0;
    loop {
        if !connection.out.is_empty() {
            connection.wire.write(&connection.out).await?;
            connection.out.clear();
        }
        filled += connection.wire.read(&mut buffer[filled..]).await?;
        let mut from = 0;
        while let Some(frame) = Frame::read(&buffer[from..filled]) {
            from += FRAME_HEAD + frame.payload.len();
            connection.take(&frame, tally)?;
        }
        buffer.copy_within(from..filled, 0);
        filled -= from;
    }
}

struct Connection {
    wire: Wire,
    /// The number of the next stream.
    next: u32,
    open: Vec<(u32, Instant)>,
    /// Bytes of bodies that the window has not been opened for again.
    received: u32,
    out: Vec<u8>,
}

impl Connection {
    fn ask(&mut self) {
        frame(&mut self.out, HEADERS, END_STREAM | END_HEADERS, self.next, REQUEST);
        self.open.push((self.next, Instant::now()));
        self.next += 2;
    }

    fn take(&mut self, got: &Frame<'_>, tally: &Tally) -> io::Result<()> {
        match got.kind {
            // After any change of the table's size, the first field is `:status: 200`, entry 8.
            HEADERS if got.payload.iter().find(|&&byte| byte & 0xe0 != 0x20) != Some(&0x88) => {
                return Err(io::Error::other(format!("not status 200: {:?}", got.payload)));
            }
            DATA => self.give_room(got.payload.len() as u32),
            SETTINGS if got.flags & ACK == 0 => frame(&mut self.out, SETTINGS, ACK, 0, &[]),
            PING if got.flags & ACK == 0 => frame(&mut self.out, PING, ACK, 0, got.payload),
            RESET | GOAWAY => {
                let what = format!("frame {} says {:?}", got.kind, got.payload);
                return Err(io::Error::other(what));
            }
            _ => {}
        }
        let ends = matches!(got.kind, HEADERS | DATA) && got.flags & END_STREAM != 0;
        if let Some(at) = self.open.iter().position(|&(stream, _)| ends && stream == got.stream) {
            let (_, since) = self.open.swap_remove(at);
            tally.answered(since);
            self.ask();
        }
        Ok(())
    }

    fn give_room(&mut self, bytes: u32) {
        self.received += bytes;
        if self.received > WINDOW / 2 {
            frame(&mut self.out, WINDOW_UPDATE, 0, 0, &self.received.to_be_bytes());
            self.received = 0;
        }
    }
}

struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<FRAME_HEAD>()?;
        let [high, middle, low, kind, flags, stream @ ..] = *head;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let stream = u32::from_be_bytes(stream);
        Some(Self { kind, flags, stream, payload: rest.get(..length)? })
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    out.extend([length[1], length[2], length[3], kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
}

/// The preface, no pushes, and a window that never runs out.
fn opening() -> Vec<u8> {
    let mut out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut settings = vec![0, 2, 0, 0, 0, 0, 0, 4];
    settings.extend(WINDOW.to_be_bytes());
    frame(&mut out, SETTINGS, 0, 0, &settings);
    frame(&mut out, WINDOW_UPDATE, 0, 0, &(WINDOW - 65_535).to_be_bytes());
    out
}

/// `GET https /` (entries 2, 7 and 4), then `:authority`, `user-agent` and `accept` with values.
const REQUEST: &[u8] = b"\x82\x87\x84\x01\x0cpeer.example\x0f\x2b\x04peer\x0f\x04\x03*/*";
const WINDOW: u32 = 1 << 30;
const FRAME_HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
