//! What a request and its answer carried. Secrets are shown only to those who ask for each.

use std::collections::BTreeSet;

use egui::{Button, CollapsingHeader, RichText, Ui, WidgetInfo};

use super::Side;
use crate::engine::Record;
use crate::ui::theme::Theme;
use crate::ui::widgets::number;

pub(super) fn headers_ui(ui: &mut Ui, revealed: &mut BTreeSet<(Side, usize)>, record: &Record) {
    ui.add_space(8.0);
    let status = record.status.map(|status| format!(", {status}")).unwrap_or_default();
    let parts = [
        (Side::Request, "Request headers".to_owned(), &record.request_headers),
        (Side::Response, format!("Answer{status}"), &record.response_headers),
    ];
    for (side, title, headers) in parts.into_iter().filter(|(.., headers)| !headers.is_empty()) {
        let title = RichText::new(format!("{title} ({})", headers.len())).color(Theme::of(ui).mute);
        CollapsingHeader::new(title).id_salt(side as usize).show(ui, |ui| {
            for (place, (name, value)) in headers.iter().enumerate() {
                header_ui(ui, revealed, (side, place), name, value);
            }
        });
    }
}

fn header_ui(
    ui: &mut Ui,
    revealed: &mut BTreeSet<(Side, usize)>,
    place: (Side, usize),
    name: &str,
    value: &str,
) {
    let theme = Theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(number(name).size(11.0).color(theme.mute));
        if is_secret(name) && !revealed.contains(&place) {
            let dots = RichText::new(MASK).color(theme.mute);
            let show = ui.add(Button::new(dots).frame(false));
            show.widget_info(|| {
                WidgetInfo::labeled(egui::Role::Button, true, format!("Show the value of {name}"))
            });
            if show.on_hover_text("A secret: click to show it").clicked() {
                revealed.insert(place);
            }
        } else {
            ui.label(number(value).size(11.0).color(theme.text));
        }
    });
}

fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

const SECRETS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"];
const MASK: &str = "••••••••";
