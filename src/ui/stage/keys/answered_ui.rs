//! The strip of clients: a row each, a column for each bit of time, in the colour of who answered.

use egui::{Align, Align2, Layout, Rect, RichText, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::answered::{Answered, ROWS_MAX, Row, SPAN_NS};
use super::{Keys, Scene, ledger};
use crate::lab::Stickiness;
use crate::ui::badges::Badge;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{caption_ui, grouped, hint, note, number};
use crate::ui::workbench::Workbench;

pub(super) fn answered_ui(ui: &mut Ui, keys: &Keys, scene: &Scene, workbench: &Workbench) {
    let stickiness = stickiness_words(&scene.stand.stickiness);
    caption_ui(ui, "Who answered each client, last 60 s", |ui| hint(ui, stickiness));
    if keys.answered.rows.is_empty() {
        note(ui, "No client has asked yet. Release traffic, or open the address in a browser");
        return;
    }
    let n_shown = strip_ui(ui, keys, scene, workbench);
    ui.add_space(4.0);
    sentence_ui(ui, keys, scene, workbench);
    foot_ui(ui, keys, workbench, n_shown);
}

fn stickiness_words(stickiness: &Stickiness) -> String {
    match stickiness {
        Stickiness::Off => "stickiness is off".to_owned(),
        Stickiness::Inserted(cookie) => format!("sticky by our cookie {}", cookie.name),
        Stickiness::Application(cookie) => format!("sticky by the servers' cookie {}", cookie.name),
        Stickiness::Source(_) => "sticky by source address".to_owned(),
    }
}

/// How many rows there is room for, with what stands below them; a few in any case.
fn n_shown(height: f32, row_height: f32, n_rows: usize) -> usize {
    (((height - BELOW) / row_height) as usize).clamp(ROWS_LEAST, ROWS_MAX).min(n_rows)
}

/// Gives back how many clients have a row.
fn strip_ui(ui: &mut Ui, keys: &Keys, scene: &Scene, workbench: &Workbench) -> usize {
    let theme = Theme::of(ui);
    let Answered { rows, marks, .. } = &keys.answered;
    let columns = rows.first().map_or(1, |row| row.cells.len());
    let width = ui.available_width();
    let pitch = ((width - LABEL_WIDTH) / columns as f32).max(4.0);
    let side = (pitch - 1.0).min(10.0);
    let row_height = (side + 2.0).max(LABEL_HEIGHT);
    let rows = &rows[..n_shown(ui.available_height(), row_height, rows.len())];
    let size = vec2(width, rows.len() as f32 * row_height);
    let (area, response) = ui.allocate_exact_size(size, Sense::hover());
    let font = egui::FontId::new(10.0, egui::FontFamily::Monospace);
    for (index, row) in rows.iter().enumerate() {
        let top = area.top() + index as f32 * row_height;
        let label = pos2(area.left(), top + side / 2.0);
        let client = row.client.to_string();
        ui.painter().text(label, Align2::LEFT_CENTER, client, font.clone(), theme.mute);
        let at = pos2(area.left() + LABEL_WIDTH, top);
        row_ui(ui, row, at, vec2(pitch, side), &|server| {
            workbench.badge(&scene.pool, keys.tape.server_name(server))
        });
    }
    let strip = area.with_min_x(area.left() + LABEL_WIDTH);
    let strip = strip.with_max_x(strip.left() + pitch * columns as f32);
    for &mark in marks {
        let x = strip.left() + strip.width() * mark;
        ui.painter().vline(x, strip.y_range().expand(2.0), Stroke::new(1.5, theme.text));
    }
    let said = format!("{} clients and who answered them", rows.len());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &said));
    if let Some(pointed) = response.hover_pos().filter(|at| strip.contains(*at)) {
        let row = ((pointed.y - strip.top()) / row_height) as usize;
        let column = ((pointed.x - strip.left()) / pitch) as usize;
        if let Some(row) = rows.get(row) {
            let badge = |server| workbench.badge(&scene.pool, keys.tape.server_name(server));
            response.on_hover_text_at_pointer(cell_words(row, column.min(columns - 1), &badge));
        }
    }
    rows.len()
}

