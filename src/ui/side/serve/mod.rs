//! The side in Serve: the services behind the address, and what listens on this machine already.

mod fresh;
mod line;
mod machine;
mod row;
mod service;
mod standing;

use std::collections::BTreeMap;

use egui::{RichText, Ui, WidgetInfo};

use self::fresh::Fresh;
use self::machine::Machine;
use self::row::Seen;
use super::part::Part;
use super::server_menu::Action;
use super::server_more;
use super::servers::focus_ui;
use crate::lab::{Pool, Source};
use crate::ui::desk::Wrong;
use crate::ui::selection::Selection;
use crate::ui::theme::Theme;
use crate::ui::verb::Verb;
use crate::ui::widgets::{caption_ui, card_ui, hint, note};
use crate::ui::workbench::Workbench;

/// What this side remembers.
#[derive(Default)]
pub(super) struct Serve {
    fresh: Fresh,
    machine: Machine,
    /// Command lines that are being written, and run only when somebody says so.
    lines: BTreeMap<Place, String>,
    /// Since when a copy has been starting.
    starting: BTreeMap<Place, u64>,
}

/// A pool and a server in it, or a copy of one.
type Place = (String, String);

/// What the cards ask for beside their edits.
enum Asked {
    Select(String),
    Act(usize, Action),
    Verbs(Vec<Verb>),
    RemoveMocks,
}

pub(super) fn serve_ui(ui: &mut Ui, serve: &mut Serve, workbench: &mut Workbench) {
    focus_ui(ui, workbench);
    let has_services = workbench.pool().is_some_and(|pool| !pool.servers.is_empty());
    caption_ui(ui, "Services", |ui| serve.fresh.toggle_ui(ui));
    serve.fresh.ui(ui, workbench);
    if !has_services {
        note(ui, "Nobody serves yet: start a command, or tick a program below");
    }
    let asked = cards_ui(ui, serve, workbench);
    let focus = workbench.focus();
    for asked in asked {
        let Some(pool) = workbench.desk.draft.pools.get_mut(focus) else { return };
        match asked {
            Asked::Select(server) => {
                workbench.selection = Selection::Server { pool: pool.name.clone(), server };
            }
            Asked::Act(index, action) => action.perform(pool, index),
            Asked::Verbs(verbs) => workbench.verbs.extend(verbs),
            Asked::RemoveMocks => pool.servers.retain(|server| server.mock.is_none()),
        }
    }
    serve.machine.ui(ui, workbench);
}

/// A card for each command, one for what runs elsewhere, and one for mocks.
fn cards_ui(ui: &mut Ui, serve: &mut Serve, workbench: &mut Workbench) -> Vec<Asked> {
    let seen = Seen::of(workbench, serve.machine.found(), &mut serve.starting);
    let focus = workbench.focus();
    let all_controls = workbench.view.all_controls;
    let (draft, wrong) = workbench.desk.parts();
    let Some(pool) = draft.pools.get_mut(focus) else { return Vec::new() };
    let mut asked = Vec::new();
    for (index, server) in pool.servers.iter_mut().enumerate() {
        if server.command.is_none() {
            continue;
        }
        let card = service::Service {
            index,
            seen: &seen,
            wrong: wrong.words_at(&format!("pools[{focus}].servers[{index}]")),
            all_controls,
        };
        asked.extend(card.ui(ui, server, &mut serve.lines));
    }
    let elsewhere = |source: &Source<'_>| matches!(source, Source::Address(_));
    asked.extend(rows_ui(ui, pool, &seen, "Started elsewhere", elsewhere));
    let mocks = |source: &Source<'_>| matches!(source, Source::Mock(_));
    asked.extend(rows_ui(ui, pool, &seen, "Mocks", mocks));
    if all_controls && !pool.servers.is_empty() {
        shares_ui(ui, wrong, &format!("pools[{focus}]"), pool);
    }
    asked
}

/// How much of the traffic each server gets.
fn shares_ui(ui: &mut Ui, wrong: Wrong<'_>, path: &str, pool: &mut Pool) {
    caption_ui(ui, "How much each gets", |_| {});
    card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, server) in pool.servers.iter_mut().enumerate() {
            let owner = server.name.clone();
            let part = Part::new(&owner, wrong, format!("{path}.servers[{index}]"));
            hint(ui, &owner);
            server_more::weight_ui(ui, &part, "its share beside the others'; 0 drains", server);
            server_more::taken_ui(ui, &part, server);
        }
    });
}

/// The servers of one kind in a card. Nothing if there are none.
fn rows_ui(
    ui: &mut Ui,
    pool: &Pool,
    seen: &Seen,
    title: &str,
    is_kind: impl Fn(&Source<'_>) -> bool,
) -> Vec<Asked> {
    let of_kind: Vec<usize> = (0..pool.servers.len())
        .filter(|&index| pool.servers[index].source().is_some_and(|source| is_kind(&source)))
        .collect();
    let mut asked = Vec::new();
    if of_kind.is_empty() {
        return asked;
    }
    let are_mocks = of_kind.iter().any(|&index| pool.servers[index].mock.is_some());
    card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.horizontal(|ui| {
            ui.set_min_height(24.0);
            let words = RichText::new(title).text_style(crate::ui::theme::sentence());
            ui.label(words);
            if are_mocks {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if remove_mocks_ui(ui) {
                        asked.push(Asked::RemoveMocks);
                    }
                });
            }
        });
        if are_mocks && pool.servers.len() > of_kind.len() {
            note(ui, "They get their share of the requests, too");
        }
        for index in of_kind {
            asked.extend(row::server_ui(ui, seen, &pool.servers[index], index));
        }
    });
    asked
}

fn remove_mocks_ui(ui: &mut Ui) -> bool {
    let text = RichText::new("Remove").small().color(Theme::of(ui).accent);
    let button = ui.add(egui::Button::new(text).frame(false));
    button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Remove all mocks"));
    button.on_hover_text("Only real servers are left; undo brings the mocks back").clicked()
}
