//! Slow start: a member that just joined or came back gets its share by and by.
//!
//! The factor is Envoy's: `max(floor, (elapsed / window) ^ (1 / aggression))`. It thins out what reaches the
//! member: with a factor of 0.3 the member sits out seven picks of ten, whatever the algorithm. For keyed
//! algorithms the key decides instead of the dice, so a key moves to the new member once and stays.

use serde::{Deserialize, Serialize};

use super::super::decision::Notes;
use super::super::view::Request;
use super::{Pick, Pool};
use crate::dice::Dice;
use crate::hash::{mix, xxh64};
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlowStart {
    /// How long it takes to reach the full share.
    pub window: Period,
    /// 1 rises evenly; above 1 faster at first.
    pub aggression: f64,
    /// The least share, as a part of the full one.
    pub floor: f64,
}

impl Default for SlowStart {
    fn default() -> Self {
        Self { window: Period::from_secs(10), aggression: 1.0, floor: 0.1 }
    }
}

impl SlowStart {
    /// The part of its share that a member gets which came up at `since_ns`.
    pub fn factor(&self, since_ns: u64, now_ns: u64) -> f64 {
        let elapsed_ns = now_ns.saturating_sub(since_ns);
        if since_ns == 0 || elapsed_ns >= self.window.ns() {
            return 1.0;
        }
        let passed = elapsed_ns as f64 / self.window.ns() as f64;
        libm::pow(passed, 1.0 / self.aggression).clamp(self.floor, 1.0)
    }
}

impl Pool {
    #[inline]
    pub(super) fn is_warming(&self, now_ns: u64) -> bool {
        now_ns < self.warm_until_ns.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A pick apart from all others, which need not even clear the room for the marks: 512 bytes.
    #[cold]
    #[inline(never)]
    pub(super) fn pick_while_warming(
        &self,
        request: &Request<'_>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Pick {
        let mut held = [0; WORDS];
        self.hold_back(request, dice, &mut held);
        self.pick_except(&held, request, dice, notes)
    }

    /// Marks the warming members that sit this pick out.
    fn hold_back(&self, request: &Request<'_>, dice: &mut Dice, words: &mut [u64; WORDS]) {
        let Some(slow_start) = &self.settings.slow_start else { return };
        let key = (self.keyed && !request.key.is_empty()).then(|| xxh64(request.key, WARM_SEED));
        for member in &self.members {
            let factor = slow_start.factor(member.standing.since_ns(), request.now_ns);
            let mut draw =
                || key.map_or_else(|| dice.unit(), |key| unit_of(mix(key ^ u64::from(member.id))));
            if factor < 1.0 && draw() >= factor {
                words[member.index as usize / 64] |= 1 << (member.index % 64);
            }
        }
    }
}

fn unit_of(word: u64) -> f64 {
    Dice::new(word).unit()
}

/// Enough words for a bit for each member of the largest pool.
pub(super) const WORDS: usize = 64;
/// Separates the draw from the hashes that algorithms take of the same key.
const WARM_SEED: u64 = 0x7761_726d;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_rises_from_the_floor_to_one() {
        let slow_start = SlowStart { window: Period::from_secs(10), ..SlowStart::default() };
        let at = |secs: u64| slow_start.factor(1, 1 + secs * 1_000_000_000);
        assert_eq!(at(0), 0.1);
        assert!((at(5) - 0.5).abs() < 1e-9);
        assert_eq!(at(10), 1.0);
        let eager = SlowStart { aggression: 2.0, ..slow_start };
        assert!((eager.factor(1, 1 + 2_500_000_000) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn members_of_the_first_plan_do_not_warm_up() {
        assert_eq!(SlowStart::default().factor(0, 5), 1.0);
    }
}
