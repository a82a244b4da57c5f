//! Sends datagrams, one after the other, and waits for the echo of each.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::Asker;
use crate::wire::FILLER;

pub(super) struct Session {
    proxy: SocketAddr,
    socket: Option<UdpSocket>,
}

impl Session {
    pub(super) fn new(proxy: SocketAddr) -> Self {
        Self { proxy, socket: None }
    }
}

impl Asker for Session {
    async fn ask(&mut self) -> io::Result<()> {
        if self.socket.is_none() {
            let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
            socket.connect(self.proxy).await?;
            self.socket = Some(socket);
        }
        let Some(socket) = &self.socket else { return Err(io::ErrorKind::NotConnected.into()) };
        let sent = [FILLER; 64];
        socket.send(&sent).await?;
        let mut buffer = [0; 128];
        let n = tokio::time::timeout(LOST, socket.recv(&mut buffer)).await??;
        if buffer[..n] == sent { Ok(()) } else { Err(io::Error::other("that was no echo")) }
    }

    fn reset(&mut self) {
        self.socket = None;
    }
}

/// A datagram that is not back by then is lost.
const LOST: Duration = Duration::from_millis(500);
