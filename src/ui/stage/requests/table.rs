//! The table itself: a head that sorts, and only those rows that are in sight.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align, Align2, Color32, EventFilter, Key, Modifiers, Pos2, Rect, Response, ScrollArea, Sense,
    Stroke, TextFormat, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use super::Requests;
use super::rows::Column;
use crate::engine::Record;
use crate::meter::{Outcome, StatusClass};
use crate::ui::selection::{Selection, is_same};
use crate::ui::signal::Signal;
use crate::ui::story::Story;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{Keeps, Unit, keep, paint_star};
use crate::ui::words::{outcome_words, time_of_day};
use crate::ui::workbench::Workbench;

pub(super) fn table_ui(ui: &mut Ui, requests: &mut Requests, workbench: &mut Workbench) {
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    // Rows that have just come lie past the end that was there a frame ago. A rubber band would gather speed from
    // being held there, and let the table fly as soon as the newest is not followed any more.
    ui.spacing_mut().scroll.kinetic.rubber_band = false;
    let columns = Columns::across(ui.max_rect().left(), ui.available_width() - SCROLL_BAR);
    for (place, (column, ..)) in WIDTHS.iter().enumerate() {
        if workbench.take_signal(Signal::SortBy(place)) {
            requests.sort_by(*column);
        }
    }
    head_ui(ui, requests, &columns);
    let body = ui.available_rect_before_wrap();
    let table = ui.interact(body, ui.scope_id().with("table"), Sense::focusable_noninteractive());
    table.widget_info(|| WidgetInfo::labeled(egui::Role::Table, true, "Requests"));
    keys(ui, &table, requests, workbench);
    let n_rows = requests.rows.len();
    if n_rows == 0 {
        let text = "No recorded request matches the filter";
        let font = TextStyle::Body.resolve(ui.style());
        let at = body.center_top() + vec2(0.0, 48.0);
        ui.painter().text(at, Align2::CENTER_CENTER, text, font, Theme::of(ui).mute);
        return;
    }
    let offset = offset(ui, body, requests, &workbench.story);
    let mut area = ScrollArea::vertical().id_salt("requests").auto_shrink(false);
    if let Some(offset) = offset {
        area = area.vertical_scroll_offset(offset);
    }
    let shown = area.show_rows(ui, ROW, n_rows, |ui, range| {
        let mut pressed = None;
        for place in range {
            let row = requests.row_at(place);
            let Some(record) = requests.rows.get(&workbench.story, row).cloned() else { continue };
            if row_ui(ui, &columns, &record, workbench) {
                pressed = Some(record);
            }
        }
        pressed
    });
    requests.hold(shown.state.clamped_offset().y);
    let was_dragged =
        offset.is_some_and(|offset| (shown.state.clamped_offset().y - offset).abs() > ROW);
    if was_dragged && ui.input(|input| input.pointer.any_down()) {
        requests.follow = false;
    }
    if let Some(record) = shown.inner {
        // It would run away from under the hand.
        requests.follow = false;
        workbench.selection = Selection::Request(record);
        table.request_focus();
    }
}

/// What the columns are called, from left to right.
pub(in crate::ui) fn request_columns() -> impl Iterator<Item = String> {
    WIDTHS.iter().map(|(_, title, ..)| title.to_lowercase())
}

impl Requests {
    /// The other way round, if it is sorted by this column already.
    fn sort_by(&mut self, column: Column) {
        self.descending = self.column == column && !self.descending;
        self.column = column;
        self.follow = false;
    }

    /// The row of the sorted rows that is shown at a place from the top. It leads back from row to place as well.
    fn row_at(&self, place: usize) -> usize {
        if self.descending { self.rows.len() - 1 - place } else { place }
    }

    /// Remembers what is at the top at an offset.
    fn hold(&mut self, offset: f32) {
        let place = ((offset / ROW) as usize).min(self.rows.len() - 1);
        let number = self.rows.number(self.row_at(place));
        self.top = number.map(|number| (number, offset - place as f32 * ROW));
    }
}

