//! Why: what is selected, and the reasons for it.

mod actions;
mod bars;
mod decision;
mod headers;
mod history;
mod key;
mod one_step;
mod other_picks;
mod request;
mod server;
mod spread;
mod timing;

use std::collections::BTreeSet;

use egui::{Align, Frame, Layout, Margin, Response, RichText, ScrollArea, Ui, vec2};

pub(super) use self::actions::receivers;

use self::actions::Sending;
use self::other_picks::OtherPicks;
use self::spread::Spread;
use super::badges::Badge;
use super::selection::Selection;
use super::theme::{self, Theme};
use super::widgets::icon_button;
use super::workbench::Workbench;
use crate::engine::Record;

/// What the panel remembers of what it shows.
#[derive(Default)]
pub(super) struct Why {
    /// The request that the rest is about.
    about: Option<Name>,
    other_picks: Option<OtherPicks>,
    /// Secrets that were asked for, by their places among the headers.
    revealed: BTreeSet<(Side, usize)>,
    sending: Sending,
    spread: Option<Spread>,
}

/// A request's worker, number and time.
type Name = (usize, u64, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Request,
    Response,
}

impl Why {
    /// What belongs to another request is put away.
    fn turn_to(&mut self, record: &Record) {
        let name = (record.worker, record.number, record.at_ns);
        if self.about != Some(name) {
            self.about = Some(name);
            self.other_picks = None;
            self.revealed.clear();
            self.sending.forget();
        }
    }
}

pub(super) fn why_ui(ui: &mut Ui, why: &mut Why, workbench: &mut Workbench) {
    why.sending.take_replies(workbench);
    if let Selection::Request(record) = workbench.selection.clone() {
        why.turn_to(&record);
        actions::actions_ui(ui, &mut why.sending, workbench, &record);
    }
    let margin = Margin { left: 14, right: 6, top: 10, bottom: 8 };
    Frame::new().inner_margin(margin).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_width(ui.available_width() - 8.0);
            ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
            match workbench.selection.clone() {
                Selection::Nothing => {}
                Selection::Request(record) => request::request_ui(ui, why, workbench, &record),
                Selection::Server { pool, server } => {
                    server::server_ui(ui, &mut why.spread, workbench, (&pool, &server));
                }
                Selection::Key { pool, key } => key::key_ui(ui, workbench, &pool, &key),
            }
        });
    });
}

/// What it is about, with a remark at its right, and the way out.
fn title_ui(ui: &mut Ui, title: &str, remark: &str, workbench: &mut Workbench) {
    ui.horizontal(|ui| {
        let width = ui.available_width() - ui.spacing().item_spacing.x - ICON_WIDTH;
        ui.allocate_ui_with_layout(vec2(width, 24.0), Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(remark).monospace().color(Theme::of(ui).faint));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = RichText::new(title).text_style(theme::sentence());
                ui.add(egui::Label::new(title).truncate());
            });
        });
        if icon_button(ui, "×", "Close why").clicked() {
            workbench.selection = Selection::Nothing;
        }
    });
}

/// The sentence that matters, with what explains it below and a server's colour at its edge.
fn sentence_ui(ui: &mut Ui, badge: Option<Badge>, sentence: &str, reasons: &str) {
    let theme = Theme::of(ui);
    let block = Frame::new().inner_margin(Margin { left: 13, right: 0, top: 2, bottom: 2 }).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(RichText::new(sentence).text_style(theme::sentence()));
            if !reasons.is_empty() {
                ui.label(RichText::new(reasons).color(theme.mute));
            }
        },
    );
    let edge = block.response.rect;
    let edge = edge.with_max_x(edge.left() + 3.0);
    match badge {
        Some(badge) => badge.fill(ui.painter(), edge, 1, badge.colour(theme)),
        None => {
            ui.painter().rect_filled(edge, 1.0, theme.err);
        }
    }
}

/// The name of a part of the panel.
fn part_ui(ui: &mut Ui, text: &str) -> Response {
    ui.add_space(8.0);
    let colour = Theme::of(ui).mute;
    ui.label(RichText::new(text.to_uppercase()).text_style(theme::caption()).color(colour))
}

/// A line as it stands alone: with a capital, unless it begins with a server's name.
fn capitalised<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let first_word = text.split([' ', ':']).next().unwrap_or_default();
    if names.into_iter().any(|name| name == first_word) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

/// A line in the second strength.
fn note_line(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).color(Theme::of(ui).mute))
}

/// Of the button that closes it.
const ICON_WIDTH: f32 = 18.0;
