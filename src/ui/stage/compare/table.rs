//! All algorithms on this lab, in virtual time, the fastest first.

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align, Align2, FontFamily, Layout, Pos2, Rect, Response, RichText, ScrollArea, Sense, Stroke,
    Ui, WidgetInfo, pos2, vec2,
};

use super::cast::Cast;
use super::trial::{REPEATS, Trial};
use crate::balance::Algorithm;
use crate::period::Period;
use crate::ui::badges::Badge;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{note, time_text};

/// What one algorithm came to, or why it cannot work here.
pub(super) struct Row {
    pub(super) algorithm: Algorithm,
    pub(super) trial: Result<Trial, String>,
    pub(super) duration: Period,
    /// Computed for the lab as it is now.
    pub(super) is_current: bool,
}

pub(super) struct Table<'a> {
    pub(super) rows: &'a [Row],
    pub(super) cast: &'a Cast,
    pub(super) lanes: &'a [Algorithm; 2],
    /// So many rows of so many are done.
    pub(super) progress: Option<(usize, usize)>,
}

impl Row {
    fn p99(&self) -> Option<f64> {
        self.trial.as_ref().ok()?.p99()
    }
}

/// The lowest p99 first; those that cannot work last; by name where they are the same.
pub(super) fn sort(rows: &mut [Row]) {
    rows.sort_by(|one, other| {
        let key = |row: &Row| row.p99().unwrap_or(f64::INFINITY);
        let refused = |row: &Row| row.trial.is_err();
        refused(one)
            .cmp(&refused(other))
            .then(key(one).total_cmp(&key(other)))
            .then_with(|| one.algorithm.about().title.cmp(other.algorithm.about().title))
    });
}

/// What the columns have to hold.
#[derive(Clone, Copy)]
struct Widths {
    moved: bool,
    n_shares: usize,
    /// How much larger than designed the text is.
    scale: f32,
}

/// Where the columns end, from the left.
struct Columns {
    area: Rect,
    name: f32,
    shares: f32,
    /// Left out where there is no room for it.
    mean: Option<f32>,
    p99: f32,
    bar: (f32, f32),
    errors: f32,
    keys: Option<f32>,
    lanes: f32,
}

impl Columns {
    fn new(area: Rect, widths: Widths) -> Self {
        let Widths { moved, n_shares, scale } = widths;
        let [lanes, keys, errors, number, name] =
            [LANES, KEYS, ERRORS, NUMBER, NAME].map(|width| width * scale);
        let shares = n_shares as f32 * SHARE * scale;
        let lanes = area.right() - lanes;
        let (errors_width, keys_width) = (errors, keys);
        let keys = moved.then_some(lanes - 12.0);
        let errors = keys.map_or(lanes - 12.0, |keys| keys - keys_width);
        let free = errors - errors_width - area.left() - name - shares - number;
        let has_mean = free >= number;
        let bar = (free - if has_mean { number } else { 0.0 }).clamp(0.0, BAR_MOST);
        let p99 = errors - errors_width - bar - 8.0;
        let mean = has_mean.then_some(p99 - number);
        Self {
            area,
            shares: mean.unwrap_or(p99) - number,
            name: area.left() + name,
            mean,
            p99,
            bar: (p99 + 8.0, p99 + bar),
            errors,
            keys,
            lanes,
        }
    }
}

/// Shows the table. Gives the lane and the algorithm that somebody chose for it.
pub(super) fn table_ui(ui: &mut Ui, table: &Table<'_>) -> Option<(usize, Algorithm)> {
    let moved = table.rows.iter().any(|row| row.trial.as_ref().is_ok_and(|it| it.moved.is_some()));
    let shown = table.rows.iter().find_map(|row| row.trial.as_ref().ok());
    let n_shares = shown.map_or(0, |trial| trial.shares.len());
    let n_shares = if n_shares > SHARES_MAX { 4 } else { n_shares.max(2) };
    let widths = Widths { moved, n_shares, scale: 1.0 + theme::step(ui.ctx()) / TEXT };
    head_ui(ui, table, widths);
    let slowest = table.rows.iter().filter_map(Row::p99).fold(0.0, f64::max);
    let mut chosen = None;
    // The last row that is in sight is whole.
    ui.spacing_mut().item_spacing.y = 0.0;
    let row = ROW * widths.scale;
    let height = (ui.available_height() / row).floor() * row;
    ScrollArea::vertical().auto_shrink(false).max_height(height).show(ui, |ui| {
        for row in table.rows {
            chosen = chosen.take().or_else(|| row_ui(ui, row, table, (widths, slowest)));
        }
        foot_ui(ui, table);
    });
    chosen
}

