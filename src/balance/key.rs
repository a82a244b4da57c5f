//! From a request's key to a number, for every algorithm that leaves the choice of hash to us.

use super::decision::{Draw, Notes, Quantity, Rule, Value};
use super::view::View;
use crate::dice::Dice;
use crate::hash::xxh64;

/// `xxHash64` of the key's bytes, as Envoy hashes them.
pub(super) fn hash(key: &[u8]) -> u64 {
    xxh64(key, 0)
}

/// Where the request's key lies. A request without a key gets a drawn place, as in Envoy: spread evenly,
/// bound to nobody.
#[inline]
pub(super) fn position(
    view: &View<'_>,
    locate: fn(&[u8]) -> u64,
    dice: &mut Dice,
    notes: &mut Notes,
) -> u64 {
    let key = view.request.key;
    if key.is_empty() {
        let drawn = dice.roll();
        notes.add(|decision| {
            decision.rule = Some(Rule::NoKey);
            decision.draws.push(Draw { drawn, of: u64::MAX, member: None });
        });
        return drawn;
    }
    let position = locate(key);
    notes.add(|decision| decision.fact(Quantity::Hash, Value::Hash(position)));
    position
}

/// A usable member chosen evenly by a hash: the last resort of algorithms whose own order may take long to
/// find one.
pub(super) fn any_usable(view: &View<'_>, hash: u64) -> Option<usize> {
    let count = view.usable_indexes().count();
    view.usable_indexes().nth(scale(hash, count as u64) as usize)
}

/// A hash as a whole number in `0..limit`, by multiplication, which is several times cheaper than a remainder.
#[inline]
pub(super) fn scale(hash: u64, limit: u64) -> u64 {
    ((u128::from(hash) * u128::from(limit)) >> 64) as u64
}
