//! Where each request of a connection begins and ends, by the strict reading of RFC 9112.
//!
//! Request smuggling lives on two readers that disagree about where a request ends. Everything that two readers have
//! ever been seen to disagree about is refused here, before a parser that forgives sees it.

mod answer;
mod head;
mod line;
mod violation;

#[cfg(test)]
mod tests;

pub(super) use answer::{AnswerReader, AnswerStart};
pub(super) use head::Body;
pub use violation::Violation;

use head::{Head, Said, split_field};
use line::Cursor;

use super::fields::Fields;

/// How long a head may be, and how many fields it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub header_bytes: usize,
    pub header_count: u32,
}

/// Is told what a head says while it is read.
pub(super) trait Listening {
    fn request_line(&mut self, method: &[u8], target: &[u8], is_http10: bool);

    fn field(&mut self, name: &[u8], value: &[u8]);
}

/// Whoever wants to know only where a head ends.
impl Listening for () {
    fn request_line(&mut self, _method: &[u8], _target: &[u8], _is_http10: bool) {}

    fn field(&mut self, _name: &[u8], _value: &[u8]) {}
}

impl Listening for Fields {
    fn request_line(&mut self, _method: &[u8], _target: &[u8], _is_http10: bool) {}

    fn field(&mut self, name: &[u8], value: &[u8]) {
        self.push(name, value);
    }
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Head(Body),
    Data,
    /// What stands around the data of chunks.
    Frame,
    /// The end of the last chunk, with the trailers.
    Trailers,
}

/// Follows the bytes that a client sends on one connection.
#[derive(Debug)]
pub struct Framing {
    bounds: Bounds,
    place: Place,
    cursor: Cursor,
    head: Head,
    n_trailers: u32,
    n_heads: u64,
    /// The request under way asks that the connection become something else.
    asks_to_switch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Sized(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    /// What follows is a request or a tunnel, and only the answer says which.
    Undecided,
    Stopped,
}

/// How far the bytes that were shown are in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// So many of them may be handed on. The next scan begins with the first that may not.
    pub passed: usize,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The rest is the beginning of something.
    More,
    /// The rest is a head that is refused.
    Refused(Violation),
    /// The rest breaks the body whose head was handed on.
    Broken(Violation),
}

