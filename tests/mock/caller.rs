//! A client that sees every byte.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::stage::PATIENCE;

pub(crate) struct Caller {
    stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Bytes that were promised and did not come.
    pub(crate) missing: usize,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Caller {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, unread: Vec::new() })
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.ask("GET", path, "", b"")
    }

    /// `headers` are whole lines, each with its end.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Reply> {
        self.send(method, path, headers, body)?;
        self.reply(method)
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("content-length: {}\r\n", body.len())
        };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: mock\r\n{headers}{length}\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat())
    }

    pub(crate) fn reply(&mut self, method: &str) -> io::Result<Reply> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.read_more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: Vec::new(), missing: 0 };
        let length: usize = reply.header("content-length").map_or(0, |text| text.parse().unwrap());
        let length = if method == "HEAD" || status == 101 { 0 } else { length };
        while self.unread.len() < length && self.read_more()? > 0 {}
        let n_come = self.unread.len().min(length);
        reply.body = self.unread.drain(..n_come).collect();
        reply.missing = length - n_come;
        Ok(reply)
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// One frame of a WebSocket server: its first byte and its payload.
    pub(crate) fn frame(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let head = self.take(2)?;
        let length = match head[1] {
            126 => {
                self.take(2)?.into_iter().fold(0, |length, byte| length << 8 | usize::from(byte))
            }
            127 => {
                self.take(8)?.into_iter().fold(0, |length, byte| length << 8 | usize::from(byte))
            }
            short => usize::from(short),
        };
        Ok((head[0], self.take(length)?))
    }

    fn take(&mut self, n_bytes: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < n_bytes {
            if self.read_more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.unread.drain(..n_bytes).collect())
    }

    /// Whether the other side has said farewell, rather than sent or reset.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.read_more()? == 0)
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let mut piece = [0; 16_384];
        let n_read = self.stream.read(&mut piece)?;
        self.unread.extend_from_slice(&piece[..n_read]);
        Ok(n_read)
    }
}

/// Asks once on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<Reply> {
    Caller::connect(address)?.get(path)
}
