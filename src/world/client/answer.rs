//! The head of an HTTP/1.1 answer, read strictly: what is ambiguous is a bad response, never a guess.

/// What the head says about itself and its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) framing: Framing,
    pub(super) keeps_alive: bool,
    /// Bytes of the head with its empty line.
    pub(super) length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Nothing,
    Length(u64),
    Chunked,
    UntilClose,
}

/// The bytes are no head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads a head, if all of it is there, and shows every field to `visit`.
pub(super) fn read_head(
    bytes: &[u8],
    is_head: bool,
    mut visit: impl FnMut(&[u8], &[u8]),
) -> Result<Option<Head>, Malformed> {
    let Some(length) = end_of_head(bytes) else {
        return if bytes.len() > HEAD_BYTES_MAX { Err(Malformed) } else { Ok(None) };
    };
    let mut lines = Lines(&bytes[..length - 2]);
    let (minor, status) = read_status_line(lines.next().ok_or(Malformed)??)?;
    let mut fields = Fields::default();
    for line in lines {
        let (name, value) = read_field(line?)?;
        fields.note(name, value)?;
        visit(name, value);
    }
    let framing = fields.framing(minor, status, is_head)?;
    let keeps_alive = framing != Framing::UntilClose
        && status != SWITCHING
        && !fields.closes
        && (minor == 1 || fields.keeps);
    Ok(Some(Head { status, framing, keeps_alive, length }))
}

/// What the fields say about the message itself.
#[derive(Default)]
struct Fields {
    count: usize,
    length: Option<u64>,
    chunked: bool,
    closes: bool,
    keeps: bool,
}

impl Fields {
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Malformed> {
        self.count += 1;
        if self.count > HEADERS_MAX {
            return Err(Malformed);
        }
        // Compared only where the length fits, since most fields are none of these.
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = number(value).ok_or(Malformed)?;
                if self.length.is_some_and(|before| before != length) {
                    return Err(Malformed);
                }
                self.length = Some(length);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Malformed);
                }
                self.chunked = true;
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                    self.closes |= option.eq_ignore_ascii_case(b"close");
                    self.keeps |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112, 6.3.
    fn framing(&self, minor: u8, status: u16, is_head: bool) -> Result<Framing, Malformed> {
        if self.chunked && (self.length.is_some() || minor == 0) {
            return Err(Malformed);
        }
        if is_head || matches!(status, 100..=199 | 204 | 304) {
            return Ok(Framing::Nothing);
        }
        Ok(match (self.chunked, self.length) {
            (true, _) => Framing::Chunked,
            (false, Some(0)) => Framing::Nothing,
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::UntilClose,
        })
    }
}

/// Lines that end with CR LF. A CR or an LF of its own is not taken for one.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(end) = self.0.iter().position(|&byte| byte == b'\n') else {
            self.0 = &[];
            return Some(Err(Malformed));
        };
        let (line, rest) = self.0.split_at(end + 1);
        self.0 = rest;
        let line = line.strip_suffix(b"\r\n").filter(|line| !line.contains(&b'\r'));
        Some(line.ok_or(Malformed))
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let searched = &bytes[..bytes.len().min(HEAD_BYTES_MAX)];
    // Lines are few and long, so looking for their ends is quicker than comparing at every byte.
    let mut from = 0;
    while let Some(end) = searched[from..].iter().position(|&byte| byte == b'\n') {
        from += end + 1;
        if searched[from..].starts_with(b"\r\n") {
            return Some(from + 2);
        }
    }
    None
}

/// `HTTP/1.1 200 OK`: the minor version and the status.
fn read_status_line(line: &[u8]) -> Result<(u8, u16), Malformed> {
    let rest = line.strip_prefix(b"HTTP/1.").ok_or(Malformed)?;
    let [minor @ (b'0' | b'1'), b' ', a, b, c, reason @ ..] = rest else { return Err(Malformed) };
    let digits = [a, b, c];
    let plain = digits.iter().all(|digit| digit.is_ascii_digit());
    let separate = reason.is_empty() || reason[0] == b' ';
    if !plain || !separate || !reason.iter().all(|&byte| is_field_byte(byte)) || *a == b'0' {
        return Err(Malformed);
    }
    let status = digits.iter().fold(0, |status, &&digit| status * 10 + u16::from(digit - b'0'));
    Ok((minor - b'0', status))
}

fn read_field(line: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let colon = line.iter().position(|&byte| byte == b':').ok_or(Malformed)?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let sound = !name.is_empty()
        && name.iter().all(|&byte| is_token_byte(byte))
        && value.iter().all(|&byte| is_field_byte(byte));
    if sound { Ok((name, value)) } else { Err(Malformed) }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// Decimal digits and nothing else.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let plain = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

const SWITCHING: u16 = 101;
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Head>, Malformed> {
        read_head(text.as_bytes(), false, |_, _| {})
    }

    fn framing(fields: &str) -> Result<Framing, Malformed> {
        read(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).map(|head| head.unwrap().framing)
    }

    #[test]
    fn the_framing_is_what_rfc_9112_says() {
        assert_eq!(framing("Content-Length: 5\r\n"), Ok(Framing::Length(5)));
        assert_eq!(framing("content-length: 0\r\n"), Ok(Framing::Nothing));
        assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(framing(""), Ok(Framing::UntilClose));
        let no_body =
            read("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n").unwrap().unwrap();
        assert_eq!((no_body.framing, no_body.keeps_alive), (Framing::Nothing, true));
        let to_head = read_head(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", true, |_, _| {});
        assert_eq!(to_head.unwrap().unwrap().framing, Framing::Nothing);
    }

    #[test]
    fn what_is_ambiguous_is_malformed() {
        for fields in [
            "content-length: 5\r\ncontent-length: 6\r\n",
            "content-length: +5\r\n",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "a : 1\r\n",
            "a: 1\r\n b\r\n",
            "a: 1\n",
            "a: x\ry\r\n",
            ": 1\r\n",
            "a\r\n",
            "a: \0\r\n",
        ] {
            assert_eq!(framing(fields), Err(Malformed), "{fields:?}");
        }
        for line in [
            "HTTP/2 200 OK",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000",
            "http/1.1 200 OK",
            "HTTP/1.1  200",
            "",
        ] {
            assert_eq!(read(&format!("{line}\r\n\r\n")), Err(Malformed), "{line:?}");
        }
        assert_eq!(read("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), Err(Malformed));
    }

    #[test]
    fn a_connection_is_kept_as_its_version_and_its_fields_say() {
        let kept = |text: &str| read(text).unwrap().unwrap().keeps_alive;
        assert!(kept("HTTP/1.1 204 No Content\r\n\r\n"));
        assert!(!kept("HTTP/1.1 204 No Content\r\nConnection: x, Close\r\n\r\n"));
        assert!(!kept("HTTP/1.0 204 No Content\r\n\r\n"));
        assert!(kept("HTTP/1.0 204 No Content\r\nconnection: Keep-Alive\r\n\r\n"));
        assert!(!kept("HTTP/1.1 200 OK\r\n\r\n"), "its body ends with the connection");
    }

    #[test]
    fn a_head_is_waited_for_but_not_without_end() {
        assert_eq!(read("HTTP/1.1 200 OK\r\na: 1\r\n"), Ok(None));
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(70_000))), Err(Malformed));
        let many = "a: 1\r\n".repeat(201);
        assert_eq!(framing(&many), Err(Malformed));
    }
}
