//! A chart's numbers: a row for each moment, a column for each series, for the stretch that is shown.

use crate::ui::time::chart::{BandPoint, Chart, Heat};

/// RFC 4180, with `\n`. Numbers have a point whatever the language of the system.
pub(super) fn csv(chart: &Chart) -> String {
    match &chart.heat {
        Some(heat) => heat_csv(chart, heat),
        None => lines_csv(chart),
    }
}

fn lines_csv(chart: &Chart) -> String {
    let mut head = vec!["seconds".to_owned()];
    for series in &chart.series {
        head.push(quoted(&format!("{} ({})", series.name, chart.measure.unit())));
        if chart.has_extremes() {
            head.extend(["least", "most"].map(|what| quoted(&format!("{} {what}", series.name))));
        }
    }
    for band in &chart.bands {
        let what = ["expected", "chance from", "chance to"];
        head.extend(what.map(|what| quoted(&format!("{} {what}", band.name))));
    }
    let points = chart.series.iter().flat_map(|series| &series.points);
    let mut times: Vec<i64> = points.map(|point| point.at_ns).collect();
    times.sort_unstable();
    times.dedup();
    let shown = times.into_iter().filter(|at_ns| chart.span.holds(*at_ns));
    table(head, shown.map(|at_ns| row(chart, at_ns)))
}

fn row(chart: &Chart, at_ns: i64) -> Vec<String> {
    let mut cells = vec![secs(chart, at_ns)];
    for series in &chart.series {
        let point = series.points.iter().find(|point| point.at_ns == at_ns);
        let point = point.filter(|point| point.value.is_some());
        cells.push(cell(point.and_then(|point| point.value)));
        if chart.has_extremes() {
            cells.extend([cell(point.map(|it| it.low)), cell(point.map(|it| it.high))]);
        }
    }
    for band in &chart.bands {
        let point = band.points.iter().find(|point| point.at_ns == at_ns);
        let of = |pick: fn(&BandPoint) -> f64| cell(point.map(pick));
        cells.extend([of(|it| it.due), of(|it| it.low), of(|it| it.high)]);
    }
    cells
}

/// A row for each moment and a column for each range of values.
fn heat_csv(chart: &Chart, heat: &Heat) -> String {
    let unit = chart.measure.unit();
    let ranges = heat.edges.windows(2);
    let ranges = ranges.map(|edges| format!("{} to {} {unit}", number(edges[0]), number(edges[1])));
    let head = std::iter::once("seconds".to_owned()).chain(ranges).collect();
    let shown = heat.columns.iter().filter(|(at_ns, _)| chart.span.holds(*at_ns));
    let rows = shown.map(|(at_ns, counts)| {
        let counts = counts.iter().map(u64::to_string);
        std::iter::once(secs(chart, *at_ns)).chain(counts).collect()
    });
    table(head, rows)
}

fn table(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows = std::iter::once(head).chain(rows);
    rows.map(|cells| cells.join(",") + "\n").collect()
}

/// Since the beginning of what is shown.
fn secs(chart: &Chart, at_ns: i64) -> String {
    format!("{:.3}", (at_ns - chart.span.from_ns) as f64 / 1e9)
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// Six digits behind the point at most: microseconds.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::export::samples;

    #[test]
    fn every_series_and_band_has_its_columns() {
        let expected = "\
seconds,a (of 1),\"b, the \"\"slow\"\" one (of 1)\",a expected,a chance from,a chance to
0.000,0.5,0.5,0.5,0.4,0.6
1.000,0.25,,0.5,0.45,0.55
2.000,0.333333,0.666667,,,
";
        assert_eq!(csv(&samples::shares()), expected);
    }

    #[test]
    fn a_heat_map_is_a_table() {
        let expected = "\
seconds,0.001 to 0.01 seconds,0.01 to 0.1 seconds
0.000,3,0
1.000,0,1
";
        assert_eq!(csv(&samples::heat()), expected);
    }
}
