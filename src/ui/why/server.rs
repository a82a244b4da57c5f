//! A server: how it is, what it was given, how fast it was, what went wrong lately.

use std::sync::Arc;

use egui::{RichText, Sense, Ui};

use super::spread::{self, Spread};
use super::{note_line, part_ui, sentence_ui, timing, title_ui};
use crate::balance::Health;
use crate::engine::{Record, ServerState};
use crate::lab::{Server, Stickiness};
use crate::meter::{MeterReading, Outcome};
use crate::ui::selection::Selection;
use crate::ui::story::ServerFrame;
use crate::ui::theme::Theme;
use crate::ui::verb::Verb;
use crate::ui::widgets::{Unit, icon_button, number, row_ui};
use crate::ui::words::{grouped, outcome_words, time_of_day};
use crate::ui::workbench::Workbench;

pub(super) fn server_ui(
    ui: &mut Ui,
    spread: &mut Option<Spread>,
    workbench: &mut Workbench,
    (pool, name): (&str, &str),
) {
    let badge = workbench.badge(pool, name);
    title_ui(ui, name, &badge.letter(), workbench);
    let frame = workbench.frame().and_then(|frame| frame.pool(pool)?.server(name)).cloned();
    let (state, reasons) = state(workbench, pool, name, frame.as_ref());
    sentence_ui(ui, Some(badge), &state, &reasons);
    address_ui(ui, workbench, pool, name);
    lately_ui(ui, workbench, pool, name);
    spread::spread_ui(ui, spread, workbench, (pool, name));
    if let Some(frame) = &frame {
        gauges_ui(ui, frame);
    }
    settings_ui(ui, workbench, pool, name);
    failures_ui(ui, workbench, pool, name);
}

/// In a sentence, with since when or what to do.
fn state(
    workbench: &Workbench,
    pool: &str,
    name: &str,
    frame: Option<&ServerFrame>,
) -> (String, String) {
    let status = workbench.status.iter().flat_map(|status| &status.servers);
    let status = status.into_iter().find(|server| server.pool == pool && server.name == name);
    match status.map(|server| &server.state) {
        Some(ServerState::Dead) => {
            return (format!("{name} is switched off"), "It gets nothing.".to_owned());
        }
        Some(ServerState::Starting) => return (format!("{name} is starting"), String::new()),
        Some(ServerState::AwaitsConsent(command)) => {
            return (format!("{name} waits for a yes"), format!("It would run {command}"));
        }
        Some(ServerState::Trouble(trouble)) => {
            return (trouble.what.clone(), trouble.remedy.clone());
        }
        Some(ServerState::Known) | None => {}
    }
    let Some(frame) = frame else { return (format!("{name} is not in the lab"), String::new()) };
    let words = match frame.health {
        // Its health tells nothing of when that was.
        Health::Up if frame.draining => {
            let stays = if keeps_its_own(workbench, pool) { STAYS } else { "" };
            return (format!("{name} is drained: it finishes what it has"), stays.to_owned());
        }
        Health::Up => "is well",
        Health::Down => "is down: its checks fail",
        Health::Ejected => "is ejected: its answers were bad",
        Health::Trial => "is on trial, with one request at a time",
    };
    let since_ns = frame.health_since_ns;
    let ago_ns = workbench.moment_ns().saturating_sub(since_ns);
    let since = format!(
        "Since {}, {} ago",
        time_of_day(workbench.began_local_ns + since_ns),
        timing::period(ago_ns / SECOND_NS * SECOND_NS)
    );
    (format!("{name} {words}"), since)
}

/// Whether clients that are bound to a drained server go on to it.
fn keeps_its_own(workbench: &Workbench, pool: &str) -> bool {
    let lab = &workbench.desk.draft;
    lab.pool(pool).is_some_and(|pool| pool.stickiness != Stickiness::Off)
}

const STAYS: &str = "Clients that stick to it stay until they are forgotten; new ones go elsewhere";

fn address_ui(ui: &mut Ui, workbench: &mut Workbench, pool: &str, name: &str) {
    let status = workbench.status.iter().flat_map(|status| &status.servers);
    let found = status.into_iter().find(|server| server.pool == pool && server.name == name);
    let addresses: Vec<String> =
        found.into_iter().flat_map(|it| &it.addresses).map(ToString::to_string).collect();
    for address in addresses {
        row_ui(ui, "Address", |ui| {
            if icon_button(ui, "copy", "Copy server address").clicked() {
                ui.ctx().copy_text(address.clone());
                workbench.ask(Verb::Tell(format!("Copied {address}")));
            }
            ui.label(number(address));
        });
    }
}