/// Where to scroll to, if the hand that scrolls is ours.
fn offset(ui: &Ui, body: Rect, requests: &mut Requests, story: &Story) -> Option<f32> {
    let wheel = ui.input(|input| input.smooth_scroll_delta().y);
    if wheel != 0.0 && ui.rect_contains_pointer(body) {
        requests.follow = false;
    }
    let most = (requests.rows.len() as f32 * ROW - body.height()).max(0.0);
    if let Some(row) = requests.reveal.take() {
        let middle = requests.row_at(row) as f32 * ROW - (body.height() - ROW) / 2.0;
        return Some(middle.clamp(0.0, most));
    }
    if requests.follow {
        return Some(if requests.descending { 0.0 } else { most });
    }
    let (number, above) = requests.top?;
    let row = requests.rows.row_of(story, number)?;
    Some((requests.row_at(row) as f32 * ROW + above).min(most))
}

/// Arrows move the selection, unless another widget has the keyboard.
fn keys(ui: &Ui, table: &Response, requests: &mut Requests, workbench: &mut Workbench) {
    let focused = ui.memory(egui::Memory::focused);
    if focused.is_some_and(|id| id != table.id) {
        return;
    }
    if table.has_focus() {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(table.id, filter));
        keep(ui, table.id, Keeps::Nothing);
    }
    let page = (table.rect.height() / ROW) as usize;
    let keys = [(Key::ArrowDown, 1), (Key::PageDown, page), (Key::ArrowUp, 1), (Key::PageUp, page)];
    let [down, page_down, up, page_up] = ui.input_mut(|input| {
        keys.map(|(key, step)| input.count_and_consume_key(Modifiers::NONE, key) * step)
    });
    let (mut back, mut forth) = (up + page_up, down + page_down);
    let n_rows = requests.rows.len();
    if (back == 0 && forth == 0) || n_rows == 0 {
        return;
    }
    if requests.descending {
        std::mem::swap(&mut back, &mut forth);
    }
    let here = match &workbench.selection {
        Selection::Request(selected) => {
            requests.rows.position(&workbench.story, |record| is_same(record, selected))
        }
        _ => None,
    };
    let last = n_rows - 1;
    let row = here.map_or(last, |row| (row + forth).saturating_sub(back).min(last));
    if let Some(record) = requests.rows.get(&workbench.story, row) {
        workbench.selection = Selection::Request(Arc::clone(record));
        requests.follow = false;
        requests.reveal = Some(row);
    }
}

/// Where each column lies.
struct Columns {
    /// From left to right, with the side to which its text is set.
    cells: Vec<(Column, &'static str, Align, f32, f32)>,
}

impl Columns {
    /// Where it is narrow, as beside Why, the path keeps its room and what can be missed best is left out.
    fn across(left: f32, width: f32) -> Self {
        let mut shown = Vec::from(WIDTHS);
        for spare in [Column::Connection, Column::Method] {
            if path_width(&shown, width) < PATH_LEAST {
                shown.retain(|(column, ..)| *column != spare);
            }
        }
        let path = path_width(&shown, width).max(PATH_LEAST);
        let mut at = left + INSET;
        let cells = shown.into_iter().map(|(column, title, align, width)| {
            let width = if column == Column::Path { path } else { width };
            let cell = (column, title, align, at, at + width);
            at += width + GAP;
            cell
        });
        Self { cells: cells.collect() }
    }
}

/// What the other columns leave of the width.
fn path_width(shown: &[(Column, &str, Align, f32)], width: f32) -> f32 {
    width - shown.iter().map(|(.., width)| width + GAP).sum::<f32>()
}

fn head_ui(ui: &mut Ui, requests: &mut Requests, columns: &Columns) {
    let theme = Theme::of(ui);
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    for &(column, title, align, from, to) in &columns.cells {
        let area = Rect::from_x_y_ranges(from..=to, head.y_range());
        let response = ui.interact(area, ui.scope_id().with(("sort by", title)), Sense::click());
        let is_sorted = requests.column == column;
        let name = match (is_sorted, requests.descending) {
            (false, _) => format!("Sort by {}", title.to_lowercase()),
            (true, false) => format!("Sort by {}, now ascending", title.to_lowercase()),
            (true, true) => format!("Sort by {}, now descending", title.to_lowercase()),
        };
        response.widget_info(|| WidgetInfo::labeled(egui::Role::ColumnHeader, true, &name));
        let colour = if is_sorted || response.hovered() { theme.text } else { theme.mute };
        let sign = match (is_sorted, requests.descending) {
            (false, _) => "",
            (true, false) => " ↑",
            (true, true) => " ↓",
        };
        cell(
            ui,
            (from, to),
            head.center().y,
            align,
            &format!("{title}{sign}"),
            &TextStyle::Body,
            colour,
        );
        if response.on_hover_text(about(column)).clicked() {
            requests.sort_by(column);
        }
    }
    line_under(ui, head);
}

fn about(column: Column) -> &'static str {
    match column {
        Column::Time => "When it came, by the clock of this place",
        Column::Method => "The request's method",
        Column::Path => "Path and query",
        Column::Status => "The answer's status",
        Column::Took => "From its first byte to the answer's last",
        Column::Server => "Who had it; after a retry, everybody who had it in order",
        Column::Client => "Who sent it: you, or the address of a built-in client",
        Column::Connection => "The connection it came on, counted by each worker",
    }
}

