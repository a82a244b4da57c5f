//! How an identity's address is shown to the target.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use super::target::{Speaks, Target};
use crate::lab::Carrier;

/// The way in force, which may be another one than was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Each identity connects from its own address in 127/8.
    OwnAddress,
    ProxyProtocol,
    /// `X-Forwarded-For`.
    Forwarded,
    /// All identities look the same: nothing that the target takes could tell them apart.
    Nothing,
}

impl Shown {
    pub(super) const ALL: [Self; 4] =
        [Self::OwnAddress, Self::ProxyProtocol, Self::Forwarded, Self::Nothing];

    /// What is possible with this target on this system.
    pub(super) fn of(carrier: Carrier, target: &Target) -> Self {
        let streams = target.speaks != Speaks::Udp;
        match carrier {
            Carrier::Loopback if is_loopback_v4(target.address) && loopback_is_wide() => {
                Self::OwnAddress
            }
            Carrier::ProxyProtocol if streams => Self::ProxyProtocol,
            Carrier::Loopback if target.takes_proxy_protocol && streams => Self::ProxyProtocol,
            Carrier::Loopback | Carrier::Forwarded
                if target.speaks == Speaks::Http && target.takes_forwarded =>
            {
                Self::Forwarded
            }
            _ => Self::Nothing,
        }
    }
}

/// The address to connect from; none where the system's choice is right.
pub(super) fn own_address(shown: Shown, identity: IpAddr) -> Option<SocketAddr> {
    // Towards loopback the system takes 127.0.0.1 by itself, and without a bind it knows where
    // the connection leads and has more ports to choose from.
    let is_first = identity == IpAddr::V4(Ipv4Addr::LOCALHOST);
    (shown == Shown::OwnAddress && !is_first).then(|| SocketAddr::new(identity, 0))
}

/// The line that begins a connection in version 1 of HAProxy's PROXY protocol (proxy-protocol.txt, 2.1).
pub(super) fn proxy_line(identity: IpAddr, number: u64, target: SocketAddr) -> String {
    // Both addresses must be of one family, and it is the identity's that somebody reads.
    let to = match target.ip() {
        IpAddr::V4(to) => to,
        IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
    };
    let source_port = 1_024 + number % 60_000;
    format!("PROXY TCP4 {identity} {to} {source_port} {}\r\n", target.port())
}

fn is_loopback_v4(address: SocketAddr) -> bool {
    matches!(address.ip(), IpAddr::V4(address) if address.is_loopback())
}

/// Whether this system lets a socket have any address in 127/8. Linux and Windows do, macOS has only the first.
fn loopback_is_wide() -> bool {
    UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str, takes_proxy_protocol: bool, speaks: Speaks) -> Target {
        let address = address.parse().unwrap();
        Target { speaks, takes_proxy_protocol, ..Target::http(address) }
    }

    #[test]
    fn what_the_target_cannot_take_is_replaced_by_the_next_best() {
        let shown = |target: &Target| Shown::of(Carrier::Loopback, target);
        assert_eq!(shown(&target("[::1]:80", true, Speaks::Http)), Shown::ProxyProtocol);
        assert_eq!(shown(&target("[::1]:80", false, Speaks::Http)), Shown::Forwarded);
        assert_eq!(shown(&target("[::1]:80", false, Speaks::Tcp)), Shown::Nothing);
        assert_eq!(shown(&target("[::1]:80", true, Speaks::Udp)), Shown::Nothing);
        let remote =
            Target { takes_forwarded: false, ..target("192.0.2.1:80", false, Speaks::Http) };
        assert_eq!(shown(&remote), Shown::Nothing);
    }

    #[test]
    fn the_proxy_line_is_that_of_version_1() {
        let line = proxy_line([127, 0, 0, 9].into(), 5, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(line, "PROXY TCP4 127.0.0.9 127.0.0.1 1029 8080\r\n");
        let line = proxy_line([127, 0, 0, 9].into(), 60_000, "[::1]:81".parse().unwrap());
        assert_eq!(line, "PROXY TCP4 127.0.0.9 127.0.0.1 1024 81\r\n");
    }
}
