//! What is wrong, in a strip under the bar, with what can be done about it; and a stage for when nothing runs.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use egui::{Frame, Margin, Panel, RichText, ScrollArea, Ui, WidgetInfo};

use super::consent::Consents;
use super::theme::{self, Theme};
use super::verb::Verb;
use super::widgets::{icon_button, number};
use super::workbench::Workbench;
use crate::engine::{Cure, ListenerState, ServerState, ServerStatus, Status, Trouble};
use crate::lab::{Certificates, Command, Listener, Problem};

/// What the strip remembers.
#[derive(Default)]
pub(super) struct Strip {
    /// Rows that somebody does not want to see now.
    put_off: BTreeSet<String>,
    /// How high its rows are together.
    height: f32,
}

/// One thing that somebody has to know.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    text: String,
    remedy: String,
    /// What a yes would start, each on a line of its own.
    list: Vec<String>,
    is_error: bool,
    act: Option<(&'static str, Act)>,
    /// May be put off until later.
    waits: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    Ask(Vec<Verb>),
    /// An edit of the listener of this name.
    Mend(String, Cure),
    /// The listener stays on this machine.
    OnlyHere,
}

pub(super) fn strip_ui(
    ui: &mut Ui,
    strip: &mut Strip,
    workbench: &mut Workbench,
    consents: &Consents,
) {
    let mut rows = rows(workbench, consents);
    rows.retain(|row| !strip.put_off.contains(&row.whole()));
    if rows.is_empty() {
        return;
    }
    let theme = Theme::of(ui);
    let frame = Frame::new().fill(theme.raised).inner_margin(Margin::symmetric(12, 6));
    let mut pressed = None;
    // A panel that scrolls would stay as high as it was at first.
    let height = strip.height.clamp(HEIGHT_LEAST, HEIGHT_MOST) + frame.total_margin().sum().y;
    let panel = Panel::top("troubles").frame(frame).exact_size(height);
    panel.show(ui, |ui| {
        let rows = ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for row in &rows {
                if let Some(act) = row.ui(ui, &mut strip.put_off) {
                    pressed = Some(act);
                }
            }
        });
        // Fractions of a point would call for a bar to scroll by.
        let height = rows.content_size.y.ceil() + 1.0;
        if height != strip.height {
            strip.height = height;
            ui.ctx().request_discard("the strip has other rows");
        }
        let line = ui.max_rect();
        let stroke = egui::Stroke::new(theme::HAIRLINE, theme.line);
        ui.painter().hline(line.x_range(), line.bottom() + 5.5, stroke);
    });
    if let Some(act) = pressed {
        act.perform(workbench);
    }
}

impl Row {
    fn ui(&self, ui: &mut Ui, put_off: &mut BTreeSet<String>) -> Option<Act> {
        let theme = Theme::of(ui);
        let colour = if self.is_error { theme.err } else { theme.warn };
        let mut pressed = None;
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(if self.is_error { "✕" } else { "!" }).color(colour));
            ui.label(RichText::new(&self.text).color(theme.text));
            if !self.remedy.is_empty() {
                ui.label(RichText::new(&self.remedy).color(theme.mute));
            }
            if let Some((name, act)) = &self.act
                && ui.button(*name).clicked()
            {
                pressed = Some(act.clone());
            }
            if let Some((name, act)) = self.second()
                && ui.button(name).clicked()
            {
                pressed = Some(act);
            }
            if self.waits {
                let close = icon_button(ui, "×", "Not now");
                close.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Not now"));
                if close.clicked() {
                    put_off.insert(self.whole());
                }
            }
        });
        for line in &self.list {
            ui.label(number(format!("    {line}")).color(theme.text));
        }
        pressed
    }

    /// What was put off: this, and not whatever else the same sentence may be about later.
    fn whole(&self) -> String {
        [self.text.as_str(), &self.list.join("\n")].join("\n")
    }

    /// Instead of a yes.
    fn second(&self) -> Option<(&'static str, Act)> {
        let asks_wide = matches!(&self.act, Some((_, Act::Ask(verbs))) if verbs.contains(&Verb::AllowWideListeners));
        asks_wide.then_some(("Only this machine", Act::OnlyHere))
    }
}

impl Act {
    pub(super) fn perform(self, workbench: &mut Workbench) {
        match self {
            Self::Ask(verbs) => verbs.into_iter().for_each(|verb| workbench.ask(verb)),
            Self::Mend(name, cure) => {
                let listeners = &mut workbench.desk.draft.listeners;
                if let Some(listener) = listeners.iter_mut().find(|it| it.name == name) {
                    mend(listener, cure);
                }
            }
            Self::OnlyHere => {
                let listeners = workbench.desk.draft.listeners.iter_mut();
                for listener in listeners.filter(|it| super::consent::is_wide(it)) {
                    mend(listener, Cure::OwnAddress);
                }
            }
        }
    }
}

