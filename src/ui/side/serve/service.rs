//! The card of a command: its name, its line, how many copies of it run and how each of them is.

use std::collections::BTreeMap;

use egui::containers::menu::MenuButton;
use egui::{Align, Button, Layout, RichText, Ui, WidgetInfo, vec2};

use super::line::{Decision, field_ui, line_ui};
use super::row::{Seen, copy_ui};
use super::{Asked, Place};
use crate::engine::ServerState;
use crate::lab::{Command, Server};
use crate::ui::side::server_menu::Action;
use crate::ui::theme::{self, Theme};
use crate::ui::verb::Verb;
use crate::ui::widgets::{card_ui, icon_button, note};

pub(super) struct Service<'a> {
    /// Its place in the pool.
    pub(super) index: usize,
    pub(super) seen: &'a Seen,
    /// What is wrong with it.
    pub(super) wrong: Option<String>,
    pub(super) all_controls: bool,
}

impl Service<'_> {
    pub(super) fn ui(
        &self,
        ui: &mut Ui,
        server: &mut Server,
        lines: &mut BTreeMap<Place, String>,
    ) -> Vec<Asked> {
        let mut asked = Vec::new();
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            asked.extend(self.head_ui(ui, server));
            asked.extend(self.line_ui(ui, server, lines));
            self.folder_ui(ui, server);
            if let Some(why) = &self.wrong {
                ui.colored_label(Theme::of(ui).err, RichText::new(why).small());
            }
            asked.extend(self.consent_ui(ui, server));
            ui.spacing_mut().item_spacing.y = 0.0;
            for name in server.copy_names() {
                asked.extend(copy_ui(ui, self.seen, server, &name));
            }
            self.deaf_ui(ui, server);
        });
        asked
    }

    /// Name, how many copies, and its menu.
    fn head_ui(&self, ui: &mut Ui, server: &mut Server) -> Vec<Asked> {
        let mut asked = Vec::new();
        ui.horizontal(|ui| {
            ui.set_min_height(24.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                asked.extend(self.menu_ui(ui, server));
                let owner = server.name.clone();
                if let Some(command) = &mut server.command {
                    copies_ui(ui, &owner, &mut command.copies);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let name = RichText::new(&server.name).text_style(theme::sentence());
                    ui.add(egui::Label::new(name).truncate());
                });
            });
        });
        asked
    }

    fn line_ui(
        &self,
        ui: &mut Ui,
        server: &mut Server,
        lines: &mut BTreeMap<Place, String>,
    ) -> Option<Asked> {
        let command = server.command.as_mut()?;
        let place = (self.seen.pool.clone(), server.name.clone());
        let mut written = lines.remove(&place);
        let decision = line_ui(ui, &server.name, &command.line, &mut written);
        match decision {
            None => {
                if let Some(text) = written.filter(|text| *text != command.line) {
                    lines.insert(place, text);
                }
                None
            }
            Some(Decision::Leave) => None,
            Some(Decision::Run(line)) => {
                command.line = line;
                Some(Asked::Verbs(vec![Verb::AllowCommands(vec![command.clone()])]))
            }
        }
    }

    /// Where it runs. Shown where it is not the lab's own folder, or where everything is shown.
    fn folder_ui(&self, ui: &mut Ui, server: &mut Server) {
        let Some(command) = &mut server.command else { return };
        if !self.all_controls {
            if let Some(folder) = &command.directory {
                note(ui, format!("in {folder}"));
            }
            return;
        }
        let mut folder = command.directory.clone().unwrap_or_default();
        let name = format!("{} folder", server.name);
        let response = field_ui(ui, &name, &mut folder, "folder: the lab's own");
        if response.changed() {
            command.directory = Some(folder).filter(|folder| !folder.is_empty());
        }
        response.on_hover_text("Where it runs, reckoned from the folder of the lab file");
    }

    /// Asks for the yes that a command needs which came with a lab.
    fn consent_ui(&self, ui: &mut Ui, server: &Server) -> Option<Asked> {
        let status = self.seen.status(&server.name)?;
        let ServerState::AwaitsConsent(command) = &status.state else { return None };
        let mut asked = None;
        ui.horizontal(|ui| {
            let run = ui.button(RichText::new("Run it").small());
            let name = format!("Run {}", server.name);
            run.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
            if run.clicked() {
                asked = Some(Asked::Verbs(vec![Verb::AllowCommands(vec![command.clone()])]));
            }
            note(ui, "it starts when you agree");
        });
        asked
    }

    /// A copy that has been starting for long may not know its port.
    fn deaf_ui(&self, ui: &mut Ui, server: &Server) {
        let names = server.copy_names();
        let deaf: Vec<String> = names
            .iter()
            .filter(|name| self.seen.starting_ns(name) > DEAF_NS)
            .map(|name| self.seen.badge(name).letter())
            .collect();
        let Some(command) = server.command.as_ref().filter(|_| !deaf.is_empty()) else { return };
        let who = deaf.join(", ");
        let (does, told) =
            if deaf.len() == 1 { ("does", "its port") } else { ("do", "their ports") };
        let variable = &command.port_variable;
        let text = if command.line.contains("{port}") {
            format!("{who} {does} not answer yet. The logs say what it is busy with")
        } else {
            format!(
                "{who} {does} not answer on {told}. If the program does not read {variable}, put a flag \
                 into the line: --port {{port}} for Vite, Astro and Angular, -p {{port}} for Next and \
                 Rails, 127.0.0.1:{{port}} for Django"
            )
        };
        let label = ui.label(RichText::new(text).small().color(Theme::of(ui).warn));
        label.widget_info(|| {
            let name = format!("{} may not know its port", server.name);
            WidgetInfo::labeled(egui::Role::Label, true, name)
        });
    }

    fn menu_ui(&self, ui: &mut Ui, server: &Server) -> Vec<Asked> {
        let mut asked = Vec::new();
        let button = Button::new("⋮").frame(false).min_size(vec2(16.0, 18.0));
        let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
            let act = |action| Asked::Act(self.index, action);
            let stop = if server.enabled { "Stop" } else { "Start again" };
            let drain = if server.drain { "Undrain" } else { "Drain" };
            let entries = [
                ("Restart all", "Ends every copy and starts it anew on its port", None),
                (stop, "Ends its programs; they keep their place", Some(Action::ToggleKill)),
                (drain, "Takes no new clients; what it has may finish", Some(Action::ToggleDrain)),
                ("Duplicate", "Another one like it", Some(Action::Duplicate)),
                ("Remove", "Ends its programs and forgets them", Some(Action::Remove)),
            ];
            for (text, hint, action) in entries {
                let entry = ui.button(text).on_hover_text(hint);
                let name = format!("{text} {}", server.name);
                entry.widget_info(|| WidgetInfo::labeled(egui::Role::MenuItem, true, &name));
                if entry.clicked() {
                    asked.push(action.map_or_else(|| self.restart(server), act));
                    ui.close();
                }
            }
        });
        let name = format!("Menu of {}", server.name);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
        asked
    }

    fn restart(&self, server: &Server) -> Asked {
        let verb = |server| Verb::Restart { pool: self.seen.pool.clone(), server };
        Asked::Verbs(server.copy_names().into_iter().map(verb).collect())
    }
}

