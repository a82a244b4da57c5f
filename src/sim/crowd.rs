//! A client group in virtual time: when it sends, as whom, and what.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::dice::Dice;
use crate::lab::{Asked, Client, Key, RequestKind, Requests};
use crate::meter::Meter;

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
    requests: Requests,
    pub(super) dice: Dice,
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
            requests: Requests::new(client, seed, stream),
            dice: Requests::arrival_dice(seed, stream),
        }
    }

    /// Takes over new settings; true if it sends differently from now on.
    pub(super) fn retune(&mut self, client: &Client) -> bool {
        let sends_anew =
            self.client.arrivals != client.arrivals || self.client.enabled != client.enabled;
        if self.client != *client {
            self.requests.retune(client);
            self.client = client.clone();
        }
        self.era += u32::from(sends_anew);
        sends_anew
    }

    pub(super) fn kind(&self, kind: u32) -> &RequestKind {
        self.requests.kind(kind)
    }

    pub(super) fn address(&self, identity: u32) -> (&str, IpAddr) {
        self.requests.address(identity)
    }

    /// The next request, or the next one of a user of a closed loop.
    pub(super) fn request(
        &mut self,
        crowd: u32,
        user: Option<u32>,
        number: u64,
        intended_ns: u64,
    ) -> Flight {
        let Asked { identity, kind, key } = self.requests.draw(user);
        Flight { number, crowd, identity, user, kind, key, intended_ns, ..Flight::default() }
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

    pub(super) fn all_keys(&self, source: &Key) -> Vec<(Vec<u8>, IpAddr)> {
        self.requests.all_keys(source)
    }

    /// Writes the bytes that a pool hashes for this request.
    pub(super) fn write_key(&self, source: &Key, flight: &Flight, out: &mut Vec<u8>) {
        let Flight { identity, kind, key, .. } = *flight;
        self.requests.write_key(source, Asked { identity, kind, key }, out);
    }

    pub(super) fn write_path(&self, kind: &RequestKind, key: u64, out: &mut Vec<u8>) {
        self.requests.write_path(kind, key, out);
    }
}
