//! NGINX's `hash KEY`: fifteen bits of the key's CRC-32.
//!
//! `((crc32(key) >> 16) & 0x7fff) mod (sum of weights)` is a remainder; the members own rows of remainders. If its
//! owner is out, the key is hashed again with a counter in front (`1key`, `2key` …) and the new fifteen bits
//! are added to the sum so far; after 21 misses, and without a key, it is somebody's turn by weight.
//! Source: NGINX, `ngx_http_upstream_hash_module.c`; the same as Perl's `Cache::Memcached`.
//!
//! Only 32768 hashes exist, so weights that add up to more leave the last servers without keys.

use super::intervals::Intervals;
use crate::balance::Balancer;
use crate::balance::decision::{Notes, Rule};
use crate::balance::member::Member;
use crate::balance::picture::Picture;
use crate::balance::view::View;
use crate::balance::weighted::smooth;
use crate::dice::Dice;
use crate::hash::crc32_joined;

pub(super) fn build(members: &[Member]) -> Box<dyn Balancer> {
    Box::new(Remainder { intervals: Intervals::new(members) })
}

struct Remainder {
    intervals: Intervals,
}

impl Balancer for Remainder {
    fn pick(&self, view: &View<'_>, _dice: &mut Dice, notes: &mut Notes) -> Option<usize> {
        if view.request.key.is_empty() {
            notes.add(|decision| decision.rule = Some(Rule::NoKey));
            return smooth::turn(view, notes);
        }
        self.intervals.search(view, hashes(view.request.key), notes)
    }

    fn picture(&self) -> Picture<'_> {
        self.intervals.picture()
    }
}

/// The hash, and what it grows to with each counter.
fn hashes(key: &[u8]) -> impl Iterator<Item = u64> {
    (0_u8..100).scan(0, move |sum, counter| {
        let digits = [b'0' + counter / 10, b'0' + counter % 10];
        let digits = match counter {
            0 => &[][..],
            1..=9 => &digits[1..],
            _ => &digits[..],
        };
        *sum += u64::from(crc32_joined([digits, key]) >> 16 & 0x7fff);
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::Request;

    fn check(members: &[Member], key: &str, expected: Option<usize>) {
        let request = Request::keyed(key.as_bytes());
        let picked = build(members).pick(
            &View::new(members, &request),
            &mut Dice::new(0),
            &mut Notes::off(),
        );
        assert_eq!(picked, expected, "{key}");
    }

    fn members(weights: &[u32]) -> Vec<Member> {
        weights.iter().enumerate().map(|(index, &weight)| Member::new("m", index, weight)).collect()
    }

    #[test]
    fn the_hash_is_bits_sixteen_to_thirty() {
        // The published check value of CRC-32, 0xcbf43926 for 123456789: 0x4bf4 = 19444.
        assert_eq!(hashes(b"123456789").next(), Some(0x4bf4));
        check(&members(&[1; 10]), "123456789", Some(4));
        check(&members(&[19_444, 1, 1]), "123456789", Some(1));
    }

    #[test]
    fn a_key_is_hashed_again_when_its_owner_is_out() {
        let mut members = members(&[1; 10]);
        members[4].drained = true;
        let sum = 0x4bf4 + u64::from(crc32_joined([&b"1123456789"[..]]) >> 16 & 0x7fff);
        assert_ne!(sum % 10, 4);
        check(&members, "123456789", Some((sum % 10) as usize));
    }

    #[test]
    fn nobody_usable_means_no_pick() {
        check(&members(&[0, 0]), "k", None);
        check(&[], "k", None);
        let mut members = members(&[1, 2]);
        for member in &mut members {
            member.drained = true;
        }
        check(&members, "k", None);
    }

    #[test]
    fn a_lone_usable_member_among_many_is_always_found() {
        let mut members = members(&[1; 200]);
        for member in &mut members {
            member.drained = member.index != 77;
        }
        for number in 0..200 {
            check(&members, &number.to_string(), Some(77));
        }
    }
}