/// How many, with one less and one more.
pub(super) fn copies_ui(ui: &mut Ui, owner: &str, copies: &mut u32) {
    let before = *copies;
    let less = |ui: &mut Ui| icon_button(ui, "−", &format!("{owner} one copy less")).clicked();
    let more = |ui: &mut Ui| icon_button(ui, "+", &format!("{owner} one copy more")).clicked();
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        // It looks the same from either side of a row.
        let (less, more) = if ui.layout().prefer_right_to_left() {
            let (more, less) = (more(ui), less(ui));
            chip_ui(ui, owner, before);
            (less, more)
        } else {
            chip_ui(ui, owner, before);
            (less(ui), more(ui))
        };
        *copies = match (less, more) {
            (true, _) => before.saturating_sub(1).max(1),
            (_, true) => (before + 1).min(Command::COPIES_MAX),
            _ => before,
        };
    });
}

fn chip_ui(ui: &mut Ui, owner: &str, copies: u32) {
    let theme = Theme::of(ui);
    let many = if copies == 1 { "1 copy".to_owned() } else { format!("{copies} copies") };
    let chip = egui::Frame::new()
        .stroke(egui::Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(theme::CHIP_RADIUS)
        .inner_margin(egui::Margin::symmetric(6, 1))
        .show(ui, |ui| ui.label(RichText::new(&many).small().color(theme.mute)));
    let name = format!("{owner} has {many}");
    chip.inner.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &name));
    chip.response.on_hover_text("Copies of it that run side by side; default 1, at most 64");
}

/// Most dev servers listen well before.
const DEAF_NS: u64 = 10_000_000_000;
