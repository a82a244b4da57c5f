//! What each chart shows, from the buckets of the visible stretch.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chart::{Band, BandPoint, Chart, Heat, Ink, Measure, Point, Scale, Series};
use super::digest::{Bucket, Digest, WINDOW_MOST_NS};
use super::moved::Moved;
use super::range::Span;
use crate::meter::LatencyReading;
use crate::ui::badges::Badge;
use crate::ui::doctor;
use crate::ui::view::{ChartKind, View};
use crate::ui::workbench::Workbench;

/// What all charts of a frame are made from.
pub(super) struct Material<'a> {
    pub(super) digest: &'a Digest,
    pub(super) span: Span,
    /// The servers that were seen in the stretch, in the order of their badges.
    pub(super) servers: Vec<(Arc<str>, Badge)>,
    /// What edits did to keys; only looked up where it is shown.
    pub(super) moves: Vec<Moved>,
}

impl<'a> Material<'a> {
    pub(super) fn new(workbench: &Workbench, digest: &'a Digest, span: Span) -> Self {
        let pool = workbench.lab().pools.get(workbench.focus());
        let pool = pool.map_or("", |pool| pool.name.as_str());
        let mut servers: Vec<(Arc<str>, Badge)> = Vec::new();
        for server in digest.buckets().flat_map(|bucket| &bucket.servers) {
            if servers.iter().all(|(known, _)| *known != server.name) {
                servers.push((Arc::clone(&server.name), workbench.badge(pool, &server.name)));
            }
        }
        servers.sort_by_key(|(_, badge)| *badge);
        Self { digest, span, servers, moves: Vec::new() }
    }

    pub(super) fn chart(&self, kind: ChartKind, view: &View) -> Chart {
        match kind {
            ChartKind::Share => self.share(),
            ChartKind::InFlight => self.in_flight(),
            ChartKind::Latency => self.latency(view.latency_log),
            ChartKind::LatencyHeat => self.heat(),
            ChartKind::Rate => self.rate(),
            ChartKind::Errors => self.errors(),
            ChartKind::MovedKeys => self.moved_keys(),
            ChartKind::BrokenSessions => self.broken_sessions(),
        }
    }

    fn empty(&self, kind: ChartKind, measure: Measure) -> Chart {
        Chart {
            title: kind.title().to_owned(),
            measure,
            span: self.span,
            scale: Scale { bottom: 0.0, top: 1.0, log: false },
            bands: Vec::new(),
            series: Vec::new(),
            heat: None,
        }
    }

    /// The buckets that begin inside the stretch, each with those before it that it is counted with.
    fn windows(&self) -> Vec<(&'a Bucket, Vec<&'a Bucket>)> {
        let buckets: Vec<&Bucket> = self.digest.buckets().collect();
        let window_ns = self.window_ns(SHARE_WINDOWS);
        let window = |(index, bucket): (usize, &&'a Bucket)| {
            let since_ns = bucket.at_ns - window_ns;
            let earlier = buckets[..=index].iter().rev().take_while(|it| it.at_ns > since_ns);
            (*bucket, earlier.copied().collect())
        };
        let inside = |(bucket, _): &(&Bucket, Vec<&Bucket>)| self.is_inside(bucket);
        buckets.iter().enumerate().map(window).filter(inside).collect()
    }

    /// The part of the stretch over which is counted.
    fn window_ns(&self, parts: i64) -> i64 {
        (self.span.len_ns() / parts).clamp(WINDOW_LEAST_NS, WINDOW_MOST_NS.cast_signed())
    }

    fn is_inside(&self, bucket: &Bucket) -> bool {
        // Those at the edges are drawn too, so that lines reach them.
        let half_ns = self.digest.width_ns().cast_signed();
        (self.span.from_ns - half_ns..=self.span.to_ns + half_ns).contains(&bucket.at_ns)
    }

