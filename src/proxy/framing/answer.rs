//! The head of an answer. A server is trusted more than a client: what it says is read kindly where no harm comes of it.

use super::head::{Body, decimal, split_field, trim};
use super::line::Cursor;
use crate::proxy::fields::{Fields, Name};

/// Reads the head of an answer that comes in pieces.
#[derive(Debug, Default)]
pub(in super::super) struct AnswerReader {
    cursor: Cursor,
    start: Option<AnswerStart>,
    n_fields: usize,
}

/// The first line of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct AnswerStart {
    pub(in super::super) status: u16,
    pub(in super::super) is_http10: bool,
    /// Where its reason stands in the head.
    pub(in super::super) reason: (usize, usize),
}

/// It is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Malformed;

impl AnswerReader {
    /// Reads on, and puts the fields in. The whole head gives its first line and its length. What was shown must come
    /// again from its beginning, with more behind it.
    pub(in super::super) fn read(
        &mut self,
        bytes: &[u8],
        fields: &mut Fields,
    ) -> Result<Option<(AnswerStart, usize)>, Malformed> {
        loop {
            let begins = self.cursor.start();
            let line = self.cursor.lenient_line(bytes, HEAD_BYTES_MAX);
            let Some(line) = line.map_err(|_fault| Malformed)? else { return Ok(None) };
            match self.start {
                None => self.start = Some(first_line(line, begins)?),
                Some(start) if line.is_empty() => return Ok(Some((start, self.cursor.start()))),
                Some(_) => {
                    self.n_fields += 1;
                    if self.n_fields > FIELDS_MAX {
                        return Err(Malformed);
                    }
                    let (name, value) = split_field(line).map_err(|_violation| Malformed)?;
                    fields.push(name, value);
                }
            }
        }
    }
}

impl AnswerStart {
    /// How the end of the answer's body is found (RFC 9112 section 6.3); nothing where its connection's end ends it.
    pub(in super::super) fn body(
        &self,
        to_head: bool,
        fields: &Fields,
    ) -> Result<Option<Body>, Malformed> {
        if to_head || self.status < 200 || matches!(self.status, 204 | 304) {
            return Ok(Some(Body::None));
        }
        if fields.has(Name::TransferEncoding) {
            // Who speaks 1.0 knows no codings, and means something else.
            if self.is_http10 {
                return Err(Malformed);
            }
            let last = fields.all(Name::TransferEncoding).last().unwrap_or_default();
            let coding = last.rsplit(|&byte| byte == b',').next().map(trim);
            let is_chunked = coding.is_some_and(|it| it.eq_ignore_ascii_case(b"chunked"));
            return Ok(is_chunked.then_some(Body::Chunked));
        }
        let mut length = None;
        let lengths = fields.all(Name::ContentLength);
        for text in lengths.flat_map(|value| value.split(|&byte| byte == b',')) {
            let number = decimal(trim(text)).ok_or(Malformed)?;
            if length.is_some_and(|before| before != number) {
                return Err(Malformed);
            }
            length = Some(number);
        }
        Ok(length.map(|length| if length == 0 { Body::None } else { Body::Sized(length) }))
    }
}

/// Version, three digits, and a reason that nobody needs.
fn first_line(line: &[u8], begins: usize) -> Result<AnswerStart, Malformed> {
    let is_http10 = match line.get(..8) {
        Some(b"HTTP/1.1") => false,
        Some(b"HTTP/1.0") => true,
        _ => return Err(Malformed),
    };
    let (Some(b' '), Some(digits @ [b'1'..=b'9', _, _])) = (line.get(8), line.get(9..12)) else {
        return Err(Malformed);
    };
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(line.get(12), None | Some(b' ')) {
        return Err(Malformed);
    }
    let status = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    let reason = (begins + line.len().min(13), begins + line.len());
    Ok(AnswerStart { status, is_http10, reason })
}

/// The longest head of an answer.
const HEAD_BYTES_MAX: usize = 256 * 1024;
const FIELDS_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<(AnswerStart, Fields), Malformed> {
        let mut fields = Fields::default();
        let (start, length) =
            AnswerReader::default().read(head.as_bytes(), &mut fields)?.ok_or(Malformed)?;
        assert_eq!(length, head.len());
        Ok((start, fields))
    }

    #[test]
    fn a_head_in_pieces_is_the_same_head() {
        let head = b"HTTP/1.1 299 Odd one\r\nX-A: 1\nVia:  b \r\n\r\n";
        let (mut reader, mut fields) = (AnswerReader::default(), Fields::default());
        for length in 0..head.len() {
            assert_eq!(reader.read(&head[..length], &mut fields), Ok(None));
        }
        let (start, length) = reader.read(head, &mut fields).unwrap().unwrap();
        assert_eq!((start.status, start.is_http10, length), (299, false, head.len()));
        assert_eq!(&head[start.reason.0..start.reason.1], b"Odd one");
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("x-a", &b"1"[..]), ("via", b"b")]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for head in [
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "HTTP/1.1 2000\r\n\r\n",
            "http/1.1 200 OK\r\n\r\n",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n X-A: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX-A : 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX-A: \x01\r\n\r\n",
        ] {
            assert!(read(head).is_err(), "{head:?}");
        }
    }

    #[test]
    fn the_end_of_a_body_is_found_by_the_rules() {
        for (head, to_head, expected) in [
            ("200 OK\r\n", false, Ok(None)),
            ("200 OK\r\nContent-Length: 3\r\n", false, Ok(Some(Body::Sized(3)))),
            ("200 OK\r\nContent-Length: 3\r\n", true, Ok(Some(Body::None))),
            ("200 OK\r\nContent-Length: 3, 3\r\n", false, Ok(Some(Body::Sized(3)))),
            ("200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n", false, Err(Malformed)),
            ("200 OK\r\nContent-Length: +3\r\n", false, Err(Malformed)),
            ("304 No\r\nContent-Length: 3\r\n", false, Ok(Some(Body::None))),
            ("200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n", false, Ok(Some(Body::Chunked))),
            ("200 OK\r\nTransfer-Encoding: gzip\r\n", false, Ok(None)),
        ] {
            let (start, fields) = read(&format!("HTTP/1.1 {head}\r\n")).unwrap();
            assert_eq!(start.body(to_head, &fields), expected, "{head:?}");
        }
        let (start, fields) =
            read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        assert_eq!(start.body(false, &fields), Err(Malformed));
    }
}