/// What can be done about what is wrong, by names that say it without the strip.
pub(super) fn remedies(workbench: &Workbench) -> Vec<(String, Act)> {
    let Some(status) = &workbench.status else { return Vec::new() };
    let mut remedies: Vec<(String, Act)> = listener_rows(status)
        .chain(server_rows(status))
        .filter_map(|row| {
            let (words, act) = row.act?;
            let who = row.text.split(": ").next().unwrap_or_default();
            Some((format!("{who}: {}", words.to_lowercase()), act))
        })
        .collect();
    let lab = &workbench.desk.draft;
    let wide = || lab.listeners.iter().filter(|it| it.enabled && super::consent::is_wide(it));
    // What is on in the lab and off all the same waits for a yes.
    let waits = |listener: &Listener| {
        let known = status.listener(&listener.name);
        known.is_some_and(|known| matches!(known.state, ListenerState::Off))
    };
    if wide().any(waits) {
        let allow = Act::Ask(vec![Verb::AllowWideListeners]);
        remedies.push(("Let other machines reach this lab".to_owned(), allow));
    }
    if wide().next().is_some() {
        remedies.push(("Let only this machine reach this lab".to_owned(), Act::OnlyHere));
    }
    remedies
}

fn mend(listener: &mut Listener, cure: Cure) {
    match cure {
        Cure::FreePort | Cure::OwnAddress => {
            let Ok(mut address) = listener.address.parse::<SocketAddr>() else { return };
            if cure == Cure::FreePort {
                address.set_port(0);
            } else {
                address.set_ip(match address.ip() {
                    IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                    IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
                });
                listener.exposed = false;
            }
            listener.address = address.to_string();
        }
        Cure::LocalCertificate => {
            let Some(tls) = &mut listener.tls else { return };
            if let Certificates::Files(files) = &tls.certificates {
                let named: Vec<String> = files.iter().flat_map(|it| it.hosts.clone()).collect();
                tls.certificates = if named.is_empty() {
                    Certificates::default()
                } else {
                    Certificates::Local { hosts: named }
                };
            }
        }
        // Not of a listener.
        Cure::Restart => {}
    }
}

/// What the button says that brings a cure.
fn words(cure: Cure) -> &'static str {
    match cure {
        Cure::FreePort => "Use a free port",
        Cure::OwnAddress => "Only this machine",
        Cure::LocalCertificate => "Use a local certificate",
        Cure::Restart => "Start it again",
    }
}

fn rows(workbench: &Workbench, consents: &Consents) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(workbench.desk.refused().map(refused_row));
    rows.extend(wide_rows(workbench, consents));
    let Some(status) = &workbench.status else { return rows };
    rows.extend(command_row(status));
    rows.extend(listener_rows(status));
    rows.extend(server_rows(status));
    rows.extend(status.troubles.iter().map(|trouble| Row {
        text: sentence(&trouble.what),
        remedy: sentence(&trouble.remedy),
        list: Vec::new(),
        is_error: true,
        act: None,
        waits: true,
    }));
    rows
}

/// What was edited and does not run. Where it has a widget it is said there as well; not everything has one.
fn refused_row(problem: &Problem) -> Row {
    Row {
        text: format!("What you changed is not in force: {}", problem.what),
        remedy: sentence(&problem.remedy),
        list: Vec::new(),
        is_error: true,
        act: Some(("Undo", Act::Ask(vec![Verb::Undo]))),
        waits: true,
    }
}

fn wide_rows(workbench: &Workbench, consents: &Consents) -> Vec<Row> {
    let lab = &workbench.desk.draft;
    let line =
        |listener: &&crate::lab::Listener| format!("{}  {}", listener.name, listener.address);
    let waiting: Vec<String> = consents.waiting(lab).iter().map(line).collect();
    let open = lab.listeners.iter().filter(|it| it.enabled && super::consent::is_wide(it));
    let open: Vec<String> = open.map(|it| line(&it)).filter(|it| !waiting.contains(it)).collect();
    let ask = (!waiting.is_empty()).then(|| Row {
        text: "This lab wants to be reached from other machines".to_owned(),
        remedy: "It stays closed until you agree".to_owned(),
        list: waiting,
        is_error: false,
        act: Some(("Open it", Act::Ask(vec![Verb::AllowWideListeners]))),
        waits: false,
    });
    let badge = (!open.is_empty()).then(|| Row {
        text: "Other machines can reach this lab".to_owned(),
        remedy: open.join(", "),
        list: Vec::new(),
        is_error: false,
        act: Some(("Only this machine", Act::OnlyHere)),
        waits: false,
    });
    ask.into_iter().chain(badge).collect()
}

