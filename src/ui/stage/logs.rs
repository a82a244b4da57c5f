//! Logs: what all copies of commands print, in one strip, in the order in which it came.

use std::collections::{BTreeSet, VecDeque};

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align, Button, Frame, Layout, Margin, Rect, RichText, ScrollArea, Sense, Stroke, TextEdit,
    TextFormat, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use crate::engine::{LogStream, Printed};
use crate::ui::story::Lines;
use crate::ui::theme::{self, Theme};
use crate::ui::verb::Verb;
use crate::ui::widgets::{caption_ui, hint, icon_button, note};
use crate::ui::words::{grouped, time_of_day};
use crate::ui::workbench::Workbench;

/// What the strip remembers.
pub(super) struct Logs {
    filter: String,
    /// Copies whose lines nobody wants to see, by pool and name.
    hidden: BTreeSet<(String, String)>,
    /// Whether the newest line is kept in sight.
    follow: bool,
    chosen: Chosen,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            filter: String::new(),
            hidden: BTreeSet::new(),
            follow: true,
            chosen: Chosen::default(),
        }
    }
}

/// The numbers of the lines that the filter lets through, brought up to date with every frame.
#[derive(Default)]
struct Chosen {
    numbers: VecDeque<u64>,
    /// The first line that was not looked at yet.
    next: u64,
}

impl Chosen {
    fn catch_up(&mut self, lines: &Lines, is_wanted: impl Fn(&Printed) -> bool) {
        let (from, to) = lines.reach();
        while self.numbers.front().is_some_and(|&number| number < from) {
            self.numbers.pop_front();
        }
        for number in self.next.max(from)..to {
            if lines.get(number).is_some_and(|line| is_wanted(line)) {
                self.numbers.push_back(number);
            }
        }
        self.next = to;
    }
}

pub(super) fn logs_ui(ui: &mut Ui, logs: &mut Logs, workbench: &mut Workbench) {
    let frame = Frame::new().inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 8 });
    let copies = copies(workbench);
    if copies.is_empty() && workbench.story.lines().is_empty() {
        let strip = egui::Panel::bottom("no logs").frame(frame).show_separator_line(false);
        strip.show(ui, |ui| {
            let text = "Start a command at the left, and what its copies print will be here";
            caption_ui(ui, "Logs", |ui| note(ui, text));
        });
        return;
    }
    egui::Panel::bottom("logs")
        .frame(frame)
        .resizable(true)
        .default_size(HEIGHT)
        .size_range(HEIGHT_LEAST..=HEIGHT_MOST)
        .show(ui, |ui| {
            head_ui(ui, logs, workbench, &copies);
            body_ui(ui, logs, workbench);
        });
}

/// The copies of commands, in the order of the document.
fn copies(workbench: &Workbench) -> Vec<(String, String)> {
    let pools = workbench.desk.draft.pools.iter();
    let servers = pools.flat_map(|pool| pool.servers.iter().map(move |server| (pool, server)));
    let commands = servers.filter(|(_, server)| server.command.is_some());
    commands
        .flat_map(|(pool, server)| {
            server.copy_names().into_iter().map(|name| (pool.name.clone(), name))
        })
        .collect()
}

fn head_ui(ui: &mut Ui, logs: &mut Logs, workbench: &Workbench, copies: &[(String, String)]) {
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        let colour = Theme::of(ui).mute;
        ui.label(RichText::new("LOGS").text_style(theme::caption()).color(colour));
        ui.spacing_mut().item_spacing.x = 4.0;
        for copy in copies.iter().take(COPIES_SHOWN) {
            copy_ui(ui, logs, workbench, copy);
        }
        if copies.len() > COPIES_SHOWN {
            note(ui, format!("+{}", copies.len() - COPIES_SHOWN));
        }
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            follow_ui(ui, &mut logs.follow);
            filter_ui(ui, logs);
            count_ui(ui, logs, workbench.story.lines());
        });
    });
}