/// True if it was pressed.
fn row_ui(ui: &mut Ui, columns: &Columns, record: &Record, workbench: &Workbench) -> bool {
    let theme = Theme::of(ui);
    let size = vec2(ui.available_width(), ROW);
    let (_, area) = ui.allocate_space(size);
    let id = ui.scope_id().with((record.worker, record.number, record.at_ns));
    // Not reached by Tab: there are thousands, and arrows move through them.
    let response = ui.interact(area, id, Sense::CLICK);
    let selected = workbench.selection.is_request(record);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Row, true, selected, name_of(record)));
    if selected {
        ui.painter().rect_filled(area, theme::CHIP_RADIUS, theme.raised);
        let edge = area.with_max_x(area.left() + 2.0);
        ui.painter().rect_filled(edge, 1.0, theme.accent);
    } else if response.hovered() {
        ui.painter().rect_filled(area, theme::CHIP_RADIUS, theme.panel);
    }
    for &(column, _, align, from, to) in &columns.cells {
        cell_ui(ui, column, align, (from, to), area.center().y, record, workbench);
    }
    line_under(ui, area);
    response.is_pointer_button_down_on() || response.clicked()
}

fn cell_ui(
    ui: &Ui,
    column: Column,
    align: Align,
    span: (f32, f32),
    y: f32,
    record: &Record,
    workbench: &Workbench,
) {
    let theme = Theme::of(ui);
    let plain = |text: &str, colour| cell(ui, span, y, align, text, &TextStyle::Monospace, colour);
    match column {
        Column::Time => {
            plain(&time_of_day(workbench.began_local_ns + record.at_ns), theme.mute);
        }
        Column::Method if record.method.is_empty() => {
            plain(record.version, theme.mute);
        }
        Column::Method => {
            plain(&record.method, theme.text);
        }
        Column::Path => path_ui(ui, span, y, record),
        Column::Status => {
            let status = record.status.map_or_else(|| "–".to_owned(), |status| status.to_string());
            plain(&status, if record.outcome.is_error() { theme.err } else { theme.text });
        }
        Column::Took => {
            plain(&Unit::Time.text(record.phases.total_ns as f64 / 1e9), theme.text);
        }
        Column::Server => badges_ui(ui, span, y, record, workbench),
        Column::Client => client_ui(ui, span, y, record),
        Column::Connection => {
            let several = workbench.status.as_ref().is_some_and(|status| status.workers > 1);
            let worker = if several { format!("{}.", record.worker + 1) } else { String::new() };
            plain(&format!("#{worker}{}", record.connection), theme.mute);
        }
    }
}

/// Path and query, and behind it how it ended if that was not well.
fn path_ui(ui: &Ui, (from, to): (f32, f32), y: f32, record: &Record) {
    let theme = Theme::of(ui);
    let answered = matches!(record.outcome, Outcome::Answered(_) | Outcome::Carried);
    let is_plain = answered && record.outcome != Outcome::Answered(StatusClass::ServerError);
    let mut to = to;
    if !is_plain && !answered {
        let colour = if record.outcome.is_error() { theme.err } else { theme.mute };
        let words = outcome_words(record.outcome);
        let left = cell(ui, (from + 40.0, to), y, Align::Max, words, &TextStyle::Small, colour);
        to = left - GAP;
    }
    let text = if record.target.is_empty() { &record.host } else { &record.target };
    cell(ui, (from, to), y, Align::Min, text, &TextStyle::Monospace, theme.text);
}

