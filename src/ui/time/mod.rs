//! Time: marks for what was done and happened, and charts with one cursor.

use egui::{Margin, Ui};

use super::widgets::note;
use super::workbench::Workbench;

pub(super) fn time_ui(ui: &mut Ui, workbench: &mut Workbench) {
    egui::Frame::new().inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
        note(ui, format!("{} marks", workbench.story.marks().len()));
    });
}
