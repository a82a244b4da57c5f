//! Frames of RFC 9113 section 4 and as much of RFC 7541 as is needed to write fields and to read a status.

/// A frame that was read.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The error of `RST_STREAM`, or of GOAWAY.
    pub(crate) fn error(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        self.payload
            .get(at..at + 4)
            .map_or(u32::MAX, |it| u32::from_be_bytes(it.try_into().unwrap()))
    }

    /// The status, which is the first field of an answer; 0 for trailers.
    pub(crate) fn status(&self) -> u16 {
        match self.payload.as_slice() {
            [0x88, ..] => 200,
            [0x89, ..] => 204,
            [0x8a, ..] => 206,
            [0x8b, ..] => 304,
            [0x8c, ..] => 400,
            [0x8d, ..] => 404,
            [0x8e, ..] => 500,
            // A literal under the name `:status`, in three digits or in their Huffman codes.
            [0x48 | 0x08 | 0x18, length, rest @ ..] => digits(*length, rest),
            _ => 0,
        }
    }
}

/// Takes all whole frames from the front.
pub(crate) fn parse(bytes: &mut Vec<u8>) -> Vec<Frame> {
    let mut frames = Vec::new();
    while bytes.len() >= 9 {
        let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]) as usize;
        if bytes.len() < 9 + length {
            break;
        }
        let stream = u32::from_be_bytes(bytes[5..9].try_into().unwrap());
        let payload = bytes[9..9 + length].to_vec();
        frames.push(Frame { kind: bytes[3], flags: bytes[4], stream, payload });
        bytes.drain(..9 + length);
    }
    frames
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

pub(crate) fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, flags, stream, &block(fields))
}

pub(crate) fn data(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, bytes)
}

/// Every field as a literal that enters no table.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            integer(&mut bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// RFC 7541 section 5.1 with a prefix of seven bits.
fn integer(bytes: &mut Vec<u8>, value: usize) {
    if value < 127 {
        return bytes.push(value as u8);
    }
    bytes.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        bytes.push((rest % 128 + 128) as u8);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

fn digits(length: u8, bytes: &[u8]) -> u16 {
    let n_bytes = usize::from(length & 0x7f);
    let Some(bytes) = bytes.get(..n_bytes) else { return 0 };
    if length & 0x80 == 0 {
        return std::str::from_utf8(bytes).ok().and_then(|it| it.parse().ok()).unwrap_or(0);
    }
    let mut bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1));
    let mut number = 0;
    for _ in 0..3 {
        // RFC 7541 appendix B: 0, 1 and 2 have five bits, 3 to 9 have six and begin with 011001.
        let mut code = (0..5).fold(0, |code, _| code << 1 | u16::from(bits.next().unwrap_or(1)));
        if code > 2 {
            code = (code << 1 | u16::from(bits.next().unwrap_or(1))) - 0b011001 + 3;
        }
        number = number * 10 + code;
    }
    number
}

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
/// A whole message in one frame.
pub(crate) const ALL: u8 = END_STREAM | END_HEADERS;
