//! Envoy's ring: `xxHash64`, at least 1024 points in all, shared out by weight.
//!
//! `ring_hash_lb.cc`. The ring is scaled so that the lightest server has a whole number of points; the others'
//! numbers come from running sums. Point `i` of a server is the hash of `name_i`. A retry takes the next
//! point. Envoy builds a new ring when a server fails its checks and, because the number of points follows
//! the number of servers, gives the others more points then; here the ring stays and the failed server is
//! walked past, so that fewer keys move. A server that is removed or drained by weight does rescale the ring.

use super::super::Balancer;
use super::super::bounded::Bound;
use super::super::key;
use super::super::member::Member;
use super::{Circle, Ring, Successor};
use crate::hash::xxh64;

pub(super) fn build(settings: &Ring, members: &[Member]) -> Box<dyn Balancer> {
    let least = settings.points.unwrap_or(LEAST_POINTS).clamp(1, MOST_POINTS);
    Box::new(Successor {
        circle: Circle::new(points(members, least, MOST_POINTS)),
        locate: key::hash,
        bound: settings.load_bound.map_or(Bound::None, Bound::Jump),
    })
}

fn points(members: &[Member], least: u32, most: u32) -> Vec<(u64, u32)> {
    let total: f64 = members.iter().map(|member| f64::from(member.weight)).sum();
    let on_ring = || members.iter().enumerate().filter(|(_, member)| member.weight > 0);
    let shares = on_ring().map(|(_, member)| f64::from(member.weight) / total);
    let lightest = shares.fold(1.0, f64::min);
    let scale = ((lightest * f64::from(least)).ceil() / lightest).min(f64::from(most));

    let mut points = Vec::with_capacity(scale.ceil() as usize);
    let mut target = 0.0;
    for (index, member) in on_ring() {
        target += scale * (f64::from(member.weight) / total);
        for i in 0_u32.. {
            if points.len() as f64 >= target {
                break;
            }
            points.push((xxh64(format!("{}_{i}", member.name).as_bytes(), 0), index as u32));
        }
    }
    points
}

const LEAST_POINTS: u32 = 1_024;
const MOST_POINTS: u32 = 8_388_608;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::view::{Request, Tried, View};
    use crate::balance::{Notes, Picture};

    fn local(ports: &[(u32, u32)]) -> Vec<Member> {
        ports
            .iter()
            .enumerate()
            .map(|(index, (port, weight))| {
                Member::new(&format!("127.0.0.1:{port}"), index, *weight)
            })
            .collect()
    }

    fn successor(members: &[Member], least: u32, most: u32) -> Successor {
        let circle = Circle::new(points(members, least, most));
        Successor { circle, locate: key::hash, bound: Bound::None }
    }

    fn owner(ring: &Successor, members: &[Member], hash: u64, tried: &[u32]) -> Option<usize> {
        let mut request = Request { tried: Tried::default(), ..Request::keyed(b"any") };
        for &index in tried {
            request.tried.add(index);
        }
        ring.walk(&View::new(members, &request), hash, &mut Notes::off())
    }

    fn counts(ring: &Successor, members: &[Member], hashes: u64) -> Vec<usize> {
        let mut counts = vec![0; members.len()];
        for step in 0..hashes {
            counts[owner(ring, members, step * (u64::MAX / hashes), &[]).unwrap()] += 1;
        }
        counts
    }

    /// The ring printed in Envoy's own test `RingHashLoadBalancerTest.Basic`.
    const BASIC: [(u32, u64); 12] = [
        (94, 833_437_586_790_550_860),
        (92, 928_266_305_478_181_108),
        (90, 1_033_482_794_131_418_490),
        (95, 3_551_244_743_356_806_947),
        (93, 3_851_675_632_748_031_481),
        (91, 5_583_722_120_771_150_861),
        (91, 6_311_230_543_546_372_928),
        (93, 7_700_377_290_971_790_572),
        (95, 13_144_177_310_400_110_813),
        (92, 13_444_792_449_719_432_967),
        (94, 15_516_499_411_664_133_160),
        (90, 16_117_243_373_044_804_889),
    ];

    #[test]
    fn the_ring_is_the_one_envoy_prints() {
        let members = local(&[(90, 1), (91, 1), (92, 1), (93, 1), (94, 1), (95, 1)]);
        let ring = successor(&members, 12, MOST_POINTS);
        let Picture::Ring { positions, owners } = ring.picture() else { panic!("no ring") };
        let drawn: Vec<(u32, u64)> =
            owners.iter().map(|owner| owner + 90).zip(positions.iter().copied()).collect();
        assert_eq!(drawn, BASIC);
    }

    #[test]
    fn keys_go_where_envoy_sends_them() {
        let members = local(&[(90, 1), (91, 1), (92, 1), (93, 1), (94, 1), (95, 1)]);
        let ring = successor(&members, 12, MOST_POINTS);
        for (hash, expected) in [
            (0, 4),
            (u64::MAX, 4),
            (3_551_244_743_356_806_947, 5),
            (3_551_244_743_356_806_948, 3),
            (16_117_243_373_044_804_880, 0),
        ] {
            assert_eq!(owner(&ring, &members, hash, &[]), Some(expected), "{hash}");
        }
    }

    #[test]
    fn retries_take_the_points_that_envoy_takes() {
        let members = local(&[(90, 1), (91, 1), (92, 1), (93, 1), (94, 1), (95, 1)]);
        let ring = successor(&members, 12, MOST_POINTS);
        assert_eq!(owner(&ring, &members, 0, &[]), Some(4));
        assert_eq!(owner(&ring, &members, 0, &[4]), Some(2));
        assert_eq!(owner(&ring, &members, 0, &[4, 2]), Some(0));
    }

    #[test]
    fn weights_have_envoys_points_and_shares() {
        let members = local(&[(90, 1), (91, 2), (92, 3)]);
        let tiny = successor(&members, 6, 6);
        for (hash, expected) in [
            (928_266_305_478_181_108, 2),
            (4_443_673_547_860_492_590, 2),
            (5_583_722_120_771_150_861, 1),
            (6_311_230_543_546_372_928, 1),
            (13_444_792_449_719_432_967, 2),
            (16_117_243_373_044_804_889, 0),
        ] {
            assert_eq!(owner(&tiny, &members, hash, &[]), Some(expected), "{hash}");
        }
        let large = successor(&members, 6_144, MOST_POINTS);
        assert_eq!(counts(&large, &members, 6_000), [987, 1_932, 3_081]);
    }

    #[test]
    fn a_fractional_scale_rounds_as_envoy_does() {
        let members = local(&[(90, 1), (91, 1)]);
        let ring = successor(&members, 1_023, 1_023);
        assert_eq!(counts(&ring, &members, 1_023), [526, 497]);
        let uneven = successor(&local(&[(80, 1), (81, 1)]), 3, MOST_POINTS);
        let Picture::Ring { positions, .. } = uneven.picture() else { panic!("no ring") };
        assert_eq!(positions.len(), 4);
        assert_eq!(positions[0], 5_454_692_015_285_649_509);
    }
}
