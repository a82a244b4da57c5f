//! Sends messages over a WebSocket, one after the other, and waits for the echo of each.

use std::io;
use std::rc::Rc;

use super::Asker;
use super::connect::{Connector, Wire};
use crate::wire::{self, FILLER};

pub(super) struct Session {
    connector: Rc<Connector>,
    wire: Option<Wire>,
    frame: Vec<u8>,
    buffer: Vec<u8>,
}

impl Session {
    pub(super) fn new(connector: Rc<Connector>) -> Self {
        let frame = wire::masked_frame(&[FILLER; MESSAGE_BYTES]);
        Self { connector, wire: None, frame, buffer: vec![0; 4096] }
    }

    async fn open(&mut self) -> io::Result<Wire> {
        let mut wire = self.connector.connect().await?;
        wire.write(OPENING).await?;
        let mut filled = 0;
        while wire::find_head(&self.buffer[..filled]).is_none() {
            filled += wire.read(&mut self.buffer[filled..]).await?;
        }
        let answer = &self.buffer[..filled];
        // The answer to this key that RFC 6455 gives as its example.
        if answer.starts_with(b"HTTP/1.1 101")
            && wire::contains(answer, b"s3pplmbitxaq9kygzzhzrbk+xoo=")
        {
            return Ok(wire);
        }
        Err(io::Error::other(format!("no WebSocket: {}", String::from_utf8_lossy(answer))))
    }
}

impl Asker for Session {
    async fn ask(&mut self) -> io::Result<()> {
        if self.wire.is_none() {
            self.wire = Some(self.open().await?);
        }
        let Some(wire) = &mut self.wire else { return Err(io::ErrorKind::NotConnected.into()) };
        wire.write(&self.frame).await?;
        let mut filled = 0;
        while filled < MESSAGE_BYTES + 2 {
            filled += wire.read(&mut self.buffer[filled..]).await?;
        }
        let is_echo = filled == MESSAGE_BYTES + 2
            && self.buffer[..2] == [0x81, MESSAGE_BYTES as u8]
            && self.buffer[2..filled].iter().all(|&byte| byte == FILLER);
        if is_echo { Ok(()) } else { Err(io::Error::other("that was no echo")) }
    }

    fn reset(&mut self) {
        self.wire = None;
    }
}

const MESSAGE_BYTES: usize = 64;
const OPENING: &[u8] = b"GET /socket HTTP/1.1\r\nHost: peer.example\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
