//! Points on a circle of 2^64, in order, and how to find the next one in constant expected time.

use crate::balance::picture::Picture;
use crate::balance::view::View;

/// Ascending positions with their owners. Hashes of 32 bits stand in the upper half of a position.
///
/// A plain binary search over 16 000 points costs fourteen steps that the processor cannot predict. Positions
/// are hashes, so their upper bits are already an index: `starts` says where each slice of the circle begins,
/// with about one point to a slice. From there a few points are compared without a branch between them; some
/// that no position lies above stand after the last, so that there are always that many.
pub(in crate::balance) struct Circle {
    positions: Vec<u64>,
    owners: Vec<u32>,
    starts: Vec<u32>,
    shift: u32,
}

impl Circle {
    /// Points may come in any order. Of several at one place the first given stays first.
    pub(in crate::balance) fn new(mut points: Vec<(u64, u32)>) -> Self {
        points.sort_by_key(|&(position, _)| position);
        let (mut positions, owners): (Vec<u64>, Vec<u32>) = points.into_iter().unzip();
        let bits = owners.len().max(2).next_power_of_two().ilog2();
        let shift = u64::BITS - bits;
        let starts = (0..1_u64 << bits)
            .scan(0, |place, slice| {
                *place += positions[*place..]
                    .iter()
                    .take_while(|&&position| position >> shift < slice)
                    .count();
                Some(*place as u32)
            })
            .collect();
        positions.extend([u64::MAX; WINDOW]);
        Self { positions, owners, starts, shift }
    }

    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }

    /// The place of the first point at or after a position, round the top if need be.
    #[inline]
    pub(in crate::balance) fn at_or_after(&self, position: u64) -> Option<usize> {
        let start = self.starts[(position >> self.shift) as usize] as usize;
        let window = self.positions[start..].first_chunk::<WINDOW>()?;
        let skipped = window.iter().map(|&point| usize::from(point < position)).sum::<usize>();
        let place = if skipped < WINDOW { start + skipped } else { self.search(start, position) };
        match place {
            place if place < self.owners.len() => Some(place),
            _ if self.owners.is_empty() => None,
            _ => Some(0),
        }
    }

    /// For slices that are more crowded than hashes should make them.
    #[cold]
    fn search(&self, start: usize, position: u64) -> usize {
        start + self.positions[start..self.owners.len()].partition_point(|&point| point < position)
    }

    pub(in crate::balance) fn owner(&self, place: usize) -> usize {
        self.owners[place] as usize
    }

    pub(in crate::balance) fn position(&self, place: usize) -> u64 {
        self.positions[place]
    }

    /// The first point at or after a position whose owner is usable: how many points were walked past, and
    /// its place.
    #[inline]
    pub(in crate::balance) fn find(
        &self,
        view: &View<'_>,
        position: u64,
    ) -> Option<(usize, usize)> {
        let first = self.at_or_after(position)?;
        if view.usable(self.owner(first)) {
            return Some((0, first));
        }
        self.walk(view, first)
    }

    /// Walks on from a place, once round at most.
    #[cold]
    #[inline(never)]
    fn walk(&self, view: &View<'_>, first: usize) -> Option<(usize, usize)> {
        // With nobody usable the whole way round would be for nothing, and it can be long.
        view.usable_indexes().next()?;
        let (before, after) = self.owners.split_at(first);
        let steps = after.iter().chain(before).position(|&owner| view.usable(owner as usize))?;
        Some((steps, (first + steps) % self.owners.len()))
    }

    pub(in crate::balance) fn picture(&self) -> Picture<'_> {
        let positions = &self.positions[..self.owners.len()];
        Picture::Ring { positions: positions.into(), owners: (&self.owners).into() }
    }
}

/// How many points are compared at once: with one to a slice on average, more than these are rare.
const WINDOW: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::member::Member;
    use crate::balance::view::Request;
    use crate::dice::Dice;

    fn check(points: &[u64], position: u64) {
        let circle = Circle::new(points.iter().map(|&point| (point, 0)).collect());
        let mut sorted = points.to_vec();
        sorted.sort_unstable();
        let expected = match sorted.partition_point(|&point| point < position) {
            _ if sorted.is_empty() => None,
            place if place == sorted.len() => Some(0),
            place => Some(place),
        };
        assert_eq!(circle.at_or_after(position), expected, "{sorted:?} at {position}");
    }

    #[test]
    fn the_index_finds_what_a_binary_search_finds() {
        let mut dice = Dice::new(41);
        for round in 0..200_u64 {
            // Spread points, and a crowd in one slice, in all mixtures.
            let mut points: Vec<u64> = (0..dice.below(200)).map(|_| dice.roll()).collect();
            points.extend((0..round % 60).map(|_| dice.below(50)));
            for _ in 0..5 {
                check(&points, dice.roll());
                check(&points, dice.below(60));
            }
            for &point in points.iter().take(5) {
                check(&points, point);
                check(&points, point.wrapping_add(1));
            }
        }
    }

    #[test]
    fn walking_past_a_server_finds_what_a_circle_without_it_finds() {
        let mut dice = Dice::new(5);
        let points: Vec<(u64, u32)> = (0..400).map(|place| (dice.roll(), place % 7)).collect();
        let full = Circle::new(points.clone());
        let without = Circle::new(points.into_iter().filter(|&(_, owner)| owner != 3).collect());
        let mut members: Vec<Member> = (0..7).map(|index| Member::new("m", index, 1)).collect();
        members[3].drained = true;
        let request = Request::default();
        let view = View::new(&members, &request);
        for _ in 0..2_000 {
            let position = dice.roll();
            let owner = |circle: &Circle| {
                let (_, place) = circle.find(&view, position).unwrap();
                circle.owner(place)
            };
            assert_eq!(owner(&full), owner(&without));
        }
    }

    #[test]
    fn a_thousand_servers_fit() {
        let mut dice = Dice::new(3);
        let points: Vec<u64> = (0..160_000).map(|_| dice.roll()).collect();
        check(&points, dice.roll());
        check(&points, u64::MAX);
        check(&points, 0);
    }
}