    fn inside(&self) -> impl Iterator<Item = &'a Bucket> {
        self.digest.buckets().filter(|bucket| self.is_inside(bucket))
    }

    /// One series for each server.
    fn by_server(&self, points: impl Fn(&str) -> Vec<Point>) -> Vec<Series> {
        let series = |(name, badge): &(Arc<str>, Badge)| Series {
            label: badge.letter(),
            name: name.to_string(),
            ink: Ink::Server(*badge),
            points: self.with_gaps(points(name)),
        };
        self.servers.iter().map(series).collect()
    }

    fn one(&self, label: &str, ink: Ink, points: Vec<Point>) -> Series {
        let points = self.with_gaps(points);
        Series { label: label.to_owned(), name: label.to_owned(), ink, points }
    }

    /// Where nothing was seen for a while, the line breaks off instead of leading over it.
    fn with_gaps(&self, points: Vec<Point>) -> Vec<Point> {
        let most_ns = (3 * self.digest.width_ns()).max(1_500_000_000).cast_signed();
        let mut whole = Vec::with_capacity(points.len());
        for point in points {
            if let Some(last) = whole.last().map(|last: &Point| last.at_ns)
                && point.at_ns - last > most_ns
            {
                whole.push(Point::new(last + 1, None));
            }
            whole.push(point);
        }
        whole
    }

    fn share(&self) -> Chart {
        let windows = self.windows();
        let share = |name: &str, window: &[&Bucket]| {
            let total: u64 = window.iter().map(|bucket| bucket.started()).sum();
            let own = window.iter().filter_map(|bucket| bucket.server(name));
            (total > 0).then(|| own.map(|it| it.started).sum::<u64>() as f64 / total as f64)
        };
        let series = self.by_server(|name| {
            let points = windows.iter();
            points.map(|(bucket, all)| Point::new(bucket.at_ns, share(name, all))).collect()
        });
        let mut bands = self.bands(&windows);
        // Where everybody is due the same, one band says it.
        let same = bands.windows(2).all(|pair| pair[0].is_like(&pair[1]));
        if same {
            bands.truncate(1);
            for band in &mut bands {
                band.ink = Ink::Mute;
            }
        }
        let highest = highest(&series).max(
            bands.iter().flat_map(|band| &band.points).map(|point| point.high).fold(0.0, f64::max),
        );
        let least = if highest > 0.0 { 0.1 } else { 1.0 };
        let scale = Scale::up_to(highest.min(1.0), least);
        Chart { scale, bands, series, ..self.empty(ChartKind::Share, Measure::Share) }
    }

    fn bands(&self, windows: &[(&Bucket, Vec<&Bucket>)]) -> Vec<Band> {
        let band = |(name, badge): &(Arc<str>, Badge)| {
            let point = |(bucket, window): &(&Bucket, Vec<&Bucket>)| {
                let total: u64 = window.iter().map(|bucket| bucket.started()).sum();
                let mut due = 0.0;
                for bucket in window {
                    let started = bucket.started();
                    let part = bucket.server(name).map_or(Some(0.0), |server| server.due);
                    due += if started == 0 { 0.0 } else { part? * started as f64 };
                }
                let band = doctor::Band::new(due / total as f64, total);
                (total > 0).then(|| BandPoint {
                    at_ns: bucket.at_ns,
                    low: band.low(),
                    due: band.expected,
                    high: band.high(),
                })
            };
            let points: Vec<_> = windows.iter().filter_map(point).collect();
            Band { name: name.to_string(), ink: Ink::Server(*badge), points }
        };
        self.servers.iter().map(band).filter(|band| band.points.len() > 1).collect()
    }

    fn in_flight(&self) -> Chart {
        let series = self.by_server(|name| {
            let gauges = self.inside().filter_map(|bucket| Some((bucket, bucket.server(name)?)));
            gauges
                .map(|(bucket, server)| {
                    let of = server.in_flight;
                    let value = Some(of.mean());
                    Point { at_ns: bucket.at_ns, low: of.low, high: of.high, value }
                })
                .collect()
        });
        let scale = Scale::up_to(highest(&series), 4.0);
        Chart { scale, series, ..self.empty(ChartKind::InFlight, Measure::Count) }
    }

    fn latency(&self, log: bool) -> Chart {
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        let window_ns = self.window_ns(LATENCY_WINDOWS);
        let (mut sum, mut held) = (LatencyReading::default(), VecDeque::new());
        for bucket in self.digest.buckets() {
            sum = sum.merge(&bucket.latency);
            held.push_back(bucket);
            while held.front().is_some_and(|oldest| oldest.at_ns <= bucket.at_ns - window_ns) {
                sum = held.pop_front().map(|oldest| sum.since(&oldest.latency)).unwrap_or(sum);
            }
            if self.is_inside(bucket) {
                for (q, points) in [(0.5, &mut p50), (0.99, &mut p99)] {
                    let secs = sum.quantile(q).map(|ns| ns as f64 / 1e9);
                    points.push(Point::new(bucket.at_ns, secs));
                }
            }
        }
        let series = vec![self.one("p50", Ink::Mute, p50), self.one("p99", Ink::Text, p99)];
        let scale = if log {
            Scale::decades(lowest(&series), highest(&series))
        } else {
            Scale::up_to(highest(&series), 0.001)
        };
        Chart { scale, series, ..self.empty(ChartKind::Latency, Measure::Time) }
    }

    fn heat(&self) -> Chart {
        let bars = || self.inside().flat_map(|bucket| bucket.latency.bars());
        let lowest = bars().map(|bar| bar.low_ns).min().unwrap_or(1_000_000);
        let highest = bars().map(|bar| bar.high_ns).max().unwrap_or(1_000_000_000);
        let scale = Scale::decades(lowest as f64 / 1e9, highest as f64 / 1e9);
        let edge = |row: usize| {
            let way = row as f64 / HEAT_ROWS as f64;
            scale.bottom * libm::pow(scale.top / scale.bottom, way)
        };
        let row_of =
            |secs: f64| ((scale.way_of(secs) * HEAT_ROWS as f32) as usize).min(HEAT_ROWS - 1);
        let mut most = 0;
        let column = |bucket: &Bucket| {
            let mut rows = vec![0; HEAT_ROWS];
            for bar in bucket.latency.bars() {
                // The bars of a histogram are far narrower than a row, so each falls into the row of its middle.
                rows[row_of(f64::midpoint(bar.low_ns as f64, bar.high_ns as f64) / 1e9)] +=
                    bar.count;
            }
            most = rows.iter().copied().max().unwrap_or(0).max(most);
            (bucket.at_ns, rows)
        };
        let columns = self.inside().map(column).collect();
        let heat = Heat {
            width_ns: self.digest.width_ns(),
            edges: (0..=HEAT_ROWS).map(edge).collect(),
            columns,
            most,
        };
        Chart { scale, heat: Some(heat), ..self.empty(ChartKind::LatencyHeat, Measure::Time) }
    }

    fn rate(&self) -> Chart {
        let series = self.by_server(|name| {
            let counts = self.inside().filter_map(|bucket| Some((bucket, bucket.server(name)?)));
            counts.map(|(bucket, server)| per_second(bucket, server.started)).collect()
        });
        let scale = Scale::up_to(highest(&series), 1.0);
        Chart { scale, series, ..self.empty(ChartKind::Rate, Measure::PerSecond) }
    }

    fn errors(&self) -> Chart {
        let points = self.inside().map(|bucket| per_second(bucket, bucket.errors)).collect();
        let series = vec![self.one("errors", Ink::Err, points)];
        let scale = Scale::up_to(highest(&series), 1.0);
        Chart { scale, series, ..self.empty(ChartKind::Errors, Measure::PerSecond) }
    }

    /// A dot for each edit that moved keys, and one for what had to move.
    fn moved_keys(&self) -> Chart {
        let dots = |of: fn(&Moved) -> f64| {
            let mut points = Vec::new();
            for moved in self.moves.iter().filter(|it| self.span.holds(it.at_ns.cast_signed())) {
                let at_ns = moved.at_ns.cast_signed();
                points.extend([Point::new(at_ns - 1, None), Point::new(at_ns, Some(of(moved)))]);
            }
            points
        };
        let series = vec![
            self.one("due", Ink::Mute, dots(|moved| moved.unavoidable)),
            self.one("moved", Ink::Text, dots(|moved| moved.share)),
        ];
        let scale = Scale { bottom: 0.0, top: 1.0, log: false };
        Chart { scale, series, ..self.empty(ChartKind::MovedKeys, Measure::Part) }
    }

    fn broken_sessions(&self) -> Chart {
        let points =
            self.inside().map(|bucket| per_second(bucket, bucket.broken_sessions)).collect();
        let series = vec![self.one("broken", Ink::Err, points)];
        let scale = Scale::up_to(highest(&series), 1.0);
        Chart { scale, series, ..self.empty(ChartKind::BrokenSessions, Measure::PerSecond) }
    }
}

fn per_second(bucket: &Bucket, count: u64) -> Point {
    let rate = (bucket.over_secs > 0.0).then(|| count as f64 / bucket.over_secs);
    Point::new(bucket.at_ns, rate)
}

fn highest(series: &[Series]) -> f64 {
    let values = series.iter().flat_map(|series| &series.points).filter(|it| it.value.is_some());
    values.map(|point| point.high).fold(0.0, f64::max)
}

fn lowest(series: &[Series]) -> f64 {
    let values = series.iter().flat_map(|series| &series.points).filter_map(|point| point.value);
    values.fold(f64::INFINITY, f64::min).min(1.0)
}

/// Shares are counted over a sixth of what is shown, latencies over a twelfth: fewer requests say something of them.
const SHARE_WINDOWS: i64 = 6;
const LATENCY_WINDOWS: i64 = 12;
const WINDOW_LEAST_NS: i64 = 2_000_000_000;
const HEAT_ROWS: usize = 24;
