//! What can be done with a request: send it again, to somebody, to all; take it to a shell.

use std::net::SocketAddr;
use std::sync::Arc;

use egui::containers::menu::MenuButton;
use egui::{Button, Frame, Grid, Margin, Panel, RichText, ScrollArea, Ui, vec2};

use super::{note_line, timing};
use crate::engine::{ListenerStatus, Record};
use crate::lab::{Protocol, UpstreamProtocol};
use crate::ui::selection::Selection;
use crate::ui::send::{Answer, Letter, Post, Reply, To};
use crate::ui::signal::Signal;
use crate::ui::theme::Theme;
use crate::ui::verb::Verb;
use crate::ui::widgets::number;
use crate::ui::words::bytes_text;
use crate::ui::workbench::Workbench;

/// What was sent from the panel, and what came back.
#[derive(Default)]
pub(super) struct Sending {
    post: Post,
    /// Of the request that is shown.
    awaited: Vec<(u64, To)>,
    replies: Vec<Reply>,
    /// What waits for a yes, because it may change something.
    unconfirmed: Option<Wish>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    One(To),
    All,
}

impl Sending {
    /// Another request is shown. What is under way comes back all the same.
    pub(super) fn forget(&mut self) {
        self.awaited.clear();
        self.replies.clear();
        self.unconfirmed = None;
    }

    pub(super) fn take_replies(&mut self, workbench: &mut Workbench) {
        for reply in self.post.fetch() {
            let Some(place) = self.awaited.iter().position(|(number, _)| *number == reply.number)
            else {
                continue;
            };
            self.awaited.remove(place);
            workbench.ask(Verb::Tell(words_of(&reply)));
            self.replies.push(reply);
        }
    }

    fn send(&mut self, ui: &Ui, workbench: &mut Workbench, record: &Record, wish: &Wish) {
        let Some(letter) = Letter::of(record) else { return };
        let targets = match wish {
            Wish::One(to) => vec![to.clone()],
            Wish::All => receivers(workbench, record).into_iter().map(To::Server).collect(),
        };
        self.replies.clear();
        for to in targets {
            let sent = address_of(workbench, record, &to).and_then(|address| {
                let ctx = ui.ctx().clone();
                self.post.send(&letter, to.clone(), address, move || ctx.request_repaint())
            });
            match sent {
                Ok(number) => self.awaited.push((number, to)),
                Err(why) => workbench.ask(Verb::Tell(why)),
            }
        }
    }
}

/// At the bottom of the panel, where they stay while the rest is scrolled.
pub(super) fn actions_ui(
    ui: &mut Ui,
    sending: &mut Sending,
    workbench: &mut Workbench,
    record: &Arc<Record>,
) {
    let Some(letter) = Letter::of(record) else { return };
    let margin = Margin { left: 14, right: 14, top: 8, bottom: 10 };
    Panel::bottom("actions").frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
        ScrollArea::vertical().max_height(REPLIES_HEIGHT).show(ui, |ui| {
            replies_ui(ui, sending, workbench, record);
        });
        confirm_ui(ui, sending, workbench, record, &letter);
        let Some(wish) = buttons_ui(ui, workbench, record, &letter) else { return };
        if letter.is_safe() {
            sending.send(ui, workbench, record, &wish);
        } else {
            sending.unconfirmed = Some(wish);
        }
    });
}

fn buttons_ui(
    ui: &mut Ui,
    workbench: &mut Workbench,
    record: &Record,
    letter: &Letter,
) -> Option<Wish> {
    if letter.had_body {
        note_line(ui, "Its body was not recorded, so it is sent without one");
    }
    let mut wish = asked(workbench, record);
    if workbench.take_signal(Signal::CopyAsCurl) {
        copy_as_curl(ui, workbench, record, letter);
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        let theme = Theme::of(ui);
        let text = RichText::new("Send again").color(theme.panel);
        if ui.add(Button::new(text).fill(theme.accent)).on_hover_text(SEND_AGAIN).clicked() {
            wish = Some(Wish::One(To::Proxy));
        }
        if let Some(to) = to_ui(ui, workbench, record) {
            wish = Some(Wish::One(to));
        }
        if ui.button("Send to all, diff").on_hover_text(SEND_TO_ALL).clicked() {
            wish = Some(Wish::All);
        }
        if ui.button("Copy as curl").on_hover_text(COPY_AS_CURL).clicked() {
            copy_as_curl(ui, workbench, record, letter);
        }
    });
    wish
}

