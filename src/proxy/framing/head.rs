//! The head of a request, line by line: what it says about where its body ends, and whether it may be said so.

use super::violation::Violation;
use super::{Bounds, Listening};

/// What the lines so far said. All of it is checked again by nobody else, so it is strict.
#[derive(Debug, Default)]
pub(super) struct Head {
    line: Expected,
    n_fields: u32,
    version: Version,
    method: Method,
    length: Option<u64>,
    codings: Codings,
    upgrade: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Expected {
    #[default]
    RequestLine,
    /// The one empty line that RFC 9112 section 2.2 lets a server ignore has been there.
    RequestLineNow,
    FirstField,
    Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Version {
    Http10,
    #[default]
    Http11,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Method {
    Connect,
    #[default]
    Other,
}

/// The transfer codings named so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Codings {
    #[default]
    None,
    Chunked,
    /// Something else, and `chunked` last.
    OthersThenChunked,
    /// Something else last.
    Others,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Body {
    None,
    Sized(u64),
    Chunked,
}

/// What a complete head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) body: Body,
    /// It asks that the connection become something else.
    pub(super) asks_to_switch: bool,
}

impl Head {
    pub(super) fn is_at_request_line(&self) -> bool {
        matches!(self.line, Expected::RequestLine | Expected::RequestLineNow)
    }

    /// Takes the next line; the empty one gives what the whole head says.
    pub(super) fn take(
        &mut self,
        line: &[u8],
        bounds: &Bounds,
        listening: &mut impl Listening,
    ) -> Result<Option<Said>, Violation> {
        match self.line {
            Expected::RequestLine if line.is_empty() => self.line = Expected::RequestLineNow,
            Expected::RequestLine | Expected::RequestLineNow => {
                self.request_line(line, listening)?;
                self.line = Expected::FirstField;
            }
            _ if line.is_empty() => return self.finish().map(Some),
            _ => self.field(line, bounds, listening)?,
        }
        Ok(None)
    }

    fn request_line(
        &mut self,
        line: &[u8],
        listening: &mut impl Listening,
    ) -> Result<(), Violation> {
        let mut parts = line.splitn(3, |&byte| byte == b' ');
        let (Some(method), Some(target), Some(version)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(Violation::bad("the request line is not: method, target, version"));
        };
        if !is_token(method) {
            return Err(Violation::bad("the request line does not begin with a method"));
        }
        // A fragment never leaves the client (RFC 9112 section 3.2); who cuts it off and who does not would disagree
        // about the path.
        if target.is_empty() || target.iter().any(|&byte| byte <= b' ' || byte == b'#') {
            return Err(Violation::bad(
                "the request line has no proper target between single blanks",
            ));
        }
        self.version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
                if major.is_ascii_digit() && minor.is_ascii_digit() =>
            {
                return Err(Violation::with_status(
                    505,
                    "the request is of an HTTP version not spoken here",
                ));
            }
            _ => return Err(Violation::bad("the request line does not end with an HTTP version")),
        };
        self.method = if method == b"CONNECT" { Method::Connect } else { Method::Other };
        listening.request_line(method, target, self.version == Version::Http10);
        Ok(())
    }

    fn field(
        &mut self,
        line: &[u8],
        bounds: &Bounds,
        listening: &mut impl Listening,
    ) -> Result<(), Violation> {
        if matches!(line[0], b' ' | b'\t') {
            return Err(Violation::bad(if self.line == Expected::FirstField {
                "the request line is followed by a line that begins with a blank"
            } else {
                "a header field is continued on a second line"
            }));
        }
        self.line = Expected::Field;
        self.n_fields += 1;
        if self.n_fields > bounds.header_count {
            return Err(Violation::too_many_fields());
        }
        let (name, value) = split_field(line)?;
        listening.field(name, value);
        if name.eq_ignore_ascii_case(b"content-length") {
            return self.content_length(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return self.transfer_encoding(value);
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = true;
        }
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Violation> {
        if self.length.is_some() {
            return Err(Violation::bad("the request has more than one Content-Length"));
        }
        self.length = Some(decimal(value).ok_or_else(|| {
            Violation::bad("the Content-Length of the request is not one number of digits")
        })?);
        Ok(())
    }

    /// Several fields are one list (RFC 9110 section 5.3).
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Violation> {
        for coding in value.split(|&byte| byte == b',').map(trim) {
            let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.codings = match self.codings {
                _ if coding.is_empty() => {
                    return Err(Violation::bad(
                        "the Transfer-Encoding of the request has an empty part",
                    ));
                }
                Codings::Chunked | Codings::OthersThenChunked => {
                    return Err(Violation::bad(
                        "`chunked` is not the last Transfer-Encoding of the request",
                    ));
                }
                Codings::None if is_chunked => Codings::Chunked,
                Codings::Others if is_chunked => Codings::OthersThenChunked,
                Codings::None | Codings::Others => Codings::Others,
            };
        }
        Ok(())
    }

    /// RFC 9112 section 6.3, without the choices that it leaves.
    fn finish(&self) -> Result<Said, Violation> {
        if self.codings != Codings::None {
            if self.length.is_some() {
                return Err(Violation::bad(
                    "the request has both Content-Length and Transfer-Encoding",
                ));
            }
            // A 1.0 proxy on the way would not have seen the coding (RFC 9112 section 6.1).
            if self.version == Version::Http10 {
                return Err(Violation::bad("an HTTP/1.0 request has a Transfer-Encoding"));
            }
        }
        let body = match (self.codings, self.length) {
            (Codings::None, None | Some(0)) => Body::None,
            (Codings::None, Some(length)) => Body::Sized(length),
            (Codings::Chunked, _) => Body::Chunked,
            (Codings::OthersThenChunked, _) => {
                return Err(Violation::with_status(
                    501,
                    "the request has a Transfer-Encoding not known here",
                ));
            }
            // Without `chunked` at the end nobody can say where it ends: that is a 400, known or not.
            (Codings::Others, _) => {
                return Err(Violation::bad(
                    "the last Transfer-Encoding of the request is not `chunked`",
                ));
            }
        };
        // Content of CONNECT has no meaning (RFC 9110 section 9.3.6): some would take it for the tunnel's first bytes.
        let connect = self.method == Method::Connect;
        if connect && body != Body::None {
            return Err(Violation::bad("a CONNECT request has a body"));
        }
        // A 1.0 request cannot ask for an upgrade (RFC 9110 section 7.8).
        let upgrade = self.upgrade && self.version == Version::Http11;
        Ok(Said { body, asks_to_switch: connect || upgrade })
    }
}

/// A field line's name and value, without the blanks around the value.
pub(super) fn split_field(line: &[u8]) -> Result<(&[u8], &[u8]), Violation> {
    let name = line.iter().position(|&byte| !TOKEN[byte as usize]).unwrap_or(line.len());
    match line.get(name) {
        Some(b':') if name > 0 => Ok((&line[..name], trim(&line[name + 1..]))),
        Some(b':') => Err(Violation::bad("a header field has no name")),
        Some(b' ' | b'\t') if name > 0 => {
            Err(Violation::bad("the name of a header field is followed by a blank"))
        }
        Some(_) => {
            Err(Violation::bad("the name of a header field has a character that no name may have"))
        }
        None => Err(Violation::bad("a header field has no colon")),
    }
}

pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Digits only, and no more than a signed number holds, because that is what many servers keep it in.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let mut number: i64 = 0;
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    (!digits.is_empty()).then_some(number.unsigned_abs())
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| TOKEN[byte as usize])
}

/// The characters of a token (RFC 9110 section 5.6.2).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
};
