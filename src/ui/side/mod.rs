//! The side: who sends, who serves, and how it is chosen among them.

mod arrivals;
mod choosing;
mod clients;
mod failures;
mod fields;
mod health;
mod latency;
mod part;
mod pool;
mod retries;
mod serve;
pub(super) mod server_menu;
mod server_more;
mod servers;

use egui::{Margin, ScrollArea, Ui};

pub(super) use clients::add_group;

use super::commands::Keys;
use super::view::Arrangement;
use super::widgets::hint;
use super::workbench::Workbench;

/// What the side remembers.
#[derive(Default)]
pub(super) struct Side {
    cards: servers::Cards,
    serve: serve::Serve,
}

pub(super) fn side_ui(ui: &mut Ui, side: &mut Side, workbench: &mut Workbench) {
    let margin = Margin { left: 12, right: 4, top: 4, bottom: 4 };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_width(ui.available_width() - 8.0);
            ui.spacing_mut().item_spacing.y = 8.0;
            let all_controls = workbench.view.all_controls;
            if workbench.view.arrangement == Arrangement::Serve {
                serve::serve_ui(ui, &mut side.serve, workbench);
                if all_controls {
                    clients::clients_ui(ui, workbench);
                }
            } else {
                clients::clients_ui(ui, workbench);
                servers::servers_ui(ui, &mut side.cards, workbench);
            }
            if all_controls {
                pool::pool_ui(ui, workbench);
            }
            all_controls_ui(ui, workbench);
        });
    });
}

fn all_controls_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let open = workbench.view.all_controls;
    let text = if open { "Fewer controls" } else { "All controls" };
    ui.horizontal(|ui| {
        let button = ui.add(egui::Button::new(text).frame(false));
        let words = "Everything that a lab can set, or only what is set most";
        if button.on_hover_text(words).clicked() {
            workbench.view.all_controls = !open;
        }
        hint(ui, Keys::command(egui::Key::Period).text());
    });
}
