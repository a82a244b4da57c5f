//! What can be pointed at and clicked: dots, servers, clients, other pools.

use egui::{CursorIcon, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo};

use super::layout::{CIRCLE, Layout};
use super::scene::{Dot, Scene, Source, Target, is_of};
use super::track::Place;
use super::{Clicked, Flow};
use crate::engine::Record;
use crate::ui::widgets::Unit;

/// What there is to touch.
pub(super) struct Scenery<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) layout: &'a Layout,
    /// Where dots are, with their numbers.
    pub(super) hits: &'a [(Pos2, usize)],
    pub(super) source: Source<'a>,
}

pub(super) fn touch(
    ui: &Ui,
    area: Rect,
    flow: &mut Flow,
    scenery: &Scenery<'_>,
) -> Option<Clicked> {
    let dot = dots(ui, area, flow, scenery);
    let server = servers(ui, scenery);
    let client = clients(ui, flow, scenery);
    let pool = others(ui, scenery);
    server.or(client).or(pool).or(dot).or_else(|| flow.wanted_at_last(scenery.source))
}

impl Flow {
    /// A request that was clicked on its way is selected once its record is there.
    fn wanted_at_last(&mut self, source: Source<'_>) -> Option<Clicked> {
        let wanted = self.wanted?;
        let mut newest = source.story.requests().iter().rev().take(NEWEST);
        let record = newest.find(|record| is_of(record, wanted))?;
        self.wanted = None;
        Some(Clicked::Request(std::sync::Arc::clone(record)))
    }
}

fn dots(ui: &Ui, area: Rect, flow: &mut Flow, scenery: &Scenery<'_>) -> Option<Clicked> {
    // Dots are too quick for a keyboard; Requests has them in rows.
    let response = ui.interact(area, ui.scope_id().with("dots"), Sense::CLICK);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Requests on their way"));
    let pointer = ui.input(|input| input.pointer.interact_pos()).filter(|at| area.contains(*at));
    let reach = REACH * scenery.layout.unit.max(1.0);
    let nearest = pointer.and_then(|pointer| nearest(scenery.hits, pointer, reach));
    let dot = nearest.map(|number| &scenery.scene.dots[number]);
    if ui.input(|input| input.pointer.primary_pressed()) {
        flow.pressed = dot.map(|dot| dot.id);
    }
    if response.clicked() {
        flow.wanted = flow.pressed.take();
        if flow.wanted.is_none() {
            flow.traced = None;
        }
        return flow.wanted_at_last(scenery.source);
    }
    if let Some(dot) = dot.filter(|_| response.hovered()) {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
        response.on_hover_text_at_pointer(dot_text(scenery, dot));
    }
    None
}

fn nearest(hits: &[(Pos2, usize)], pointer: Pos2, reach: f32) -> Option<usize> {
    let near = hits.iter().map(|(at, number)| (at.distance_sq(pointer), *number));
    let near = near.filter(|(distance, _)| *distance <= reach * reach);
    near.min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, number)| number)
}

fn dot_text(scenery: &Scenery<'_>, dot: &Dot<'_>) -> String {
    let Scenery { scene, source, .. } = scenery;
    let from = scene.lanes.all()[dot.lane].label();
    let to = match dot.target {
        Target::Server(server) => format!(" → {}", scene.servers[server].name),
        Target::Other(other) => format!(" → {}", scene.others[other].name),
        Target::Nobody => String::new(),
    };
    let what = match dot.place {
        Place::ClientPipe { back: false, .. } => "on its way to the balancer".to_owned(),
        Place::AtBalancer => "waits for a server".to_owned(),
        Place::ServerPipe { back: false, .. } => "on its way to the server".to_owned(),
        Place::AtServer { since_ns, .. } => {
            let secs = source.moment_ns.saturating_sub(since_ns) as f64 / 1e9;
            format!("at the server for {}", Unit::Time.text(secs))
        }
        Place::ServerPipe { .. } | Place::ClientPipe { .. } => {
            "an answer on its way back".to_owned()
        }
        Place::Stopped { why, .. } => why.to_owned(),
    };
    let took = dot.record.map(|record| format!("\n{}", record_text(record))).unwrap_or_default();
    format!("{from}{to}: {what}{took}\nClick to see why it goes there")
}

