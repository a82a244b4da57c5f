//! HTTP/1.1 messages as RFC 9112 section 6 frames them, read from a socket by the letter.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A connection with everything that was read from it.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    pub(crate) read: Vec<u8>,
    /// How much of what was read belongs to messages that were taken.
    pub(crate) taken: usize,
}

/// Why no more can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    End,
    Reset,
    /// Nothing came in time.
    Late,
    Malformed,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
    /// The end of the message was seen, not guessed from the end of the connection.
    pub(crate) complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    None,
    Sized(usize),
    Chunked,
    ToEnd,
}

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self { stream, read: Vec::new(), taken: 0 }
    }

    /// What cannot be written is told by what is read.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    pub(crate) fn close(&self) {
        drop(self.stream.shutdown(Shutdown::Both));
    }

    pub(crate) fn fill(&mut self) -> Result<(), Stop> {
        let mut piece = [0; 16 * 1024];
        loop {
            return match self.stream.read(&mut piece) {
                Ok(0) => Err(Stop::End),
                Ok(length) => {
                    self.read.extend_from_slice(&piece[..length]);
                    Ok(())
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_late(error.kind()) => Err(Stop::Late),
                Err(_) => Err(Stop::Reset),
            };
        }
    }

    /// Reads until this stands in what was not taken yet.
    pub(crate) fn await_mark(&mut self, mark: &str) -> Result<(), Stop> {
        while !self.read[self.taken..].windows(mark.len()).any(|it| it == mark.as_bytes()) {
            self.fill()?;
        }
        Ok(())
    }

    /// Reads to the end of the connection and says how it came.
    pub(crate) fn drain(&mut self) -> Stop {
        loop {
            if let Err(stop) = self.fill() {
                return stop;
            }
        }
    }

    /// The head of the next message.
    pub(crate) fn head(&mut self) -> Result<Message, Stop> {
        let length = loop {
            let rest = &self.read[self.taken..];
            if let Some(at) = rest.windows(4).position(|it| it == b"\r\n\r\n") {
                break at;
            }
            self.fill()?;
        };
        let text = latin1(&self.read[self.taken..self.taken + length]);
        self.taken += length + 4;
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let fields = lines.map(field).collect::<Option<_>>().ok_or(Stop::Malformed)?;
        Ok(Message { line, fields, body: Vec::new(), trailers: Vec::new(), complete: false })
    }

    /// Adds the body to a head. What is missing is told by `complete`.
    pub(crate) fn body(&mut self, message: &mut Message, framing: Framing) {
        let read = match framing {
            Framing::None => Ok(()),
            Framing::Sized(length) => self.exactly(length).map(|body| message.body = body),
            Framing::Chunked => self.chunks(message),
            Framing::ToEnd => {
                let stop = self.drain();
                message.body = self.read.split_off(self.taken);
                if stop == Stop::End { Ok(()) } else { Err(stop) }
            }
        };
        message.complete = read.is_ok();
        if !message.complete && matches!(framing, Framing::Sized(_)) {
            message.body = self.read[self.taken..].to_vec();
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Stop> {
        while self.read.len() < self.taken + length {
            self.fill()?;
        }
        let bytes = self.read[self.taken..self.taken + length].to_vec();
        self.taken += length;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<String, Stop> {
        loop {
            let rest = &self.read[self.taken..];
            if let Some(at) = rest.windows(2).position(|it| it == b"\r\n") {
                let line = latin1(&rest[..at]);
                self.taken += at + 2;
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn chunks(&mut self, message: &mut Message) -> Result<(), Stop> {
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(|_odd| Stop::Malformed)?;
            if size == 0 {
                break;
            }
            message.body.extend(self.exactly(size)?);
            if self.exactly(2)? != b"\r\n" {
                return Err(Stop::Malformed);
            }
        }
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(());
            }
            message.trailers.push(field(&line).ok_or(Stop::Malformed)?);
        }
    }
}

impl Message {
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn trailer(&self, name: &str) -> Option<&str> {
        let named = self.trailers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub(crate) fn status(&self) -> u16 {
        self.line.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn request_framing(&self) -> Framing {
        self.declared_framing().unwrap_or(Framing::None)
    }

    pub(crate) fn answer_framing(&self, to_head: bool) -> Framing {
        if to_head || matches!(self.status(), 100..=199 | 204 | 304) {
            return Framing::None;
        }
        self.declared_framing().unwrap_or(Framing::ToEnd)
    }

    fn declared_framing(&self) -> Option<Framing> {
        if !self.values("transfer-encoding").is_empty() {
            return Some(Framing::Chunked);
        }
        let length = self.values("content-length").first()?.parse().ok()?;
        Some(Framing::Sized(length))
    }
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

/// Bytes as characters of the same number, so that none is lost.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn is_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

const DEADLINE: Duration = Duration::from_secs(5);
