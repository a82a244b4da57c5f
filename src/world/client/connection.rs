//! One connection of an identity: dialled from its address, over TLS where the target wants it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::identity::{self, Shown};
use super::measure::{Open, Tally};
use super::target::Target;
use crate::meter::{LimitKind, Outcome};

/// Bytes to the target and back. Counted as open as long as it lives.
pub(super) struct Connection {
    wire: Wire,
    _open: Open,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What has to be known to dial.
pub(super) struct Dial<'a> {
    pub(super) target: &'a Target,
    pub(super) shown: Shown,
    pub(super) identity: IpAddr,
    pub(super) number: u64,
    pub(super) server_name: &'a str,
    pub(super) tally: &'a Arc<Tally>,
}

impl Connection {
    pub(super) async fn dial(dial: &Dial<'_>) -> Result<Self, Outcome> {
        let Dial { target, shown, identity, number, .. } = *dial;
        let own = identity::own_address(shown, identity);
        let mut stream =
            connect(target.address, own).await.map_err(|error| not_connected(&error))?;
        let open = Open::new(dial.tally);
        if shown == Shown::ProxyProtocol {
            let line = identity::proxy_line(identity, number, target.address);
            stream.write_all(line.as_bytes()).await.map_err(|_broken| Outcome::Reset)?;
        }
        let wire = match &target.tls {
            None => Wire::Plain(stream),
            Some(tls) => {
                let name = ServerName::try_from(dial.server_name.to_owned())
                    .map_err(|_not_a_name| Outcome::BadResponse)?;
                let connector = TlsConnector::from(Arc::clone(tls));
                let stream =
                    connector.connect(name, stream).await.map_err(|error| broken(&error))?;
                Wire::Tls(Box::new(stream))
            }
        };
        Ok(Self { wire, _open: open })
    }

    /// Whether nothing came on a connection on which nothing should come: neither an end nor bytes nobody asked for.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(self).poll_read(&mut context, &mut buffer).is_pending()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}

async fn connect(to: SocketAddr, from: Option<SocketAddr>) -> io::Result<TcpStream> {
    let stream = match from {
        None => TcpStream::connect(to).await?,
        Some(from) => {
            let socket = TcpSocket::new_v4()?;
            // Lets a port be bound whose last connection only waits out its time. On Windows
            // the option means something else, and the port would be shared.
            if cfg!(unix) {
                socket.set_reuseaddr(true)?;
            }
            socket.bind(from)?;
            socket.connect(to).await?
        }
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Why there is no connection.
pub(super) fn not_connected(error: &io::Error) -> Outcome {
    // Too many open files in the process and in the system, by their numbers on each system.
    let no_files: [i32; 2] = if cfg!(windows) { [10_024, 10_055] } else { [24, 23] };
    let no_room = error.raw_os_error().is_some_and(|code| no_files.contains(&code));
    match error.kind() {
        // No port is left to connect from.
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => {
            Outcome::LimitHit(LimitKind::Connections)
        }
        _ if no_room => Outcome::LimitHit(LimitKind::Connections),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Outcome::Reset,
        _ => Outcome::Refused,
    }
}

/// Why a connection or its handshake broke.
pub(super) fn broken(error: &io::Error) -> Outcome {
    match error.kind() {
        // What TLS cannot understand or does not trust.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Outcome::BadResponse,
        _ => Outcome::Reset,
    }
}
