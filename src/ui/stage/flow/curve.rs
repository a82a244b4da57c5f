//! A pipe's course: a smooth curve along which a place is found by the part of its length.

use egui::{Pos2, pos2};

/// A line of points with the length up to each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    points: Vec<Pos2>,
    lengths: Vec<f32>,
}

impl Curve {
    /// From left to right, level at both ends, and then on to `tail`, if there is one.
    pub(super) fn level(from: Pos2, to: Pos2, tail: Option<Pos2>) -> Self {
        let bend = (to.x - from.x) * 0.5;
        Self::bent(from, [pos2(from.x + bend, from.y), pos2(to.x - bend, to.y)], to, tail)
    }

    /// Straight down out of something, and level into something else.
    pub(super) fn falling(from: Pos2, to: Pos2) -> Self {
        let bend = (to.y - from.y) * 0.6;
        Self::bent(from, [pos2(from.x, from.y + bend), pos2(to.x, to.y - bend)], to, None)
    }

    fn bent(from: Pos2, [first, second]: [Pos2; 2], to: Pos2, tail: Option<Pos2>) -> Self {
        // A straight line needs no steps between its ends.
        let is_straight = (from.y - to.y).abs() < 0.5;
        let n_steps = if is_straight { 1 } else { STEPS };
        // De Casteljau: halfway points of halfway points.
        let at = |step: usize| {
            let part = step as f32 / n_steps as f32;
            let (one, two, three) =
                (from.lerp(first, part), first.lerp(second, part), second.lerp(to, part));
            one.lerp(two, part).lerp(two.lerp(three, part), part)
        };
        let points: Vec<Pos2> = (0..=n_steps).map(at).chain(tail).collect();
        let mut length = 0.0;
        let lengths = std::iter::once(0.0)
            .chain(points.windows(2).map(|pair| {
                length += pair[0].distance(pair[1]);
                length
            }))
            .collect();
        Self { points, lengths }
    }

    /// The place after a part of the way, from 0 to 1.
    pub(super) fn at(&self, way: f32) -> Pos2 {
        let (Some(&total), Some(&last)) = (self.lengths.last(), self.points.last()) else {
            return Pos2::ZERO;
        };
        let wanted = total * way.clamp(0.0, 1.0);
        let after = self.lengths.partition_point(|&length| length <= wanted);
        if after >= self.points.len() {
            return last;
        }
        let (from, to) = (self.lengths[after - 1], self.lengths[after]);
        let part = (wanted - from) / (to - from).max(f32::EPSILON);
        self.points[after - 1].lerp(self.points[after], part)
    }

    pub(super) fn points(&self) -> &[Pos2] {
        &self.points
    }

    pub(super) fn end(&self) -> Pos2 {
        self.at(1.0)
    }
}

/// Enough that nobody sees corners, few enough for a hundred pipes a frame.
const STEPS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_of_the_way_are_equally_long() {
        let curve = Curve::level(pos2(0.0, 0.0), pos2(300.0, 120.0), Some(pos2(360.0, 120.0)));
        assert_eq!((curve.at(0.0), curve.at(1.0)), (pos2(0.0, 0.0), pos2(360.0, 120.0)));
        let steps: Vec<f32> = (0..10)
            .map(|step| step as f32 / 10.0)
            .map(|way| curve.at(way).distance(curve.at(way + 0.1)))
            .collect();
        let (least, most) =
            steps.iter().fold((f32::MAX, 0.0_f32), |(low, high), &it| (low.min(it), high.max(it)));
        assert!(most - least < 1.0, "{steps:?}");
    }
}
