//! Who sends: the built-in clients by their addresses, and people.

use std::net::IpAddr;

use crate::engine::{Begun, Record};
use crate::lab::{Client, Lab};

/// The client groups of a lab. Groups that send to the same listener have the same addresses, and are one here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Senders {
    crowds: Vec<Crowd>,
}

/// The built-in clients of one listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd {
    pub listener: String,
    /// The groups' names, joined by commas.
    pub name: String,
    pub n_identities: u32,
}

/// One built-in client: its crowd and its identity in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sender {
    pub crowd: usize,
    pub identity: u32,
}

impl Senders {
    pub fn of(lab: &Lab) -> Self {
        let mut crowds: Vec<Crowd> = Vec::new();
        for client in &lab.clients {
            match crowds.iter_mut().find(|crowd| crowd.listener == client.listener) {
                Some(crowd) => crowd.join(client),
                None => crowds.push(Crowd::of(client)),
            }
        }
        Self { crowds }
    }

    pub fn crowds(&self) -> &[Crowd] {
        &self.crowds
    }

    /// The built-in client that a request came from; nobody if a person sent it. `is_yours` tells of a person who
    /// comes from the address of a client, as everybody on this machine does.
    pub fn sender(&self, listener: &str, client: IpAddr, is_yours: bool) -> Option<Sender> {
        let crowd = self.crowds.iter().position(|crowd| crowd.listener == listener)?;
        let identity = identity_of(client)?;
        let is_known = identity < self.crowds[crowd].n_identities;
        (is_known && !is_yours).then_some(Sender { crowd, identity })
    }

    pub fn sender_of(&self, record: &Record) -> Option<Sender> {
        self.sender(&record.listener, record.client.ip(), record.is_yours())
    }

    pub fn sender_of_begun(&self, begun: &Begun) -> Option<Sender> {
        self.sender(&begun.listener, begun.client.ip(), begun.is_yours)
    }
}

impl Crowd {
    fn of(client: &Client) -> Self {
        Self {
            listener: client.listener.clone(),
            name: client.name.clone(),
            n_identities: client.identities.count.max(1),
        }
    }

    fn join(&mut self, client: &Client) {
        self.name = format!("{}, {}", self.name, client.name);
        self.n_identities = self.n_identities.max(client.identities.count);
    }
}

/// The other way round of `lab::address_of`.
fn identity_of(address: IpAddr) -> Option<u32> {
    let IpAddr::V4(address) = address else { return None };
    u32::from(address).checked_sub(u32::from(std::net::Ipv4Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Identities, address_of};

    fn senders() -> Senders {
        let group = |name: &str, listener: &str, count| Client {
            name: name.to_owned(),
            listener: listener.to_owned(),
            identities: Identities { count, ..Identities::default() },
            ..Client::default()
        };
        let clients = vec![group("a", "front", 3), group("b", "back", 9), group("c", "front", 5)];
        Senders::of(&Lab { clients, ..Lab::default() })
    }

    #[test]
    fn a_built_in_client_is_known_by_its_listener_and_address() {
        let senders = senders();
        for identity in [0, 4] {
            let found = senders.sender("front", address_of(identity), false);
            assert_eq!(found, Some(Sender { crowd: 0, identity }));
        }
        assert_eq!(senders.sender("front", address_of(5), false), None);
        assert_eq!(senders.crowds()[0].name, "a, c");
    }

    #[test]
    fn who_comes_from_another_address_or_without_a_number_is_a_person() {
        let senders = senders();
        assert_eq!(senders.sender("front", address_of(0), true), None);
        for foreign in ["192.168.1.7", "::1"] {
            assert_eq!(senders.sender("front", foreign.parse().unwrap(), false), None);
        }
    }
}
