//! The sheet of keys, made from the same table that the keyboard goes by.

use egui::{Context, RichText, Ui};

use super::commands::{self, Command, Group};
use super::theme::{self, Theme};
use super::widgets::{number, overlay_ui, row_ui};
use super::workbench::Workbench;

/// Shows it. True if it was closed.
pub(super) fn sheet_ui(ctx: &Context, workbench: &Workbench) -> bool {
    let table = commands::table(workbench);
    overlay_ui(ctx, egui::Id::unique("sheet"), 720.0, |ui| {
        let closed = ui
            .horizontal(|ui| {
                ui.label(RichText::new("Keys").text_style(egui::TextStyle::Heading));
                let right = egui::Layout::right_to_left(egui::Align::Center);
                ui.with_layout(right, |ui| ui.button("Close").clicked()).inner
            })
            .inner;
        ui.add_space(8.0);
        ui.spacing_mut().item_spacing.x = 32.0;
        ui.columns(2, |columns| {
            let [left, right] = columns else { return };
            for group in [Group::Time, Group::Servers, Group::Window] {
                group_ui(left, &table, group);
            }
            for group in [Group::View, Group::Lab] {
                group_ui(right, &table, group);
            }
            heading_ui(right, "While presenting");
            for (keys, what) in PRESENTING {
                line_ui(right, what, keys);
            }
        });
        closed
    })
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

fn heading_ui(ui: &mut Ui, text: &str) {
    let colour = Theme::of(ui).mute;
    ui.label(RichText::new(text.to_uppercase()).text_style(theme::caption()).color(colour));
}

fn line_ui(ui: &mut Ui, what: &str, keys: &str) {
    let colour = Theme::of(ui).text;
    row_ui(ui, what, |ui| ui.label(number(keys).color(colour)));
}

const PRESENTING: [(&str, &str); 4] = [
    ("Page Down", "The next cue"),
    ("Page Up", "Back a cue; all begins anew"),
    ("Home", "Back to the start; all begins anew"),
    ("B", "Freeze the picture"),
];
