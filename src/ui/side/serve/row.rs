//! One server or one copy in a card: badge, where it is, how it stands, and what can be done with it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use egui::{Align, Button, Label, Layout, RichText, Sense, TextStyle, Ui, WidgetInfo, vec2};

use super::standing::{Known, Standing};
use super::{Asked, Place};
use crate::engine::{CopyStatus, Listening, ServerStatus, Status};
use crate::lab::{Server, Source};
use crate::ui::badges::{Badge, Badges};
use crate::ui::selection::Selection;
use crate::ui::side::server_menu;
use crate::ui::story::PoolFrame;
use crate::ui::theme::{self, Theme};
use crate::ui::verb::Verb;
use crate::ui::widgets::{fitted, icon_button, number};
use crate::ui::workbench::Workbench;

/// What is known of the pool, for all its rows.
pub(super) struct Seen {
    pub(super) pool: String,
    status: Option<Arc<Status>>,
    frame: Option<PoolFrame>,
    badges: Badges,
    selection: Selection,
    listening: Listening,
    /// How long each copy has been starting.
    starting_ns: BTreeMap<String, u64>,
}

impl Seen {
    pub(super) fn of(
        workbench: &Workbench,
        listening: &Listening,
        starting: &mut BTreeMap<Place, u64>,
    ) -> Self {
        let pool = workbench.pool().map(|pool| pool.name.clone()).unwrap_or_default();
        let mut seen = Self {
            status: workbench.status.clone(),
            frame: workbench.frame().and_then(|frame| frame.pool(&pool)).cloned(),
            badges: workbench.badges.clone(),
            selection: workbench.selection.clone(),
            listening: listening.clone(),
            starting_ns: BTreeMap::new(),
            pool,
        };
        seen.note_starting(workbench.now_ns, starting);
        seen
    }

    /// Keeps the time since which copies have been starting.
    fn note_starting(&mut self, now_ns: u64, starting: &mut BTreeMap<Place, u64>) {
        let servers = self.status.iter().flat_map(|status| &status.servers);
        let names: Vec<Place> = servers
            .filter(|it| matches!(it.copy, Some(CopyStatus::Starting | CopyStatus::Restarting)))
            .map(|it| (it.pool.clone(), it.name.clone()))
            .collect();
        starting.retain(|place, _| names.contains(place));
        for place in names {
            let since_ns = *starting.entry(place.clone()).or_insert(now_ns);
            if place.0 == self.pool {
                self.starting_ns.insert(place.1, now_ns.saturating_sub(since_ns));
            }
        }
    }

    pub(super) fn badge(&self, name: &str) -> Badge {
        self.badges.of(&self.pool, name)
    }

    pub(super) fn status(&self, name: &str) -> Option<&ServerStatus> {
        let servers = self.status.iter().flat_map(|status| &status.servers);
        servers.into_iter().find(|server| server.pool == self.pool && server.name == name)
    }

    pub(super) fn starting_ns(&self, name: &str) -> u64 {
        self.starting_ns.get(name).copied().unwrap_or(0)
    }

    fn address(&self, name: &str) -> Option<SocketAddr> {
        self.status(name)?.addresses.first().copied()
    }

    fn standing(&self, server: &Server, name: &str) -> Standing {
        let listens = self.address(name).filter(|address| {
            server.address.is_some() && address.ip().is_loopback() && self.listening.complete
        });
        let ports = &self.listening.ports;
        Standing::of(&Known {
            server,
            status: self.status(name),
            frame: self.frame.as_ref().and_then(|frame| frame.server(name)),
            listens: listens
                .map(|address| ports.iter().any(|port| port.address.port() == address.port())),
        })
    }
}

