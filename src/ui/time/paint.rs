//! Painting a chart: grid, bands, lines, heat, and the letters at the ends of the lines.

use std::sync::Arc;

use egui::epaint::{Mesh, PathStroke, Tessellator};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::chart::{Band, BandPoint, Chart, Heat, Ink, Point, Series};
use crate::ui::theme::{self, Theme};

/// Paints a plot around what was tessellated before; at its right is room for the ends' letters.
pub(in crate::ui) fn plot(
    painter: &Painter,
    theme: &Theme,
    area: Rect,
    chart: &Chart,
    content: &Arc<Mesh>,
) {
    grid(painter, theme, area, chart);
    let clip = painter.with_clip_rect(area.expand2(egui::vec2(0.0, 2.0)));
    clip.add(Shape::Mesh(Arc::clone(content)));
    labels(painter, theme, area, chart);
}

/// Bands, heat and lines as triangles. Worked out when there is something new, and not for every frame of the window:
/// with many servers it costs more than all else.
pub(in crate::ui) fn content(
    ctx: &egui::Context,
    theme: &Theme,
    area: Rect,
    chart: &Chart,
) -> Mesh {
    let mut shapes = Vec::new();
    for band in &chart.bands {
        band_shapes(&mut shapes, theme, area, chart, band);
    }
    if let Some(heat) = &chart.heat {
        shapes.push(Shape::mesh(heat_mesh(theme, area, chart, heat)));
    }
    for series in &chart.series {
        series_shapes(&mut shapes, theme, area, chart, series);
    }
    let options = ctx.tessellation_options(|options| *options);
    let mut tessellator = Tessellator::new(ctx.pixels_per_point(), options, [1, 1], Vec::new());
    let mut mesh = Mesh::default();
    for shape in shapes {
        tessellator.tessellate_shape(shape, &mut mesh);
    }
    mesh
}

/// The colour that an ink is in a theme.
pub(in crate::ui) fn colour(ink: Ink, theme: &Theme) -> Color32 {
    match ink {
        Ink::Server(badge) => badge.colour(theme),
        Ink::Text => theme.text,
        Ink::Mute => theme.mute,
        Ink::Err => theme.err,
    }
}

pub(super) fn x_of(plot: Rect, chart: &Chart, at_ns: i64) -> f32 {
    plot.left() + chart.span.way_of(at_ns) * plot.width()
}

fn y_of(plot: Rect, chart: &Chart, value: f64) -> f32 {
    plot.bottom() - chart.scale.way_of(value) * plot.height()
}

fn grid(painter: &Painter, theme: &Theme, plot: Rect, chart: &Chart) {
    let stroke = Stroke::new(theme::HAIRLINE, theme.line);
    let marks = chart.scale.marks();
    // Between lines there has to be room for what they are called.
    let every = (marks.len() as f32 * 14.0 / plot.height().max(1.0)).ceil().max(1.0) as usize;
    for (index, mark) in marks.iter().enumerate() {
        let y = painter.round_to_pixel_center(y_of(plot, chart, *mark));
        painter.hline(plot.x_range(), y, stroke);
        if index > 0 && (marks.len() - 1 - index).is_multiple_of(every) {
            let at = pos2(plot.left() + 1.0, y + 1.0);
            painter.text(at, Align2::LEFT_TOP, chart.measure.text(*mark), small(), theme.faint);
        }
    }
}

fn band_shapes(out: &mut Vec<Shape>, theme: &Theme, plot: Rect, chart: &Chart, band: &Band) {
    let fill = colour(band.ink, theme).gamma_multiply(0.16);
    let ends = band.points.iter().map(|BandPoint { at_ns, low, high, .. }| {
        let x = x_of(plot, chart, *at_ns);
        [pos2(x, y_of(plot, chart, *high)), pos2(x, y_of(plot, chart, *low))]
    });
    out.push(Shape::mesh(ribbon(ends, fill)));
    let expected =
        |point: &BandPoint| pos2(x_of(plot, chart, point.at_ns), y_of(plot, chart, point.due));
    let points: Vec<Pos2> = band.points.iter().map(expected).collect();
    let stroke = Stroke::new(1.0, colour(band.ink, theme).gamma_multiply(0.6));
    out.extend(Shape::dashed_line(&points, stroke, 3.0, 3.0));
}

