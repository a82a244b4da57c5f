//! What a client group asks for next, and as whom: drawn alike in virtual time and on real sockets.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use super::client::{Client, RequestKind};
use super::pool::Key;
use crate::dice::Dice;
use crate::model::{KeySource, Keys};

/// A client group's requests in their order. The same group, seed and stream ask the same, whoever sends it.
#[derive(Debug, Clone)]
pub struct Requests {
    kinds: Vec<RequestKind>,
    /// Running sums of the kinds' weights.
    kind_weights: Vec<u64>,
    keys: Keys,
    source: KeySource,
    key_in: Option<Key>,
    addresses: Vec<(String, IpAddr)>,
    dice: Dice,
}

/// One request: who asks, for what, with which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub identity: u32,
    pub kind: u32,
    pub key: u64,
}

impl Requests {
    pub fn new(client: &Client, seed: u64, stream: u64) -> Self {
        Self {
            kinds: kinds_of(client),
            kind_weights: weights_of(client),
            keys: client.keys.clone(),
            source: client.keys.source(),
            key_in: client.key_in.clone(),
            addresses: addresses_of(client),
            dice: Dice::stream(seed, 2 * stream + 1),
        }
    }

    /// The dice for when the same group sends. Its own, so that a dragged rate changes no key.
    pub fn arrival_dice(seed: u64, stream: u64) -> Dice {
        Dice::stream(seed, 2 * stream)
    }

    /// Takes over new settings; the dice go on.
    pub fn retune(&mut self, client: &Client) {
        self.kinds = kinds_of(client);
        self.kind_weights = weights_of(client);
        self.keys = client.keys.clone();
        self.source = client.keys.source();
        self.key_in.clone_from(&client.key_in);
        if self.identities() != client.identities.count.max(1) {
            self.addresses = addresses_of(client);
        }
    }

    /// The next request, or the next one of a user of a closed loop.
    pub fn draw(&mut self, user: Option<u32>) -> Asked {
        let identities = u64::from(self.identities());
        let someone = match user {
            Some(user) => u64::from(user) % identities,
            None if identities == 1 => 0,
            None => self.dice.below(identities),
        };
        let key = self.source.draw(someone, &mut self.dice);
        // Without a place for the key in the request, the key says who sends.
        let identity = if self.key_in.is_some() { someone } else { key % identities };
        Asked { identity: identity as u32, kind: self.draw_kind(), key }
    }

    pub fn kind(&self, kind: u32) -> &RequestKind {
        &self.kinds[(kind as usize).min(self.kinds.len() - 1)]
    }

    pub fn kinds(&self) -> &[RequestKind] {
        &self.kinds
    }

    pub fn identities(&self) -> u32 {
        self.addresses.len() as u32
    }

    pub fn address(&self, identity: u32) -> (&str, IpAddr) {
        let (text, address) = &self.addresses[identity as usize % self.addresses.len()];
        (text, *address)
    }

    /// How many different keys the group has, or identities if those are more.
    pub fn key_count(&self) -> u64 {
        let keys = match self.keys {
            Keys::Uniform { count } | Keys::Zipf { count, .. } => count,
            Keys::PerClient | Keys::Single(_) => 1,
        };
        keys.max(u64::from(self.identities()))
    }

    /// Writes path and query of a request.
    pub fn write_path(&self, kind: &RequestKind, key: u64, out: &mut Vec<u8>) {
        match kind.path.split_once("{key}") {
            None => out.extend_from_slice(kind.path.as_bytes()),
            Some((before, after)) => {
                out.extend_from_slice(before.as_bytes());
                self.write_key_text(key, out);
                out.extend_from_slice(after.as_bytes());
            }
        }
    }

