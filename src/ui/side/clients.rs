//! Client groups: how fast they send, who they are, and how.

use egui::{Align, Layout, RichText, Ui, WidgetInfo};

use super::arrivals;
use super::part::Part;
use crate::lab::{Carrier, Client, HttpVersion, Identities, Lab};
use crate::model::Keys;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{
    Scale, Unit, caption_ui, card_ui, describe, hint, icon_button, switch_ui, tip,
};
use crate::ui::workbench::Workbench;

pub(super) fn clients_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let all_controls = workbench.view.all_controls;
    let n_clients: u32 = workbench.desk.draft.clients.iter().map(|it| it.identities.count).sum();
    let add = caption_ui(ui, "Clients", |ui| {
        hint(ui, n_clients.to_string()).on_hover_text("identities of all groups");
        all_controls && add_ui(ui)
    });
    let (draft, wrong) = workbench.desk.parts();
    if add {
        add_group(draft);
    }
    let n_groups = draft.clients.len();
    let mut remove = None;
    for (index, client) in draft.clients.iter_mut().enumerate() {
        let name = client.name.clone();
        let part = Part::new(&name, wrong, format!("clients[{index}]"));
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if (n_groups > 1 || all_controls) && head_ui(ui, client) {
                remove = Some(index);
            }
            group_ui(ui, &part, client, !all_controls);
            if all_controls {
                more_ui(ui, &part, client);
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

/// True if it was pressed.
fn add_ui(ui: &mut Ui) -> bool {
    let text = RichText::new("+ Add").color(Theme::of(ui).accent);
    let response = ui.add(egui::Button::new(text).frame(false));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Add clients"));
    response.on_hover_text("Another group of built-in clients").clicked()
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
            let sends = switch_ui(ui, &mut client.enabled, &format!("{} sends", client.name));
            let words = tip("off, the group sends nothing", Some("on"));
            describe(ui, &sends, || words.clone());
            sends.on_hover_text(words);
            remove
        })
        .inner
    })
    .inner
}

fn group_ui(ui: &mut Ui, part: &Part<'_>, client: &mut Client, alone: bool) {
    arrivals::rate_ui(ui, &part.within("arrivals"), &mut client.arrivals, alone);
    part.field("keep_alive", "Keep-alive", "off, every request has a connection of its own")
        .switch_ui(ui, Client::default().keep_alive, &mut client.keep_alive);
}

fn more_ui(ui: &mut Ui, part: &Part<'_>, client: &mut Client) {
    let default = Client::default();
    arrivals::kind_ui(ui, &part.within("arrivals"), &mut client.arrivals);
    identities_ui(ui, &part.within("identities"), &mut client.identities);
    keys_ui(ui, &part.within("keys"), &mut client.keys);
    let is_two = |http: HttpVersion| http == HttpVersion::Http2;
    let mut two = is_two(client.http);
    let field = part.field("http", "HTTP/2", "off, it speaks HTTP/1.1");
    if field.switch_ui(ui, is_two(default.http), &mut two) {
        client.http = if two { HttpVersion::Http2 } else { HttpVersion::Http1 };
    }
    part.field("cookies", "Cookies", "kept and sent back").switch_ui(
        ui,
        default.cookies,
        &mut client.cookies,
    );
    let timeout = part.field("timeout", "Timeout", "when it gives up");
    timeout.period_ui(ui, 60.0, default.timeout, &mut client.timeout);
}

fn identities_ui(ui: &mut Ui, part: &Part<'_>, identities: &mut Identities) {
    let default = Identities::default();
    let hint = "how many clients the group stands for, each with an address of its own";
    part.field("count", "Identities", hint).count_ui(
        ui,
        Scale::Log { least: 1.0, most: 1_000.0 },
        default.count,
        &mut identities.count,
    );
    let carriers = [Carrier::Loopback, Carrier::ProxyProtocol, Carrier::Forwarded];
    let place = |carrier| carriers.iter().position(|it| *it == carrier).unwrap_or(0);
    let names = ["own address", "PROXY protocol", "X-Forwarded-For"];
    let (fresh, current) = (place(default.shown_by), place(identities.shown_by));
    let field = part.field("shown_by", "Shown by", "what tells the proxy which client it is");
    if let Some(chosen) = field.choice_ui(ui, &names, Some(fresh), current) {
        identities.shown_by = carriers[chosen];
    }
}

/// Which keys its requests carry.
fn keys_ui(ui: &mut Ui, part: &Part<'_>, keys: &mut Keys) {
    let names = ["one per client", "uniform", "Zipf", "a single one"];
    let field = part.group("Keys", "which key each request carries");
    let default = place_of(&Keys::default());
    if let Some(chosen) = field.choice_ui(ui, &names, Some(default), place_of(keys)) {
        *keys = match chosen {
            1 => Keys::Uniform { count: KEY_COUNT },
            2 => Keys::Zipf { count: KEY_COUNT, exponent: EXPONENT },
            3 => Keys::Single(KEY.to_owned()),
            _ => Keys::PerClient,
        };
    }
    let count = match keys {
        Keys::Uniform { count } | Keys::Zipf { count, .. } => count,
        Keys::PerClient => return,
        Keys::Single(key) => {
            return part.field("", "Key", "what every request carries").text_ui(ui, Some(KEY), key);
        }
    };
    let mut number = *count as f64;
    let ways = (Scale::Log { least: 1.0, most: 1e6 }, Unit::Count);
    let field = part.field("count", "Key count", "how many different keys there are");
    field.number_ui(ui, ways, KEY_COUNT as f64, &mut number);
    *count = number.round() as u64;
    if let Keys::Zipf { exponent, .. } = keys {
        let scale = Scale::Linear { least: 0.0, most: 3.0, step: 0.05 };
        let field = part.field("exponent", "Exponent", "the larger, the hotter the first keys");
        field.number_ui(ui, (scale, Unit::Factor), EXPONENT, exponent);
    }
}

fn place_of(keys: &Keys) -> usize {
    match keys {
        Keys::PerClient => 0,
        Keys::Uniform { .. } => 1,
        Keys::Zipf { .. } => 2,
        Keys::Single(_) => 3,
    }
}

const KEY: &str = "key";
const KEY_COUNT: u64 = 1_000;
const EXPONENT: f64 = 1.0;
