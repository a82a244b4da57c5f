//! What keys and the palette ask of time and its charts.

use super::controls::SPEEDS;
use super::range::{self, SPAN_MOST, SPAN_USUAL};
use super::{Span, Time};
use crate::ui::playhead::Playhead;
use crate::ui::signal::Signal;
use crate::ui::verb::Verb;
use crate::ui::workbench::Workbench;

impl Time {
    /// Does what is for this region, and tells where nothing comes of it.
    pub(super) fn hear(&mut self, workbench: &mut Workbench) {
        for signal in std::mem::take(&mut workbench.signals) {
            match self.answer(workbench, signal) {
                Answer::Done => {}
                Answer::Told(text) => workbench.ask(Verb::Tell(text.to_owned())),
                Answer::NotMine => workbench.signals.push(signal),
            }
        }
    }

    fn answer(&mut self, workbench: &mut Workbench, signal: Signal) -> Answer {
        match signal {
            Signal::Fit => fit(workbench),
            Signal::ResetZoom => range::set_span(&mut workbench.view, SPAN_USUAL),
            Signal::Closer => self.zoom(workbench, 1.0 / ZOOM),
            Signal::Wider => self.zoom(workbench, ZOOM),
            Signal::Earlier => return self.pan(workbench, 0.5),
            Signal::Later => return self.pan(workbench, -0.5),
            Signal::Pin => return self.pin(workbench),
            Signal::NextCursorMode => {
                self.cursor.mode = self.cursor.mode.next();
                return Answer::Told(self.cursor.mode.words());
            }
            Signal::StepBack => return self.step(workbench, false),
            Signal::StepForward => return self.step(workbench, true),
            Signal::Oldest => {
                let (at_ns, _) = workbench.story.reach_ns();
                workbench.playhead = Playhead::Paused { at_ns };
            }
            Signal::Play => workbench.playhead.play(workbench.now_ns, self.slots.speed),
            Signal::Speed(place) => return self.speed(workbench, place),
            _ => return Answer::NotMine,
        }
        Answer::Done
    }

    fn zoom(&mut self, workbench: &mut Workbench, factor: f32) {
        let moment_ns = workbench.moment_ns().cast_signed();
        self.range.zoom(workbench, factor, moment_ns);
    }

    /// By a part of what is shown, to the left if it is positive.
    fn pan(&mut self, workbench: &mut Workbench, part: f64) -> Answer {
        let before: Span = self.range.span(workbench);
        self.range.pan(workbench, (before.len_ns() as f64 * part) as i64);
        if self.range.span(workbench) == before {
            return Answer::Told("That is all that is kept");
        }
        Answer::Done
    }

    fn pin(&mut self, workbench: &Workbench) -> Answer {
        let here_ns = self.range.span(workbench).to_ns.min(workbench.moment_ns().cast_signed());
        let is_there = self.cursor.pin_ns.is_some();
        self.cursor.pin_ns = (!is_there).then_some(here_ns);
        Answer::Told(if is_there { "The pin is gone" } else { "Pinned at the moment of the view" })
    }

    /// To the next mark before or after the moment that is shown, and stops there. After the last one it is live.
    fn step(&mut self, workbench: &mut Workbench, forward: bool) -> Answer {
        let next = self.entries.step(workbench, forward);
        self.selected_ns = next.or(self.selected_ns);
        match next {
            Some(at_ns) => workbench.playhead = Playhead::Paused { at_ns },
            None if forward => workbench.playhead = Playhead::Live,
            None => return Answer::Told("Nothing was done or happened before"),
        }
        Answer::Done
    }

    /// How fast the record is played, now or when it will be.
    fn speed(&mut self, workbench: &mut Workbench, place: usize) -> Answer {
        let Some(&speed) = SPEEDS.get(place) else { return Answer::NotMine };
        if speed == self.slots.speed {
            return Answer::Told("That is the playback speed already");
        }
        self.slots.speed = speed;
        if let Playhead::Playback { .. } = workbench.playhead {
            workbench.playhead.play(workbench.now_ns, speed);
        }
        Answer::Done
    }
}

/// What comes of a signal.
enum Answer {
    Done,
    Told(&'static str),
    NotMine,
}

/// All that is kept is to be seen.
fn fit(workbench: &mut Workbench) {
    let (oldest_ns, newest_ns) = workbench.story.reach_ns();
    let secs = newest_ns.saturating_sub(oldest_ns) as f32 / 1e9;
    range::set_span(&mut workbench.view, secs.min(SPAN_MOST));
}

const ZOOM: f32 = 1.5;