/// One letter, which shows or hides the lines of its copy.
fn copy_ui(ui: &mut Ui, logs: &mut Logs, workbench: &Workbench, copy: &(String, String)) {
    let theme = Theme::of(ui);
    let badge = workbench.badge(&copy.0, &copy.1);
    let (area, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    let shown = !logs.hidden.contains(copy);
    if shown {
        badge.paint(ui.painter(), theme, area.center(), BADGE);
    } else {
        let empty = Rect::from_center_size(area.center(), vec2(BADGE, BADGE));
        let stroke = Stroke::new(theme::HAIRLINE, theme.mute);
        let inside = egui::StrokeKind::Inside;
        ui.painter().rect_stroke(empty, theme::CHIP_RADIUS, stroke, inside);
        let font = egui::FontId::new(BADGE * 0.66, theme::semi_bold());
        let centre = egui::Align2::CENTER_CENTER;
        ui.painter().text(area.center(), centre, badge.letter(), font, theme.mute);
    }
    if response.has_focus() {
        let stroke = Stroke::new(1.5, theme.accent);
        ui.painter().rect_stroke(area, theme::CHIP_RADIUS, stroke, egui::StrokeKind::Inside);
    }
    response.widget_info(|| {
        let name = format!("Show the lines of {}", copy.1);
        WidgetInfo::selected(egui::Role::CheckBox, true, shown, name)
    });
    let hint = if shown { "Hides the lines of" } else { "Shows the lines of" };
    if response.on_hover_text(format!("{hint} {}", copy.1)).clicked() {
        if !logs.hidden.remove(copy) {
            logs.hidden.insert(copy.clone());
        }
        logs.chosen = Chosen::default();
    }
}

fn follow_ui(ui: &mut Ui, follow: &mut bool) {
    let theme = Theme::of(ui);
    let edge = if *follow { theme.accent } else { theme.line };
    let colour = if *follow { theme.accent } else { theme.text };
    let text = RichText::new("Follow").small().color(colour);
    let button = Button::new(text).stroke(Stroke::new(theme::HAIRLINE, edge));
    let response = ui.add(button);
    let shown = *follow;
    response
        .widget_info(|| WidgetInfo::selected(egui::Role::Button, true, shown, "Follow the logs"));
    let hint = "Keeps the newest line in sight; scrolling up stops it";
    if response.on_hover_text(hint).clicked() {
        *follow = !*follow;
    }
}

fn filter_ui(ui: &mut Ui, logs: &mut Logs) {
    if !logs.filter.is_empty() && icon_button(ui, "×", "Clear the filter of the logs").clicked() {
        logs.filter.clear();
        logs.chosen = Chosen::default();
    }
    let edit = TextEdit::singleline(&mut logs.filter)
        .font(TextStyle::Small)
        .hint_text(RichText::new("filter").small())
        .align(egui::Align2::LEFT_CENTER)
        .min_size(vec2(0.0, 24.0))
        .desired_width(FILTER_WIDTH);
    let response = ui.add(edit);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Filter the logs"));
    if response.changed() {
        logs.chosen = Chosen::default();
    }
    response.on_hover_text("Shows lines that have this text, in capitals or not");
}

/// How many lines there are, and how many there were.
fn count_ui(ui: &mut Ui, logs: &Logs, lines: &Lines) {
    let (from, to) = lines.reach();
    let (all, shown) = (to - from, logs.chosen.numbers.len() as u64);
    let of = if shown == all { String::new() } else { format!(" of {}", grouped(all)) };
    let gone = match lines.n_lost() {
        0 => String::new(),
        lost => format!(", {} let go", grouped(lost)),
    };
    let word = if all == 1 { "line" } else { "lines" };
    let label = hint(ui, format!("{}{of} {word}{gone}", grouped(shown)));
    label.on_hover_text("The last 10,000 lines or 8 MiB are kept; older ones are let go");
}

fn body_ui(ui: &mut Ui, logs: &mut Logs, workbench: &mut Workbench) {
    let theme = Theme::of(ui);
    let wanted = logs.filter.trim().to_lowercase();
    let Logs { hidden, chosen, follow, .. } = logs;
    chosen.catch_up(workbench.story.lines(), |line| is_wanted(line, hidden, &wanted));
    let n_rows = n_until(&chosen.numbers, workbench);
    let mut copied = None;
    let card = Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(theme::CARD_RADIUS)
        .inner_margin(Margin { left: 10, right: 4, top: 6, bottom: 6 });
    card.show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        ui.spacing_mut().item_spacing.y = 0.0;
        if n_rows == 0 {
            note(ui, empty_words(workbench.story.lines(), hidden, &wanted));
            return;
        }
        let body = ui.available_rect_before_wrap();
        let wheel = ui.input(|input| input.smooth_scroll_delta().y);
        if wheel > 0.0 && ui.rect_contains_pointer(body) {
            *follow = false;
        }
        let mut area = ScrollArea::vertical().id_salt("log lines").auto_shrink(false);
        if *follow {
            area = area.vertical_scroll_offset((n_rows as f32 * ROW - body.height()).max(0.0));
        }
        area.show_rows(ui, ROW, n_rows, |ui, range| {
            for place in range {
                let line = workbench.story.lines().get(chosen.numbers[place]);
                if let Some(line) = line
                    && line_ui(ui, line, workbench)
                {
                    copied = Some(line.text.clone());
                }
            }
        });
    });
    if let Some(text) = copied {
        ui.ctx().copy_text(text);
        workbench.ask(Verb::Tell("Copied the line".to_owned()));
    }
}