/// What a key or the palette asks for.
fn asked(workbench: &mut Workbench, record: &Record) -> Option<Wish> {
    if workbench.take_signal(Signal::SendAgain) {
        return Some(Wish::One(To::Proxy));
    }
    if workbench.take_signal(Signal::SendToAll) {
        return Some(Wish::All);
    }
    let mut servers = receivers(workbench, record).into_iter().enumerate();
    let taken = servers.find(|(place, _)| workbench.take_signal(Signal::SendTo(*place)));
    taken.map(|(_, server)| Wish::One(To::Server(server)))
}

/// The proxy, or one of the servers past it.
fn to_ui(ui: &mut Ui, workbench: &Workbench, record: &Record) -> Option<To> {
    let mut to = None;
    let (response, _) = MenuButton::new("Send to… ▾").ui(ui, |ui| {
        if ui.button("The proxy, which chooses").clicked() {
            to = Some(To::Proxy);
            ui.close();
        }
        for server in receivers(workbench, record) {
            ui.horizontal(|ui| {
                workbench.badge(record.pool.as_deref().unwrap_or_default(), &server).ui(ui);
                if ui.button(format!("{server}, past the proxy")).clicked() {
                    to = Some(To::Server(server.clone()));
                    ui.close();
                }
            });
        }
    });
    response.on_hover_text(SEND_TO);
    to
}

/// What may change something is sent only after a yes.
fn confirm_ui(
    ui: &mut Ui,
    sending: &mut Sending,
    workbench: &mut Workbench,
    record: &Record,
    letter: &Letter,
) {
    let Some(wish) = sending.unconfirmed.clone() else { return };
    let colour = Theme::of(ui).warn;
    let times = if wish == Wish::All { " at every server" } else { "" };
    let warning = format!("{} may change something{times}. Send it all the same?", letter.method);
    ui.label(RichText::new(warning).color(colour));
    ui.horizontal(|ui| {
        if ui.button(format!("Send {} again", letter.method)).clicked() {
            sending.unconfirmed = None;
            sending.send(ui, workbench, record, &wish);
        }
        if ui.button("Cancel").clicked() {
            sending.unconfirmed = None;
        }
    });
}

fn replies_ui(ui: &mut Ui, sending: &Sending, workbench: &mut Workbench, record: &Record) {
    let Sending { awaited, replies, .. } = sending;
    if awaited.is_empty() && replies.is_empty() {
        return;
    }
    let pool = record.pool.as_deref().unwrap_or_default();
    Grid::new("replies").num_columns(4).spacing([10.0, 4.0]).show(ui, |ui| {
        for reply in replies {
            to_words_ui(ui, workbench, pool, &reply.to);
            reply_ui(ui, reply);
            let own = reply.from.and_then(|from| recorded(workbench, from));
            if let Some(own) = own
                && ui.button("Show").on_hover_text("Select the new request").clicked()
            {
                workbench.selection = Selection::Request(own);
            }
            ui.end_row();
        }
        for (_, to) in awaited {
            to_words_ui(ui, workbench, pool, to);
            note_line(ui, "on its way…");
            ui.end_row();
        }
    });
    if replies.len() > 1 && awaited.is_empty() {
        for line in differences(replies) {
            note_line(ui, &line);
        }
    }
}

fn to_words_ui(ui: &mut Ui, workbench: &Workbench, pool: &str, to: &To) {
    match to {
        To::Proxy => {
            ui.label("proxy");
        }
        To::Server(server) => {
            ui.horizontal(|ui| {
                workbench.badge(pool, server).ui(ui);
                ui.label(server);
            });
        }
    }
}

fn reply_ui(ui: &mut Ui, reply: &Reply) {
    let theme = Theme::of(ui);
    match &reply.answer {
        Ok(answer) => {
            let colour = if answer.status >= 500 { theme.err } else { theme.text };
            ui.label(number(answer.status.to_string()).color(colour));
            ui.label(number(timing::period(reply.took_ns)));
            ui.label(number(bytes_text(answer.n_bytes as u64)).color(theme.mute));
        }
        Err(why) => {
            ui.label(RichText::new(why).color(theme.err));
        }
    }
}

