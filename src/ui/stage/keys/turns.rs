//! What algorithms show that do not look at keys: the order of turns, and the numbers that the last pick saw.

use egui::{Rect, RichText, Sense, Stroke, StrokeKind, Ui, vec2};

use super::Scene;
use super::draw::{Drawing, Shape};
use super::ink::Inks;
use crate::balance::{Candidate, Decision, Quantity, Rule, Seen, Value};
use crate::engine::Record;
use crate::ui::theme::{self, ROW_HEIGHT};
use crate::ui::widgets::{note, number};
use crate::ui::workbench::Workbench;

pub(super) fn turns_ui(
    ui: &mut Ui,
    drawing: &Drawing,
    scene: &Scene,
    workbench: &Workbench,
    inks: &Inks,
) {
    let about = drawing.about;
    let title = format!("{} does not look at keys", about.title);
    ui.label(RichText::new(title).text_style(theme::sentence()));
    ui.label(RichText::new(about.text).color(inks.theme.mute));
    ui.add_space(8.0);
    let decision = last_decision(workbench, &scene.pool);
    if let Shape::Turns(order) = &drawing.shape {
        order_ui(ui, order, decision.as_deref().and_then(next_turn), inks);
        return;
    }
    let Some(decision) = decision else {
        note(ui, "It keeps nothing to draw. What its last pick saw appears here");
        return;
    };
    seen_ui(ui, drawing, &decision, inks);
}

/// The decision of the last recorded request by the moment.
fn last_decision(workbench: &Workbench, pool: &str) -> Option<Box<Decision>> {
    let requests = workbench.story.requests();
    let moment_ns = workbench.moment_ns();
    // They come in the order of their ends, which is nearly that of their beginnings.
    let end = requests.partition_point(|record| record.at_ns <= moment_ns);
    let decision = |record: &std::sync::Arc<Record>| {
        let here = record.pool.as_deref() == Some(pool);
        let last = record.attempts.last().filter(|_| here)?;
        last.decision.clone()
    };
    requests.range(..end).rev().take(LOOK_BACK).find_map(decision)
}

/// The place in the order that follows the one of a decision.
fn next_turn(decision: &Decision) -> Option<usize> {
    decision.facts.iter().find_map(|fact| match (fact.what, fact.value) {
        (Quantity::Position, Value::Count(place)) => Some(place as usize),
        _ => None,
    })
}

/// One period as a row of badges, or as many of it as fit.
fn order_ui(ui: &mut Ui, order: &[u32], next: Option<usize>, inks: &Inks) {
    note(
        ui,
        match order.len() {
            1 => "One turn, again and again".to_owned(),
            turns => format!("The order, {turns} turns long, over and over"),
        },
    );
    let columns = ((ui.available_width() / PITCH) as usize).max(1);
    let fit = columns * ORDER_ROWS;
    let next = next.filter(|_| !order.is_empty()).map(|next| next % order.len());
    let first = next.filter(|&next| next >= fit).map_or(0, |next| next / columns * columns);
    let shown = &order[first..order.len().min(first + fit)];
    let rows = shown.len().div_ceil(columns);
    let size = vec2(ui.available_width(), rows as f32 * (PITCH + 10.0));
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    for (index, &owner) in shown.iter().enumerate() {
        let (column, row) = (index % columns, index / columns);
        let at = area.min + vec2(column as f32 * PITCH, row as f32 * (PITCH + 10.0));
        let square = Rect::from_min_size(at, vec2(SIDE, SIDE));
        let Some(badge) = inks.badge(owner) else { continue };
        badge.paint(ui.painter(), inks.theme, square.center(), SIDE);
        if next == Some(first + index) {
            let stroke = Stroke::new(2.0, inks.theme.text);
            ui.painter().rect_stroke(square.expand(2.0), 5.0, stroke, StrokeKind::Outside);
            let font = egui::TextStyle::Small.resolve(ui.style());
            let below = square.center_bottom() + vec2(0.0, 3.0);
            let align = egui::Align2::CENTER_TOP;
            ui.painter().text(below, align, "next", font, inks.theme.text);
        }
    }
    if let Some(hidden @ 1..) = order.len().checked_sub(shown.len()) {
        note(ui, format!("and {hidden} more turns"));
    }
    if next.is_some() {
        note(ui, "Next after the last request that was recorded; workers take turns together");
    }
}

/// A bar for each server with the number that decided.
fn seen_ui(ui: &mut Ui, drawing: &Drawing, decision: &Decision, inks: &Inks) {
    let what = quantity(decision);
    let Some(what) = what else {
        note(ui, "Its last pick looked at no number of any server");
        return;
    };
    note(ui, format!("What the last recorded pick saw: {}", what.words()));
    let seen = |candidate: &Candidate| candidate.seen.iter().find(|it| it.what == what).copied();
    let size = |seen: &Seen| magnitude(seen.value);
    let most = decision.candidates.iter().filter_map(seen).map(|it| size(&it)).fold(0.0, f64::max);
    for candidate in &decision.candidates {
        let seen = seen(candidate);
        let place = drawing.names.iter().position(|name| **name == *candidate.name);
        let owner = place.map_or(u32::MAX, |place| place as u32);
        let picked = decision.choice == Some(candidate.member);
        ui.horizontal(|ui| {
            ui.set_min_height(ROW_HEIGHT);
            if let Some(badge) = inks.badge(owner) {
                badge.ui(ui);
            }
            let (bar, _) = ui.allocate_exact_size(
                vec2((ui.available_width() - 190.0).max(40.0), 8.0),
                Sense::hover(),
            );
            ui.painter().rect_filled(bar, 2.0, inks.theme.line);
            let part = seen.map_or(0.0, |seen| (size(&seen) / most.max(1e-9)) as f32);
            let filled = bar.with_max_x(bar.left() + bar.width() * part);
            let colour = if picked { inks.loud(owner) } else { inks.quiet(owner) };
            ui.painter().rect_filled(filled, 2.0, colour);
            let text = match (seen, candidate.excluded) {
                (Some(seen), _) => seen.words(),
                (None, Some(why)) => why.words().to_owned(),
                (None, None) => "not looked at".to_owned(),
            };
            ui.label(number(text));
            if picked {
                ui.label(RichText::new("picked").text_style(theme::caption()));
            }
        });
    }
}

/// The number that decided, or the first that was looked at.
fn quantity(decision: &Decision) -> Option<Quantity> {
    let ruled = match decision.rule {
        Some(Rule::Least(what) | Rule::LeastOfDrawn(what) | Rule::Most(what)) => Some(what),
        Some(Rule::MostCredit) => Some(Quantity::Credit),
        Some(Rule::EarliestDeadline) => Some(Quantity::Deadline),
        _ => None,
    };
    let was_seen = |what: &Quantity| {
        decision.candidates.iter().any(|it| it.seen.iter().any(|seen| seen.what == *what))
    };
    let first = || decision.candidates.iter().find_map(|it| it.seen.first()).map(|it| it.what);
    ruled.filter(was_seen).or_else(first)
}

fn magnitude(value: Value) -> f64 {
    match value {
        Value::Count(count) | Value::Hash(count) | Value::Around(count) => count as f64,
        Value::Signed(number) => (number as f64).max(0.0),
        Value::Real(number) => number.max(0.0),
        Value::Time { ns } => ns as f64,
    }
}

const PITCH: f32 = 30.0;
const SIDE: f32 = 22.0;
const ORDER_ROWS: usize = 4;
const LOOK_BACK: usize = 2_000;
