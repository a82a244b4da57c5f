//! The sheet of keys, made from the same table that the keyboard goes by.

use egui::{Context, RichText, ScrollArea, Ui};

use super::commands::{self, Command, Group};
use super::theme::{self, Theme};
use super::widgets::{number, overlay_ui, row_ui};
use super::workbench::Workbench;

/// Shows it. True if it was closed.
pub(super) fn sheet_ui(ctx: &Context, workbench: &Workbench) -> bool {
    overlay_ui(ctx, egui::Id::unique("sheet"), 720.0, |ui| {
        let closed = ui
            .horizontal(|ui| {
                ui.label(RichText::new("Keys").text_style(egui::TextStyle::Heading));
                let right = egui::Layout::right_to_left(egui::Align::Center);
                ui.with_layout(right, |ui| ui.button("Close").clicked()).inner
            })
            .inner;
        ui.add_space(8.0);
        let height = ctx.content_rect().height() - AROUND;
        let sheet = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        sheet.show(ui, |ui| columns_ui(ui, workbench));
        closed
    })
}

fn columns_ui(ui: &mut Ui, workbench: &Workbench) {
    let table = commands::table(workbench);
    // All of it is in sight at once where the window is as high as designed.
    ui.spacing_mut().item_spacing = egui::vec2(32.0, 0.0);
    ui.spacing_mut().interact_size.y = theme::ROW_HEIGHT;
    ui.columns(2, |columns| {
        let [left, right] = columns else { return };
        for group in [Group::Time, Group::Servers, Group::Window] {
            group_ui(left, &table, group);
        }
        for group in [Group::View, Group::Lab] {
            group_ui(right, &table, group);
        }
        group_ui(right, &commands::present_commands(workbench), Group::Present);
        lines_ui(right, "In Requests", &IN_REQUESTS);
        lines_ui(left, "On what has the keyboard", &ON_WIDGETS);
    });
}

fn group_ui(ui: &mut Ui, table: &[Command], group: Group) {
    heading_ui(ui, group.title());
    let mut digits = false;
    for command in table.iter().filter(|command| command.group == group) {
        let Some(keys) = command.keys else { continue };
        // Nine servers are one line.
        if matches!(command.deed, commands::Deed::Select { .. }) {
            if !std::mem::replace(&mut digits, true) {
                line_ui(ui, "Select a server", "1 … 9");
            }
            continue;
        }
        line_ui(ui, &command.title, &keys.text());
    }
    ui.add_space(8.0);
}

fn lines_ui(ui: &mut Ui, heading: &str, lines: &[(&str, &str)]) {
    heading_ui(ui, heading);
    for (keys, what) in lines {
        line_ui(ui, what, keys);
    }
    ui.add_space(8.0);
}

fn heading_ui(ui: &mut Ui, text: &str) {
    let colour = Theme::of(ui).mute;
    ui.label(RichText::new(text.to_uppercase()).text_style(theme::caption()).color(colour));
}

fn line_ui(ui: &mut Ui, what: &str, keys: &str) {
    let colour = Theme::of(ui).text;
    row_ui(ui, what, |ui| ui.label(number(keys).color(colour)));
}

/// The head of the sheet, its edges, and a little of what lies below.
const AROUND: f32 = 104.0;
const IN_REQUESTS: [(&str, &str); 2] =
    [("↑ ↓", "Select another request"), ("Page Up, Page Down", "A page up or down")];
const ON_WIDGETS: [(&str, &str); 5] = [
    ("Tab, Shift Tab", "To the next control, or back"),
    ("Enter, Space", "Press a button"),
    ("← →", "Move a slider a step"),
    ("Home, End", "Move a slider to its ends"),
    ("Esc", "Close what is on top, or deselect"),
];