fn head_ui(ui: &mut Ui, table: &Table<'_>, widths: Widths) {
    let theme = Theme::of(ui);
    let (area, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), HEAD * widths.scale), Sense::hover());
    let columns = Columns::new(area, widths);
    let y = area.center().y;
    let secs = table.rows.first().map(|row| row.duration.secs());
    let secs = secs.map_or_else(String::new, |secs| format!(", {secs:.0} s"));
    let title = match table.progress {
        Some((done, of)) if of > 0 => format!("In virtual time, this lab{secs} · {done} of {of}"),
        Some(_) => "In virtual time, this lab · starting…".to_owned(),
        None => format!("In virtual time, this lab{secs}, {REPEATS} repeats"),
    };
    let font = theme::growing_font(ui.ctx(), 12.0, FontFamily::Proportional);
    let text = |x: f32, anchor: Align2, text: &str| {
        ui.painter().text(pos2(x, y), anchor, text, font.clone(), theme.mute);
    };
    text(area.left() + 2.0, Align2::LEFT_CENTER, &title);
    text(columns.shares, Align2::RIGHT_CENTER, &shares_title(table));
    if let Some(mean) = columns.mean {
        text(mean, Align2::RIGHT_CENTER, "mean");
    }
    text(columns.p99, Align2::RIGHT_CENTER, "p99");
    text(columns.errors, Align2::RIGHT_CENTER, "errors");
    if let Some(keys) = columns.keys {
        text(keys, Align2::RIGHT_CENTER, "moved keys");
    }
    text(area.right() - 2.0, Align2::RIGHT_CENTER, "lane");
    let line = Stroke::new(theme::HAIRLINE, theme.line);
    ui.painter().hline(area.x_range(), area.bottom() - 0.5, line);
    if let Some((done, of)) = table.progress {
        let part = done as f32 / of.max(1) as f32;
        let to = egui::lerp(area.x_range(), part);
        let ends = [pos2(area.left(), area.bottom() - 0.5), pos2(to, area.bottom() - 0.5)];
        ui.painter().line_segment(ends, Stroke::new(2.0, theme.accent));
    }
}

fn shares_title(table: &Table<'_>) -> String {
    let Some(trial) = table.rows.iter().find_map(|row| row.trial.as_ref().ok()) else {
        return "share".to_owned();
    };
    if trial.shares.len() > SHARES_MAX {
        return "least – most %".to_owned();
    }
    let letter = |(name, _): &(String, f64)| {
        table.cast.badge(name).map_or_else(|| name.clone(), Badge::letter)
    };
    format!("{} %", trial.shares.iter().map(letter).collect::<Vec<_>>().join(" / "))
}

fn row_ui(
    ui: &mut Ui,
    row: &Row,
    table: &Table<'_>,
    (widths, slowest): (Widths, f64),
) -> Option<(usize, Algorithm)> {
    let theme = Theme::of(ui);
    let size = vec2(ui.available_width(), ROW * widths.scale);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let title = row.algorithm.about().title;
    let places = [0, 1].map(|place| table.lanes[place].about().name == row.algorithm.about().name);
    let said =
        row.p99().map_or_else(|| title.to_owned(), |it| format!("{title}, p99 {}", time_text(it)));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &said));
    let lit = response.hovered() || response.has_focus();
    if lit {
        ui.painter().rect_filled(area, theme::CHIP_RADIUS, theme.raised);
    }
    let line = Stroke::new(theme::HAIRLINE, theme.line);
    ui.painter().hline(area.x_range(), area.bottom() - 0.5, line);
    let is_bold = places.contains(&true);
    let colour = if row.is_current { theme.text } else { theme.faint };
    let columns = Columns::new(area, widths);
    let cells = Cells { ui, columns: &columns, colour, is_bold };
    cells.name(title);
    match &row.trial {
        Ok(trial) => cells.numbers(trial, row.p99(), slowest),
        Err(why) => cells.refusal(why),
    }
    let buttons = [0, 1].map(|place| lane_button(ui, &columns, place, places[place], title));
    let was_clicked = response.on_hover_text("A click puts it into the right lane").clicked();
    let place = buttons.iter().position(Response::clicked).or_else(|| was_clicked.then_some(1))?;
    row.trial.is_ok().then(|| (place, row.algorithm.clone()))
}

