//! What listens on this machine already: dev servers that somebody started elsewhere, to be ticked.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use egui::{Align, Context, Layout, RichText, Sense, Ui, WidgetInfo, vec2};

use super::fresh::add_address;
use crate::engine::{Listening, ListeningPort, listening};
use crate::lab::{Pool, Server};
use crate::ui::errand::{Errand, fetch};
use crate::ui::theme::Theme;
use crate::ui::widgets::{caption_ui, card_ui, check_ui, note, number};
use crate::ui::workbench::Workbench;

#[derive(Default)]
pub(super) struct Machine {
    found: Listening,
    /// Whether anybody has looked yet.
    looked: bool,
    errand: Option<Errand<Listening>>,
    /// When somebody was last sent to look.
    sent_ns: u64,
    shows_all: bool,
}

impl Machine {
    pub(super) fn found(&self) -> &Listening {
        &self.found
    }

    pub(super) fn ui(&mut self, ui: &mut Ui, workbench: &mut Workbench) {
        self.look(ui.ctx(), workbench);
        caption_ui(ui, "Listening on this machine", |_| {});
        let Some(pool) = workbench.pool_mut() else { return };
        if self.found.ports.is_empty() {
            let text = if self.looked {
                "No other program listens here: start a dev server, and it can be ticked"
            } else {
                "Looking…"
            };
            note(ui, text);
            return;
        }
        let known: BTreeSet<u16> = ports_of(pool);
        let (likely, others): (Vec<&ListeningPort>, Vec<&ListeningPort>) =
            self.found.ports.iter().partition(|port| {
                let number = port.address.port();
                known.contains(&number) || (port.program.is_some() && number >= LIKELY_FROM)
            });
        // Where no program has a name, as for another user's, all of them are as likely.
        let (likely, others) = if likely.is_empty() { (others, likely) } else { (likely, others) };
        let n_likely = if self.shows_all { likely.len() } else { likely.len().min(SHOWN) };
        let (shown, rest) = likely.split_at(n_likely);
        let n_hidden = rest.len() + others.len();
        card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let all = rest.iter().chain(&others).filter(|_| self.shows_all);
            for port in shown.iter().chain(all) {
                port_ui(ui, port, pool);
            }
            if n_hidden > 0 {
                let text =
                    if self.shows_all { "Fewer".to_owned() } else { format!("{n_hidden} more") };
                let text = RichText::new(text).small().color(Theme::of(ui).accent);
                let button = ui.add(egui::Button::new(text).frame(false));
                let name = "Show all listening ports";
                button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
                if button.clicked() {
                    self.shows_all = !self.shows_all;
                }
            }
        });
        if !self.found.complete {
            note(ui, "This system does not tell who listens: only usual ports were tried");
        }
    }

    /// Lets a thread look around, every other second while this is shown.
    fn look(&mut self, ctx: &Context, workbench: &Workbench) {
        if let Some(found) = fetch(&mut self.errand) {
            (self.found, self.looked) = (found, true);
        }
        let Some(status) = workbench.status.as_ref().filter(|_| workbench.began_local_ns > 0)
        else {
            return;
        };
        let is_due = !self.looked || workbench.now_ns >= self.sent_ns + EVERY_NS;
        if self.errand.is_none() && is_due {
            let status = Arc::clone(status);
            // Without a thread to spare, the next frame tries again.
            self.errand = Errand::run("listening", ctx, move || listening(&status)).ok();
            self.sent_ns = workbench.now_ns;
        }
        ctx.request_repaint_after(std::time::Duration::from_nanos(EVERY_NS));
    }
}

/// The ports of this machine that the pool leads to already.
fn ports_of(pool: &Pool) -> BTreeSet<u16> {
    let addresses = pool.servers.iter().filter_map(|server| server.address.as_deref());
    addresses.filter_map(|address| address.rsplit_once(':')?.1.parse().ok()).collect()
}

/// Whether a server is at this port of this machine.
fn is_at(server: &Server, address: SocketAddr) -> bool {
    let Some((host, port)) = server.address.as_deref().and_then(|it| it.rsplit_once(':')) else {
        return false;
    };
    let is_here =
        matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host == address.ip().to_string();
    is_here && port == address.port().to_string()
}

/// A box to tick, the port, and who listens there.
fn port_ui(ui: &mut Ui, port: &ListeningPort, pool: &mut Pool) {
    let ListeningPort { address, program, process, folder } = port;
    let theme = Theme::of(ui);
    let mut is_in = pool.servers.iter().any(|server| is_at(server, *address));
    let who = program.as_deref().unwrap_or("a program of somebody else");
    let row = ui.horizontal(|ui| {
        ui.set_min_height(24.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        let response = check_ui(ui, &mut is_in, "");
        let changed = response.changed();
        response.widget_info(|| {
            let name = format!("Port {} of {who}", address.port());
            WidgetInfo::selected(egui::Role::CheckBox, true, is_in, name)
        });
        ui.allocate_ui_with_layout(vec2(46.0, 24.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(46.0);
            ui.label(number(format!(":{}", address.port())));
        });
        let words = RichText::new(who).small().color(theme.mute);
        let label = ui.add(egui::Label::new(words).truncate().sense(Sense::click()));
        changed || label.clicked().then(|| is_in = !is_in).is_some()
    });
    let mut hint = format!("Leads requests to {address}");
    if let Some(process) = process {
        hint = format!("{hint}\n{who}, process {process}");
    }
    if let Some(folder) = folder {
        hint = format!("{hint}\nin {}", folder.display());
    }
    row.response.on_hover_text(hint);
    if !row.inner {
        return;
    }
    if is_in {
        // It cannot be there already, or it would have been ticked.
        add_address(pool, &address.to_string()).ok();
    } else {
        pool.servers.retain(|server| !is_at(server, *address));
    }
}

const EVERY_NS: u64 = 2_000_000_000;
/// Below are the system's own services.
const LIKELY_FROM: u16 = 1_024;
const SHOWN: usize = 8;
