//! Time: marks for what was done and happened, a scrubber over what is kept, and charts with one cursor.
//!
//! Reading order: `range` (which stretch is shown), `digest` (the frames of it, put into buckets), `chart` (a chart as data),
//! `build` (which chart shows what), then what is seen: `strip`, `scrubber`, `slots`.

mod build;
pub(super) mod chart;
mod controls;
mod digest;
mod edits;
mod effect;
mod entries;
mod hear;
mod moved;
pub(super) mod paint;
mod range;
mod scrubber;
mod slots;
mod strip;
#[cfg(test)]
mod tests;

use egui::{Rect, Stroke, Ui, pos2, vec2};

pub(super) use controls::{SPEEDS, speed_text};
pub(super) use range::{SPAN_LEAST, SPAN_MOST, SPAN_USUAL, Span};

use super::doctor::Expectations;
use super::export::Exporter;
use super::playhead::Playhead;
use super::theme::{self, Theme};
use super::workbench::Workbench;
use digest::Digest;
use entries::Entries;
use range::Range;

/// What the region remembers for itself.
#[derive(Default)]
pub(super) struct Time {
    range: Range,
    digest: Digest,
    expectations: Expectations,
    entries: Entries,
    cursor: Cursor,
    slots: slots::Slots,
    exporter: Exporter,
    /// The mark that was clicked last, by its time: before and after it are compared.
    selected_ns: Option<u64>,
}

/// The line that stands in all charts at once.
#[derive(Debug, Default, Clone, Copy)]
struct Cursor {
    /// Where the pointer is.
    hover_ns: Option<i64>,
    /// Where it was put down by a click, to read differences from there.
    pin_ns: Option<i64>,
    /// The plot that the pointer is in.
    slot: Option<usize>,
    mode: CursorMode,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum CursorMode {
    /// Line and values in all charts.
    #[default]
    All,
    /// In the chart that the pointer is in.
    One,
    /// The line in all charts, the values of now.
    Line,
}

impl CursorMode {
    fn next(self) -> Self {
        match self {
            Self::All => Self::One,
            Self::One => Self::Line,
            Self::Line => Self::All,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::All => "Cursor: line and values in all charts",
            Self::One => "Cursor: in the chart that the pointer is in",
            Self::Line => "Cursor: the line in all charts, the values of now",
        }
    }
}

impl Cursor {
    /// Where the line stands in a chart.
    fn line_ns(self, slot: usize) -> Option<i64> {
        let here = self.mode != CursorMode::One || self.slot == Some(slot);
        self.hover_ns.filter(|_| here)
    }

    /// Which moment a chart's values are of, as far as the pointer says.
    fn values_ns(self, slot: usize) -> Option<i64> {
        self.line_ns(slot).filter(|_| self.mode != CursorMode::Line)
    }
}

pub(super) fn time_ui(ui: &mut Ui, time: &mut Time, workbench: &mut Workbench) {
    let theme = Theme::of(ui);
    let whole = ui.max_rect();
    ui.painter().hline(
        whole.x_range(),
        whole.top() + 0.5,
        Stroke::new(theme::HAIRLINE, theme.line),
    );
    time.exporter.ui(ui, workbench);
    time.hear(workbench);
    time.entries.update(workbench);
    let span = time.range.span(workbench);
    time.digest.update(workbench, &mut time.expectations, span);
    let inner = whole.shrink2(vec2(12.0, 0.0));
    let strip =
        Rect::from_min_size(pos2(inner.left(), whole.top() + 2.0), vec2(inner.width(), STRIP));
    let charts = Rect::from_min_max(pos2(inner.left(), strip.bottom() + 4.0), inner.max);
    time.strip_ui(ui, workbench, strip, span);
    time.slots_ui(ui, workbench, charts.with_max_y(whole.bottom() - 6.0), span);
    ui.advance_cursor_after_rect(whole);
    if let Playhead::Playback { .. } = workbench.playhead {
        catch_up(workbench);
        // Marks and lines move on although nothing new may have happened.
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(FRAME_MILLIS));
    }
}

/// Whoever plays until there is nothing left to play is live.
fn catch_up(workbench: &mut Workbench) {
    if workbench.moment_ns() >= workbench.now_ns {
        workbench.playhead = Playhead::Live;
    }
}

const STRIP: f32 = 34.0;
/// Thirty times a second is enough for charts.
const FRAME_MILLIS: u64 = 33;
