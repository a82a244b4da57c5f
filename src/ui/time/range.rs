//! Which stretch of time the charts show: how long it is, and where it ends.

use crate::ui::playhead::Playhead;
use crate::ui::view::View;
use crate::ui::workbench::Workbench;

/// A stretch of time. It may begin before there was anything to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Span {
    pub(in crate::ui) from_ns: i64,
    pub(in crate::ui) to_ns: i64,
}

impl Span {
    pub(in crate::ui) fn len_ns(self) -> i64 {
        (self.to_ns - self.from_ns).max(1)
    }

    /// How much of the way from the left to the right edge a moment is; outside below 0 or above 1.
    pub(in crate::ui) fn way_of(self, at_ns: i64) -> f32 {
        ((at_ns - self.from_ns) as f64 / self.len_ns() as f64) as f32
    }

    pub(in crate::ui) fn at(self, way: f32) -> i64 {
        self.from_ns + (f64::from(way) * self.len_ns() as f64) as i64
    }

    pub(in crate::ui) fn holds(self, at_ns: i64) -> bool {
        (self.from_ns..=self.to_ns).contains(&at_ns)
    }
}

/// Where the right edge is while it does not follow what happens.
#[derive(Debug, Default)]
pub(super) struct Range {
    held_ns: Option<u64>,
}

impl Range {
    /// What is shown now. Stopped, it stays where it was, as long as the moment that is shown is inside.
    pub(super) fn span(&mut self, workbench: &Workbench) -> Span {
        let len_ns = span_ns(&workbench.view);
        let moment_ns = workbench.moment_ns();
        let to_ns = if workbench.playhead.is_live() {
            // What is newest, and not now: where nothing happens, nothing has to move.
            let (_, newest_ns) = workbench.story.reach_ns();
            if newest_ns > 0 { newest_ns } else { workbench.now_ns }
        } else {
            let held_ns = self.held_ns.unwrap_or(workbench.now_ns);
            held_ns.clamp(moment_ns, moment_ns.saturating_add(len_ns))
        };
        self.held_ns = Some(to_ns);
        Span { from_ns: to_ns.cast_signed() - len_ns.cast_signed(), to_ns: to_ns.cast_signed() }
    }

    /// Moves what is shown to earlier times (positive) or later ones. What follows stops first. The moment that is
    /// shown goes along where it would be left behind.
    pub(super) fn pan(&mut self, workbench: &mut Workbench, by_ns: i64) {
        let span = self.span(workbench);
        if workbench.playhead.is_live() {
            workbench.playhead = Playhead::Paused { at_ns: workbench.now_ns };
        }
        let (oldest_ns, _) = workbench.story.reach_ns();
        let least = (oldest_ns.cast_signed() + span.len_ns()).min(workbench.now_ns.cast_signed());
        let to_ns = (span.to_ns - by_ns).clamp(least.max(0), workbench.now_ns.cast_signed());
        self.held_ns = Some(to_ns as u64);
        let moment_ns = workbench.moment_ns().cast_signed();
        let inside = moment_ns.clamp((to_ns - span.len_ns()).max(0), to_ns);
        if inside != moment_ns {
            workbench.playhead = Playhead::Paused { at_ns: inside as u64 };
        }
    }

    /// Makes what is shown longer or shorter, around a moment if it does not follow what happens.
    pub(super) fn zoom(&mut self, workbench: &mut Workbench, factor: f32, around_ns: i64) {
        let before = self.span(workbench);
        set_span(&mut workbench.view, (before.len_ns() as f64 / 1e9) as f32 * factor);
        if !workbench.playhead.is_live() {
            let way = f64::from(before.way_of(around_ns).clamp(0.0, 1.0));
            let after_ns = span_ns(&workbench.view) as f64;
            let to_ns = around_ns as f64 + after_ns * (1.0 - way);
            self.held_ns = Some((to_ns as i64).clamp(0, workbench.now_ns.cast_signed()) as u64);
        }
    }
}

pub(super) fn set_span(view: &mut View, secs: f32) {
    view.span_secs = secs.clamp(SPAN_LEAST, SPAN_MOST);
}

fn span_ns(view: &View) -> u64 {
    let secs = view.span_secs;
    // A view from a file may say anything.
    let secs = if secs.is_finite() { secs.clamp(SPAN_LEAST, SPAN_MOST) } else { SPAN_USUAL };
    (f64::from(secs) * 1e9) as u64
}

pub(in crate::ui) const SPAN_LEAST: f32 = 10.0;
pub(in crate::ui) const SPAN_MOST: f32 = 600.0;
pub(in crate::ui) const SPAN_USUAL: f32 = 60.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab;
    use crate::ui::desk::Desk;

    const SECOND: u64 = 1_000_000_000;

    fn workbench() -> Workbench {
        let mut workbench = Workbench::new(Desk::new(Lab::default(), None), View::default());
        workbench.now_ns = 100 * SECOND;
        workbench
    }

    fn secs(span: Span) -> (i64, i64) {
        (span.from_ns / SECOND.cast_signed(), span.to_ns / SECOND.cast_signed())
    }

    #[test]
    fn it_follows_and_stands_still_and_keeps_its_zoom() {
        let (mut workbench, mut range) = (workbench(), Range::default());
        assert_eq!(secs(range.span(&workbench)), (40, 100));
        workbench.playhead = Playhead::Paused { at_ns: 70 * SECOND };
        range.span(&workbench);
        workbench.now_ns = 130 * SECOND;
        assert_eq!(secs(range.span(&workbench)), (40, 100), "time goes on, the picture stands");
        range.zoom(&mut workbench, 0.5, 70 * SECOND.cast_signed());
        assert_eq!(secs(range.span(&workbench)), (55, 85), "around the cursor");
        workbench.playhead = Playhead::Live;
        assert_eq!(secs(range.span(&workbench)), (100, 130), "live again, as wide as before");
    }

    #[test]
    fn panning_stops_and_takes_the_moment_along() {
        let (mut workbench, mut range) = (workbench(), Range::default());
        range.pan(&mut workbench, 20 * SECOND.cast_signed());
        assert_eq!(secs(range.span(&workbench)), (20, 80));
        assert_eq!(workbench.playhead, Playhead::Paused { at_ns: 80 * SECOND });
        range.pan(&mut workbench, -90 * SECOND.cast_signed());
        assert_eq!(secs(range.span(&workbench)), (40, 100), "never into the future");
    }

    #[test]
    fn playback_that_leaves_the_picture_takes_it_along() {
        let (mut workbench, mut range) = (workbench(), Range::default());
        workbench.playhead = Playhead::Paused { at_ns: 99 * SECOND };
        range.span(&workbench);
        workbench.playhead.play(100 * SECOND, 1.0);
        workbench.now_ns = 110 * SECOND;
        assert_eq!(secs(range.span(&workbench)).1, 109);
    }
}
