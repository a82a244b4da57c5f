//! Which ports of this machine's loopback already listen, and whose they are where the system tells.

use std::collections::BTreeMap;

use super::port_owner;

/// A port that some other program listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListeningPort {
    pub port: u16,
    /// The program's name, where the system tells and it is one's own.
    pub program: Option<String>,
}

/// The ports that other programs listen on, in order. Nothing is sent to them: an unasked request can do things.
pub fn listening_ports() -> Vec<ListeningPort> {
    let ports: BTreeMap<u16, Option<String>> = match port_owner::all() {
        Some(ports) => ports,
        // Where the system does not tell, what cannot be taken is in use.
        None => USUAL_PORTS
            .iter()
            .flat_map(|ports| ports.clone())
            .filter(|&port| is_taken(port))
            .map(|port| (port, None))
            .collect(),
    };
    let ports = ports.into_iter().take(PORTS_MAX);
    ports.map(|(port, program)| ListeningPort { port, program }).collect()
}

fn is_taken(port: u16) -> bool {
    let taken = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port));
    taken.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
}

/// Where dev servers of all kinds begin.
const USUAL_PORTS: [std::ops::RangeInclusive<u16>; 7] = [
    3_000..=3_010,
    4_000..=4_003,
    4_200..=4_203,
    5_000..=5_003,
    5_173..=5_180,
    8_000..=8_010,
    8_080..=8_090,
];
const PORTS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_seen_without_the_systems_help() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(port));
        drop(listener);
        assert!(!is_taken(port));
    }
}
