//! A chart as data: what is drawn on the screen, and what is exported, from one and the same thing.

use super::range::Span;
use crate::ui::badges::Badge;
use crate::ui::widgets::Unit;

#[derive(Debug, Clone, PartialEq)]
pub(in crate::ui) struct Chart {
    pub(in crate::ui) title: String,
    pub(in crate::ui) measure: Measure,
    pub(in crate::ui) span: Span,
    pub(in crate::ui) scale: Scale,
    pub(in crate::ui) bands: Vec<Band>,
    pub(in crate::ui) series: Vec<Series>,
    pub(in crate::ui) heat: Option<Heat>,
}

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Measure {
    /// Of 1, and all series together are 1.
    Share,
    /// Of 1.
    Part,
    Count,
    PerSecond,
    /// In seconds.
    Time,
}

/// From the bottom of the plot to its top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Scale {
    pub(in crate::ui) bottom: f64,
    pub(in crate::ui) top: f64,
    pub(in crate::ui) log: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::ui) struct Series {
    /// As it is written at the end of the line: a server's letter, `p99`.
    pub(in crate::ui) label: String,
    /// As it is written where there is room.
    pub(in crate::ui) name: String,
    pub(in crate::ui) ink: Ink,
    /// Oldest first. A gap is a point without a value.
    pub(in crate::ui) points: Vec<Point>,
}

/// What is to be seen in one column: from the lowest to the highest, if there were several, and the one to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct Point {
    pub(in crate::ui) at_ns: i64,
    pub(in crate::ui) low: f64,
    pub(in crate::ui) high: f64,
    /// Where the line goes.
    pub(in crate::ui) value: Option<f64>,
}

/// Where chance may take a share.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ui) struct Band {
    pub(in crate::ui) name: String,
    pub(in crate::ui) ink: Ink,
    pub(in crate::ui) points: Vec<BandPoint>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) struct BandPoint {
    pub(in crate::ui) at_ns: i64,
    pub(in crate::ui) low: f64,
    /// What is expected.
    pub(in crate::ui) due: f64,
    pub(in crate::ui) high: f64,
}

/// How many fell where: columns of time, rows of value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ui) struct Heat {
    pub(in crate::ui) width_ns: u64,
    /// The edges between rows, lowest first, one more than rows.
    pub(in crate::ui) edges: Vec<f64>,
    /// The middle of a column, and a count for each row.
    pub(in crate::ui) columns: Vec<(i64, Vec<u64>)>,
    pub(in crate::ui) most: u64,
}

/// A colour by what it means; the theme says which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Ink {
    Server(Badge),
    Text,
    Mute,
    Err,
}

impl Chart {
    /// Whether any column holds more than one value.
    pub(in crate::ui) fn has_extremes(&self) -> bool {
        self.series.iter().flat_map(|series| &series.points).any(|point| point.low < point.high)
    }
}

impl Measure {
    pub(in crate::ui) fn text(self, value: f64) -> String {
        match self {
            Self::Share | Self::Part => format!("{:.0} %", value * 100.0),
            Self::Count => Unit::Count.text(value),
            Self::PerSecond => Unit::PerSecond.text(value),
            Self::Time => Unit::Time.text(value),
        }
    }

    /// What a column of numbers is in.
    pub(in crate::ui) fn unit(self) -> &'static str {
        match self {
            Self::Share | Self::Part => "of 1",
            Self::Count => "count",
            Self::PerSecond => "per second",
            Self::Time => "seconds",
        }
    }
}

impl Point {
    pub(in crate::ui) fn new(at_ns: i64, value: Option<f64>) -> Self {
        let shown = value.unwrap_or(0.0);
        Self { at_ns, low: shown, high: shown, value }
    }
}

impl Band {
    /// Whether nobody could see a difference.
    pub(in crate::ui) fn is_like(&self, other: &Self) -> bool {
        let same = |(one, other): (&BandPoint, &BandPoint)| {
            one.at_ns == other.at_ns && (one.due - other.due).abs() < 0.002
        };
        self.points.len() == other.points.len() && self.points.iter().zip(&other.points).all(same)
    }
}

impl Series {
    /// The value that holds at a moment: of the last point by then.
    pub(in crate::ui) fn value_at(&self, at_ns: i64) -> Option<f64> {
        let after = self.points.partition_point(|point| point.at_ns <= at_ns);
        self.points.get(after.checked_sub(1)?)?.value
    }
}

impl Scale {
    /// From 0 to a round number that holds the highest value.
    pub(in crate::ui) fn up_to(highest: f64, least: f64) -> Self {
        Self { bottom: 0.0, top: round_up(highest.max(least)), log: false }
    }

    /// Whole decades that hold the values.
    pub(in crate::ui) fn decades(lowest: f64, highest: f64) -> Self {
        let down = libm::pow(10.0, libm::log10(lowest.max(LOWEST)).floor());
        let up = libm::pow(10.0, libm::log10(highest.max(down * 2.0)).ceil());
        Self { bottom: down, top: up.max(down * 10.0), log: true }
    }

    /// How far up a value lies, from 0 to 1; what lies outside is drawn at the edge.
    pub(in crate::ui) fn way_of(self, value: f64) -> f32 {
        let Self { bottom, top, log } = self;
        let way = if log {
            libm::log(value.max(bottom) / bottom) / libm::log(top / bottom)
        } else {
            (value - bottom) / (top - bottom)
        };
        way.clamp(0.0, 1.0) as f32
    }

    /// Where lines across the plot help to read it, the top included.
    pub(in crate::ui) fn marks(self) -> Vec<f64> {
        let Self { bottom, top, log } = self;
        if !log {
            return vec![bottom, f64::midpoint(bottom, top), top];
        }
        let n = libm::log10(top / bottom).round() as i32;
        (0..=n).map(|decade| bottom * libm::pow(10.0, f64::from(decade))).collect()
    }
}

/// The next of a few round numbers whose halves are round too.
pub(in crate::ui) fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = libm::pow(10.0, libm::log10(value).floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0];
    // Ten times a tenth is a little more than one.
    let step = steps.into_iter().find(|step| step * power >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// A hundred microseconds: nothing that a network does is worth telling apart below.
const LOWEST: f64 = 1e-4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!(
            [0.0, 0.34, 1.0, 9.0, 10.3, 17.0, 41.0].map(round_up),
            [1.0, 0.4, 1.0, 10.0, 12.0, 20.0, 60.0]
        );
        let decades = Scale::decades(0.003, 2.1);
        assert_eq!((decades.bottom, decades.top), (0.001, 10.0));
        assert_eq!(decades.marks().len(), 5);
        assert!((decades.way_of(0.1) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_gap_has_no_value_at_the_cursor() {
        let points =
            vec![Point::new(0, Some(1.0)), Point::new(10, None), Point::new(20, Some(3.0))];
        let series = Series { label: "A".into(), name: "a".into(), ink: Ink::Text, points };
        assert_eq!(
            [-1, 0, 9, 10, 25].map(|at| series.value_at(at)),
            [None, Some(1.0), Some(1.0), None, Some(3.0)]
        );
    }
}
