//! The decision card: the sentence, the servers with the numbers that the algorithm saw, and those numbers as bars.

use std::sync::Arc;

use egui::{Align, Grid, Layout, RichText, Ui};

use super::bars::{Bar, bars_ui};
use super::{capitalised, part_ui, sentence_ui};
use crate::balance::{About, Candidate, Decision, Quantity, Rule, Value};
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{fitted, hint, number};
use crate::ui::workbench::Workbench;

/// `verb`: what became of the choice, as in "sent it to".
pub(super) fn sentence_block_ui(
    ui: &mut Ui,
    workbench: &Workbench,
    pool: &str,
    decision: &Decision,
    about: &About,
    verb: &str,
) {
    let chosen = chosen(decision);
    let title = match chosen {
        Some(chosen) if decision.rule == Some(Rule::Stuck) => {
            format!("Stickiness kept this client on {}", chosen.name)
        }
        Some(chosen) => format!("{} {verb} {}", about.title, chosen.name),
        None => format!("{} found nobody", about.title),
    };
    let badge = chosen.map(|chosen| workbench.badge(pool, &chosen.name));
    sentence_ui(ui, badge, &title, &reasons(decision, about));
}

/// Sentences, each with its full stop. Who was out stands in the table.
fn reasons(decision: &Decision, about: &About) -> String {
    let names: Vec<&str> = decision.candidates.iter().map(|candidate| &*candidate.name).collect();
    let n_out = decision.candidates.iter().filter(|candidate| candidate.excluded.is_some()).count();
    let mut sentences = decision.sentences(about);
    sentences.truncate(sentences.len() - n_out.min(sentences.len() - 1));
    if let Some(first) = sentences.first_mut()
        && let Some((_, rest)) = first.split_once(": ")
    {
        *first = rest.to_owned();
    }
    let whole = sentences.iter().map(|it| capitalised(it, names.iter().copied()) + ".");
    whole.collect::<Vec<_>>().join(" ")
}

pub(super) fn chosen(decision: &Decision) -> Option<&Candidate> {
    let choice = decision.choice?;
    decision.candidates.iter().find(|candidate| candidate.member == choice)
}

/// Every server with its numbers.
pub(super) fn candidates_ui(ui: &mut Ui, workbench: &Workbench, pool: &str, decision: &Decision) {
    let columns = columns(decision);
    ui.add_space(4.0);
    Grid::new("candidates").num_columns(4 + columns.len()).spacing([10.0, 4.0]).show(ui, |ui| {
        let theme = Theme::of(ui);
        head_ui(ui, "Server", false);
        head_ui(ui, "Weight", true);
        head_ui(ui, "In flight", true);
        for quantity in &columns {
            head_ui(ui, short(*quantity), true);
        }
        ui.end_row();
        for candidate in decision.candidates.iter().take(CANDIDATES_MAX) {
            let is_chosen = decision.choice == Some(candidate.member);
            let colour = if candidate.excluded.is_some() { theme.faint } else { theme.text };
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                workbench.badge(pool, &candidate.name).ui(ui);
                let font = egui::TextStyle::Body.resolve(ui.style());
                let name = fitted(ui.ctx(), &candidate.name, &font, NAME_WIDTH);
                ui.label(RichText::new(name).color(colour));
            });
            cell_ui(ui, &candidate.weight.to_string(), colour);
            cell_ui(ui, &candidate.in_flight.to_string(), colour);
            for quantity in &columns {
                let value = value_of(candidate, *quantity);
                cell_ui(ui, &value.map_or_else(|| "–".to_owned(), text_of), colour);
            }
            match candidate.excluded {
                _ if is_chosen => {
                    ui.label(
                        RichText::new("picked").text_style(theme::caption()).color(theme.text),
                    );
                }
                Some(why) => {
                    let short = RichText::new(why.short()).small().color(theme.warn);
                    ui.label(short).on_hover_text(why.words());
                }
                None => {}
            }
            ui.end_row();
        }
    });
    let n_more = decision.candidates.len().saturating_sub(CANDIDATES_MAX);
    if n_more > 0 {
        hint(ui, format!("and {n_more} more"));
    }
}