/// The last seconds: share, rate, latency, errors.
fn lately_ui(ui: &mut Ui, workbench: &Workbench, pool: &str, name: &str) {
    let to_ns = workbench.moment_ns();
    let mut own = MeterReading::default();
    let (mut n_started, mut over_ns) = (0, 0);
    for frame in workbench.story.frames_between(to_ns.saturating_sub(RECENT_NS), to_ns) {
        let Some(pool) = frame.pool(pool) else { continue };
        n_started += pool.started();
        over_ns += frame.over_ns;
        if let Some(server) = pool.server(name) {
            own = own.merge(&server.measured);
        }
    }
    part_ui(ui, "Last 10 s");
    let counters = &own.counters;
    let share = counters.started as f64 / n_started.max(1) as f64;
    let line = |ui: &mut Ui, label: &str, text: String| {
        row_ui(ui, label, |ui| ui.label(number(text)));
    };
    if n_started > 0 {
        line(ui, "Share", Unit::Share.text(share));
    }
    if let Some(due) = due(workbench, pool, name) {
        line(ui, "Share by weight", Unit::Share.text(due));
    }
    line(ui, "Given", Unit::PerSecond.text(counters.started as f64 * 1e9 / over_ns.max(1) as f64));
    let n_errors = counters.errors();
    let colour = if n_errors > 0 { Theme::of(ui).err } else { Theme::of(ui).text };
    row_ui(ui, "Errors", |ui| ui.label(number(grouped(n_errors)).color(colour)));
    for (label, q) in [("Latency p50", 0.5), ("Latency p90", 0.9), ("Latency p99", 0.99)] {
        let text = own.latency.quantile(q).map_or_else(|| "–".to_owned(), timing::period);
        line(ui, label, text);
    }
}

/// Its part of the weights of those that take part.
fn due(workbench: &Workbench, pool: &str, name: &str) -> Option<f64> {
    let pool = workbench.frame()?.pool(pool)?;
    let takes_part = |it: &&ServerFrame| !it.draining && it.health == Health::Up;
    let total: u32 = pool.servers.iter().filter(takes_part).map(|it| it.weight).sum();
    let own = pool.servers.iter().filter(takes_part).find(|it| &*it.name == name)?;
    (total > 0).then(|| f64::from(own.weight) / f64::from(total))
}

fn gauges_ui(ui: &mut Ui, frame: &ServerFrame) {
    part_ui(ui, "Now");
    let line = |ui: &mut Ui, label: &str, value: u64| {
        row_ui(ui, label, |ui| ui.label(number(grouped(value))));
    };
    line(ui, "In flight", frame.in_flight.into());
    if let Some(mock) = frame.mock {
        line(ui, "Working on", mock.busy as u64);
        line(ui, "Waiting at it", mock.waiting as u64);
    }
    line(ui, "Connections", frame.connections.into());
}

fn settings_ui(ui: &mut Ui, workbench: &Workbench, pool: &str, name: &str) {
    let found = workbench.lab().pool(pool).and_then(|pool| pool.server_of(name));
    let Some(Server { weight, priority, zone, concurrency, drain, .. }) = found else { return };
    part_ui(ui, "Settings");
    let line = |ui: &mut Ui, label: &str, text: String| {
        row_ui(ui, label, |ui| ui.label(number(text)));
    };
    line(ui, "Weight", weight.to_string());
    if let Some(most) = concurrency {
        line(ui, "At most in flight", most.to_string());
    }
    if *priority > 0 {
        line(ui, "Priority", priority.to_string());
    }
    if let Some(zone) = zone {
        line(ui, "Zone", zone.clone());
    }
    if *drain {
        line(ui, "Drained", "by hand".to_owned());
    }
}

fn failures_ui(ui: &mut Ui, workbench: &mut Workbench, pool: &str, name: &str) {
    let moment_ns = workbench.moment_ns();
    let failed = |record: &&Arc<Record>| {
        record.ended_ns() <= moment_ns
            && record.pool.as_deref() == Some(pool)
            && record.attempts.iter().any(|attempt| {
                &*attempt.server == name && attempt.outcome.is_some_and(Outcome::is_error)
            })
    };
    let newest = workbench.story.requests().iter().rev().take(LOOKED_AT_MAX);
    let failures: Vec<Arc<Record>> = newest.filter(failed).take(FAILURES_MAX).cloned().collect();
    part_ui(ui, "Last failures");
    if failures.is_empty() {
        note_line(ui, "None among the recorded requests");
    }
    for record in failures {
        let mut tries = record.attempts.iter().filter(|attempt| &*attempt.server == name);
        let outcome = tries.find_map(|attempt| attempt.outcome).unwrap_or(record.outcome);
        let time = time_of_day(workbench.began_local_ns + record.at_ns);
        let theme = Theme::of(ui);
        let row = ui.horizontal_wrapped(|ui| {
            ui.label(number(time).color(theme.mute));
            ui.label(RichText::new(outcome_words(outcome)).color(theme.err));
        });
        let name = format!("{} {} {}", record.method, record.target, outcome_words(outcome));
        let row = row.response.interact(Sense::click());
        row.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        if row.on_hover_text("Show this request").clicked() {
            workbench.selection = Selection::Request(record);
        }
    }
}

const SECOND_NS: u64 = 1_000_000_000;
/// How far back "lately" goes.
pub(super) const RECENT_NS: u64 = 10 * SECOND_NS;
const FAILURES_MAX: usize = 5;
const LOOKED_AT_MAX: usize = 20_000;
