//! From the same view: what each other algorithm would have picked, worked out one algorithm a frame.

use std::collections::VecDeque;

use egui::{Button, RichText, Ui, WidgetInfo};

use super::one_step::{Moment, Would};
use super::part_ui;
use crate::balance::{Algorithm, Candidate};
use crate::ui::theme::Theme;
use crate::ui::widgets::{hint, note};
use crate::ui::workbench::Workbench;

pub(super) struct OtherPicks {
    moment: Moment,
    pool: String,
    /// Those that were not asked yet: tables take a while to build, so a frame asks one.
    left: VecDeque<Algorithm>,
    asked: Vec<(&'static str, Would)>,
    shows_all: bool,
}

impl OtherPicks {
    /// `decider` is the one whose decision this was, if an algorithm decided.
    pub(super) fn new(moment: Moment, pool: &str, decider: Option<&Algorithm>) -> Self {
        let is_other = |it: &Algorithm| decider.is_none_or(|decider| decider.about() != it.about());
        let mut left: Vec<Algorithm> = Algorithm::all().into_iter().filter(is_other).collect();
        left.sort_by_key(|it| FIRST.iter().position(|name| *name == it.about().name).unwrap_or(9));
        Self {
            moment,
            pool: pool.to_owned(),
            left: left.into(),
            asked: Vec::new(),
            shows_all: false,
        }
    }

    pub(super) fn picks_ui(&mut self, ui: &mut Ui, workbench: &Workbench) {
        if let Some(algorithm) = self.left.pop_front() {
            self.asked.push((algorithm.about().title, self.moment.ask(&algorithm)));
            ui.ctx().request_repaint();
        }
        part_ui(ui, "From the same view");
        note(ui, "One step each, not a replay: this pick would have gone to");
        let n_shown = if self.shows_all { self.asked.len() } else { FIRST.len() };
        for (title, would) in self.asked.iter().take(n_shown) {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                ui.label(RichText::new(format!("{title}:")).color(Theme::of(ui).text));
                would_ui(ui, would, &self.moment.candidates, &self.pool, workbench);
            });
        }
        let n_more = (self.asked.len() + self.left.len()).saturating_sub(FIRST.len());
        if n_more > 0 {
            ui.horizontal(|ui| self.more_ui(ui, n_more));
        }
    }

    fn more_ui(&mut self, ui: &mut Ui, n_more: usize) {
        let text = if self.shows_all { "Fewer".to_owned() } else { format!("{n_more} more…") };
        let colour = Theme::of(ui).accent;
        let button = ui.add(Button::new(RichText::new(text).small().color(colour)).frame(false));
        let name = if self.shows_all { "Fewer algorithms" } else { "More algorithms" };
        button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
        if button.clicked() {
            self.shows_all = !self.shows_all;
        }
    }
}

fn would_ui(
    ui: &mut Ui,
    would: &Would,
    candidates: &[Candidate],
    pool: &str,
    workbench: &Workbench,
) {
    match would {
        Would::Pick(member) => badges_ui(ui, &[*member], candidates, pool, workbench),
        Would::InTurn(members) => {
            badges_ui(ui, members, candidates, pool, workbench);
            hint(ui, "whose turn it was");
        }
        Would::OneOf(members) => badges_ui(ui, members, candidates, pool, workbench),
        Would::Nobody => {
            note(ui, "nobody");
        }
        Would::CannotTell => {
            note(ui, "cannot be told from this view");
        }
    }
}

/// `A or C`, or how many if that is too many to read.
fn badges_ui(
    ui: &mut Ui,
    members: &[u32],
    candidates: &[Candidate],
    pool: &str,
    workbench: &Workbench,
) {
    if members.len() > NAMED_MAX {
        note(ui, format!("any of {}", members.len()));
        return;
    }
    for (place, member) in members.iter().enumerate() {
        if place > 0 {
            note(ui, "or");
        }
        let candidate = candidates.iter().find(|candidate| candidate.member == *member);
        if let Some(Candidate { name, in_flight, .. }) = candidate {
            let badge = workbench.badge(pool, name).ui(ui);
            badge.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &**name));
            badge.on_hover_text(format!("{name}, {in_flight} in flight"));
        }
    }
}

/// The ones that are compared most.
const FIRST: [&str; 5] =
    ["least-connections", "power-of-choices", "round-robin", "peak-ewma", "rendezvous"];
const NAMED_MAX: usize = 6;
