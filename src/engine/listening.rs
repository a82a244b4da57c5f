//! Which ports of this machine programs listen on already: the dev servers that a pool could lead to.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use super::status::Status;

/// The ports that were found, and how well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listening {
    /// In the order of their numbers, each once.
    pub ports: Vec<ListeningPort>,
    /// Whether these are all there are. Where a system does not tell, only a few usual ones were knocked at.
    pub complete: bool,
}

/// A program that takes TCP connections from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListeningPort {
    /// Where it can be reached from here.
    pub address: SocketAddr,
    /// Its name, with what it runs if it is an interpreter. None where the system does not tell.
    pub program: Option<String>,
    pub process: Option<u32>,
    pub folder: Option<PathBuf>,
}

/// Looks around, which takes some milliseconds. What the engine itself has opened is not told, nor what its commands
/// listen on.
pub fn listening(status: &Status) -> Listening {
    let mut found = system::look();
    found.ports.retain(|port| {
        port.process != Some(std::process::id()) && !is_own(status, port.address.port())
    });
    found
}

/// Whether a port belongs to a listener, a mock or a command of the lab.
fn is_own(status: &Status, port: u16) -> bool {
    let listeners = status.listeners.iter().filter_map(super::ListenerStatus::address);
    let servers = status.servers.iter().filter(|server| {
        let pool = status.lab.pool(&server.pool);
        // A server elsewhere is one of those that are looked for.
        pool.and_then(|pool| pool.server(&server.name)).is_none_or(|it| it.address.is_none())
    });
    let addresses = servers.flat_map(|server| server.addresses.iter().copied());
    listeners.chain(addresses).chain(status.admin).any(|address| address.port() == port)
}

/// How a program that listens there is reached from this machine; nothing for one that only others reach.
fn reached_at(address: SocketAddr) -> Option<SocketAddr> {
    let ip = match address.ip() {
        // Who listens on all of IPv6 listens on all of IPv4, too, unless it was told not to.
        ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        ip if ip.is_loopback() => ip,
        IpAddr::V6(ip) => ip.to_ipv4_mapped().filter(Ipv4Addr::is_loopback)?.into(),
        IpAddr::V4(_) => return None,
    };
    Some(SocketAddr::new(ip, address.port()))
}

/// Each port once, best at `127.0.0.1`.
fn once(ports: impl IntoIterator<Item = ListeningPort>) -> Vec<ListeningPort> {
    let mut known: BTreeMap<u16, ListeningPort> = BTreeMap::new();
    for port in ports {
        let rank = |port: &ListeningPort| match port.address.ip() {
            IpAddr::V4(ip) if ip == Ipv4Addr::LOCALHOST => 0,
            IpAddr::V6(ip) if ip == Ipv6Addr::LOCALHOST => 1,
            _ => 2,
        };
        let number = port.address.port();
        if known.get(&number).is_none_or(|before| rank(&port) < rank(before)) {
            known.insert(number, port);
        }
    }
    known.into_values().collect()
}

#[cfg(target_os = "linux")]
mod system {
    use super::{Listening, ListeningPort, once, reached_at};
    use crate::engine::sockets;

    pub(super) fn look() -> Listening {
        let sockets = sockets::listening();
        let owners = sockets::owners(&sockets.iter().map(|socket| socket.inode).collect());
        let ports = sockets.iter().filter_map(|socket| {
            let owner = owners.get(&socket.inode);
            Some(ListeningPort {
                address: reached_at(socket.address)?,
                program: owner.map(|owner| owner.program.clone()),
                process: owner.map(|owner| owner.number),
                folder: owner.and_then(|owner| sockets::folder(owner.number)),
            })
        });
        Listening { ports: once(ports), complete: true }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};
    use std::time::Duration;

    use super::{Listening, ListeningPort, once, reached_at};

    /// Knocks where dev servers usually are.
    pub(super) fn look() -> Listening {
        let addresses = USUAL.iter().map(|&port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let answering = addresses
            .filter(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
            .filter_map(reached_at);
        let port = |address| ListeningPort { address, program: None, process: None, folder: None };
        Listening { ports: once(answering.map(port)), complete: false }
    }

    const USUAL: [u16; 14] =
        [3000, 3001, 3002, 4000, 4200, 4321, 5000, 5173, 5174, 8000, 8080, 8081, 8888, 9000];
    const PATIENCE: Duration = Duration::from_millis(50);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_told_once_and_where_it_can_be_reached() {
        let at = |text: &str| reached_at(text.parse().unwrap()).map(|it| it.to_string());
        assert_eq!(at("0.0.0.0:3000").unwrap(), "127.0.0.1:3000");
        assert_eq!(at("[::]:3000").unwrap(), "127.0.0.1:3000");
        assert_eq!(at("[::1]:3000").unwrap(), "[::1]:3000");
        assert_eq!(at("192.0.2.1:3000"), None);
        let port = |text: &str| ListeningPort {
            address: text.parse().unwrap(),
            program: None,
            process: None,
            folder: None,
        };
        let ports = once(["[::1]:5173", "127.0.0.1:3000", "127.0.0.1:5173"].map(port));
        let ports: Vec<String> = ports.iter().map(|port| port.address.to_string()).collect();
        assert_eq!(ports, ["127.0.0.1:3000", "127.0.0.1:5173"]);
    }
}
