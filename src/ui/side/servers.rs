//! Server cards: how a server is, and what it is told to be.

use std::sync::Arc;

use egui::{
    Align, Color32, CornerRadius, InnerResponse, Layout, Rect, RichText, Sense, Stroke, StrokeKind,
    Ui, WidgetInfo, vec2,
};

use super::fields::Field;
use super::part::Part;
use super::{failures, latency, server_menu, server_more};
use crate::engine::Status;
use crate::lab::{Pool, Server};
use crate::ui::badges::Badge;
use crate::ui::desk::Wrong;
use crate::ui::selection::Selection;
use crate::ui::standing::{self, Standing};
use crate::ui::story::{PoolFrame, ServerFrame};
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{caption_ui, card_ui, fitted, hint, number};
use crate::ui::workbench::Workbench;

/// How high the cards are. Of many, only those near to what is in sight are built: sixty with their sliders would take
/// as long as the rest of the window.
#[derive(Default)]
pub(super) struct Cards {
    heights: Vec<f32>,
    /// What else they depend on than on what is on them.
    of: (String, bool),
}

impl Cards {
    /// Forgets the heights where other cards are shown.
    fn settle(&mut self, pool: &str, all_controls: bool, n_servers: usize) {
        if (self.of.0.as_str(), self.of.1, self.heights.len()) != (pool, all_controls, n_servers) {
            *self = Self { heights: vec![0.0; n_servers], of: (pool.to_owned(), all_controls) };
        }
    }

    /// The height of a card that is far from sight. Those next to it are near, so that the keyboard finds them.
    fn out_of_sight(&self, ui: &Ui, index: usize) -> Option<f32> {
        let height = self.heights[index];
        let (top, sight) = (ui.cursor().top(), ui.clip_rect().y_range().expand(NEAR));
        let is_near = top <= sight.max && top + height >= sight.min;
        (height > 0.0 && !is_near).then_some(height)
    }
}

pub(super) fn servers_ui(ui: &mut Ui, cards: &mut Cards, workbench: &mut Workbench) {
    focus_ui(ui, workbench);
    let add = caption_ui(ui, "Servers", |ui| {
        let colour = Theme::of(ui).accent;
        let button = egui::Button::new(RichText::new("+ Add").color(colour)).frame(false);
        let response = ui.add(button).on_hover_text("Add a mock server");
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Add a server"));
        response.clicked()
    });
    let focus = workbench.focus();
    if add {
        server_menu::add_server(&mut workbench.desk.draft, focus);
    }
    let seen = Seen::of(workbench);
    // Of a moment that is past nobody knows.
    let status = workbench.status.clone().filter(|_| workbench.playhead.is_live());
    let all_controls = workbench.view.all_controls;
    let badges = workbench.badges.clone();
    let (draft, wrong) = workbench.desk.parts();
    let Some(pool) = draft.pools.get_mut(focus) else { return };
    let (pool_name, mut asked) = (pool.name.clone(), None);
    cards.settle(&pool_name, all_controls, pool.servers.len());
    for (index, server) in pool.servers.iter_mut().enumerate() {
        if let Some(height) = cards.out_of_sight(ui, index) {
            ui.allocate_space(vec2(ui.available_width(), height));
            continue;
        }
        let card = Card {
            badge: badges.of(&pool_name, &server.name),
            seen: seen.server(&server.name),
            standing: seen.standing(status.as_deref(), &pool_name, server),
            selected: seen.selection.is_server(&pool_name, &server.name),
            all_controls,
            deaf: seen.deaf,
            wrong,
            path: format!("pools[{focus}].servers[{index}]"),
        };
        let shown = card.ui(ui, server);
        cards.heights[index] = shown.response.rect.height();
        if let Some(what) = shown.inner {
            asked = Some((index, what));
        }
    }
    let Some((index, what)) = asked else { return };
    match what {
        Asked::Select => {
            let server = pool.servers[index].name.clone();
            workbench.selection = Selection::Server { pool: pool_name, server };
        }
        Asked::Menu(action) => action.perform(pool, index),
    }
}

/// Which pool the cards are of, where there are several.
pub(super) fn focus_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let names: Vec<String> =
        workbench.desk.draft.pools.iter().map(|pool| pool.name.clone()).collect();
    if names.len() < 2 {
        return;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let field = Field::new("shown", "Pool", "whose servers are shown");
    if let Some(chosen) = field.choice_ui(ui, &names, None, workbench.focus()) {
        workbench.pool_in_focus = chosen;
    }
}

/// What a card asks for beside its edits.
enum Asked {
    Select,
    Menu(server_menu::Action),
}

/// What was seen of the pool, for all its cards.
struct Seen {
    pool: Option<PoolFrame>,
    /// Tries that each server was given over the last while, and all of them together.
    started: Vec<(Arc<str>, u64)>,
    total: u64,
    selection: Selection,
    /// The algorithm, if it does not care for weights.
    deaf: Option<&'static str>,
}

