//! Server cards: how a server is, and what it is told to be.

use egui::{Align, Layout, RichText, Stroke, Ui, vec2};

use crate::lab::{Pool, Server};
use crate::model::{Behaviour, Latency};
use crate::period::Period;
use crate::ui::badges::Badge;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{Scale, Slider, Unit, caption_ui, card_ui, number};
use crate::ui::workbench::Workbench;

pub(super) fn servers_ui(ui: &mut Ui, workbench: &mut Workbench) {
    caption_ui(ui, "Servers", |ui| {
        let colour = Theme::of(ui).accent;
        let add = ui.add(egui::Button::new(RichText::new("+ Add").color(colour)).frame(false));
        if add.clicked()
            && let Some(pool) = workbench.pool_mut()
        {
            let name = free_name(pool);
            let mock = Some(Behaviour::default());
            pool.servers.push(Server { name, mock, ..Server::default() });
        }
    });
    let (badges, focus) = (workbench.badges.clone(), workbench.focus());
    let Some(pool) = workbench.desk.draft.pools.get_mut(focus) else { return };
    let name = pool.name.clone();
    for server in &mut pool.servers {
        let badge = badges.of(&name, &server.name);
        server_ui(ui, badge, server);
    }
}

/// A letter that no server of the pool has, or a number behind one.
fn free_name(pool: &Pool) -> String {
    let letters = ('a'..='z').map(String::from);
    let numbered = (1..).map(|number| format!("s{number}"));
    let is_free = |name: &String| pool.server(name).is_none();
    letters.chain(numbered).find(is_free).unwrap_or_default()
}

fn server_ui(ui: &mut Ui, badge: Badge, server: &mut Server) {
    let colour = badge.colour(Theme::of(ui));
    let card = card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.horizontal(|ui| {
            badge.ui(ui);
            ui.label(RichText::new(&server.name).text_style(theme::sentence()));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(number("–"));
            });
        });
        let owner = server.name.clone();
        weight_ui(ui, &owner, server);
        if let Some(mock) = &mut server.mock {
            latency_ui(ui, &owner, &mut mock.latency);
        }
    });
    let edge = card.response.rect;
    let edge = edge.with_max_x(edge.left() + 3.0);
    ui.painter().rect_filled(edge.shrink2(vec2(0.0, 2.0)), 1.5, colour);
    ui.painter().rect_stroke(
        card.response.rect,
        theme::CARD_RADIUS,
        Stroke::NONE,
        egui::StrokeKind::Inside,
    );
}

fn weight_ui(ui: &mut Ui, owner: &str, server: &mut Server) {
    let mut weight = f64::from(server.weight);
    let slider = Slider::new("Weight", Scale::count(0.0, 10.0), Unit::Count).of(owner);
    if slider.default_value(1.0).hint("0 drains").ui(ui, &mut weight) {
        server.weight = weight as u32;
    }
}

/// The mean of whatever distribution the latency has.
fn latency_ui(ui: &mut Ui, owner: &str, latency: &mut Latency) {
    let mean = match latency {
        Latency::Constant(mean) | Latency::Exponential { mean } => mean,
        _ => return,
    };
    let mut secs = mean.secs();
    let scale = Scale::Log { least: 0.0, most: 10.0 };
    let slider = Slider::new("Latency", scale, Unit::Time).of(owner).default_value(0.02);
    if slider.ui(ui, &mut secs) {
        *mean = Period::from_ns((secs * 1e9) as u64);
    }
}
