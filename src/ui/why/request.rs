//! A request: who sent it, why it went where, what others would have done, how long it took, what it carried.

use std::sync::Arc;

use egui::{RichText, Ui};

use super::history::moment_of;
use super::other_picks::OtherPicks;
use super::{Why, decision, headers, part_ui, sentence_ui, timing, title_ui};
use crate::balance::{Decision, Rule};
use crate::engine::{Attempt, Record};
use crate::lab::{Lab, Pool};
use crate::ui::theme::Theme;
use crate::ui::widgets::{number, paint_star};
use crate::ui::words::{grouped, outcome_words, time_of_day};
use crate::ui::workbench::Workbench;

pub(super) fn request_ui(
    ui: &mut Ui,
    why: &mut Why,
    workbench: &mut Workbench,
    record: &Arc<Record>,
) {
    head_ui(ui, workbench, record);
    let lab = workbench
        .story
        .lab_at(record.at_ns)
        .map_or_else(|| Arc::clone(workbench.desk.good()), Arc::clone);
    let pool = record.pool.as_deref().and_then(|name| lab.pool(name));
    match record.attempts.last().and_then(|last| Some((last, last.decision.as_deref()?))) {
        Some((last, decision)) => {
            decided_ui(ui, why, workbench, &Decided { record, last, decision, pool });
        }
        None => undecided_ui(ui, workbench, record, &lab),
    }
    attempts_ui(ui, workbench, record);
    timing::timing_ui(ui, workbench, record);
    headers::headers_ui(ui, &mut why.revealed, record);
}

struct Decided<'a> {
    record: &'a Record,
    last: &'a Attempt,
    decision: &'a Decision,
    /// As it was in the lab then, if the lab had it.
    pool: Option<&'a Pool>,
}

fn decided_ui(ui: &mut Ui, why: &mut Why, workbench: &Workbench, decided: &Decided<'_>) {
    let Decided { record, last, decision, pool } = *decided;
    let Some(pool) = pool else {
        let badge = workbench.badge(record.pool.as_deref().unwrap_or_default(), &last.server);
        let title = format!("It went to {}", last.server);
        return sentence_ui(ui, Some(badge), &title, "Its pool is not in the lab any more.");
    };
    let about = pool.algorithm.about();
    decision::sentence_block_ui(ui, workbench, &pool.name, decision, about, "sent it to");
    decision::candidates_ui(ui, workbench, &pool.name, decision);
    decision::saw_ui(ui, workbench, &pool.name, decision);
    let picks = why.other_picks.get_or_insert_with(|| {
        let moment = moment_of(record, last.began_ns, decision, pool, &workbench.story);
        let by_algorithm = decision.rule != Some(Rule::Stuck);
        OtherPicks::new(moment, &pool.name, by_algorithm.then_some(&pool.algorithm))
    });
    picks.picks_ui(ui, workbench);
}

/// Nobody was asked, or nobody noted why.
fn undecided_ui(ui: &mut Ui, workbench: &Workbench, record: &Record, lab: &Lab) {
    let pool = record.pool.as_deref();
    let last = record.attempts.last();
    let badge = last.map(|last| workbench.badge(pool.unwrap_or_default(), &last.server));
    let (title, reasons) = match (last, pool) {
        (Some(last), _) => (format!("It went to {}", last.server), "No choice was recorded."),
        (None, Some(_)) => {
            (super::capitalised(outcome_words(record.outcome), []), "No server had it.")
        }
        (None, None) if record.route.is_some() => {
            ("The route answered it itself".to_owned(), "No server was asked.")
        }
        (None, None) => (
            super::capitalised(outcome_words(record.outcome), []),
            "It was refused before a server was asked.",
        ),
    };
    sentence_ui(ui, badge, &title, reasons);
    if let (None, Some(pool)) = (last, pool.and_then(|pool| lab.pool(pool))) {
        let n_servers = pool.terms().len();
        super::note_line(ui, &format!("Pool {} has {n_servers} servers", pool.name));
    }
}

/// Whose it is, what it asked for, from where.
fn head_ui(ui: &mut Ui, workbench: &mut Workbench, record: &Record) {
    let what = match record.method.as_str() {
        "" => format!("{} connection", record.version.to_uppercase()),
        method => format!("{method} {}", record.target),
    };
    let remark = format!("#{}", grouped(record.number));
    let time = time_of_day(workbench.began_local_ns + record.at_ns);
    if record.is_yours() {
        title_ui(ui, "     Your request", &remark, workbench);
        let at = ui.min_rect().left_top() + egui::vec2(7.0, 12.0);
        paint_star(ui.painter(), at, 6.0, Theme::of(ui).text);
    } else {
        title_ui(ui, &what, &remark, workbench);
    }
    let from = format!("from {} at {time}", record.client);
    let text = if record.is_yours() { format!("{what} · {from}") } else { from };
    ui.label(number(text).size(11.0).color(Theme::of(ui).mute));
    ui.add_space(4.0);
}

/// Each try with what came of it, where there was more than one.
fn attempts_ui(ui: &mut Ui, workbench: &Workbench, record: &Record) {
    if record.attempts.len() < 2 {
        return;
    }
    part_ui(ui, &format!("{} tries", record.attempts.len()));
    let theme = Theme::of(ui);
    for attempt in &record.attempts {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            workbench.badge(record.pool.as_deref().unwrap_or_default(), &attempt.server).ui(ui);
            ui.label(&*attempt.server);
            let after_ns = attempt.began_ns.saturating_sub(record.at_ns);
            ui.label(number(format!("+{}", timing::period(after_ns))).color(theme.mute));
            let (words, colour) = match attempt.outcome {
                Some(outcome) if outcome.is_error() => (outcome_words(outcome), theme.err),
                Some(outcome) => (outcome_words(outcome), theme.text),
                None => ("given up for another", theme.mute),
            };
            ui.label(RichText::new(words).color(colour));
        });
    }
}
