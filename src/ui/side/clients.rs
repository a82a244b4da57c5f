//! Client groups: how fast they send, who they are, and how.

use egui::{Align, Layout, RichText, Ui};

use super::arrivals;
use super::fields::Field;
use crate::lab::{Carrier, Client, HttpVersion, Lab};
use crate::model::Keys;
use crate::period::Period;
use crate::ui::desk::Wrong;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{Scale, Unit, caption_ui, card_ui, hint, icon_button, switch_ui};
use crate::ui::workbench::Workbench;

pub(super) fn clients_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let all_controls = workbench.view.all_controls;
    let n_clients: u32 = workbench.desk.draft.clients.iter().map(|it| it.identities.count).sum();
    let add = caption_ui(ui, "Clients", |ui| {
        hint(ui, n_clients.to_string()).on_hover_text("identities of all groups");
        all_controls && ui.add(add_button(ui)).clicked()
    });
    let (draft, wrong) = workbench.desk.parts();
    if add {
        add_group(draft);
    }
    let n_groups = draft.clients.len();
    let mut remove = None;
    for (index, client) in draft.clients.iter_mut().enumerate() {
        let path = format!("clients[{index}]");
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if (n_groups > 1 || all_controls) && head_ui(ui, client) {
                remove = Some(index);
            }
            group_ui(ui, client, wrong, &path);
            if all_controls {
                more_ui(ui, client, wrong, &path);
            }
        });
    }
    if let Some(index) = remove {
        draft.clients.remove(index);
    }
    if n_groups == 0 {
        hint(ui, "No built-in clients: requests come from you");
    }
}

fn add_button(ui: &Ui) -> egui::Button<'static> {
    egui::Button::new(RichText::new("+ Add").color(Theme::of(ui).accent)).frame(false)
}

pub(in crate::ui) fn add_group(lab: &mut Lab) {
    let Some(listener) = lab.listeners.first() else { return };
    let is_free = |name: &String| lab.client(name).is_none();
    let names = (1..).map(|number| format!("clients-{number}"));
    let name = names.into_iter().find(is_free).unwrap_or_default();
    let listener = listener.name.clone();
    lab.clients.push(Client { name, listener, ..Client::default() });
}

/// The group's name, whether it sends, and a way to be rid of it, which is returned.
fn head_ui(ui: &mut Ui, client: &mut Client) -> bool {
    ui.horizontal(|ui| {
        ui.label(RichText::new(&client.name).text_style(theme::sentence()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = format!("Remove {}", client.name);
            let remove = icon_button(ui, "×", &name).clicked();
            switch_ui(ui, &mut client.enabled, &format!("{} sends", client.name));
            remove
        })
        .inner
    })
    .inner
}

fn group_ui(ui: &mut Ui, client: &mut Client, wrong: Wrong<'_>, path: &str) {
    let owner = client.name.clone();
    let rate = Field::new(&owner, "Rate").wrong(wrong.words_at(&format!("{path}.arrivals")));
    arrivals::rate_ui(ui, rate, &mut client.arrivals);
    Field::new(&owner, "Keep-alive")
        .hint("without it every request has a connection of its own")
        .switch_ui(ui, &mut client.keep_alive);
}

fn more_ui(ui: &mut Ui, client: &mut Client, wrong: Wrong<'_>, path: &str) {
    let owner = client.name.clone();
    arrivals::kind_ui(ui, &owner, &mut client.arrivals);
    let Client { identities, http, cookies, keys, timeout, .. } = client;
    let at = |field: &str| wrong.words_at(&format!("{path}.{field}"));
    Field::new(&owner, "Identities")
        .hint("how many clients the group stands for, each with an address of its own")
        .wrong(at("identities"))
        .count_ui(ui, Scale::Log { least: 1.0, most: 1_000.0 }, 100, &mut identities.count);
    let carriers = [Carrier::Loopback, Carrier::ProxyProtocol, Carrier::Forwarded];
    let place = carriers.iter().position(|it| *it == identities.shown_by).unwrap_or(0);
    let names = ["own address", "PROXY protocol", "X-Forwarded-For"];
    if let Some(chosen) = Field::new(&owner, "Shown by").choice_ui(ui, place, &names) {
        identities.shown_by = carriers[chosen];
    }
    keys_ui(ui, &owner, keys);
    let mut two = *http == HttpVersion::Http2;
    if Field::new(&owner, "HTTP/2").switch_ui(ui, &mut two) {
        *http = if two { HttpVersion::Http2 } else { HttpVersion::Http1 };
    }
    Field::new(&owner, "Cookies").hint("kept and sent back").switch_ui(ui, cookies);
    Field::new(&owner, "Timeout").hint("when it gives up").wrong(at("timeout")).period_ui(
        ui,
        60.0,
        Period::from_secs(10),
        timeout,
    );
}

/// Which keys its requests carry.
fn keys_ui(ui: &mut Ui, owner: &str, keys: &mut Keys) {
    let place = match keys {
        Keys::PerClient => 0,
        Keys::Uniform { .. } => 1,
        Keys::Zipf { .. } => 2,
        Keys::Single(_) => 3,
    };
    let names = ["one per client", "uniform", "Zipf", "a single one"];
    if let Some(chosen) = Field::new(owner, "Keys").choice_ui(ui, place, &names) {
        *keys = match chosen {
            1 => Keys::Uniform { count: 1_000 },
            2 => Keys::Zipf { count: 1_000, exponent: 1.0 },
            3 => Keys::Single("key".to_owned()),
            _ => Keys::PerClient,
        };
    }
    let count = match keys {
        Keys::Uniform { count } | Keys::Zipf { count, .. } => count,
        Keys::PerClient => return,
        Keys::Single(key) => return Field::new(owner, "Key").text_ui(ui, key),
    };
    let mut number = *count as f64;
    let scale = Scale::Log { least: 1.0, most: 1e6 };
    Field::new(owner, "Key count").number_ui(ui, (scale, Unit::Count), 1_000.0, &mut number);
    *count = number.round() as u64;
    if let Keys::Zipf { exponent, .. } = keys {
        let scale = Scale::Linear { least: 0.0, most: 3.0, step: 0.05 };
        let field = Field::new(owner, "Exponent").hint("the larger, the hotter the first keys");
        field.number_ui(ui, (scale, Unit::Factor), 1.0, exponent);
    }
}
