//! A service that is being put together: a command with its copies, or the address of one that runs already.

use std::collections::BTreeSet;

use egui::{Align, Button, Key, Layout, RichText, Ui, WidgetInfo, vec2};

use super::line::field_ui;
use super::service::copies_ui;
use crate::lab::{Command, Pool, Server};
use crate::ui::theme::Theme;
use crate::ui::verb::Verb;
use crate::ui::widgets::{card_ui, note};
use crate::ui::workbench::Workbench;

pub(super) struct Fresh {
    line: String,
    copies: u32,
    address: String,
    /// Whether somebody opened or closed it. Until then it is open where no command runs yet.
    open: Option<bool>,
    /// Why nothing was added.
    wrong: Option<String>,
    is_open: bool,
}

impl Default for Fresh {
    fn default() -> Self {
        Self {
            line: String::new(),
            copies: 1,
            address: String::new(),
            open: None,
            wrong: None,
            is_open: false,
        }
    }
}

impl Fresh {
    pub(super) fn toggle_ui(&mut self, ui: &mut Ui) {
        let text = if self.is_open { "Close" } else { "+ Add" };
        let button = Button::new(RichText::new(text).color(Theme::of(ui).accent)).frame(false);
        let response = ui.add(button);
        let name = if self.is_open { "Close the new service" } else { "Add a service" };
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
        if response.on_hover_text("A command, or the address of a server that runs").clicked() {
            self.open = Some(!self.is_open);
        }
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, workbench: &mut Workbench) {
        let commands = |pool: &Pool| pool.servers.iter().any(|server| server.command.is_some());
        let has_commands = workbench.pool().is_some_and(commands);
        self.is_open = self.open.unwrap_or(!has_commands);
        if !self.is_open || workbench.pool().is_none() {
            return;
        }
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            self.command_ui(ui, workbench);
            self.address_ui(ui, workbench);
            if let Some(why) = &self.wrong {
                ui.colored_label(Theme::of(ui).err, RichText::new(why).small());
            }
        });
    }

    /// Who typed a command and presses Start has said yes to exactly this one.
    fn command_ui(&mut self, ui: &mut Ui, workbench: &mut Workbench) {
        note(ui, "Command");
        let field = field_ui(ui, "New command", &mut self.line, "npm run dev");
        let (changed, left) = (field.changed(), field.lost_focus());
        field.on_hover_text(
            "Program and arguments, without a shell. Each copy is told its port in PORT, and {port} in \
             the line stands for it",
        );
        if changed {
            self.wrong = None;
        }
        let mut start = left && ui.input(|input| input.key_pressed(Key::Enter));
        ui.horizontal(|ui| {
            copies_ui(ui, "New command", &mut self.copies);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let is_ready = !self.line.trim().is_empty();
                let button = Button::new("Start").min_size(vec2(0.0, 22.0));
                start |= ui
                    .add_enabled(is_ready, button)
                    .on_hover_text("Runs it on this machine and leads requests to it")
                    .clicked();
            });
        });
        if start && !self.line.trim().is_empty() {
            self.start(workbench);
        }
    }

    fn start(&mut self, workbench: &mut Workbench) {
        let line = self.line.trim().to_owned();
        let command = Command { line, copies: self.copies, ..Command::default() };
        if command.words().is_none() {
            self.wrong = Some("A quote is never closed: write the other one".to_owned());
            return;
        }
        let Some(pool) = workbench.pool_mut() else { return };
        let name = free_name(pool, &name_of(&command), self.copies);
        let server = Server { name, command: Some(command.clone()), ..Server::default() };
        pool.servers.push(server);
        workbench.ask(Verb::AllowCommands(vec![command]));
        *self = Self::default();
    }

    fn address_ui(&mut self, ui: &mut Ui, workbench: &mut Workbench) {
        note(ui, "Or the address of one that runs");
        let mut add = false;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let is_ready = !self.address.trim().is_empty();
                let button = Button::new("Add").min_size(vec2(0.0, 22.0));
                let response = ui.add_enabled(is_ready, button);
                response.widget_info(|| {
                    WidgetInfo::labeled(egui::Role::Button, is_ready, "Add the address")
                });
                add |= response.on_hover_text("Leads requests to it").clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let field = field_ui(ui, "New address", &mut self.address, "127.0.0.1:3000");
                    if field.changed() {
                        self.wrong = None;
                    }
                    let left = field.lost_focus();
                    add |= left && ui.input(|input| input.key_pressed(Key::Enter));
                    field.on_hover_text("Host and port, or only the port of this machine");
                });
            });
        });
        if add && is_filled(&self.address) {
            self.add(workbench);
        }
    }

    fn add(&mut self, workbench: &mut Workbench) {
        let Some(pool) = workbench.pool_mut() else { return };
        match add_address(pool, &whole(&self.address)) {
            Ok(()) => *self = Self::default(),
            Err(why) => self.wrong = Some(why),
        }
    }
}

