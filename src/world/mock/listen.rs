//! The port of a mock, which stays its own while it is dead.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::lab::MockProtocol;

pub(super) enum Port {
    /// Bound but not listening: the system refuses connections and gives the port to nobody else.
    Held(Socket),
    Open(std::net::TcpListener),
    Udp(std::net::UdpSocket),
    /// A datagram socket cannot refuse while it is bound, so a dead one is closed.
    Closed(SocketAddr),
}

impl Port {
    pub(super) fn take(protocol: MockProtocol, address: SocketAddr) -> io::Result<Self> {
        if protocol == MockProtocol::UdpEcho {
            let socket = std::net::UdpSocket::bind(address)?;
            socket.set_nonblocking(true)?;
            return Ok(Self::Udp(socket));
        }
        // Strictly first, so that nobody else can bind it while it is held. That fails where connections of a
        // former listener linger, which forbids nothing.
        bind(address, Reuse::Never).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse => bind(address, Reuse::OfWhatLingers),
            _ => Err(error),
        })
    }

    pub(super) fn open(self) -> io::Result<Self> {
        match self {
            Self::Held(socket) => {
                // Its connections inherit this, and then do not stand in the way of the next listener here.
                Reuse::OfWhatLingers.set(&socket)?;
                socket.listen(BACKLOG)?;
                Ok(Self::Open(socket.into()))
            }
            Self::Closed(address) => {
                let socket = std::net::UdpSocket::bind(address)?;
                socket.set_nonblocking(true)?;
                Ok(Self::Udp(socket))
            }
            open @ (Self::Open(_) | Self::Udp(_)) => Ok(open),
        }
    }

    /// No longer listens. Connections that nobody accepted are reset by the system.
    pub(super) fn close(self) -> io::Result<Self> {
        let address = self.address()?;
        match self {
            Self::Open(listener) => {
                drop(listener);
                Self::take(MockProtocol::TcpEcho, address)
            }
            Self::Udp(_) => Ok(Self::Closed(address)),
            closed @ (Self::Held(_) | Self::Closed(_)) => Ok(closed),
        }
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Held(socket) => {
                let not_ip = || io::Error::other("the socket has no internet address");
                socket.local_addr()?.as_socket().ok_or_else(not_ip)
            }
            Self::Open(listener) => listener.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
            Self::Closed(address) => Ok(*address),
        }
    }
}

#[derive(Clone, Copy)]
enum Reuse {
    Never,
    OfWhatLingers,
}

impl Reuse {
    /// On Windows the same option would allow to take a port from somebody who uses it, and nothing lingers there.
    fn set(self, socket: &Socket) -> io::Result<()> {
        match self {
            Self::OfWhatLingers if cfg!(unix) => socket.set_reuse_address(true),
            Self::OfWhatLingers | Self::Never => Ok(()),
        }
    }
}

fn bind(address: SocketAddr, reuse: Reuse) -> io::Result<Port> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    reuse.set(&socket)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(Port::Held(socket))
}

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;
