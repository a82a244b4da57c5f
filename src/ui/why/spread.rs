//! How a server's latencies spread, beside those of the rest of its pool.

use std::ops::RangeInclusive;

use egui::{Sense, TextStyle, Ui, WidgetInfo};
use egui_plot::{AxisHints, Bar, BarChart, GridMark, Line, Plot, PlotPoints};

use super::server::RECENT_NS;
use super::timing::period;
use crate::meter::LatencyReading;
use crate::ui::theme::Theme;
use crate::ui::widgets::hint;
use crate::ui::words::grouped;
use crate::ui::workbench::Workbench;

/// Counted anew twice a second at most, because it looks at every server of the pool.
#[derive(Debug)]
pub(super) struct Spread {
    pool: String,
    server: String,
    half_second: u64,
    own: Bins,
    rest: Bins,
}

impl Spread {
    fn of(workbench: &Workbench, pool: &str, server: &str) -> Self {
        let to_ns = workbench.moment_ns();
        let (mut own, mut rest) = (Bins::default(), Bins::default());
        for frame in workbench.story.frames_between(to_ns.saturating_sub(RECENT_NS), to_ns) {
            for known in frame.pool(pool).into_iter().flat_map(|pool| &pool.servers) {
                let bins = if *known.name == *server { &mut own } else { &mut rest };
                bins.add(&known.measured.latency);
            }
        }
        let half_second = to_ns / HALF_SECOND_NS;
        Self { pool: pool.to_owned(), server: server.to_owned(), half_second, own, rest }
    }

    fn is_of(&self, workbench: &Workbench, pool: &str, server: &str) -> bool {
        let half_second = workbench.moment_ns() / HALF_SECOND_NS;
        self.pool == pool && self.server == server && self.half_second == half_second
    }
}

/// Bars in the server's colour, and a line for the others, each as parts of its own answers.
pub(super) fn spread_ui(
    ui: &mut Ui,
    spread: &mut Option<Spread>,
    workbench: &Workbench,
    (pool, name): (&str, &str),
) {
    let known = spread.take().filter(|it| it.is_of(workbench, pool, name));
    let spread = spread.insert(known.unwrap_or_else(|| Spread::of(workbench, pool, name)));
    let Spread { own, rest, .. } = &*spread;
    let Some((least, most)) = range(own, rest) else { return };
    let theme = Theme::of(ui);
    let colour = workbench.badge(pool, name).colour(theme);
    let bars = own.shares().map(|(bin, share)| {
        Bar::new(edge(bin) + WIDTH / 2.0, share)
            .width(WIDTH * 0.9)
            .fill(colour)
            .name(words(bin, share))
    });
    let bars = BarChart::new(name, bars.collect())
        .color(colour)
        .element_formatter(Box::new(|bar, _chart| bar.name.clone()));
    let outline = Line::new("the rest of its pool", outline(rest, least, most))
        .color(theme.mute)
        .width(1.5)
        .allow_hover(false);
    let font = TextStyle::Small.resolve(ui.style());
    let axis = AxisHints::new_x()
        .tick_label_color(theme.mute)
        .tick_label_font(font)
        .label_spacing(20.0..=30.0)
        .formatter(|mark, range| decade_words(mark.value, range));
    let plot = still_plot().custom_x_axes(vec![axis]).default_x_bounds(edge(least), edge(most + 1));
    let shown = plot.show(ui, |plot| {
        plot.bar_chart(bars);
        plot.line(outline);
    });
    let said = format!("Latencies of {name}: {}", most_often(own));
    shown.response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &said));
    let line = if rest.total == 0 { "" } else { "; the line is the rest of its pool" };
    hint(ui, format!("How {} answers spread over latencies{line}", grouped(own.total)));
}

/// A plot that shows what it is given, and is neither dragged nor zoomed.
fn still_plot() -> Plot<'static> {
    Plot::new("spread")
        .height(HEIGHT)
        .sense(Sense::hover())
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .show_background(false)
        .show_axes([true, false])
        .show_grid([true, false])
        .x_grid_spacer(|input| decades(input.bounds))
        .include_y(0.0)
        .reset()
}

/// Answers by latency. Bins are as wide as they are apart: each is the same factor longer than the one before.
#[derive(Debug)]
struct Bins {
    counts: [u64; BINS],
    total: u64,
}

impl Default for Bins {
    fn default() -> Self {
        Self { counts: [0; BINS], total: 0 }
    }
}

