//! Charts to export in tests.

use crate::ui::time::Span;
use crate::ui::time::chart::{Band, BandPoint, Chart, Heat, Ink, Measure, Point, Scale, Series};

pub(in crate::ui) fn shares() -> Chart {
    let points = |values: [Option<f64>; 3]| {
        (0..).zip(values).map(|(at, value)| Point::new(at * SECOND, value)).collect()
    };
    let series = |label: &str, name: &str, values| Series {
        label: label.to_owned(),
        name: name.to_owned(),
        ink: Ink::Text,
        points: points(values),
    };
    Chart {
        title: "Share & <chance>".to_owned(),
        measure: Measure::Share,
        span: Span { from_ns: 0, to_ns: 2 * SECOND },
        scale: Scale { bottom: 0.0, top: 1.0, log: false },
        bands: vec![Band {
            name: "a".to_owned(),
            ink: Ink::Mute,
            points: vec![
                BandPoint { at_ns: 0, low: 0.4, due: 0.5, high: 0.6 },
                BandPoint { at_ns: SECOND, low: 0.45, due: 0.5, high: 0.55 },
            ],
        }],
        series: vec![
            series("A", "a", [Some(0.5), Some(0.25), Some(1.0 / 3.0)]),
            series("B", "b, the \"slow\" one", [Some(0.5), None, Some(2.0 / 3.0)]),
        ],
        heat: None,
    }
}

pub(in crate::ui) fn heat() -> Chart {
    let heat = Heat {
        width_ns: SECOND as u64,
        edges: vec![0.001, 0.01, 0.1],
        columns: vec![(0, vec![3, 0]), (SECOND, vec![0, 1])],
        most: 3,
    };
    Chart {
        title: "Latency".to_owned(),
        measure: Measure::Time,
        scale: Scale { bottom: 0.001, top: 0.1, log: true },
        series: Vec::new(),
        bands: Vec::new(),
        heat: Some(heat),
        ..shares()
    }
}

const SECOND: i64 = 1_000_000_000;