/// A mock, or a server that was started elsewhere.
pub(super) fn server_ui(ui: &mut Ui, seen: &Seen, server: &Server, index: usize) -> Vec<Asked> {
    let mut asked = Vec::new();
    let (title, style) = match server.source() {
        Some(Source::Address(address)) => (address, TextStyle::Monospace),
        _ => (server.name.as_str(), TextStyle::Body),
    };
    ui.horizontal(|ui| {
        ui.set_min_height(ROW);
        asked.extend(badge_ui(ui, seen, &server.name));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if let Some(action) = server_menu::menu_ui(ui, server) {
                asked.push(Asked::Act(index, action));
            }
            standing_ui(ui, &server.name, &seen.standing(server, &server.name));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let font = style.resolve(ui.style());
                let title = fitted(ui.ctx(), title, &font, ui.available_width());
                let title = RichText::new(title).text_style(style.clone());
                let label = ui.add(Label::new(title).truncate().sense(Sense::click()));
                label.widget_info(|| {
                    let name = format!("Server {}", server.name);
                    WidgetInfo::labeled(egui::Role::Button, true, name)
                });
                if label.on_hover_text(format!("Shows how {} is", server.name)).clicked() {
                    asked.push(Asked::Select(server.name.clone()));
                }
            });
        });
    });
    asked
}

/// One copy of a command.
pub(super) fn copy_ui(ui: &mut Ui, seen: &Seen, server: &Server, name: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    ui.horizontal(|ui| {
        ui.set_min_height(ROW);
        asked.extend(badge_ui(ui, seen, name));
        asked.extend(port_ui(ui, seen.address(name), name));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let can_restart = seen.status(name).is_some_and(|status| status.copy.is_some());
            ui.add_enabled_ui(can_restart && server.enabled, |ui| {
                if icon_button(ui, "↻", &format!("Restart {name}")).clicked() {
                    let (pool, server) = (seen.pool.clone(), name.to_owned());
                    asked.push(Asked::Verbs(vec![Verb::Restart { pool, server }]));
                }
            });
            standing_ui(ui, name, &seen.standing(server, name));
        });
    });
    asked
}

/// The letter, which selects.
fn badge_ui(ui: &mut Ui, seen: &Seen, name: &str) -> Option<Asked> {
    let badge = seen.badge(name);
    let shown = badge.ui(ui);
    let response = ui.interact(shown.rect, shown.id.with("select"), Sense::click());
    let selected = seen.selection.is_server(&seen.pool, name);
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::Button, true, selected, format!("Select {name}"))
    });
    if selected || response.has_focus() {
        let stroke = egui::Stroke::new(1.5, Theme::of(ui).text);
        let area = shown.rect.expand(1.5);
        ui.painter().rect_stroke(area, theme::CHIP_RADIUS, stroke, egui::StrokeKind::Outside);
    }
    let clicked = response.on_hover_text(format!("Shows how {name} is")).clicked();
    clicked.then(|| Asked::Select(name.to_owned()))
}

/// Its port, which a click opens in the browser and the other button copies.
fn port_ui(ui: &mut Ui, address: Option<SocketAddr>, name: &str) -> Option<Asked> {
    let Some(address) = address else {
        ui.label(number(name).color(Theme::of(ui).mute));
        return None;
    };
    let url = format!("http://{address}");
    let text = number(format!(":{}", address.port())).color(Theme::of(ui).mute);
    let button = Button::new(text).frame(false).min_size(vec2(44.0, 18.0));
    let response = ui.add(button);
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Link, true, format!("Open {name} at {address}"))
    });
    if response.clicked() {
        ui.ctx().open_url(egui::OpenUrl::new_tab(&url));
    }
    let copies = response.secondary_clicked();
    response.on_hover_text(format!("Opens {name} by itself at {url}; the right button copies it"));
    copies.then(|| {
        ui.ctx().copy_text(url.clone());
        Asked::Verbs(vec![Verb::Tell(format!("Copied {url}"))])
    })
}

fn standing_ui(ui: &mut Ui, name: &str, standing: &Standing) {
    let Standing { word, tone, why } = standing;
    let text = RichText::new(word).small().color(tone.colour(Theme::of(ui)));
    let label = ui.label(text);
    label.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{name}, {word}")));
    if !why.is_empty() {
        label.on_hover_text(why);
    }
}

const ROW: f32 = 24.0;