fn is_wanted(line: &Printed, hidden: &BTreeSet<(String, String)>, wanted: &str) -> bool {
    let is_hidden = !hidden.is_empty()
        && hidden.iter().any(|(pool, name)| **pool == *line.pool && *name == line.server);
    !is_hidden && (wanted.is_empty() || line.text.to_lowercase().contains(wanted))
}

/// How many of the lines had been printed at the moment that is shown.
fn n_until(numbers: &VecDeque<u64>, workbench: &Workbench) -> usize {
    if workbench.playhead.is_live() {
        return numbers.len();
    }
    let (until_ns, lines) = (workbench.moment_ns(), workbench.story.lines());
    numbers.partition_point(|&it| lines.get(it).is_some_and(|line| line.at_ns <= until_ns))
}

fn empty_words(lines: &Lines, hidden: &BTreeSet<(String, String)>, wanted: &str) -> &'static str {
    if lines.is_empty() {
        "Nothing was printed yet: what the copies print will be here"
    } else if !wanted.is_empty() {
        "No line has this text"
    } else if !hidden.is_empty() {
        "Their copies are hidden: press a letter above"
    } else {
        "Nothing had been printed by then"
    }
}

/// When, who and what. True if it was clicked.
fn line_ui(ui: &mut Ui, line: &Printed, workbench: &Workbench) -> bool {
    let theme = Theme::of(ui);
    let (_, area) = ui.allocate_space(vec2(ui.available_width(), ROW));
    let id = ui.scope_id().with((line.at_ns, &line.server, &line.text));
    // Not reached by Tab: there are thousands.
    let response = ui.interact(area, id, Sense::CLICK);
    let colour = match line.stream {
        LogStream::Output => theme.text,
        LogStream::Errors => theme.err,
        LogStream::Lab => theme.mute,
    };
    let name = match line.stream {
        LogStream::Output => format!("{}: {}", line.server, line.text),
        LogStream::Errors => format!("{}, error: {}", line.server, line.text),
        LogStream::Lab => format!("{} {}", line.server, line.text),
    };
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &name));
    if response.hovered() {
        ui.painter().rect_filled(area, theme::CHIP_RADIUS, theme.raised);
    }
    let y = area.center().y;
    let time = time_of_day(workbench.began_local_ns + line.at_ns);
    text(ui, (area.left(), area.left() + TIME), y, &time, theme.mute, false);
    let badge = workbench.badge(&line.pool, &line.server);
    badge.paint(ui.painter(), theme, pos2(area.left() + TIME + BADGE / 2.0, y), BADGE);
    let from = area.left() + TIME + BADGE + 8.0;
    let is_lab = line.stream == LogStream::Lab;
    text(ui, (from, area.right() - 8.0), y, &line.text, colour, is_lab);
    let clicked = response.clicked();
    response.on_hover_text(format!("{}\nA click copies the line", line.text));
    clicked
}

/// On one line, cut with an ellipsis.
fn text(ui: &Ui, (from, to): (f32, f32), y: f32, text: &str, colour: egui::Color32, italics: bool) {
    let font = egui::FontId::monospace(TextStyle::Small.resolve(ui.style()).size);
    let format = TextFormat { italics, ..TextFormat::simple(font, colour) };
    // What is far beyond the edge is not laid out.
    let short: String = text.chars().take(CHARS_SHOWN).collect();
    let mut job = LayoutJob::single_section(short, format);
    job.wrap = TextWrapping::truncate_at_width((to - from).max(0.0));
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(pos2(from, y - galley.size().y / 2.0), galley, colour);
}

const HEIGHT: f32 = 126.0;
const HEIGHT_LEAST: f32 = 80.0;
const HEIGHT_MOST: f32 = 300.0;
const FILTER_WIDTH: f32 = 130.0;
const COPIES_SHOWN: usize = 12;
const ROW: f32 = 18.0;
const BADGE: f32 = 14.0;
const TIME: f32 = 92.0;
const CHARS_SHOWN: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(server: &str, text: &str) -> Printed {
        Printed {
            at_ns: 0,
            pool: "web".into(),
            server: server.to_owned(),
            stream: LogStream::Output,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_filter_looks_at_text_and_copy() {
        let hidden = BTreeSet::from([("web".to_owned(), "a".to_owned())]);
        let none = BTreeSet::new();
        assert!(is_wanted(&printed("a", "GET /Cart"), &none, "cart"));
        assert!(!is_wanted(&printed("a", "GET /Cart"), &none, "shop"));
        assert!(!is_wanted(&printed("a", "GET /Cart"), &hidden, ""));
        assert!(is_wanted(&printed("a-2", "GET /Cart"), &hidden, ""));
    }
}
