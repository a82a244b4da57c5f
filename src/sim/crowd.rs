//! A client group in virtual time: when it sends, as whom, and what.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use crate::dice::Dice;
use crate::lab::{Client, Key, RequestKind};
use crate::meter::Meter;
use crate::model::{KeySource, Keys};

use super::flight::{Flight, FlightId};
use super::way::Ways;

pub(super) struct Crowd {
    pub(super) client: Client,
    /// Raised by every change of how it sends, so that what was planned before is known to be stale.
    pub(super) era: u32,
    pub(super) meter: Meter,
    pub(super) ways: Ways,
    /// Who gives up when. One period for all, so they stand in order.
    pub(super) deadlines: VecDeque<(u64, FlightId)>,
    /// Held requests, in the order of their arrival.
    pub(super) held: VecDeque<FlightId>,
    /// Users of a closed loop who wait for an answer. They go on when they have it, whatever changes.
    /// A mark for each, by number: every request makes one and takes it away again.
    asking: Vec<bool>,
    kinds: Vec<RequestKind>,
    kind_weights: Vec<u64>,
    keys: KeySource,
    addresses: Vec<(String, IpAddr)>,
    pub(super) dice: Dice,
    key_dice: Dice,
}

impl Crowd {
    pub(super) fn new(client: &Client, ways: Ways, seed: u64, stream: u64) -> Self {
        Self {
            client: client.clone(),
            era: 0,
            meter: Meter::default(),
            ways,
            deadlines: VecDeque::new(),
            held: VecDeque::new(),
            asking: Vec::new(),
            kinds: kinds_of(client),
            kind_weights: weights_of(client),
            keys: client.keys.source(),
            addresses: addresses_of(client),
            dice: Dice::stream(seed, 2 * stream),
            key_dice: Dice::stream(seed, 2 * stream + 1),
        }
    }

    /// Takes over new settings; true if it sends differently from now on.
    pub(super) fn retune(&mut self, client: &Client) -> bool {
        let sends_anew =
            self.client.arrivals != client.arrivals || self.client.enabled != client.enabled;
        if self.client != *client {
            self.keys = client.keys.source();
            self.kinds = kinds_of(client);
            self.kind_weights = weights_of(client);
            self.addresses = addresses_of(client);
            self.client = client.clone();
        }
        self.era += u32::from(sends_anew);
        sends_anew
    }

    pub(super) fn kind(&self, kind: u32) -> &RequestKind {
        &self.kinds[(kind as usize).min(self.kinds.len() - 1)]
    }

    pub(super) fn kinds(&self) -> &[RequestKind] {
        &self.kinds
    }

    pub(super) fn identities(&self) -> u32 {
        self.addresses.len() as u32
    }

    pub(super) fn address(&self, identity: u32) -> (&str, IpAddr) {
        let (text, address) = &self.addresses[identity as usize % self.addresses.len()];
        (text, *address)
    }

    /// The next request, or the next one of a user of a closed loop.
    pub(super) fn request(
        &mut self,
        crowd: u32,
        user: Option<u32>,
        number: u64,
        intended_ns: u64,
    ) -> Flight {
        let identities = u64::from(self.identities());
        let someone = match user {
            Some(user) => u64::from(user) % identities,
            None if identities == 1 => 0,
            None => self.key_dice.below(identities),
        };
        let key = self.keys.draw(someone, &mut self.key_dice);
        // Without a place for the key in the request, the key says who sends.
        let identity = if self.client.key_in.is_some() { someone } else { key % identities };
        Flight {
            number,
            crowd,
            identity: identity as u32,
            user,
            kind: self.draw_kind(),
            key,
            intended_ns,
            ..Flight::default()
        }
    }

    pub(super) fn is_asking(&self, user: u32) -> bool {
        self.asking.get(user as usize).copied().unwrap_or(false)
    }

    pub(super) fn set_asking(&mut self, user: u32, asking: bool) {
        let user = user as usize;
        if user >= self.asking.len() {
            self.asking.resize(user + 1, false);
        }
        self.asking[user] = asking;
    }

    fn draw_kind(&mut self) -> u32 {
        let total = *self.kind_weights.last().expect("there is at least one kind of request");
        if self.kind_weights.len() == 1 || total == 0 {
            return 0;
        }
        let draw = self.key_dice.below(total);
        self.kind_weights.partition_point(|&weight| weight <= draw) as u32
    }

    /// How many different keys the group has, or identities if those are more.
    pub(super) fn key_count(&self) -> u64 {
        let keys = match self.client.keys {
            Keys::Uniform { count } | Keys::Zipf { count, .. } => count,
            Keys::PerClient | Keys::Single(_) => 1,
        };
        keys.max(u64::from(self.identities()))
    }

    /// Writes the bytes that a pool hashes for this request.
    pub(super) fn write_key(&self, source: &Key, flight: &Flight, out: &mut Vec<u8>) {
        out.clear();
        let kind = self.kind(flight.kind);
        if self.client.key_in.as_ref() == Some(source) {
            return self.write_key_text(flight.key, out);
        }
        match source {
            Key::Address => out.extend_from_slice(self.address(flight.identity).0.as_bytes()),
            Key::Path => {
                self.write_path(kind, flight.key, out);
                let end = out.iter().position(|&byte| byte == b'?').unwrap_or(out.len());
                out.truncate(end);
            }
            Key::Uri => self.write_path(kind, flight.key, out),
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

    pub(super) fn write_path(&self, kind: &RequestKind, key: u64, out: &mut Vec<u8>) {
        match kind.path.split_once("{key}") {
            None => out.extend_from_slice(kind.path.as_bytes()),
            Some((before, after)) => {
                out.extend_from_slice(before.as_bytes());
                self.write_key_text(key, out);
                out.extend_from_slice(after.as_bytes());
            }
        }
    }

    fn write_key_text(&self, key: u64, out: &mut Vec<u8>) {
        write!(out, "{}", self.client.keys.text(key)).expect("memory takes every byte");
    }
}

fn kinds_of(client: &Client) -> Vec<RequestKind> {
    if client.requests.is_empty() { vec![RequestKind::default()] } else { client.requests.clone() }
}

/// Running sums of the kinds' weights.
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
fn addresses_of(client: &Client) -> Vec<(String, IpAddr)> {
    let first = u32::from(Ipv4Addr::LOCALHOST);
    (0..client.identities.count.max(1))
        .map(|identity| {
            let address = Ipv4Addr::from(first + identity);
            (address.to_string(), IpAddr::V4(address))
        })
        .collect()
}