/// In which headers, and whether in the body, the answers are not the same.
fn differences(replies: &[Reply]) -> Vec<String> {
    let answers: Vec<(&To, &Answer)> =
        replies.iter().filter_map(|it| Some((&it.to, it.answer.as_ref().ok()?))).collect();
    let mut lines = Vec::new();
    let mut names: Vec<&str> = answers
        .iter()
        .flat_map(|(_, answer)| answer.headers.iter().map(|(name, _)| name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let value = |answer: &Answer| {
            let found = answer.headers.iter().find(|(known, _)| known == name);
            found.map_or_else(|| "none".to_owned(), |(_, value)| value.clone())
        };
        let values: Vec<String> = answers.iter().map(|(_, answer)| value(answer)).collect();
        if values.windows(2).any(|two| two[0] != two[1]) {
            lines.push(format!("{name} differs: {}", values.join(" / ")));
        }
    }
    let same_body = answers.windows(2).all(|two| two[0].1.print == two[1].1.print);
    lines.push(if same_body { "The bodies are the same" } else { "The bodies differ" }.to_owned());
    lines
}

/// The proxy's record of what came from this address.
fn recorded(workbench: &Workbench, from: SocketAddr) -> Option<Arc<Record>> {
    let newest = workbench.story.requests().iter().rev().take(RECENT_MAX);
    newest.into_iter().find(|record| record.client == from).cloned()
}

fn copy_as_curl(ui: &Ui, workbench: &mut Workbench, record: &Record, letter: &Letter) {
    let listener = listener_of(workbench, record).cloned();
    match listener.as_ref().and_then(ListenerStatus::address) {
        Some(address) => {
            let encrypted = listener.is_some_and(|listener| listener.encrypted);
            ui.ctx().copy_text(letter.curl(address, encrypted));
            workbench.ask(Verb::Tell("Copied as a line for curl, with its secrets".to_owned()));
        }
        None => workbench.ask(Verb::Tell("Its listener is not open".to_owned())),
    }
}

fn listener_of<'a>(workbench: &'a Workbench, record: &Record) -> Option<&'a ListenerStatus> {
    workbench.status.as_ref()?.listener(&record.listener)
}

/// The servers that it can be sent to past the proxy.
pub(in crate::ui) fn receivers(workbench: &Workbench, record: &Record) -> Vec<String> {
    let Some(status) = &workbench.status else { return Vec::new() };
    let inside =
        status.servers.iter().filter(|it| Some(it.pool.as_str()) == record.pool.as_deref());
    inside.map(|server| server.name.clone()).collect()
}

/// Where to send it, or why that cannot be done from here.
fn address_of(workbench: &Workbench, record: &Record, to: &To) -> Result<SocketAddr, String> {
    match to {
        To::Proxy => {
            let listener = listener_of(workbench, record);
            let listener =
                listener.ok_or_else(|| "its listener is not in the lab any more".to_owned())?;
            if listener.encrypted || listener.protocol != Protocol::Http {
                return Err(
                    "this listener wants TLS, which is not sent from here: copy it as curl"
                        .to_owned(),
                );
            }
            listener.address().ok_or_else(|| "its listener is not open".to_owned())
        }
        To::Server(name) => {
            let pool = record.pool.as_deref().unwrap_or_default();
            let upstream = workbench.desk.good().pool(pool).map(|pool| &pool.upstream.protocol);
            if upstream.is_some_and(|protocol| *protocol != UpstreamProtocol::Http1) {
                return Err(format!(
                    "{name} does not speak plain HTTP/1.1, which is all that is sent from here"
                ));
            }
            let servers = workbench.status.iter().flat_map(|status| &status.servers);
            let mut known = servers.filter(|it| it.pool == pool && it.name == *name);
            let address = known.next().and_then(|server| server.addresses.first().copied());
            address.ok_or_else(|| format!("{name} has no address now"))
        }
    }
}

fn words_of(reply: &Reply) -> String {
    let to = match &reply.to {
        To::Proxy => "the proxy",
        To::Server(name) => name,
    };
    match &reply.answer {
        Ok(answer) => {
            let by = answer
                .headers
                .iter()
                .find(|(name, _)| name == "x-served-by" || name == "x-evenkeel-server");
            let by = by.map(|(_, server)| format!(" by {server}")).unwrap_or_default();
            format!("Sent to {to}: {} in {}{by}", answer.status, timing::period(reply.took_ns))
        }
        Err(why) => format!("Sent to {to}: {why}"),
    }
}

/// Replies beyond it are scrolled to.
const SEND_AGAIN: &str = "The same request once more, through the proxy (R)";
const SEND_TO: &str = "The same request to one server past the proxy, or to the proxy";
const SEND_TO_ALL: &str =
    "The same request to every server past the proxy, and where their answers differ";
const COPY_AS_CURL: &str = "A line for a shell that sends it again, with its secrets";
const REPLIES_HEIGHT: f32 = 150.0;
/// A reply is looked for among so many of the newest requests.
const RECENT_MAX: usize = 5_000;