fn record_text(record: &Record) -> String {
    let took = Unit::Time.text(record.phases.total_ns as f64 / 1e9);
    let server = record.attempts.last().map(|it| format!(" → {}", it.server)).unwrap_or_default();
    format!("{} {}{server}, {took}", record.method, record.target)
}

fn servers(ui: &Ui, scenery: &Scenery<'_>) -> Option<Clicked> {
    let mut clicked = None;
    for (server, area) in scenery.scene.servers.iter().zip(&scenery.layout.servers) {
        let id = ui.scope_id().with(("server", &server.name));
        let response = ui.interact(*area, id, Sense::click());
        let is_selected = scenery.source.selection.is_server(scenery.scene.pool, &server.name);
        response
            .widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, server.spoken()));
        let response = pointable(ui, response);
        if response.clicked() {
            clicked = Some(Clicked::Server(server.name.clone()));
        }
    }
    clicked
}

/// A client's row: pointing at it follows its pipes, a click keeps following, and yours leads to your last request.
fn clients(ui: &Ui, flow: &mut Flow, scenery: &Scenery<'_>) -> Option<Clicked> {
    let mut clicked = None;
    flow.hovered_lane = None;
    for (number, (lane, at)) in
        scenery.scene.lanes.all().iter().zip(&scenery.layout.lanes).enumerate()
    {
        let radius = CIRCLE * scenery.layout.unit + 4.0;
        let area = Rect::from_center_size(*at, Vec2::splat(radius * 2.0));
        let response = ui.interact(area, ui.scope_id().with(("client", number)), Sense::click());
        let name = if lane.is_yours() {
            "Your requests".to_owned()
        } else {
            format!("Client {}", lane.label())
        };
        let is_traced = flow.traced == Some(number);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_traced, &name));
        let newest = flow.yours.newest(scenery.source.moment_ns).filter(|_| lane.is_yours());
        if response.hovered() || response.has_focus() {
            flow.hovered_lane = Some(number);
        }
        if response.clicked() {
            flow.traced = if is_traced { None } else { Some(number) };
            clicked =
                newest.map(|record| Clicked::Request(std::sync::Arc::clone(record))).or(clicked);
        }
        let about = match (lane.is_yours(), newest) {
            (true, Some(record)) => format!("Your last request: {}", record_text(record)),
            (true, None) => {
                "Open the address above in a browser: your request is the star".to_owned()
            }
            (false, _) => {
                format!("{} clients, {} /s", lane.count(), scenery.scene.lane_rates[number])
            }
        };
        pointable(ui, response).on_hover_text(about);
    }
    clicked
}

fn others(ui: &Ui, scenery: &Scenery<'_>) -> Option<Clicked> {
    let mut clicked = None;
    for (pool, area) in scenery.scene.others.iter().zip(&scenery.layout.others) {
        let response = ui.interact(*area, ui.scope_id().with(("pool", pool.place)), Sense::click());
        let name = format!("Pool {}", pool.name);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let n_servers = pool.n_servers;
        let servers =
            if n_servers == 1 { "1 server".to_owned() } else { format!("{n_servers} servers") };
        let response = pointable(ui, response);
        if response.clicked() {
            clicked = Some(Clicked::Pool(pool.place));
        }
        response.on_hover_text(format!("{name}, {servers}. Click to look at it"));
    }
    clicked
}

/// Shows that something can be clicked, and where the keyboard is.
fn pointable(ui: &Ui, response: Response) -> Response {
    if response.has_focus() {
        let theme = crate::ui::theme::Theme::of(ui);
        let stroke = egui::Stroke::new(1.5, theme.accent);
        let area = response.rect.expand(3.0);
        ui.painter().rect_stroke(
            area,
            crate::ui::theme::CARD_RADIUS,
            stroke,
            egui::StrokeKind::Inside,
        );
    }
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// How far from a dot a click still means it: dots are small and move.
const REACH: f32 = 14.0;
/// Among how many of the newest records one that was waited for is looked for.
const NEWEST: usize = 2_000;