fn series_shapes(out: &mut Vec<Shape>, theme: &Theme, plot: Rect, chart: &Chart, series: &Series) {
    let colour = colour(series.ink, theme);
    let stroke = PathStroke::new(1.5, colour);
    for stretch in stretches(series) {
        extremes(out, plot, chart, stretch, colour.gamma_multiply(0.2));
        let place = |point: &Point| {
            let value = point.value.unwrap_or_default();
            pos2(x_of(plot, chart, point.at_ns), y_of(plot, chart, value))
        };
        let points: Vec<Pos2> = stretch.iter().map(place).collect();
        let is_striped = matches!(series.ink, Ink::Server(badge) if badge.is_striped());
        if let [only] = points.as_slice() {
            out.push(Shape::circle_filled(*only, 2.5, colour));
        } else {
            out.push(Shape::line(points.clone(), stroke.clone()));
        }
        if is_striped {
            stripes(out, &points);
        }
    }
}

/// From the lowest to the highest of each column, so that a peak between two points of the line is seen.
fn extremes(out: &mut Vec<Shape>, plot: Rect, chart: &Chart, stretch: &[Point], fill: Color32) {
    if stretch.iter().all(|point| point.low == point.high) {
        return;
    }
    let ends = stretch.iter().map(|point| {
        let x = x_of(plot, chart, point.at_ns);
        [pos2(x, y_of(plot, chart, point.high)), pos2(x, y_of(plot, chart, point.low))]
    });
    out.push(Shape::mesh(ribbon(ends, fill)));
}

/// The area between pairs of points.
fn ribbon(ends: impl Iterator<Item = [Pos2; 2]>, fill: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for (column, [upper, lower]) in ends.enumerate() {
        mesh.colored_vertex(upper, fill);
        mesh.colored_vertex(lower, fill);
        if let Some(first) = (2 * column as u32).checked_sub(2) {
            mesh.add_triangle(first, first + 1, first + 2);
            mesh.add_triangle(first + 1, first + 2, first + 3);
        }
    }
    mesh
}

/// The ninth and those after it have a hue that somebody has already, and dots on their line to tell them apart.
fn stripes(out: &mut Vec<Shape>, points: &[Pos2]) {
    let stroke = Stroke::new(2.5, theme::ON_SERVER);
    out.extend(Shape::dashed_line(points, stroke, 1.5, 6.0));
}

/// The unbroken stretches of a series.
pub(in crate::ui) fn stretches(series: &Series) -> impl Iterator<Item = &[Point]> {
    let parts = series.points.split(|point| point.value.is_none());
    parts.filter(|part| !part.is_empty())
}

fn heat_mesh(theme: &Theme, plot: Rect, chart: &Chart, heat: &Heat) -> Mesh {
    let mut mesh = Mesh::default();
    let half_ns = heat.width_ns.cast_signed() / 2;
    for (at_ns, rows) in &heat.columns {
        let left = x_of(plot, chart, at_ns - half_ns);
        let right = x_of(plot, chart, at_ns + half_ns);
        for (row, count) in rows.iter().enumerate().filter(|(_, count)| **count > 0) {
            let top = y_of(plot, chart, heat.edges[row + 1]);
            let bottom = y_of(plot, chart, heat.edges[row]);
            let area = Rect::from_min_max(pos2(left, top), pos2(right, bottom));
            mesh.add_colored_rect(area, heat_colour(theme, *count, heat.most));
        }
    }
    mesh
}

/// One is seen; most is the strongest. By the root, because a few slow ones matter beside many fast ones.
pub(in crate::ui) fn heat_colour(theme: &Theme, count: u64, most: u64) -> Color32 {
    let way = (count as f32 / most.max(1) as f32).sqrt();
    theme.panel.lerp_to_gamma(theme.accent, 0.2 + 0.8 * way)
}

/// What each line is called, at its end, moved apart where they would cover each other.
fn labels(painter: &Painter, theme: &Theme, plot: Rect, chart: &Chart) {
    if chart.series.len() < 2 {
        return;
    }
    let places = label_places(chart, plot.height());
    for (series, y) in chart.series.iter().zip(places) {
        let Some(y) = y else { continue };
        let at = pos2(plot.right() + 3.0, plot.top() + y);
        // Server colours are made for areas; letters as small as these are read better in the text's.
        let colour = match series.ink {
            Ink::Server(badge) => badge.colour(theme).lerp_to_gamma(theme.text, 0.25),
            other => colour(other, theme),
        };
        painter.text(at, Align2::LEFT_CENTER, &series.label, small(), colour);
    }
}