/// Everybody who had it, the last at the right.
fn badges_ui(ui: &Ui, (from, to): (f32, f32), y: f32, record: &Record, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let pool = record.pool.as_deref().unwrap_or_default();
    let room = (((to - from) / BADGE_STEP) as usize).max(1);
    let (mut right, tries) = (to, &record.attempts);
    let n_shown = if tries.len() > room { room - 1 } else { tries.len() };
    for attempt in tries.iter().rev().take(n_shown) {
        let centre = Pos2::new(right - BADGE / 2.0, y);
        workbench.badge(pool, &attempt.server).paint(ui.painter(), theme, centre, BADGE);
        right -= BADGE_STEP;
    }
    if n_shown < tries.len() {
        cell(ui, (from, right), y, Align::Max, "…", &TextStyle::Body, theme.mute);
    }
    if tries.is_empty() {
        cell(ui, (from, to), y, Align::Max, "none", &TextStyle::Small, theme.mute);
    }
}

fn client_ui(ui: &Ui, (from, to): (f32, f32), y: f32, record: &Record) {
    let theme = Theme::of(ui);
    if record.is_yours() {
        paint_star(ui.painter(), pos2(from + 6.0, y), 5.5, theme.text);
        cell(ui, (from + 16.0, to), y, Align::Min, "you", &TextStyle::Body, theme.text);
    } else {
        let text = record.client.ip().to_string();
        cell(ui, (from, to), y, Align::Min, &text, &TextStyle::Monospace, theme.mute);
    }
}

/// Text within a span on one line, cut with an ellipsis. Returns where it begins.
fn cell(
    ui: &Ui,
    (from, to): (f32, f32),
    y: f32,
    align: Align,
    text: &str,
    style: &TextStyle,
    colour: Color32,
) -> f32 {
    let format = TextFormat::simple(style.resolve(ui.style()), colour);
    let mut job = LayoutJob::single_section(text.to_owned(), format);
    job.wrap = TextWrapping::truncate_at_width((to - from).max(0.0));
    let galley = ui.painter().layout_job(job);
    let size = galley.size();
    let x = if align == Align::Max { to - size.x } else { from };
    ui.painter().galley(pos2(x, y - size.y / 2.0), galley, colour);
    x
}

fn line_under(ui: &Ui, area: Rect) {
    let stroke = Stroke::new(theme::HAIRLINE, Theme::of(ui).line);
    ui.painter().hline(area.x_range(), area.bottom() - 0.5, stroke);
}

/// What a row is called: `GET /cart 200 30 ms by c, yours`.
fn name_of(record: &Record) -> String {
    let status = record
        .status
        .map_or_else(|| outcome_words(record.outcome).to_owned(), |status| status.to_string());
    let took = Unit::Time.text(record.phases.total_ns as f64 / 1e9);
    let servers: Vec<&str> = record.attempts.iter().map(|attempt| &*attempt.server).collect();
    let by = if servers.is_empty() { "nobody".to_owned() } else { servers.join(", then ") };
    let yours = if record.is_yours() { ", yours" } else { "" };
    let what = if record.method.is_empty() { record.version } else { &record.method };
    format!("{what} {} {status} {took} by {by}{yours}", record.target)
}

/// Column, title, side, width. The path gets what is left.
const WIDTHS: [(Column, &str, Align, f32); 8] = [
    (Column::Time, "Time", Align::Min, 92.0),
    (Column::Method, "Method", Align::Min, 56.0),
    (Column::Path, "Path", Align::Min, 0.0),
    (Column::Status, "Status", Align::Max, 52.0),
    (Column::Took, "Took", Align::Max, 64.0),
    (Column::Server, "Copy", Align::Max, 58.0),
    (Column::Client, "Client", Align::Min, 88.0),
    (Column::Connection, "Conn", Align::Max, 52.0),
];
/// A word or two of a path.
const PATH_LEAST: f32 = 120.0;
const GAP: f32 = 10.0;
const INSET: f32 = 6.0;
const ROW: f32 = 26.0;
const BADGE: f32 = 15.0;
const BADGE_STEP: f32 = 18.0;
const SCROLL_BAR: f32 = 18.0;
