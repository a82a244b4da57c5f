//! Who has a port: the program's name and number, where the system tells.

use std::net::SocketAddr;

/// The program that listens on an address, such as `node (process 4711)`.
#[cfg(target_os = "linux")]
pub(super) fn of(address: SocketAddr) -> Option<String> {
    use super::sockets;
    let inode = sockets::listening().into_iter().find(|it| overlap(it.address, address))?.inode;
    let owner = sockets::owners(&[inode].into()).remove(&inode)?;
    Some(format!("{} (process {})", owner.program, owner.number))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_address: SocketAddr) -> Option<String> {
    None
}

/// On the same port, and on the same address or one of them on all.
#[cfg(target_os = "linux")]
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && (is_any || one.ip() == other.ip())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_port_is_found() {
        let number = std::process::id();
        for host in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            let Ok(listener) = std::net::TcpListener::bind(host) else { continue };
            let owner = of(listener.local_addr().unwrap()).unwrap();
            assert!(owner.ends_with(&format!("(process {number})")), "{host}: {owner}");
        }
    }

    #[test]
    fn a_free_port_has_no_owner() {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(of(address), None);
    }
}