/// How far below the top each series' label stands; nothing where the line has ended. Where there is no room for all
/// of them, the highest and the lowest line are named, and of those between them whichever stand apart.
pub(in crate::ui) fn label_places(chart: &Chart, height: f32) -> Vec<Option<f32>> {
    let end = |(index, series): (usize, &Series)| {
        let value = series.points.last()?.value?;
        Some((index, (1.0 - chart.scale.way_of(value)) * height))
    };
    let mut ends: Vec<(usize, f32)> = chart.series.iter().enumerate().filter_map(end).collect();
    ends.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    if ends.len() as f32 * LABEL_HEIGHT > height {
        ends = apart(&ends);
    }
    let mut places = vec![None; chart.series.len()];
    // Higher up, the first would reach into what stands above the chart.
    let mut least = LABEL_HEIGHT / 2.0;
    for (nth, &(index, end)) in ends.iter().enumerate() {
        let below = (ends.len() - 1 - nth) as f32 * LABEL_HEIGHT;
        let place = end.min(height - below).max(least);
        places[index] = Some(place);
        least = place + LABEL_HEIGHT;
    }
    places
}

/// The first, the last, and those between them whose labels touch no other, from the top downwards.
fn apart(ends: &[(usize, f32)]) -> Vec<(usize, f32)> {
    let [first, between @ .., last] = ends else { return ends.to_vec() };
    let mut apart = vec![*first];
    let mut above = first.1;
    for &(index, end) in between {
        if end - above >= LABEL_HEIGHT && last.1 - end >= LABEL_HEIGHT {
            apart.push((index, end));
            above = end;
        }
    }
    apart.push(*last);
    apart
}

fn small() -> FontId {
    FontId::monospace(9.5)
}

const LABEL_HEIGHT: f32 = 9.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::time::chart::{Measure, Scale};
    use crate::ui::time::range::Span;

    fn chart(values: &[f64]) -> Chart {
        Chart {
            title: String::new(),
            measure: Measure::Share,
            span: Span { from_ns: 0, to_ns: 10 },
            scale: Scale { bottom: 0.0, top: 1.0, log: false },
            bands: Vec::new(),
            series: values.iter().map(|value| series(vec![Point::new(0, Some(*value))])).collect(),
            heat: None,
        }
    }

    fn series(points: Vec<Point>) -> Series {
        Series { label: "A".into(), name: "a".into(), ink: Ink::Text, points }
    }

    #[test]
    fn a_line_breaks_at_gaps_and_peaks_are_painted() {
        let wild = Point { at_ns: 2, low: 0.0, high: 9.0, value: Some(4.0) };
        let points =
            vec![Point::new(1, Some(1.0)), wild, Point::new(3, None), Point::new(4, Some(2.0))];
        let series = series(points);
        let stretches: Vec<&[Point]> = stretches(&series).collect();
        assert_eq!(stretches.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 1]);
        let mut chart = chart(&[]);
        chart.scale = Scale { bottom: 0.0, top: 10.0, log: false };
        let (mut shapes, plot) =
            (Vec::new(), Rect::from_min_max(pos2(0.0, 0.0), pos2(10.0, 100.0)));
        extremes(&mut shapes, plot, &chart, stretches[0], Color32::WHITE);
        let [Shape::Mesh(mesh)] = shapes.as_slice() else { panic!("one area") };
        let heights = mesh.vertices.iter().map(|vertex| vertex.pos.y);
        assert_eq!(heights.fold(100.0, f32::min), 10.0, "the peak of 9 is reached");
    }

    #[test]
    fn labels_at_one_height_are_moved_apart() {
        let chart = chart(&[0.0, 0.0, 0.01]);
        let mut places: Vec<f32> = label_places(&chart, 100.0).into_iter().flatten().collect();
        places.sort_by(f32::total_cmp);
        assert_eq!(places.len(), 3);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= LABEL_HEIGHT - 0.01));
        assert!(places[2] <= 100.0);
        let crowd = label_places(&self::chart(&[0.5, 0.9, 0.45, 0.05, 0.1]), 40.0);
        let named: Vec<bool> = crowd.iter().map(Option::is_some).collect();
        assert_eq!(named, [true, true, false, true, false], "who stands apart has a name");
        let top = label_places(&self::chart(&[1.0, 0.0]), 100.0)[0];
        assert!(top.is_some_and(|top| top >= LABEL_HEIGHT / 2.0), "inside the chart: {top:?}");
    }
}
