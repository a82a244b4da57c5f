//! The network as the data plane sees it: an argument, so that the same code runs under a simulated one.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

use super::data_plane::Carries;

/// Where connections come from and go to.
pub trait Network: Clone + 'static {
    type Stream: Wire;
    type Listener: 'static;

    fn accept(
        &self,
        listener: &Self::Listener,
    ) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>>;

    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>>;

    /// The address at which all connections of a listener arrive, if it is one.
    fn address_of(&self, _listener: &Self::Listener) -> Option<SocketAddr> {
        None
    }
}

/// A connection's bytes. `Send` because hyper's upgrades ask for it.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The real socket underneath, for what only a socket can do.
    fn as_tcp(&self) -> Option<&TcpStream> {
        None
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.as_tcp().and_then(|stream| stream.local_addr().ok())
    }
}

impl Wire for TcpStream {
    fn as_tcp(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

/// The real network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sockets;

impl Network for Sockets {
    type Stream = TcpStream;
    type Listener = TcpListener;

    async fn accept(&self, listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = listener.accept().await?;
        if !HANDS_NODELAY_ON {
            stream.set_nodelay(true)?;
        }
        Ok((stream, peer))
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn address_of(&self, listener: &TcpListener) -> Option<SocketAddr> {
        listener.local_addr().ok().filter(|address| !address.ip().is_unspecified())
    }
}

/// Whether nobody else listens there. Sockets that share a port with their like would share it with those of
/// another program of the same user, too, which is never meant.
pub(super) fn is_free(address: SocketAddr, carries: Carries) -> io::Result<()> {
    if address.port() == 0 || !SHARES_PORTS {
        return Ok(());
    }
    match carries {
        Carries::Streams => std::net::TcpListener::bind(address).map(drop),
        Carries::Datagrams => std::net::UdpSocket::bind(address).map(drop),
    }
}

/// Binds an address once for each worker, so that the system spreads new connections over them. Where it
/// cannot, all workers accept from one socket.
pub(super) fn bind_tcp(
    address: SocketAddr,
    workers: usize,
) -> io::Result<Vec<std::net::TcpListener>> {
    let first = bound(address, Type::STREAM)?;
    first.listen(BACKLOG)?;
    let first = std::net::TcpListener::from(first);
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    while listeners.len() < workers {
        listeners.push(if SHARES_PORTS {
            let next = bound(address, Type::STREAM)?;
            next.listen(BACKLOG)?;
            next.into()
        } else {
            listeners[0].try_clone()?
        });
    }
    Ok(listeners)
}

/// The same for datagrams.
pub(super) fn bind_udp(
    address: SocketAddr,
    workers: usize,
) -> io::Result<Vec<std::net::UdpSocket>> {
    let first = std::net::UdpSocket::from(bound(address, Type::DGRAM)?);
    let address = first.local_addr()?;
    let mut sockets = vec![first];
    while sockets.len() < workers {
        sockets.push(if SHARES_PORTS {
            bound(address, Type::DGRAM)?.into()
        } else {
            sockets[0].try_clone()?
        });
    }
    Ok(sockets)
}

fn bound(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM { Protocol::TCP } else { Protocol::UDP };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if kind == Type::STREAM && cfg!(unix) {
        // A listener that was closed a moment ago leaves connections behind that would keep its port busy. On
        // Windows the option means something else: it would let a stranger take the port.
        socket.set_reuse_address(true)?;
    }
    if kind == Type::STREAM && HANDS_NODELAY_ON {
        socket.set_tcp_nodelay(true)?;
    }
    share_port(&socket)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(target_os = "linux"))]
fn share_port(_socket: &Socket) -> io::Result<()> {
    Ok(())
}

/// Only Linux spreads connections over sockets of one port evenly; elsewhere the last one bound gets all.
const SHARES_PORTS: bool = cfg!(target_os = "linux");
/// On Linux a connection has it from its listener, which saves a system call for each.
const HANDS_NODELAY_ON: bool = cfg!(target_os = "linux");
/// Connections that wait to be accepted; the system lowers it to its own maximum.
const BACKLOG: i32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_accepted_sends_without_delay() {
        let listeners = bind_tcp("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        let address = listeners[0].local_addr().unwrap();
        let listener = TcpListener::from_std(listeners.into_iter().next().unwrap()).unwrap();
        let connected = TcpStream::connect(address).await.unwrap();
        let (accepted, _) = Sockets.accept(&listener).await.unwrap();
        assert!(accepted.nodelay().unwrap());
        drop(connected);
    }
}