/// Adds a server that runs elsewhere, named after its port.
pub(super) fn add_address(pool: &mut Pool, address: &str) -> Result<(), String> {
    let is_it = |server: &Server| server.address.as_deref() == Some(address);
    if pool.servers.iter().any(is_it) {
        return Err(format!("{address} is in the pool already"));
    }
    let Some((host, port)) =
        address.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok())
    else {
        return Err(format!("{address} is no address: write a host and a port"));
    };
    let local = host.is_empty() || matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    let like = if local { format!("port-{port}") } else { host.to_owned() };
    let name = free_name(pool, &word_of(&like), 1);
    let server = Server { name, address: Some(address.to_owned()), ..Server::default() };
    pool.servers.push(server);
    Ok(())
}

/// A port alone is one of this machine.
fn whole(written: &str) -> String {
    let written = written.trim().trim_start_matches("http://").trim_end_matches('/');
    let port = written.trim_start_matches(':');
    if port.parse::<u16>().is_ok() { format!("127.0.0.1:{port}") } else { written.to_owned() }
}

fn is_filled(text: &str) -> bool {
    !text.trim().is_empty()
}

/// What a service is called, by what it runs: the first word that says something.
fn name_of(command: &Command) -> String {
    let words = command.words().unwrap_or_default();
    let telling = words.iter().find_map(|word| {
        let word = word.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = word.split('.').next().unwrap_or_default();
        let says_something = !word.starts_with(['-', '{'])
            && !RUNNERS.contains(&stem)
            && stem.starts_with(char::is_alphabetic)
            && !word.contains(char::is_whitespace);
        says_something.then(|| word_of(stem))
    });
    telling.filter(|name| !name.is_empty()).unwrap_or_else(|| "web".to_owned())
}

/// Letters, digits and dashes, and not many of them.
fn word_of(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let word: String = text.chars().map(allowed).take(NAME_CHARS).collect();
    word.trim_matches('-').to_owned()
}

/// A name that no server has, and whose copies are called like no server either.
fn free_name(pool: &Pool, like: &str, n_copies: u32) -> String {
    let taken: BTreeSet<String> = pool.servers.iter().flat_map(Server::copy_names).collect();
    let is_free = |name: &String| {
        let copies = Command { copies: n_copies, ..Command::default() };
        let server = Server { name: name.clone(), command: Some(copies), ..Server::default() };
        server.copy_names().iter().all(|name| !taken.contains(name))
    };
    let numbered = (2..).map(|number| format!("{like}{number}"));
    std::iter::once(like.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// What runs other things, and says nothing about them.
const RUNNERS: [&str; 22] = [
    "npm", "npx", "pnpm", "yarn", "bun", "bunx", "deno", "node", "run", "exec", "python",
    "python3", "ruby", "bundle", "php", "cargo", "go", "sh", "bash", "env", "uv", "poetry",
];
const NAME_CHARS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_called_after_what_it_runs() {
        let name = |line: &str| name_of(&Command { line: line.to_owned(), ..Command::default() });
        let lines = [
            ("npm run dev", "dev"),
            ("npx vite --port {port}", "vite"),
            ("node ./server.js", "server"),
            ("python3 -m http.server {port}", "http"),
            ("/usr/bin/evenkeel mock", "evenkeel"),
            ("sh -c 'echo hello'", "web"),
            ("", "web"),
        ];
        assert_eq!(lines.map(|(line, _)| name(line)), lines.map(|(_, name)| name));
    }

    #[test]
    fn an_address_is_added_once_and_a_port_is_enough() {
        let mut pool = Pool::default();
        assert_eq!(whole(" :3000"), "127.0.0.1:3000");
        assert_eq!(whole("http://localhost:5173/"), "localhost:5173");
        add_address(&mut pool, &whole("3000")).unwrap();
        assert!(add_address(&mut pool, "127.0.0.1:3000").unwrap_err().contains("already"));
        assert!(add_address(&mut pool, "nowhere").unwrap_err().contains("a host and a port"));
        add_address(&mut pool, "[::1]:3000").unwrap();
        let names: Vec<&str> = pool.servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names, ["port-3000", "port-30002"]);
    }

    #[test]
    fn no_copy_is_called_like_another_server() {
        let named = |name: &str| Server { name: name.to_owned(), ..Server::default() };
        let pool = Pool { servers: vec![named("dev-2")], ..Pool::default() };
        assert_eq!(free_name(&pool, "dev", 1), "dev");
        assert_eq!(free_name(&pool, "dev", 2), "dev2");
    }
}
