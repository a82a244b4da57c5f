//! The side: who sends, and who serves.

mod clients;
mod servers;

use egui::{Margin, ScrollArea, Ui};

use super::workbench::Workbench;

pub(super) fn side_ui(ui: &mut Ui, workbench: &mut Workbench) {
    egui::Frame::new().inner_margin(Margin { left: 12, right: 4, top: 8, bottom: 8 }).show(
        ui,
        |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.set_width(ui.available_width() - 8.0);
                ui.spacing_mut().item_spacing.y = 8.0;
                clients::clients_ui(ui, workbench);
                servers::servers_ui(ui, workbench);
            });
        },
    );
}
