//! Who has a port: the program's name and number, where the system tells.

use std::net::SocketAddr;

/// The program that listens on an address, such as `node (process 4711)`.
#[cfg(target_os = "linux")]
pub(super) fn of(address: SocketAddr) -> Option<String> {
    let inode = linux::inode_listening_on(address)?;
    linux::process_with(inode)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_address: SocketAddr) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::net::SocketAddr;
    use std::path::Path;

    /// The socket that listens on the same port and on the same address, or on all of them. The lines of
    /// `/proc/net/tcp` are described in proc(5): local address in the second column, state in the fourth (0A
    /// listens), inode in the tenth.
    pub(super) fn inode_listening_on(address: SocketAddr) -> Option<u64> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        tables.iter().find_map(|table| {
            let text = fs::read_to_string(table).ok()?;
            text.lines().skip(1).find_map(|line| listening(line, address))
        })
    }

    fn listening(line: &str, address: SocketAddr) -> Option<u64> {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (host, port) = columns.get(1)?.split_once(':')?;
        let same_port = u16::from_str_radix(port, 16).ok()? == address.port();
        let listens = *columns.get(3)? == "0A";
        let overlaps = address.ip().is_unspecified()
            || host.bytes().all(|digit| digit == b'0')
            || host == written(address);
        if same_port && listens && overlaps { columns.get(9)?.parse().ok() } else { None }
    }

    /// An address as the kernel writes it: words of four bytes in the machine's own order.
    fn written(address: SocketAddr) -> String {
        let octets = match address {
            SocketAddr::V4(address) => address.ip().octets().to_vec(),
            SocketAddr::V6(address) => address.ip().octets().to_vec(),
        };
        let words = octets.chunks_exact(4).map(|word| {
            let word = <[u8; 4]>::try_from(word).unwrap_or_default();
            format!("{:08X}", u32::from_ne_bytes(word))
        });
        words.collect()
    }

    /// Only one's own processes, unless one is root: others cannot be looked into.
    pub(super) fn process_with(inode: u64) -> Option<String> {
        let wanted = format!("socket:[{inode}]");
        let processes = fs::read_dir("/proc").ok()?;
        processes.filter_map(Result::ok).find_map(|process| {
            let number: u32 = process.file_name().to_str()?.parse().ok()?;
            has_open(&process.path(), &wanted).then(|| {
                let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                format!("{} (process {number})", name.trim())
            })
        })
    }

    fn has_open(process: &Path, wanted: &str) -> bool {
        let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
        let mut links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        links.any(|link| link.as_os_str() == wanted)
    }
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
