//! Client groups: how fast they send, and how.

use egui::Ui;

use crate::lab::{Client, Lab};
use crate::model::Arrivals;
use crate::ui::widgets::{Scale, Slider, Unit, caption_ui, card_ui, hint, row_ui, switch_ui};
use crate::ui::workbench::Workbench;

pub(super) fn clients_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let n_clients: u32 = workbench.desk.draft.clients.iter().map(|it| it.identities.count).sum();
    caption_ui(ui, "Clients", |ui| hint(ui, n_clients.to_string()));
    let Lab { clients, .. } = &mut workbench.desk.draft;
    for client in clients {
        card_ui(ui, |ui| client_ui(ui, client));
    }
}

fn client_ui(ui: &mut Ui, client: &mut Client) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let owner = client.name.clone();
    rate_ui(ui, &owner, &mut client.arrivals);
    row_ui(ui, "Keep-alive", |ui| {
        switch_ui(ui, &mut client.keep_alive, &format!("{owner} keep-alive"))
    });
}

/// The one number of a group's arrivals that is dragged most.
fn rate_ui(ui: &mut Ui, owner: &str, arrivals: &mut Arrivals) {
    let rate = match arrivals {
        Arrivals::Closed { users, .. } => {
            let mut value = f64::from(*users);
            let slider = Slider::new("Users", Scale::count(1.0, 200.0), Unit::Count).of(owner);
            if slider.ui(ui, &mut value) {
                *users = value as u32;
            }
            return;
        }
        Arrivals::Steady { per_second }
        | Arrivals::Poisson { per_second }
        | Arrivals::Bursts { per_second, .. } => per_second,
        Arrivals::Ramp { to, .. } => to,
        Arrivals::Diurnal { high, .. } => high,
    };
    let scale = Scale::Log { least: 0.5, most: 5_000.0 };
    Slider::new("Rate", scale, Unit::PerSecond).of(owner).ui(ui, rate);
}
