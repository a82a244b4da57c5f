//! Short messages in passing. They do not pile up: what is said twice is counted, and at most three are seen.

use std::collections::VecDeque;

use egui::{Align2, Area, Context, CornerRadius, Frame, Margin, Order, RichText, Stroke, Ui, vec2};

use super::theme::{self, Theme};
use super::verb::Verb;
use super::widgets::{icon_button, number};

#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Oldest first.
    shown: VecDeque<Notice>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    text: String,
    /// What can be done about it, and what the button is called.
    action: Option<(&'static str, Verb)>,
    is_error: bool,
    /// How often it was said.
    count: u32,
    said_at: f64,
}

impl Notices {
    /// Something to be told in passing.
    pub(super) fn tell(&mut self, text: impl Into<String>, now_secs: f64) {
        self.add(Notice {
            text: text.into(),
            action: None,
            is_error: false,
            count: 1,
            said_at: now_secs,
        });
    }

    /// What went wrong stays until it is closed.
    pub(super) fn fail(
        &mut self,
        text: impl Into<String>,
        action: Option<(&'static str, Verb)>,
        now_secs: f64,
    ) {
        self.add(Notice { text: text.into(), action, is_error: true, count: 1, said_at: now_secs });
    }

    fn add(&mut self, mut notice: Notice) {
        let same = self.shown.iter().position(|known| known.text == notice.text);
        if let Some(same) = same.and_then(|place| self.shown.remove(place)) {
            notice.count = same.count + 1;
        }
        self.shown.push_back(notice);
        if self.shown.len() > SHOWN_MAX {
            // What passes anyway goes before what waits to be closed.
            let goes = self.shown.iter().position(|notice| !notice.is_error).unwrap_or(0);
            self.shown.remove(goes);
        }
    }

    fn forget(&mut self, now_secs: f64) {
        self.shown.retain(|notice| notice.is_error || now_secs - notice.said_at < PASSES_SECS);
    }

    /// Shows them above the lower right corner of the stage. Returns what was asked for.
    pub(super) fn ui(&mut self, ctx: &Context, above: f32) -> Option<Verb> {
        let now_secs = ctx.input(|input| input.time);
        self.forget(now_secs);
        if self.shown.is_empty() {
            return None;
        }
        let mut asked = None;
        let mut closed = None;
        Area::new(egui::Id::unique("notices"))
            .order(Order::Foreground)
            .anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -above))
            .show(ctx, |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                for (place, notice) in self.shown.iter().enumerate() {
                    ui.set_opacity(notice.opacity(now_secs));
                    match notice.ui(ui) {
                        Pressed::Nothing => {}
                        Pressed::Close => closed = Some(place),
                        Pressed::Action(verb) => (asked, closed) = (Some(verb), Some(place)),
                    }
                }
            });
        if let Some(place) = closed {
            self.shown.remove(place);
        }
        if let Some(next) =
            self.shown.iter().filter_map(|it| it.wakes_in(now_secs)).reduce(f64::min)
        {
            let next = std::time::Duration::try_from_secs_f64(next).unwrap_or_default();
            ctx.request_repaint_after(next);
        }
        asked
    }
}

enum Pressed {
    Nothing,
    Close,
    Action(Verb),
}

impl Notice {
    fn ui(&self, ui: &mut Ui) -> Pressed {
        let theme = Theme::of(ui);
        let edge = if self.is_error { theme.err } else { theme.line };
        let frame = Frame::new()
            .fill(theme.raised)
            .stroke(Stroke::new(theme::HAIRLINE, edge))
            .corner_radius(CornerRadius::same(theme::CONTROL_RADIUS))
            .inner_margin(Margin::symmetric(10, 6));
        frame
            .show(ui, |ui| {
                ui.set_max_width(420.0);
                let mut pressed = Pressed::Nothing;
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(&self.text).color(theme.text));
                    if self.count > 1 {
                        ui.label(number(format!("×{}", self.count)).color(theme.mute));
                    }
                    if let Some((name, verb)) = &self.action
                        && ui.button(*name).clicked()
                    {
                        pressed = Pressed::Action(verb.clone());
                    }
                    if self.is_error && icon_button(ui, "×", "Close notice").clicked() {
                        pressed = Pressed::Close;
                    }
                });
                pressed
            })
            .inner
    }

    /// Goes in the last moments of its time.
    fn opacity(&self, now_secs: f64) -> f32 {
        let left = self.said_at + PASSES_SECS - now_secs;
        if self.is_error { 1.0 } else { (left / FADES_SECS).clamp(0.0, 1.0) as f32 }
    }

    /// When it looks different next.
    fn wakes_in(&self, now_secs: f64) -> Option<f64> {
        let fades_in = self.said_at + PASSES_SECS - FADES_SECS - now_secs;
        (!self.is_error).then(|| fades_in.max(0.03))
    }
}

const SHOWN_MAX: usize = 3;
const PASSES_SECS: f64 = 4.0;
const FADES_SECS: f64 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(notices: &Notices) -> Vec<(&str, u32)> {
        notices.shown.iter().map(|notice| (notice.text.as_str(), notice.count)).collect()
    }

    #[test]
    fn what_is_said_again_is_counted() {
        let mut notices = Notices::default();
        for text in ["Copied", "Saved", "Copied"] {
            notices.tell(text, 0.0);
        }
        assert_eq!(texts(&notices), [("Saved", 1), ("Copied", 2)]);
    }

    #[test]
    fn three_are_seen_and_errors_stay_longest() {
        let mut notices = Notices::default();
        notices.fail("gone", None, 0.0);
        for text in ["one", "two", "three"] {
            notices.tell(text, 1.0);
        }
        assert_eq!(texts(&notices), [("gone", 1), ("two", 1), ("three", 1)]);
        notices.forget(60.0);
        assert_eq!(texts(&notices), [("gone", 1)]);
    }
}