impl Framing {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            place: Place::Head,
            cursor: Cursor::default(),
            head: Head::default(),
            n_trailers: 0,
            n_heads: 0,
            asks_to_switch: false,
        }
    }

    /// For the body of an answer, whose head was read otherwise.
    pub(super) fn of_answer(body: Body, bounds: Bounds) -> Self {
        let mut framing = Self::new(bounds);
        framing.begin_body(Said { body, asks_to_switch: false });
        framing
    }

    /// Reads on. What was not passed must come again, with more behind it.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut passed = 0;
        loop {
            let in_head = self.place == Place::Head;
            match self.piece(&bytes[passed..], &mut ()) {
                Ok(Some((_, length))) => passed += length,
                Ok(None) => return Scan { passed, end: End::More },
                Err(violation) => {
                    let end =
                        if in_head { End::Refused(violation) } else { End::Broken(violation) };
                    return Scan { passed, end };
                }
            }
        }
    }

    /// The next piece that is in order, and its length; none if it is not complete. What is no data comes whole, and
    /// must be shown again from its beginning, with more behind it. After an error nothing more comes.
    pub(super) fn piece(
        &mut self,
        bytes: &[u8],
        listening: &mut impl Listening,
    ) -> Result<Option<(Piece, usize)>, Violation> {
        self.step(bytes, listening).inspect_err(|_violation| self.place = Place::Stopped)
    }

    /// Whether a body has begun and not ended.
    pub(super) fn is_in_body(&self) -> bool {
        !matches!(self.place, Place::Head | Place::Undecided | Place::Stopped)
    }

    /// How much of a body is still to come whose head says how long it is.
    pub(super) fn left_of_sized(&self) -> u64 {
        if let Place::Sized(left) = self.place { left } else { 0 }
    }

    /// Complete heads so far.
    pub fn n_heads(&self) -> u64 {
        self.n_heads
    }

    /// Whether a head is expected or has begun.
    pub fn is_in_head(&self) -> bool {
        self.place == Place::Head
    }

    /// Whether the bytes that follow may be a tunnel's. Nothing of them is passed until [`Self::go_on`].
    pub fn is_undecided(&self) -> bool {
        self.place == Place::Undecided
    }

    /// The answer was no switch of protocols: what follows is the next request.
    pub fn go_on(&mut self) {
        if self.is_undecided() {
            self.move_to(Place::Head);
        }
    }

    fn step(
        &mut self,
        bytes: &[u8],
        listening: &mut impl Listening,
    ) -> Result<Option<(Piece, usize)>, Violation> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let frame = |length: usize| (Piece::Frame, length);
        match self.place {
            Place::Head => self.step_head(bytes, listening),
            Place::Sized(left) => Ok(Some((Piece::Data, self.skip(bytes, left, Place::Sized)))),
            Place::ChunkSize => Ok(self.step_chunk_size(bytes)?.map(frame)),
            Place::ChunkData(left) => {
                Ok(Some((Piece::Data, self.skip(bytes, left, Place::ChunkData))))
            }
            Place::ChunkEnd => Ok(self.step_chunk_end(bytes)?.map(frame)),
            Place::Trailers => {
                let length = self.step_trailers(bytes, listening)?;
                Ok(length.map(|length| (Piece::Trailers, length)))
            }
            Place::Undecided | Place::Stopped => Ok(None),
        }
    }

    fn step_head(
        &mut self,
        bytes: &[u8],
        listening: &mut impl Listening,
    ) -> Result<Option<(Piece, usize)>, Violation> {
        let whole_max = self.bounds.header_bytes.saturating_sub(LINE_END);
        loop {
            let at_request_line = self.head.is_at_request_line();
            let (end_max, too_long) = if at_request_line {
                let end_max = self.cursor.start() + REQUEST_LINE_BYTES_MAX;
                (end_max.min(whole_max), Violation::target_too_long())
            } else {
                (whole_max, Violation::head_too_long())
            };
            let line = self.cursor.line(bytes, end_max);
            let Some(line) = line.map_err(|fault| Violation::of_line(fault, too_long))? else {
                return Ok(None);
            };
            if let Some(said) = self.head.take(line, &self.bounds, listening)? {
                let length = self.cursor.start();
                self.begin_body(said);
                return Ok(Some((Piece::Head(said.body), length)));
            }
        }
    }

    fn begin_body(&mut self, said: Said) {
        self.n_heads += 1;
        self.asks_to_switch = said.asks_to_switch;
        match said.body {
            Body::None => self.end_message(),
            Body::Sized(length) => self.move_to(Place::Sized(length)),
            Body::Chunked => self.move_to(Place::ChunkSize),
        }
    }

    fn end_message(&mut self) {
        self.move_to(if self.asks_to_switch { Place::Undecided } else { Place::Head });
    }

    fn move_to(&mut self, place: Place) {
        self.place = place;
        self.cursor = Cursor::default();
        if place == Place::Head {
            self.head = Head::default();
        }
    }

    /// Passes over what is known to be content.
    fn skip(&mut self, bytes: &[u8], left: u64, place: fn(u64) -> Place) -> usize {
        let length = left.min(bytes.len() as u64);
        match (left - length, self.place) {
            (0, Place::ChunkData(_)) => self.move_to(Place::ChunkEnd),
            (0, _) => self.end_message(),
            (left, _) => self.place = place(left),
        }
        length as usize
    }

    fn step_chunk_size(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        let too_long = Violation::bad("a chunk of the body has a size line that is too long");
        let line = self.cursor.line(bytes, CHUNK_LINE_BYTES_MAX);
        let Some(line) = line.map_err(|fault| Violation::of_line(fault, too_long))? else {
            return Ok(None);
        };
        let size = chunk_size(line)?;
        let length = self.cursor.start();
        if size == 0 {
            self.n_trailers = 0;
            self.move_to(Place::Trailers);
        } else {
            self.move_to(Place::ChunkData(size));
        }
        Ok(Some(length))
    }

    fn step_chunk_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        match bytes {
            [b'\r'] => Ok(None),
            [b'\r', b'\n', ..] => {
                self.move_to(Place::ChunkSize);
                Ok(Some(LINE_END))
            }
            _ => Err(Violation::bad("a chunk of the body does not end where its size says")),
        }
    }

    fn step_trailers(
        &mut self,
        bytes: &[u8],
        listening: &mut impl Listening,
    ) -> Result<Option<usize>, Violation> {
        let end_max = self.bounds.header_bytes.saturating_sub(LINE_END);
        loop {
            let line = self.cursor.line(bytes, end_max);
            let too_long = Violation::head_too_long();
            let Some(line) = line.map_err(|fault| Violation::of_line(fault, too_long))? else {
                return Ok(None);
            };
            if line.is_empty() {
                let length = self.cursor.start();
                self.end_message();
                return Ok(Some(length));
            }
            self.n_trailers += 1;
            if self.n_trailers > self.bounds.header_count {
                return Err(Violation::too_many_fields());
            }
            if matches!(line[0], b' ' | b'\t') {
                return Err(Violation::bad("a trailer field is continued on a second line"));
            }
            let (name, value) = split_field(line)?;
            listening.field(name, value);
        }
    }
}

/// Hexadecimal digits and, after a semicolon, whatever: nobody uses extensions, so nobody agrees on them. Blanks
/// between size and semicolon are allowed by a rule for bad senders (RFC 9112 section 7.1.1) and read in as many ways
/// as there are servers.
fn chunk_size(line: &[u8]) -> Result<u64, Violation> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Violation::bad("a chunk of the body has a size that is not hexadecimal"));
    }
    if digits.len() > CHUNK_DIGITS_MAX {
        return Err(Violation::bad("a chunk of the body has a size with too many digits"));
    }
    let value = |digit: &u8| u64::from((*digit as char).to_digit(16).unwrap_or_default());
    Ok(digits.iter().fold(0, |size, digit| size << 4 | value(digit)))
}

const LINE_END: usize = 2;
/// Four times what NGINX and Apache take, and half of what hyper can hold.
const REQUEST_LINE_BYTES_MAX: usize = 32 * 1024;
/// Room for a signature (AWS has one of 64 digits in each chunk) and little more.
const CHUNK_LINE_BYTES_MAX: usize = 256;
/// Sixty bits: no server's signed number overflows.
const CHUNK_DIGITS_MAX: usize = 15;