/// The text of a row.
struct Cells<'a> {
    ui: &'a Ui,
    columns: &'a Columns,
    colour: egui::Color32,
    is_bold: bool,
}

impl Cells<'_> {
    fn name(&self, title: &str) {
        let family = if self.is_bold { theme::semi_bold() } else { FontFamily::Proportional };
        let at = pos2(self.columns.area.left() + 2.0, self.y());
        let font = theme::growing_font(self.ui.ctx(), TEXT, family);
        self.ui.painter().text(at, Align2::LEFT_CENTER, title, font, self.colour);
    }

    fn numbers(&self, trial: &Trial, p99: Option<f64>, slowest: f64) {
        let theme = Theme::of(self.ui);
        let dash = || "–".to_owned();
        let columns = self.columns;
        self.number(columns.shares, &shares_text(&trial.shares));
        if let Some(x) = columns.mean {
            let mean = trial.together.latency.mean_ns().map(|ns| time_text(ns / 1e9));
            self.number(x, &mean.unwrap_or_else(dash));
        }
        self.number(columns.p99, &p99.map_or_else(dash, time_text));
        let (from, to) = columns.bar;
        let track = Rect::from_x_y_ranges(from..=to, self.y() - 4.0..=self.y() + 4.0);
        if track.width() > 12.0 {
            self.ui.painter().rect_filled(track, theme::CHIP_RADIUS, theme.raised);
            let part = p99.map_or(0.0, |p99| (p99 / slowest.max(1e-9)) as f32);
            let bar = track.with_max_x(from + (track.width() * part).max(2.0));
            let colour = if self.is_bold { theme.text } else { theme.mute };
            self.ui.painter().rect_filled(bar, theme::CHIP_RADIUS, colour);
        }
        let counters = &trial.together.counters;
        let errors = counters.errors() as f64 / counters.finished().max(1) as f64;
        self.number(columns.errors, &percent(errors));
        if let Some(x) = columns.keys {
            self.number(x, &trial.moved.map_or_else(dash, percent));
        }
    }

    fn refusal(&self, why: &str) {
        let theme = Theme::of(self.ui);
        let from = self.columns.name;
        let font = egui::TextStyle::Small.resolve(self.ui.style());
        let text = format!("cannot work here: {why}");
        let mut job = LayoutJob::simple_singleline(text, font, theme.mute);
        job.wrap = TextWrapping::truncate_at_width(self.columns.lanes - from - 8.0);
        let text = self.ui.painter().layout_job(job);
        let at = pos2(from, self.y() - text.size().y / 2.0);
        self.ui.painter().galley(at, text, theme.mute);
    }

    fn number(&self, x: f32, text: &str) {
        let at = Pos2::new(x, self.y());
        let font = egui::TextStyle::Monospace.resolve(self.ui.style());
        self.ui.painter().text(at, Align2::RIGHT_CENTER, text, font, self.colour);
    }

    fn y(&self) -> f32 {
        self.columns.area.center().y
    }
}

