//! What HAProxy's dialects share: who is in service, and how a key becomes a number.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::decision::{Notes, Quantity, Value};
use super::member::{Health, Member};
use super::view::View;
use crate::hash;

/// What a request's key is hashed with, as HAProxy's `hash-type` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HashFunction {
    #[default]
    Sdbm,
    Djb2,
    Wt6,
    Crc32,
    /// No hash of the key: the client's address itself, as in `balance source`.
    Source,
}

/// HAProxy's way from a request to 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hashing {
    pub(super) function: HashFunction,
    /// Whether the result is spread over all bits once more.
    pub(super) avalanche: bool,
}

impl Hashing {
    /// The request's number, or nothing if it has no key.
    #[inline]
    pub(super) fn hash(self, view: &View<'_>, notes: &mut Notes) -> Option<u32> {
        let raw = match (self.function, view.request.key) {
            (HashFunction::Source, _) => words(view.request.address?),
            (_, []) => return None,
            (HashFunction::Sdbm, key) => hash::sdbm(key),
            (HashFunction::Djb2, key) => hash::djb2(key),
            (HashFunction::Wt6, key) => hash::wt6(key),
            (HashFunction::Crc32, key) => hash::crc32(key),
        };
        let number = if self.avalanche { hash::avalanche(raw) } else { raw };
        notes.add(|decision| decision.fact(Quantity::Hash, Value::Hash(number.into())));
        Some(number)
    }
}

/// Whether HAProxy would have the server in its tables at all. Those that are full, tried or warming up stay
/// in and are passed over; those that are down or drained are out, as if they did not exist. A server on trial
/// is in: HAProxy knows no circuit that is half open, and a trial that gets no request never ends.
#[inline]
pub(super) fn in_service(member: &Member, panic: bool) -> bool {
    let trusted = || matches!(member.standing.health(), Health::Up | Health::Trial);
    member.weight > 0 && !member.drained && (panic || trusted())
}

/// Whether nobody else is in service. HAProxy looks at no key then, and a missing one takes no turn.
pub(super) fn is_alone(view: &View<'_>) -> bool {
    let in_service = view.members.iter().filter(|member| in_service(member, view.panic));
    in_service.take(2).count() == 1
}

/// The member's weight as far as it is in service.
pub(super) fn weight(member: &Member, panic: bool) -> u32 {
    if in_service(member, panic) { member.weight } else { 0 }
}

/// The address as the exclusive or of its 32-bit words.
fn words(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (0..4).fold(0, |folded, word| folded ^ (bits >> (32 * word)) as u32)
        }
    }
}

/// HAProxy counts weights in sixteenths, so that a server in slow start has a fraction of its own.
pub(super) const SCALE: u32 = 16;

/// The largest weight HAProxy knows. Anything above counts as this much.
pub(super) const WEIGHT_MAX: u32 = 256;

/// The member's weight as HAProxy calculates with it.
pub(super) fn scaled(weight: u32) -> u32 {
    weight.min(WEIGHT_MAX) * SCALE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_folded_word_by_word() {
        assert_eq!(words("10.1.2.3".parse().unwrap()), 0x0a01_0203);
        assert_eq!(
            words("1:2:3:4:5:6:7:8".parse().unwrap()),
            0x0001_0002 ^ 0x0003_0004 ^ 0x0005_0006 ^ 0x0007_0008
        );
    }
}