impl Bins {
    fn add(&mut self, latency: &LatencyReading) {
        for bar in latency.bars() {
            let middle_ns = f64::midpoint(bar.low_ns as f64, bar.high_ns as f64).max(1.0);
            let bin = (libm::log10(middle_ns) / WIDTH) as usize;
            self.counts[bin.min(BINS - 1)] += bar.count;
            self.total += bar.count;
        }
    }

    fn share(&self, bin: usize) -> f64 {
        self.counts[bin] as f64 / self.total.max(1) as f64
    }

    /// Of the bins that hold something.
    fn shares(&self) -> impl DoubleEndedIterator<Item = (usize, f64)> {
        (0..BINS).filter(|&bin| self.counts[bin] > 0).map(|bin| (bin, self.share(bin)))
    }
}

/// From the first bin to the last of both, and at least a decade, so that a single bar is no wall. Nothing where the
/// server has answered nothing.
fn range(own: &Bins, rest: &Bins) -> Option<(usize, usize)> {
    own.shares().next()?;
    let bins = || own.shares().chain(rest.shares()).map(|(bin, _)| bin);
    let (least, most) = (bins().min()?, bins().max()?);
    let around = (BINS_A_DECADE.saturating_sub(most - least)).max(2) / 2;
    Some((least.saturating_sub(around), (most + around).min(BINS - 1)))
}

fn outline(bins: &Bins, least: usize, most: usize) -> PlotPoints<'static> {
    if bins.total == 0 {
        return PlotPoints::default();
    }
    (least..=most).map(|bin| [edge(bin) + WIDTH / 2.0, bins.share(bin)]).collect()
}

/// A line at each power of ten.
fn decades((from, to): (f64, f64)) -> Vec<GridMark> {
    let whole = from.ceil() as i32..=to.floor() as i32;
    whole.map(|power| GridMark { value: power.into(), step_size: 1.0 }).collect()
}

/// Nothing beside the ends of the axis, where it would be cut.
fn decade_words(power: f64, range: &RangeInclusive<f64>) -> String {
    let room = (range.end() - range.start()) * LABEL_PART / 2.0;
    let fits = (range.start() + room..=range.end() - room).contains(&power);
    if fits { period(libm::exp10(power).round() as u64) } else { String::new() }
}

/// Where a bin begins, as a power of ten nanoseconds.
fn edge(bin: usize) -> f64 {
    bin as f64 * WIDTH
}

fn words(bin: usize, share: f64) -> String {
    let bound = |bin| period(libm::exp10(edge(bin)).round() as u64);
    format!("{} to {}: {:.1} % of its answers", bound(bin), bound(bin + 1), share * 100.0)
}

/// The bin that most are in, for those who do not see the bars.
fn most_often(bins: &Bins) -> String {
    let most = bins.shares().max_by(|a, b| a.1.total_cmp(&b.1));
    most.map_or_else(String::new, |(bin, share)| format!("most often {}", words(bin, share)))
}

const HEIGHT: f32 = 92.0;
/// What the longest label takes of the axis.
const LABEL_PART: f64 = 0.18;
/// Each bin is a third longer than the one before.
const BINS_A_DECADE: usize = 8;
const WIDTH: f64 = 1.0 / BINS_A_DECADE as f64;
/// Up to ten thousand seconds.
const BINS: usize = 13 * BINS_A_DECADE;
const HALF_SECOND_NS: u64 = 500_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Histogram;

    fn bins(times_ns: &[u64]) -> Bins {
        let histogram = Histogram::default();
        for &ns in times_ns {
            histogram.record(ns);
        }
        let mut bins = Bins::default();
        bins.add(&histogram.read());
        bins
    }

    #[test]
    fn every_answer_is_in_the_bin_that_holds_its_latency() {
        let bins = bins(&[5_000_000, 5_100_000, 5_050_000, 900_000_000]);
        let (places, parts): (Vec<usize>, Vec<f64>) = bins.shares().unzip();
        assert_eq!(parts, [0.75, 0.25]);
        for (bin, ns) in places.into_iter().zip([5e6, 9e8]) {
            assert!((edge(bin)..edge(bin + 1)).contains(&libm::log10(ns)), "{bin} {ns}");
        }
    }

    #[test]
    fn the_shortest_and_the_longest_have_a_bin() {
        assert_eq!(bins(&[0, u64::MAX]).total, 2);
    }

    #[test]
    fn a_single_bar_has_room_around_it_and_no_answer_no_picture() {
        let one = bins(&[1_500_000]);
        let (bin, _) = one.shares().next().unwrap();
        let (least, most) = range(&one, &Bins::default()).unwrap();
        assert!(least < bin && bin < most && most - least >= BINS_A_DECADE);
        assert!(range(&Bins::default(), &one).is_none());
    }
}
