//! Why: what is selected, and the reasons for it.

use egui::{Margin, ScrollArea, Ui};

use super::selection::Selection;
use super::widgets::{caption_ui, icon_button, note};
use super::workbench::Workbench;

pub(super) fn why_ui(ui: &mut Ui, workbench: &mut Workbench) {
    egui::Frame::new().inner_margin(Margin::same(12)).show(ui, |ui| {
        let close = caption_ui(ui, "Why", |ui| icon_button(ui, "×", "Close why").clicked());
        if close {
            workbench.selection = Selection::Nothing;
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match &workbench.selection {
            Selection::Nothing => {}
            Selection::Request(record) => {
                note(ui, format!("{} {}", record.method, record.target));
            }
            Selection::Server { server, .. } => {
                note(ui, server);
            }
            Selection::Key { .. } => {}
        });
    });
}