/// Who answered a client in one bit of time.
fn cell_words(row: &Row, column: usize, badge: &dyn Fn(u16) -> Badge) -> String {
    let n_columns = row.cells.len();
    let ago_ns = (n_columns - 1 - column) as u64 * (SPAN_NS / n_columns as u64);
    let what = match row.cells[column] {
        None => "no request".to_owned(),
        Some(cell) => {
            let changed = if cell.changed { ", another server than before" } else { "" };
            let requests = if cell.n_requests == 1 { "request" } else { "requests, the last" };
            format!("{} {requests} to {}{changed}", cell.n_requests, badge(cell.server).letter())
        }
    };
    format!("{}, {} s ago: {what}", row.client, ago_ns / 1_000_000_000)
}

fn row_ui(ui: &Ui, row: &Row, at: egui::Pos2, size: egui::Vec2, badge: &dyn Fn(u16) -> Badge) {
    let theme = Theme::of(ui);
    for (column, cell) in row.cells.iter().enumerate() {
        let [left, right] = [column, column + 1].map(|it| (it as f32 * size.x).round());
        let square = Rect::from_min_size(at + vec2(left, 0.0), vec2(right - left - 1.0, size.y));
        let Some(cell) = cell else {
            let middle = Rect::from_center_size(square.center(), vec2(square.width(), 1.0));
            ui.painter().rect_filled(middle, 0.0, theme.line);
            continue;
        };
        let badge = badge(cell.server);
        let colour = badge.colour(theme);
        let colour = if cell.changed { colour } else { theme.quiet(colour) };
        badge.fill(ui.painter(), square, 2, colour);
    }
}

fn sentence_ui(ui: &mut Ui, keys: &Keys, scene: &Scene, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let letter = |server: &str| workbench.badge(&scene.pool, server).letter();
    let (numbers, why) = keys.answered.sentence(&letter);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        if keys.answered.changed.is_empty() {
            let n = keys.answered.n_clients;
            let clients = if n == 1 { "client" } else { "clients" };
            ui.label(RichText::new(format!("None of {n} {clients} changed server")));
        } else {
            ui.label(RichText::new(numbers).color(theme.warn));
            ui.label("clients changed server:");
            ui.label(RichText::new(why).color(theme.accent));
        }
    });
}

/// What is not in the strip.
fn foot_ui(ui: &mut Ui, keys: &Keys, workbench: &Workbench, n_shown: usize) {
    ui.horizontal(|ui| {
        ledger_ui(ui, keys, workbench);
        let hidden = keys.answered.n_clients.saturating_sub(n_shown);
        if hidden > 0 {
            let hidden = match hidden {
                1 => "1 more client is not drawn".to_owned(),
                hidden => format!("{} more clients are not drawn", grouped(hidden as u64)),
            };
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| hint(ui, hidden));
        }
    });
}

/// How many sessions broke, and each of them a click away.
fn ledger_ui(ui: &mut Ui, keys: &Keys, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let moment_ns = workbench.moment_ns();
    let total = keys.ledger.total(moment_ns);
    let text = match total {
        0 => "no broken session".to_owned(),
        1 => "1 broken session".to_owned(),
        total => format!("{} broken sessions", grouped(total)),
    };
    let colour = if total == 0 { theme.mute } else { theme.err };
    let button = egui::Button::new(RichText::new(format!("{text} ▾")).small().color(colour));
    let response = ui.add(button.frame(false));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &text));
    egui::Popup::menu(&response)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| entries_ui(ui, keys, moment_ns));
}

fn entries_ui(ui: &mut Ui, keys: &Keys, moment_ns: u64) {
    ui.set_min_width(300.0);
    ui.label(RichText::new("Broken sessions").text_style(theme::sentence()));
    if keys.ledger.total(moment_ns) == 0 {
        note(
            ui,
            "A session breaks when a client reaches a server that does not know it.\nMocks keep sessions where the pool says so.",
        );
        return;
    }
    egui::ScrollArea::vertical().max_height(240.0).show(ui, |ui| {
        for broken in keys.ledger.until(moment_ns).take(ENTRIES_SHOWN) {
            ui.horizontal(|ui| {
                let ago = (moment_ns - broken.at_ns) as f64 / 1e9;
                ui.label(number(format!("{ago:>6.1} s ago")).color(Theme::of(ui).mute));
                ui.label(number(format!("{:>3} ×", broken.count)));
                ui.label(ledger::words(broken.cause));
            });
        }
    });
}

const LABEL_WIDTH: f32 = 84.0;
/// A client's name takes no less than this.
const LABEL_HEIGHT: f32 = 11.0;
/// For the sentence and the line below it.
const BELOW: f32 = 70.0;
const ROWS_LEAST: usize = 7;
const ENTRIES_SHOWN: usize = 500;