/// Puts an algorithm into a lane; full where it is there.
fn lane_button(ui: &Ui, columns: &Columns, place: usize, is_there: bool, title: &str) -> Response {
    let theme = Theme::of(ui);
    let (side, shown) = [("left", "Left"), ("right", "Right")][place];
    // Two of them and the gaps are as wide as their column.
    let width = (columns.area.right() - columns.lanes - 12.0) / 2.0;
    let x = columns.area.right() - 2.0 - width * (2 - place) as f32 - 4.0 * (1 - place) as f32;
    let size = vec2(width, columns.area.height() - 5.0);
    let area = Rect::from_min_size(pos2(x, columns.area.top() + 2.0), size);
    let id = ui.scope_id().with(("lane", place, title));
    let response = ui.interact(area, id, Sense::click());
    let said = format!("{title} into the {side} lane");
    let selected = WidgetInfo::selected(egui::Role::RadioButton, true, is_there, &said);
    response.widget_info(|| selected.clone());
    let (fill, text) = match (is_there, response.hovered() || response.has_focus()) {
        (true, _) => (theme.text, theme.bg),
        (false, true) => (theme.line, theme.text),
        (false, false) => (egui::Color32::TRANSPARENT, theme.faint),
    };
    ui.painter().rect_filled(area, theme::CHIP_RADIUS, fill);
    let font = egui::TextStyle::Small.resolve(ui.style());
    ui.painter().text(area.center(), Align2::CENTER_CENTER, shown, font, text);
    response
}

/// What the numbers do not say of themselves.
fn foot_ui(ui: &mut Ui, table: &Table<'_>) {
    let Some(trial) = table.rows.iter().find_map(|row| row.trial.as_ref().ok()) else { return };
    ui.add_space(6.0);
    ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
        if trial.taken_for_mocks.is_empty() {
            note(ui, "The way over the network takes no time here").on_hover_text(super::LEFT_OUT);
        } else {
            let names = trial.taken_for_mocks.join(", ");
            let text = format!("Not mocks, and taken for mocks with default settings: {names}");
            let colour = Theme::of(ui).warn;
            ui.label(RichText::new(text).small().color(colour)).on_hover_text(super::LEFT_OUT);
        }
    });
}

fn shares_text(shares: &[(String, f64)]) -> String {
    let whole = |share: f64| format!("{:.0}", share * 100.0);
    if shares.len() <= SHARES_MAX {
        let texts: Vec<String> =
            shares.iter().map(|&(_, share)| format!("{:>2}", whole(share))).collect();
        return texts.join(" / ");
    }
    let least = shares.iter().map(|it| it.1).fold(f64::INFINITY, f64::min);
    let most = shares.iter().map(|it| it.1).fold(0.0, f64::max);
    format!("{:.1} – {:.1}", least * 100.0, most * 100.0)
}

/// A part in per cent; what is not nothing is not shown as nothing.
pub(super) fn percent(part: f64) -> String {
    match part * 100.0 {
        0.0 => "0 %".to_owned(),
        small if small < 0.1 => "< 0.1 %".to_owned(),
        middle if middle < 10.0 => format!("{middle:.1} %"),
        large => format!("{large:.0} %"),
    }
}

const HEAD: f32 = 24.0;
const ROW: f32 = 21.0;
/// The names' size.
const TEXT: f32 = 12.5;
const NAME: f32 = 200.0;
/// Of one server.
const SHARE: f32 = 34.0;
const NUMBER: f32 = 72.0;
const BAR_MOST: f32 = 300.0;
const ERRORS: f32 = 64.0;
const KEYS: f32 = 76.0;
const LANES: f32 = 88.0;
/// Shares of more servers are told by the least and the most.
const SHARES_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_nothing_is_not_shown_as_nothing() {
        let cases = [(0.0, "0 %"), (0.0004, "< 0.1 %"), (0.0123, "1.2 %"), (0.5, "50 %")];
        for (part, text) in cases {
            assert_eq!(percent(part), text);
        }
    }

    #[test]
    fn the_fastest_comes_first_and_who_cannot_work_last() {
        let row = |name: &str, ns: Option<u64>| {
            let meter = crate::meter::Histogram::default();
            if let Some(ns) = ns {
                meter.record(ns);
            }
            let mut trial = Trial::default();
            trial.together.latency = meter.read();
            Row {
                algorithm: super::super::named(name),
                trial: if ns.is_some() { Ok(trial) } else { Err("no".to_owned()) },
                duration: Period::from_secs(1),
                is_current: true,
            }
        };
        let mut rows = [
            row("jump", None),
            row("random", Some(9)),
            row("first", Some(3)),
            row("maglev", Some(9)),
        ];
        sort(&mut rows);
        let names = rows.map(|row| row.algorithm.about().name);
        assert_eq!(names, ["first", "maglev", "random", "jump"]);
    }
}