    /// Writes the bytes that a pool hashes for a request.
    pub fn write_key(&self, source: &Key, asked: Asked, out: &mut Vec<u8>) {
        out.clear();
        let kind = self.kind(asked.kind);
        if self.key_in.as_ref() == Some(source) {
            return self.write_key_text(asked.key, out);
        }
        match source {
            Key::Address => out.extend_from_slice(self.address(asked.identity).0.as_bytes()),
            Key::Path => {
                self.write_path(kind, asked.key, out);
                let end = out.iter().position(|&byte| byte == b'?').unwrap_or(out.len());
                out.truncate(end);
            }
            Key::Uri => self.write_path(kind, asked.key, out),
            Key::Header(name) => {
                let header =
                    kind.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
                out.extend_from_slice(header.map_or("", |(_, value)| value).as_bytes());
            }
            Key::Query(name) => {
                let query = kind.path.split_once('?').map_or("", |(_, query)| query);
                let fields = query.split('&').filter_map(|field| field.split_once('='));
                let value =
                    fields.filter(|(field, _)| field == name).map(|(_, value)| value).next();
                out.extend_from_slice(value.unwrap_or_default().as_bytes());
            }
            Key::Sni => out.extend_from_slice(kind.host.as_deref().unwrap_or_default().as_bytes()),
            // A client without a key in this cookie has none: cookies of the proxy's own hold no keys.
            Key::Cookie(_) => {}
        }
    }

    /// The distinct keys that requests can carry to a pool that looks at `source`, with who sends them, at most
    /// `KEYS_MAX`.
    pub fn all_keys(&self, source: &Key) -> Vec<(Vec<u8>, IpAddr)> {
        let keys = 0..self.key_count().min(KEYS_MAX);
        keys.map(|number| {
            let identity = (number % u64::from(self.identities())) as u32;
            let kind = (number % self.kinds.len() as u64) as u32;
            let mut key = Vec::new();
            self.write_key(source, Asked { identity, kind, key: number }, &mut key);
            (key, self.address(identity).1)
        })
        .collect()
    }

    pub fn write_key_text(&self, key: u64, out: &mut Vec<u8>) {
        write!(out, "{}", self.keys.text(key)).expect("memory takes every byte");
    }

    fn draw_kind(&mut self) -> u32 {
        let total = *self.kind_weights.last().expect("there is at least one kind of request");
        if self.kind_weights.len() == 1 || total == 0 {
            return 0;
        }
        let draw = self.dice.below(total);
        self.kind_weights.partition_point(|&weight| weight <= draw) as u32
    }
}

fn kinds_of(client: &Client) -> Vec<RequestKind> {
    if client.requests.is_empty() { vec![RequestKind::default()] } else { client.requests.clone() }
}

fn weights_of(client: &Client) -> Vec<u64> {
    let mut total = 0;
    kinds_of(client)
        .iter()
        .map(|kind| {
            total += u64::from(kind.weight);
            total
        })
        .collect()
}

/// Identity `i` of a group has the address 127.0.0.1 + i.
pub fn address_of(identity: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + identity))
}

fn addresses_of(client: &Client) -> Vec<(String, IpAddr)> {
    let addresses = (0..client.identities.count.max(1)).map(address_of);
    addresses.map(|address| (address.to_string(), address)).collect()
}

/// Enough to see a per cent to a tenth of its size.
const KEYS_MAX: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Identities;

    #[test]
    fn new_settings_do_not_begin_the_draws_anew() {
        let client = Client { keys: Keys::Uniform { count: 1_000 }, ..Client::default() };
        let (mut kept, mut retuned) = (Requests::new(&client, 3, 1), Requests::new(&client, 3, 1));
        for _ in 0..10 {
            assert_eq!(kept.draw(None), retuned.draw(None));
            retuned.retune(&client);
        }
    }

    #[test]
    fn every_identity_has_its_own_address() {
        let identities = Identities { count: 300, ..Identities::default() };
        let requests = Requests::new(&Client { identities, ..Client::default() }, 1, 0);
        assert_eq!(requests.address(0).0, "127.0.0.1");
        assert_eq!(requests.address(255).1, IpAddr::from([127, 0, 1, 0]));
    }
}