#[derive(Default)]
struct SeenServer<'a> {
    frame: Option<&'a ServerFrame>,
    share: Option<f64>,
}

impl Seen {
    fn of(workbench: &Workbench) -> Self {
        let name = workbench.pool().map_or("", |pool| pool.name.as_str());
        let now_ns = workbench.moment_ns();
        let started = workbench.story.given(name, now_ns.saturating_sub(SHARE_NS), now_ns);
        Self {
            pool: workbench.frame().and_then(|frame| frame.pool(name)).cloned(),
            total: started.iter().map(|(_, count)| count).sum(),
            started,
            selection: workbench.selection.clone(),
            deaf: workbench
                .pool()
                .map(|pool| pool.algorithm.about())
                .filter(|about| !about.heeds_weights())
                .map(|about| about.title),
        }
    }

    /// The worst that is said of a server or of one of its copies.
    fn standing(&self, status: Option<&Status>, pool: &str, server: &Server) -> Standing {
        let of_copy = |name: String| {
            let state = status.and_then(|status| standing::state_of(status, pool, &name));
            Standing::of(server, state, self.server(&name).frame)
        };
        let worst = server.copy_names().into_iter().map(of_copy).max();
        worst.unwrap_or(Standing::Well)
    }

    fn server(&self, name: &str) -> SeenServer<'_> {
        let started = self.started.iter().find(|(known, _)| **known == *name);
        SeenServer {
            frame: self.pool.as_ref().and_then(|pool| pool.server(name)),
            share: started
                .filter(|_| self.total > 0)
                .map(|(_, count)| *count as f64 / self.total as f64),
        }
    }
}

/// One server's card.
struct Card<'a> {
    badge: Badge,
    seen: SeenServer<'a>,
    standing: Standing,
    selected: bool,
    all_controls: bool,
    deaf: Option<&'static str>,
    wrong: Wrong<'a>,
    path: String,
}

impl Card<'_> {
    fn ui(self, ui: &mut Ui, server: &mut Server) -> InnerResponse<Option<Asked>> {
        let theme = Theme::of(ui);
        let colour = self.badge.colour(theme);
        let card = card_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let state = state_of(theme, server, self.standing, self.seen.frame);
            let beside = self.has_room_beside_name(ui, server);
            let asked = self.head_ui(ui, server, state.filter(|_| beside));
            self.slots_ui(ui, server, state.filter(|_| !beside));
            let owner = server.name.clone();
            let part = Part::new(&owner, self.wrong, self.path.as_str());
            self.sliders_ui(ui, &part, server);
            if self.all_controls {
                server_more::server_more_ui(ui, &part, server);
            }
            asked
        });
        let area = card.response.rect;
        let edge = Rect::from_min_max(area.min, egui::pos2(area.left() + 4.0, area.bottom()));
        let radius =
            CornerRadius { nw: theme::CARD_RADIUS, sw: theme::CARD_RADIUS, ..CornerRadius::ZERO };
        ui.painter().rect_filled(edge, radius, colour);
        if self.selected {
            let stroke = Stroke::new(1.5, theme.accent);
            ui.painter().rect_stroke(area, theme::CARD_RADIUS, stroke, StrokeKind::Inside);
        }
        card
    }

    /// Whether the word about its state stands beside its name; otherwise it stands beneath, if there is something.
    fn has_room_beside_name(&self, ui: &Ui, server: &Server) -> bool {
        let font = theme::sentence().resolve(ui.style());
        let name = ui.painter().layout_no_wrap(server.name.clone(), font, Color32::PLACEHOLDER);
        let room = ui.available_width() - Badge::SIDE - ui.spacing().item_spacing.x;
        name.size().x <= room - HEAD_RIGHT - STATE_WIDTH || self.seen.frame.is_none()
    }

    /// Badge and name, which select it; its state, its share, and its menu.
    fn head_ui(&self, ui: &mut Ui, server: &Server, state: Option<State>) -> Option<Asked> {
        let mut asked = None;
        ui.horizontal(|ui| {
            self.badge.ui(ui);
            let right = if state.is_some() { HEAD_RIGHT + STATE_WIDTH } else { HEAD_RIGHT };
            let width = ui.available_width() - right;
            let font = theme::sentence().resolve(ui.style());
            let name = fitted(ui.ctx(), &server.name, &font, width);
            let name = RichText::new(name).text_style(theme::sentence());
            let label = egui::Label::new(name).truncate().sense(Sense::click());
            let label = ui
                .allocate_ui(vec2(width, 20.0), |ui| {
                    ui.set_width(width);
                    ui.add(label)
                })
                .inner;
            label.widget_info(|| {
                WidgetInfo::labeled(egui::Role::Button, true, format!("Server {}", server.name))
            });
            if label.clicked() {
                asked = Some(Asked::Select);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if let Some(action) = server_menu::menu_ui(ui, server) {
                    asked = Some(Asked::Menu(action));
                }
                let share = self
                    .seen
                    .share
                    .map_or_else(|| "–".to_owned(), |it| format!("{:.0} %", it * 100.0));
                let label = ui.label(number(&share));
                label.widget_info(|| {
                    let name = format!("{} share {share}", server.name);
                    WidgetInfo::labeled(egui::Role::Label, true, name)
                });
                label.on_hover_text("share of the last 10 s");
                state_ui(ui, state);
            });
        });
        asked
    }

    /// How many of its places are taken, as boxes and in words.
    fn slots_ui(&self, ui: &mut Ui, server: &Server, state: Option<State>) {
        let theme = Theme::of(ui);
        let Some(frame) = self.seen.frame else { return };
        let limit = server.mock.as_ref().and_then(|mock| mock.concurrency_limit);
        let busy = frame.mock.map_or(frame.in_flight as usize, |mock| mock.busy);
        let waiting = frame.mock.map_or(0, |mock| mock.waiting);
        let slots = |ui: &mut Ui| {
            ui.spacing_mut().item_spacing.x = 3.0;
            let n_slots = limit.unwrap_or(0).min(SLOTS_MAX) as usize;
            for slot in 0..n_slots {
                let (area, _) = ui.allocate_exact_size(vec2(7.0, 7.0), Sense::hover());
                let fill = if slot < busy { self.badge.colour(theme) } else { theme.line };
                ui.painter().rect_filled(area, 2.0, fill);
            }
            if n_slots > 0 {
                ui.add_space(4.0);
            }
            let text = match limit {
                Some(limit) => format!("{busy} of {limit} busy"),
                None => format!("{} in flight", frame.in_flight),
            };
            ui.label(RichText::new(text).small().color(theme.mute));
            if waiting > 0 {
                let text = RichText::new(format!("{waiting} waiting")).small().color(theme.warn);
                ui.add(egui::Label::new(text).truncate());
            }
        };
        let row = vec2(ui.available_width(), 18.0);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_height(row.y);
            state_ui(ui, state);
            ui.with_layout(Layout::left_to_right(Align::Center), slots);
        });
    }

    fn sliders_ui(&self, ui: &mut Ui, part: &Part<'_>, server: &mut Server) {
        let deaf = self.deaf.map(|algorithm| format!("{algorithm} ignores it; 0 drains"));
        let words = deaf.as_deref().unwrap_or("its share beside the others'; 0 drains");
        server_more::weight_ui(ui, part, words, server);
        if let Some(deaf) = deaf.filter(|_| server.weight > 1) {
            hint(ui, deaf);
        }
        if let Some(mock) = &mut server.mock {
            let part = part.within("mock.latency");
            latency::service_ui(ui, &part, &mut mock.latency, !self.all_controls);
        }
    }
}

