//! A chart as SVG: the same lines as on the screen, as things that can be edited.

use egui::Color32;

use crate::ui::theme::Theme;
use crate::ui::time::chart::{Chart, Point, Series};
use crate::ui::time::paint::{colour, heat_colour, label_places, stretches};

/// A whole file. Each series is a group that says its name.
pub(super) fn svg(chart: &Chart, theme: &Theme) -> String {
    let mut out = vec![format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"Inter, sans-serif\" font-size=\"12\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\" fill=\"{}\">{}</text>\n",
        escaped(&chart.title),
        hex(theme.panel),
        hex(theme.text),
        escaped(&chart.title)
    )];
    grid(&mut out, chart, theme);
    heat(&mut out, chart, theme);
    bands(&mut out, chart, theme);
    let places = label_places(chart, PLOT_HEIGHT as f32);
    for (series, place) in chart.series.iter().zip(places) {
        line(&mut out, chart, theme, series, place);
    }
    out.push("</svg>\n".to_owned());
    out.concat()
}

fn grid(out: &mut Vec<String>, chart: &Chart, theme: &Theme) {
    for mark in chart.scale.marks() {
        let y = y_of(chart, mark);
        out.push(format!(
            "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"{}\" fill=\"none\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{}\">{}</text>\n",
            LEFT + PLOT_WIDTH,
            hex(theme.line),
            LEFT - 6.0,
            y + 4.0,
            hex(theme.mute),
            escaped(&chart.measure.text(mark)),
        ));
    }
    let secs = chart.span.len_ns() as f64 / 1e9;
    for (way, anchor) in [(0.0, "start"), (0.5, "middle"), (1.0, "end")] {
        out.push(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{}\">{:.0} s</text>\n",
            LEFT + way * PLOT_WIDTH,
            TOP + PLOT_HEIGHT + 18.0,
            hex(theme.mute),
            secs * way
        ));
    }
}

fn bands(out: &mut Vec<String>, chart: &Chart, theme: &Theme) {
    for band in &chart.bands {
        let upper = band.points.iter().map(|point| (point.at_ns, point.high));
        let lower = band.points.iter().rev().map(|point| (point.at_ns, point.low));
        let outline: Vec<(i64, f64)> = upper.chain(lower).collect();
        let due: Vec<(i64, f64)> =
            band.points.iter().map(|point| (point.at_ns, point.due)).collect();
        let colour = hex(colour(band.ink, theme));
        out.push(format!(
            "<g><title>{} expected</title><path d=\"{}Z\" fill=\"{colour}\" fill-opacity=\"0.16\"/><path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-dasharray=\"3 3\" stroke-opacity=\"0.6\"/></g>\n",
            escaped(&band.name),
            path(chart, &outline),
            path(chart, &due),
        ));
    }
}

fn line(out: &mut Vec<String>, chart: &Chart, theme: &Theme, series: &Series, place: Option<f32>) {
    let colour = hex(colour(series.ink, theme));
    out.push(format!("<g><title>{}</title>", escaped(&series.name)));
    let values = |stretch: &[Point]| -> Vec<(i64, f64)> {
        stretch.iter().filter_map(|point| Some((point.at_ns, point.value?))).collect()
    };
    let paths: String = stretches(series).map(|stretch| path(chart, &values(stretch))).collect();
    for stretch in stretches(series).filter(|stretch| stretch.iter().any(|it| it.low < it.high)) {
        let upper = stretch.iter().map(|point| (point.at_ns, point.high));
        let lower = stretch.iter().rev().map(|point| (point.at_ns, point.low));
        let outline = path(chart, &upper.chain(lower).collect::<Vec<_>>());
        out.push(format!("<path d=\"{outline}Z\" fill=\"{colour}\" fill-opacity=\"0.2\"/>\n"));
    }
    out.push(format!(
        "<path d=\"{paths}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n"
    ));
    if let Some(place) = place {
        out.push(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>\n",
            LEFT + PLOT_WIDTH + 6.0,
            TOP + f64::from(place) + 4.0,
            escaped(&series.label)
        ));
    }
    out.push("</g>\n".to_owned());
}

fn heat(out: &mut Vec<String>, chart: &Chart, theme: &Theme) {
    let Some(heat) = &chart.heat else { return };
    let half_ns = heat.width_ns.cast_signed() / 2;
    out.push("<g shape-rendering=\"crispEdges\">\n".to_owned());
    for (at_ns, rows) in &heat.columns {
        let (left, right) = (x_of(chart, at_ns - half_ns), x_of(chart, at_ns + half_ns));
        for (row, count) in rows.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (top, bottom) = (y_of(chart, heat.edges[row + 1]), y_of(chart, heat.edges[row]));
            out.push(format!(
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"><title>{count}</title></rect>\n",
                right - left,
                bottom - top,
                hex(heat_colour(theme, *count, heat.most))
            ));
        }
    }
    out.push("</g>\n".to_owned());
}

fn path(chart: &Chart, points: &[(i64, f64)]) -> String {
    let command = |(index, (at_ns, value)): (usize, &(i64, f64))| {
        let letter = if index == 0 { 'M' } else { 'L' };
        format!("{letter}{:.1} {:.1}", x_of(chart, *at_ns), y_of(chart, *value))
    };
    let path: String = points.iter().enumerate().map(command).collect();
    // A single point is seen as a dot, because lines have round ends.
    if points.len() == 1 { path + "h0" } else { path }
}

fn x_of(chart: &Chart, at_ns: i64) -> f64 {
    LEFT + f64::from(chart.span.way_of(at_ns).clamp(0.0, 1.0)) * PLOT_WIDTH
}

fn y_of(chart: &Chart, value: f64) -> f64 {
    TOP + (1.0 - f64::from(chart.scale.way_of(value))) * PLOT_HEIGHT
}

fn hex(colour: Color32) -> String {
    let [red, green, blue, _] = colour.to_array();
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
const PLOT_WIDTH: f64 = 600.0;
const PLOT_HEIGHT: f64 = 284.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::export::samples;
    use crate::ui::theme;

    /// Enough of a parser to see that every element is closed and nothing is unescaped.
    fn elements(text: &str) -> Vec<String> {
        let (mut open, mut names) = (Vec::new(), Vec::new());
        for part in text.split('<').skip(1) {
            let (tag, content) = part.split_once('>').expect("a tag ends");
            assert!(!content.contains('>') && !tag.contains('&'), "{part}");
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_deref(), Some(name), "{part}");
            } else {
                names.push(name.to_owned());
                if !tag.ends_with('/') {
                    open.push(name.to_owned());
                }
            }
        }
        assert!(open.is_empty(), "{open:?}");
        names
    }

    #[test]
    fn it_is_well_formed_and_holds_every_series() {
        let text = svg(&samples::shares(), &theme::DARK);
        let groups = elements(&text).iter().filter(|name| *name == "g").count();
        assert_eq!(groups, 3, "two series and a band");
        for name in ["a", "b, the &quot;slow&quot; one"] {
            assert!(text.contains(&format!("<title>{name}</title>")), "{name}");
        }
        assert!(text.contains("Share &amp; &lt;chance&gt;"));
        let b = text.split("slow").nth(1).expect("b has a line");
        assert_eq!(
            b.split("stroke=").next().map(|path| path.matches('M').count()),
            Some(2),
            "a gap breaks it\n"
        );
    }

    #[test]
    fn a_heat_map_has_a_cell_for_each_count() {
        let text = svg(&samples::heat(), &theme::LIGHT);
        assert_eq!(elements(&text).iter().filter(|name| *name == "rect").count(), 3);
    }
}
