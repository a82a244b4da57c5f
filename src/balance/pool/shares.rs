//! How much of the traffic each priority level and zone gets, and when a level panics.
//!
//! Levels follow Envoy (priority load calculation): a level's capacity is its healthy share times the
//! over-provisioning factor, at most 100 %; what one level cannot take goes to the next; if all together
//! cannot take 100 %, what they have is scaled up. Zones follow Envoy's zone-aware routing for balancers
//! that are spread evenly over the zones: as much as possible stays in the own zone, and the rest goes
//! where there is more than a fair part of the servers.

use std::sync::atomic::Ordering::Relaxed;

use super::super::member::{Health, Member};
use super::{Group, Pool};

/// All traffic, in the unit of a group's share.
pub(super) const WHOLE: u32 = 10_000;

pub(super) fn is_healthy(member: &Member) -> bool {
    !member.is_draining() && member.standing.health() == Health::Up
}

impl Pool {
    /// Sets every group's share and panic from the members' health.
    pub(super) fn share_out(&self) {
        let levels: Vec<&[Group]> =
            self.groups.chunk_by(|a, b| a.key.level == b.key.level).collect();
        let counts: Vec<Count> = levels.iter().map(|groups| Count::of(groups)).collect();
        let factor = self.settings.over_provisioning;
        let shares = level_shares(&counts, factor);
        let enough = capacities(&counts, factor).sum::<u32>() >= WHOLE;
        for ((groups, count), share) in levels.iter().zip(&counts).zip(shares) {
            let panic = !enough && count.healthy * 100 < self.settings.panic_below * count.wanted;
            let zones: Vec<u32> =
                groups.iter().map(|group| Count::of(std::slice::from_ref(group)).healthy).collect();
            let parts = zone_shares(&zones, share, !groups[0].key.abroad);
            for (group, part) in groups.iter().zip(parts) {
                group.panic.store(panic, Relaxed);
                group.share.store(part, Relaxed);
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    healthy: u32,
    wanted: u32,
}

impl Count {
    fn of(groups: &[Group]) -> Self {
        let members = || groups.iter().flat_map(|group| &group.members);
        let count =
            |keep: fn(&Member) -> bool| members().filter(|member| keep(member)).count() as u32;
        Self { healthy: count(is_healthy), wanted: count(|member| !member.is_draining()) }
    }
}

/// What each level could take, in [`WHOLE`]ths. Whole per cents, as Envoy counts.
fn capacities(counts: &[Count], factor: Option<u32>) -> impl Iterator<Item = u32> {
    counts.iter().map(move |count| match factor {
        _ if count.healthy == 0 => 0,
        None => WHOLE,
        Some(factor) => (factor * count.healthy / count.wanted.max(1)).min(100) * 100,
    })
}

fn level_shares(counts: &[Count], factor: Option<u32>) -> Vec<u32> {
    let capacities: Vec<u32> = capacities(counts, factor).collect();
    let total = capacities.iter().sum::<u32>().min(WHOLE);
    if total == 0 {
        // Nobody is healthy anywhere: the first level is asked, and says no unless it panics.
        return (0..counts.len()).map(|level| if level == 0 { WHOLE } else { 0 }).collect();
    }
    let mut left = WHOLE;
    let mut shares: Vec<u32> = capacities
        .iter()
        .map(|capacity| {
            let share = (capacity / 100 * WHOLE / (total / 100).max(1) / 100 * 100).min(left);
            left -= share;
            share
        })
        .collect();
    // What rounding left over goes to the first level that has anyone.
    if let Some(first) = capacities.iter().position(|&capacity| capacity > 0) {
        shares[first] += left;
    }
    shares
}

/// Splits a level's share over its zones. The own zone, if there is one among them, comes first.
fn zone_shares(healthy: &[u32], share: u32, own_is_first: bool) -> Vec<u32> {
    let n = healthy.len() as u64;
    let fair: u64 = healthy.iter().map(|&healthy| u64::from(healthy)).sum();
    if n == 1 || fair == 0 {
        return (0..n).map(|zone| if zone == 0 { share } else { 0 }).collect();
    }
    // Servers count `n` each, so that `fair`, all servers together, is also a zone's fair part of the traffic.
    let has = |zone: usize| u64::from(healthy[zone]) * n;
    let stays = if own_is_first { has(0).min(fair) } else { 0 };
    let spare = |zone: usize| match (zone, own_is_first) {
        (0, true) => 0,
        (zone, true) => has(zone).saturating_sub(fair),
        (zone, false) => has(zone),
    };
    let spare_total: u64 = (0..healthy.len()).map(spare).sum();
    let abroad = u64::from(share) - u64::from(share) * stays / fair;
    let part = |zone: usize| (abroad * spare(zone)).checked_div(spare_total).unwrap_or(0) as u32;
    let mut parts: Vec<u32> = (0..healthy.len()).map(part).collect();
    // What stays at home, and what rounding left over.
    parts[0] += share - parts.iter().sum::<u32>();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(healthy_of: &[(u32, u32)], factor: Option<u32>) -> Vec<u32> {
        let counts: Vec<Count> =
            healthy_of.iter().map(|&(healthy, wanted)| Count { healthy, wanted }).collect();
        level_shares(&counts, factor).into_iter().map(|share| share / 100).collect()
    }

    /// The table of Envoy's documentation on priority levels, for two levels.
    #[test]
    fn levels_spill_as_envoy_documents() {
        for (first, second, expected) in [
            (100, 100, [100, 0]),
            (72, 100, [100, 0]),
            (71, 100, [99, 1]),
            (50, 100, [70, 30]),
            (25, 100, [35, 65]),
            (0, 100, [0, 100]),
            (25, 25, [50, 50]),
        ] {
            assert_eq!(
                levels(&[(first, 100), (second, 100)], Some(140)),
                expected,
                "{first} {second}"
            );
        }
    }

    #[test]
    fn without_spilling_a_level_is_used_only_when_those_before_are_gone() {
        assert_eq!(levels(&[(1, 10), (5, 5)], None), [100, 0]);
        assert_eq!(levels(&[(0, 10), (5, 5)], None), [0, 100]);
        assert_eq!(levels(&[(0, 10), (0, 5)], None), [100, 0]);
    }

    #[test]
    fn traffic_stays_in_its_zone_while_the_zone_has_its_fair_part() {
        assert_eq!(zone_shares(&[4, 4], WHOLE, true), [10_000, 0]);
        assert_eq!(zone_shares(&[6, 2], WHOLE, true), [10_000, 0]);
        assert_eq!(zone_shares(&[2, 6], WHOLE, true), [5_000, 5_000]);
        assert_eq!(zone_shares(&[0, 6], WHOLE, true), [0, 10_000]);
        assert_eq!(zone_shares(&[1, 5, 3], WHOLE, true), [3_333, 6_667, 0]);
    }

    #[test]
    fn a_balancer_in_no_zone_of_its_own_spreads_over_all() {
        assert_eq!(zone_shares(&[3, 1], WHOLE, false), [7_500, 2_500]);
    }
}