/// The one word that stands out about a server, in its colour.
type State = (&'static str, Color32);

fn state_of(
    theme: &Theme,
    server: &Server,
    standing: Standing,
    frame: Option<&ServerFrame>,
) -> Option<State> {
    let fails = server.mock.as_ref().map_or(0.0, |mock| failures::total(&mock.failures));
    let crowded = frame.and_then(|frame| frame.mock).is_some_and(|mock| mock.waiting > 0);
    let colour = match standing {
        Standing::Well if fails > 0.0 => return Some(("failing", theme.err)),
        Standing::Well if crowded => return Some(("queue", theme.warn)),
        Standing::Well if server.priority > 0 => return Some(("reserve", theme.mute)),
        Standing::Well => return None,
        Standing::Trial | Standing::AwaitsConsent => theme.warn,
        Standing::Drained | Standing::Starting => theme.mute,
        Standing::Ejected | Standing::Down | Standing::Killed => theme.err,
    };
    Some((standing.word(), colour))
}

fn state_ui(ui: &mut Ui, state: Option<State>) {
    let Some((word, colour)) = state else { return };
    let text = RichText::new(word).small().color(colour);
    egui::Frame::new()
        .stroke(Stroke::new(theme::HAIRLINE, colour))
        .corner_radius(theme::CHIP_RADIUS)
        .inner_margin(egui::Margin::symmetric(5, 1))
        .show(ui, |ui| ui.label(text));
}

/// The pool of the card, for what concerns more than one server.
pub(super) fn free_name(pool: &Pool, like: &str) -> String {
    let is_free = |name: &String| pool.server(name).is_none();
    let letters = ('a'..='z').map(String::from).filter(|_| like.is_empty());
    let numbered = (2..).map(|number| format!("{like}{number}"));
    letters.chain(numbered).find(is_free).unwrap_or_default()
}

/// In points: a few cards.
const NEAR: f32 = 200.0;
const SHARE_NS: u64 = 10_000_000_000;
const SLOTS_MAX: u32 = 12;
/// Room for share and menu beside the name, and for a word about its state.
const HEAD_RIGHT: f32 = 74.0;
const STATE_WIDTH: f32 = 66.0;