fn command_row(status: &Status) -> Option<Row> {
    let commands = status.commands_waiting();
    let copies = |command: &Command| {
        let waits = |server: &&ServerStatus| matches!(&server.state, ServerState::AwaitsConsent(it) if it.does_the_same(command));
        match status.servers.iter().filter(waits).count() {
            1 => command.to_string(),
            count => format!("{command}  × {count}"),
        }
    };
    let list: Vec<String> = commands.iter().map(|command| copies(command)).collect();
    let what =
        if list.len() == 1 { "a command".to_owned() } else { format!("{} commands", list.len()) };
    // The yes is to what is shown here, whatever the lab has become when it arrives.
    let commands: Vec<Command> = commands.into_iter().cloned().collect();
    (!list.is_empty()).then(|| Row {
        text: format!("This lab wants to run {what} on this machine"),
        remedy: "Nothing starts until you agree".to_owned(),
        list,
        is_error: false,
        act: Some(("Run", Act::Ask(vec![Verb::AllowCommands(commands)]))),
        waits: true,
    })
}

fn listener_rows(status: &Status) -> impl Iterator<Item = Row> + '_ {
    status.listeners.iter().filter_map(|listener| {
        let ListenerState::Trouble { still_at, trouble } = &listener.state else { return None };
        let still = still_at.map_or_else(String::new, |at| format!(", still open at {at}"));
        let mend = |cure| (words(cure), Act::Mend(listener.name.clone(), cure));
        Some(Row {
            text: format!("Listener {}: {}{still}", listener.name, trouble.what),
            remedy: sentence(&trouble.remedy),
            list: Vec::new(),
            is_error: true,
            act: trouble.cure.map(mend),
            waits: false,
        })
    })
}

/// The copies of a command tend to fail together: servers that fail alike are one row.
fn server_rows(status: &Status) -> impl Iterator<Item = Row> + '_ {
    let mut alike: Vec<(&Trouble, Vec<&ServerStatus>)> = Vec::new();
    for server in &status.servers {
        let ServerState::Trouble(trouble) = &server.state else { continue };
        match alike.iter_mut().find(|(known, _)| *known == trouble) {
            Some((_, servers)) => servers.push(server),
            None => alike.push((trouble, vec![server])),
        }
    }
    alike.into_iter().take(SERVERS_MAX).map(|(trouble, servers)| {
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        let who = if names.len() == 1 { "Server" } else { "Servers" };
        let again = |cure| {
            let restart = |it: &&ServerStatus| Verb::Restart {
                pool: it.pool.clone(),
                server: it.name.clone(),
            };
            (words(cure), Act::Ask(servers.iter().map(restart).collect()))
        };
        Row {
            text: format!("{who} {}: {}", names.join(", "), trouble.what),
            remedy: sentence(&trouble.remedy),
            list: Vec::new(),
            is_error: true,
            act: trouble.cure.map(again),
            waits: true,
        }
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Why nothing runs, with what to do, in the place of the stage.
pub(super) fn failure_ui(ui: &mut Ui, trouble: &Trouble, workbench: &mut Workbench) {
    let theme = Theme::of(ui);
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.32);
        ui.set_max_width(560.0);
        ui.label(RichText::new(&trouble.what).text_style(theme::sentence()));
        ui.label(RichText::new(&trouble.remedy).color(theme.mute));
        ui.add_space(12.0);
        if ui.button("Try again").clicked() {
            workbench.ask(Verb::Retry);
        }
    });
}

const HEIGHT_MOST: f32 = 132.0;
/// Of one row.
const HEIGHT_LEAST: f32 = 26.0;
/// More are on the cards of the servers.
const SERVERS_MAX: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(cure: Cure, spoil: impl FnOnce(&mut Listener)) -> Listener {
        let preset = crate::lab::PRESETS[0].text.as_bytes();
        let mut lab = crate::lab::load(preset).unwrap().lab.into_lab();
        spoil(&mut lab.listeners[0]);
        let name = lab.listeners[0].name.clone();
        let desk = super::super::desk::Desk::new(lab, None);
        let mut workbench = Workbench::new(desk, Default::default());
        Act::Mend(name, cure).perform(&mut workbench);
        workbench.desk.draft.listeners.remove(0)
    }

    #[test]
    fn a_cure_of_a_listener_is_an_edit_of_the_draft() {
        let freed = mended(Cure::FreePort, |it| it.address = "127.0.0.1:80".to_owned());
        assert_eq!(freed.address, "127.0.0.1:0");
        let own = mended(Cure::OwnAddress, |it| {
            (it.address, it.exposed) = ("192.0.2.1:8080".to_owned(), true);
        });
        assert_eq!((own.address.as_str(), own.exposed), ("127.0.0.1:8080", false));
        let files = |hosts| crate::lab::CertificateFiles { hosts, ..Default::default() };
        let files = vec![files(vec!["shop.example".to_owned()]), files(Vec::new())];
        let certificates = Certificates::Files(files);
        let tls = crate::lab::Tls { certificates, ..Default::default() };
        let local = mended(Cure::LocalCertificate, |it| it.tls = Some(tls));
        let hosts = vec!["shop.example".to_owned()];
        assert_eq!(local.tls.unwrap().certificates, Certificates::Local { hosts });
    }
}