/// The quantity that decided, as bars; for those who go by turn or key, what they did not look at.
pub(super) fn saw_ui(ui: &mut Ui, workbench: &Workbench, pool: &str, decision: &Decision) {
    if decision.candidates.len() < 2 || decision.candidates.len() > CANDIDATES_MAX {
        return;
    }
    let quantity = deciding(decision)
        .filter(|quantity| decision.candidates.iter().any(|it| value_of(it, *quantity).is_some()));
    let what = match quantity {
        Some(quantity) => format!("What it saw: {}", quantity.words()),
        None => "In flight, which it does not look at".to_owned(),
    };
    part_ui(ui, &what);
    let bars: Vec<Bar> = decision
        .candidates
        .iter()
        .map(|candidate| {
            let value = match quantity {
                Some(quantity) => value_of(candidate, quantity),
                None => Some(Value::Count(candidate.in_flight.into())),
            };
            Bar {
                badge: workbench.badge(pool, &candidate.name),
                name: candidate.name.to_string(),
                value: value.map_or(0.0, size_of),
                text: value.map_or_else(|| "–".to_owned(), text_of),
                picked: decision.choice == Some(candidate.member),
            }
        })
        .collect();
    bars_ui(ui, &what, &bars);
    facts_ui(ui, decision);
}

/// Numbers about the request as a whole, and the draws.
fn facts_ui(ui: &mut Ui, decision: &Decision) {
    let facts = decision.facts.iter().map(crate::balance::Seen::words);
    let names: Vec<Arc<str>> = decision
        .draws
        .iter()
        .filter_map(|draw| {
            let drawn = draw.member?;
            let mut candidates = decision.candidates.iter();
            candidates.find(|it| it.member == drawn).map(|it| Arc::clone(&it.name))
        })
        .collect();
    let drawn = (!names.is_empty()).then(|| format!("drawn: {}", names.join(", ")));
    let text: Vec<String> = facts.chain(drawn).collect();
    if !text.is_empty() {
        hint(ui, text.join(" · "));
    }
}

/// What is worth a column besides weight and requests in flight.
fn columns(decision: &Decision) -> Vec<Quantity> {
    let deciding = deciding(decision);
    let is_own = |quantity: &Quantity| {
        !matches!(quantity, Quantity::Weight | Quantity::InFlight | Quantity::LoadPerWeight)
            && decision.candidates.iter().any(|it| value_of(it, *quantity).is_some())
    };
    deciding.filter(is_own).into_iter().collect()
}

fn deciding(decision: &Decision) -> Option<Quantity> {
    match decision.rule? {
        Rule::Least(quantity) | Rule::LeastOfDrawn(quantity) | Rule::Most(quantity) => {
            Some(quantity)
        }
        Rule::MostCredit => Some(Quantity::Credit),
        Rule::EarliestDeadline => Some(Quantity::Deadline),
        Rule::FirstWithRoom => Some(Quantity::InFlight),
        _ => None,
    }
}

fn value_of(candidate: &Candidate, quantity: Quantity) -> Option<Value> {
    candidate.seen.iter().find(|seen| seen.what == quantity).map(|seen| seen.value)
}

/// How long its bar is.
fn size_of(value: Value) -> f64 {
    match value {
        Value::Count(count) => count as f64,
        Value::Signed(number) => number.max(0) as f64,
        Value::Real(number) => number,
        Value::Hash(number) | Value::Around(number) => number as f64,
        Value::Time { ns } => ns as f64,
    }
}

/// A hash is told from another by its beginning.
fn text_of(value: Value) -> String {
    match value {
        Value::Hash(_) => value.text().chars().take(4).chain(['…']).collect(),
        Value::Around(place) => format!("{:.1} %", place as f64 / u64::MAX as f64 * 100.0),
        _ => value.text(),
    }
}

fn short(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Latency => "Latency",
        Quantity::Cost => "Cost",
        Quantity::Score => "Score",
        Quantity::Credit => "Credit",
        Quantity::Deadline => "Deadline",
        Quantity::Distance => "Distance",
        other => other.words(),
    }
}

fn head_ui(ui: &mut Ui, text: &str, right: bool) {
    let text = RichText::new(text).small().color(Theme::of(ui).mute);
    let layout = if right {
        Layout::right_to_left(Align::Center)
    } else {
        Layout::left_to_right(Align::Center)
    };
    ui.with_layout(layout, |ui| ui.label(text));
}

fn cell_ui(ui: &mut Ui, text: &str, colour: egui::Color32) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.label(number(text).color(colour));
    });
}

/// A pool of a hundred servers is looked at in the picture, not in a list.
const CANDIDATES_MAX: usize = 16;
/// A server's name takes no more, or its numbers would not stand beside it.
const NAME_WIDTH: f32 = 92.0;
