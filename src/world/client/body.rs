//! How far the body of an HTTP/1.1 answer has come. Its bytes are counted and dropped.

use super::answer::{Framing, Malformed};

/// A body that is being read.
#[derive(Debug)]
pub(super) enum Body {
    Length(u64),
    Chunked(Chunk),
    UntilClose,
    Done,
}

/// Where in the chunked coding (RFC 9112, 7.1) the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    Size { value: u64, digits: u8 },
    Extension { value: u64 },
    SizeEnd { value: u64 },
    Data(u64),
    DataReturn,
    DataEnd,
    TrailerStart,
    Trailer { bytes: u16 },
    TrailerEnd,
    LastEnd,
    Done,
}

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Nothing => Self::Done,
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunk::Size { value: 0, digits: 0 }),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Takes what belongs to the body and says how much that was.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        match self {
            Self::Done => Ok(0),
            Self::UntilClose => Ok(bytes.len()),
            Self::Length(left) => {
                let taken = (*left).min(bytes.len() as u64);
                *left -= taken;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(taken as usize)
            }
            Self::Chunked(chunk) => {
                let taken = chunk.take(bytes)?;
                if *chunk == Chunk::Done {
                    *self = Self::Done;
                }
                Ok(taken)
            }
        }
    }

    /// The connection ended here: whether that was the end of the body.
    pub(super) fn may_end(&self) -> bool {
        matches!(self, Self::UntilClose | Self::Done)
    }
}

impl Chunk {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut at = 0;
        while at < bytes.len() && *self != Self::Done {
            if let Self::Data(left) = self {
                let taken = (*left).min((bytes.len() - at) as u64);
                at += taken as usize;
                *left -= taken;
                if *left == 0 {
                    *self = Self::DataReturn;
                }
            } else {
                *self = self.after(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn after(self, byte: u8) -> Result<Self, Malformed> {
        Ok(match (self, byte) {
            (Self::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                // 15 digits are more than any body has, and fit.
                if digits >= 15 {
                    return Err(Malformed);
                }
                let digit = (byte as char).to_digit(16).ok_or(Malformed)?;
                Self::Size { value: value * 16 + u64::from(digit), digits: digits + 1 }
            }
            (Self::Size { value, digits: 1.. }, b';' | b' ' | b'\t') => Self::Extension { value },
            (Self::Size { value, digits: 1.. } | Self::Extension { value }, b'\r') => {
                Self::SizeEnd { value }
            }
            (Self::Extension { value }, byte) if byte >= b' ' || byte == b'\t' => {
                Self::Extension { value }
            }
            (Self::SizeEnd { value: 0 } | Self::TrailerEnd, b'\n') => Self::TrailerStart,
            (Self::SizeEnd { value }, b'\n') => Self::Data(value),
            (Self::DataReturn, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size { value: 0, digits: 0 },
            (Self::TrailerStart, b'\r') => Self::LastEnd,
            (Self::LastEnd, b'\n') => Self::Done,
            (Self::TrailerStart, byte) if byte > b' ' => Self::Trailer { bytes: 1 },
            (Self::Trailer { .. }, b'\r') => Self::TrailerEnd,
            (Self::Trailer { bytes: bytes @ 0..TRAILER_BYTES_MAX }, byte) if byte != b'\n' => {
                Self::Trailer { bytes: bytes + 1 }
            }
            _ => return Err(Malformed),
        })
    }
}

/// Of one field.
const TRAILER_BYTES_MAX: u16 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes were taken, and whether the body was over; fed in pieces of every size.
    fn take_all(text: &str) -> Result<(usize, bool), Malformed> {
        let mut results = (1..=text.len()).map(|size| {
            let mut body = Body::new(Framing::Chunked);
            let mut taken = 0;
            for piece in text.as_bytes().chunks(size) {
                taken += body.take(piece)?;
            }
            Ok((taken, body.is_done()))
        });
        let first = results.next().unwrap();
        results.for_each(|other| assert_eq!(other, first));
        first
    }

    #[test]
    fn a_chunked_body_ends_where_it_says() {
        assert_eq!(take_all("5\r\nhello\r\n0\r\n\r\n"), Ok((15, true)));
        assert_eq!(take_all("A;x=y\r\n0123456789\r\n0\r\na: b\r\nc: d\r\n\r\n"), Ok((36, true)));
        assert_eq!(take_all("5\r\nhello\r\n0\r\n\r\nrest"), Ok((15, true)));
        assert_eq!(take_all("5\r\nhel"), Ok((6, false)));
    }

    #[test]
    fn a_bad_chunk_is_malformed() {
        for text in [
            "\r\n",
            "g\r\n",
            "5\nhello",
            "5\r\nhelloX",
            "-1\r\n",
            "1000000000000000\r\n",
            "0\r\na\n",
        ] {
            assert_eq!(take_all(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn only_a_body_without_a_length_may_end_with_the_connection() {
        assert!(Body::new(Framing::UntilClose).may_end() && Body::new(Framing::Nothing).may_end());
        let mut body = Body::new(Framing::Length(5));
        assert_eq!(body.take(b"hell"), Ok(4));
        assert!(!body.may_end());
        assert_eq!(body.take(b"o!"), Ok(1));
        assert!(body.is_done());
    }
}
