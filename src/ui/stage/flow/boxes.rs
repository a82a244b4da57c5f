//! The things that stand still: clients, balancer, servers, other pools.

use egui::{Align2, Color32, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::lanes;
use super::layout::{CIRCLE, Detail};
use super::pen::Pen;
use super::pipes::{Trace, rate_text};
use super::scene::Scene;
use super::servers::ServerScene;
use crate::ui::standing::Standing;
use crate::ui::theme;

pub(super) fn paint_clients(
    pen: &Pen<'_>,
    scene: &Scene<'_>,
    has_labels: bool,
    trace: Option<&Trace>,
) {
    for (number, (lane, at)) in scene.lanes.all().iter().zip(&pen.layout.lanes).enumerate() {
        let radius = pen.of(CIRCLE);
        let is_traced = trace.is_some_and(|trace| trace.lane == number);
        let colour = lanes::colour(pen.theme, number, lane.is_yours());
        let stroke = Stroke::new(if is_traced { 3.0 } else { 2.0 }, colour);
        pen.painter.circle(*at, radius, pen.theme.raised, stroke);
        if lane.is_yours() {
            pen.star(*at, radius * 0.62, colour);
        } else if lane.count() > 1 && radius > 7.0 {
            let count = lane.count();
            let text = if count < 1_000 { count.to_string() } else { "…".to_owned() };
            pen.small(*at, Align2::CENTER_CENTER, text, pen.theme.text);
        }
        if has_labels {
            let left = *at - vec2(radius + pen.of(8.0), 0.0);
            let colour = if is_traced { pen.theme.text } else { pen.theme.mute };
            pen.small_left_of(left, [&lane.name, &lane.part], colour);
        }
    }
}

/// The balancer: who was picked last is bright, who is next has a line round it.
pub(super) fn paint_balancer(pen: &Pen<'_>, scene: &Scene<'_>, has_labels: bool) {
    let area = pen.layout.balancer;
    let stroke = Stroke::new(theme::HAIRLINE, pen.theme.line);
    pen.painter.rect(area, theme::CARD_RADIUS, pen.theme.raised, stroke, StrokeKind::Inside);
    for (number, badge) in pen.layout.badges.iter().enumerate() {
        let server = &scene.servers[number];
        pen.badge(*badge, server.badge, scene.picked == Some(number));
        if !server.takes_new() {
            let stroke = Stroke::new(1.5, pen.theme.err);
            pen.painter.line_segment([badge.left_bottom(), badge.right_top()], stroke);
        }
        if scene.next == Some(number) {
            let stroke = Stroke::new(1.5, pen.theme.text);
            pen.painter.rect_stroke(badge.expand(3.0), 6.0, stroke, StrokeKind::Inside);
        }
    }
    if !has_labels {
        return;
    }
    if scene.servers.is_empty() {
        let right = area.right_center() + vec2(pen.of(14.0), 0.0);
        let text = "No server yet: add one at the left, or by Ctrl P";
        pen.small(right, Align2::LEFT_CENTER, text, pen.theme.mute);
    }
    let mut below = area.center_bottom() + vec2(0.0, pen.of(6.0));
    if let Some(next) = scene.next {
        let text = format!("next: {}", scene.servers[next].badge.letter());
        below = pen.small(below, Align2::CENTER_TOP, text, pen.theme.mute).center_bottom();
    }
    if scene.n_waiting > 0 {
        let text = format!("{} wait for a server", scene.n_waiting);
        pen.small(below + vec2(0.0, 2.0), Align2::CENTER_TOP, text, pen.theme.warn);
    }
}

pub(super) fn paint_others(pen: &Pen<'_>, scene: &Scene<'_>) {
    for (pool, area) in scene.others.iter().zip(&pen.layout.others) {
        let stroke = Stroke::new(theme::HAIRLINE, pen.theme.line);
        pen.painter.rect(
            *area,
            theme::CONTROL_RADIUS,
            pen.theme.raised,
            stroke,
            StrokeKind::Inside,
        );
        let right = area.right_center() - vec2(pen.of(8.0), 0.0);
        let rate = pen.number(right, Align2::RIGHT_CENTER, rate_text(pool.rate), pen.theme.mute);
        let left = area.left_center() + vec2(pen.of(10.0), 0.0);
        pen.name(left, rate.left() - left.x - 6.0, &pool.name, pen.theme.text);
    }
}

/// How a server's box stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) is_selected: bool,
    pub(super) is_aside: bool,
    /// How many of a traced client's requests it got, and whether all of them.
    pub(super) traced: Option<(usize, bool)>,
}

pub(super) fn paint_server(pen: &Pen<'_>, server: &ServerScene, area: Rect, mark: Mark) {
    let theme = pen.theme;
    let is_well = server.takes_new();
    let colour = server.badge.colour(theme);
    let fade = |colour: Color32| if mark.is_aside { colour.gamma_multiply(0.4) } else { colour };
    let radius =
        if pen.layout.detail() == Detail::Cell { theme::CHIP_RADIUS } else { theme::CARD_RADIUS };
    pen.painter.rect_filled(area, radius, if is_well { theme.raised } else { theme.bg });
    if is_well {
        let is_full = server.n_waiting > 0 || server.limit.is_some_and(|it| server.n_busy >= it);
        let stroke = Stroke::new(if is_full { 2.0 } else { 1.0 }, fade(colour));
        pen.painter.rect_stroke(area, radius, stroke, StrokeKind::Inside);
    } else {
        pen.dashed_box(area.shrink(1.0), standing_colour(pen, server.standing));
    }
    if mark.is_selected {
        let stroke = Stroke::new(2.0, theme.accent);
        pen.painter.rect_stroke(area.expand(3.0), radius + 3, stroke, StrokeKind::Inside);
    }
    match pen.layout.detail() {
        Detail::Full => paint_full(pen, server, area),
        Detail::Short => paint_short(pen, server, area),
        Detail::Cell => paint_cell(pen, server, area),
    }
    if let Some((count, is_all)) = mark.traced.filter(|_| pen.layout.detail() != Detail::Cell) {
        let text = if is_all {
            "all of its requests".to_owned()
        } else {
            format!("{count} of its requests")
        };
        let at = area.center_bottom() + vec2(0.0, 2.0);
        pen.small(at, Align2::CENTER_TOP, text, theme.text);
    }
}

fn standing_colour(pen: &Pen<'_>, standing: Standing) -> Color32 {
    if standing.is_bad() { pen.theme.err } else { pen.theme.warn }
}

fn paint_full(pen: &Pen<'_>, server: &ServerScene, area: Rect) {
    let inner = area.shrink2(vec2(pen.of(10.0), pen.of(9.0)));
    paint_head(pen, server, inner, inner.top() + 8.0 * pen.layout.text);
    paint_slots(pen, server, inner, inner.center().y + pen.of(1.0));
    let bottom = inner.left_bottom();
    let theme = pen.theme;
    let busy = pen.small(bottom, Align2::LEFT_BOTTOM, server.busy_text(), theme.mute);
    // Larger text, as on a projector, leaves no room for both.
    let has_room = inner.right() - busy.right() > pen.of(52.0) * pen.layout.text;
    if server.rate > 0.0 && has_room {
        pen.number(inner.right_bottom(), Align2::RIGHT_BOTTOM, rate_text(server.rate), theme.mute);
    }
}

fn paint_short(pen: &Pen<'_>, server: &ServerScene, area: Rect) {
    let inner = area.shrink2(vec2(pen.of(8.0), pen.of(5.0)));
    paint_head(pen, server, inner, inner.top() + 8.0 * pen.layout.text);
    let y = inner.bottom() - 6.0 * pen.layout.text;
    let right = pos2(inner.right(), y);
    let text = pen.number(right, Align2::RIGHT_CENTER, short_busy(server), pen.theme.mute);
    paint_slots(pen, server, inner.with_max_x(text.left() - 4.0), y);
}

fn paint_cell(pen: &Pen<'_>, server: &ServerScene, area: Rect) {
    let side = (area.height() - 6.0).min(16.0 * pen.layout.text);
    let left = area.left() + 3.0 + side / 2.0;
    let badge = Rect::from_center_size(pos2(left, area.center().y), vec2(side, side));
    pen.badge(badge, server.badge, server.takes_new());
    let right = area.right_center() - vec2(5.0, 0.0);
    if server.takes_new() {
        let colour = if server.n_waiting > 0 { pen.theme.warn } else { pen.theme.text };
        pen.number(right, Align2::RIGHT_CENTER, short_busy(server), colour);
    } else {
        let colour = standing_colour(pen, server.standing);
        pen.small(right, Align2::RIGHT_CENTER, server.standing.word(), colour);
    }
}

/// The badge, the name, and at the right what is wrong with it, or its setting where the name leaves room for that.
fn paint_head(pen: &Pen<'_>, server: &ServerScene, inner: Rect, y: f32) {
    let theme = pen.theme;
    let side = 16.0 * pen.layout.text;
    let badge = Rect::from_center_size(pos2(inner.left() + side / 2.0, y), vec2(side, side));
    pen.badge(badge, server.badge, server.takes_new());
    let left = badge.right() + 6.0;
    let mut room = inner.right() - left;
    let right = pos2(inner.right(), y);
    if server.standing != Standing::Well {
        let colour = standing_colour(pen, server.standing);
        let word = pen.small(right, Align2::RIGHT_CENTER, server.standing.word(), colour);
        room = word.left() - left - 4.0;
    } else if let Some(latency) = &server.latency
        && pen.name_width(&server.name) + pen.number_width(latency) + 4.0 <= room
    {
        pen.number(right, Align2::RIGHT_CENTER, latency, theme.mute);
    }
    let colour = if server.takes_new() { theme.text } else { theme.mute };
    pen.name(pos2(left, y), room, &server.name, colour);
}

/// A square for each place while there are few, a bar when there are many.
fn paint_slots(pen: &Pen<'_>, server: &ServerScene, inner: Rect, y: f32) {
    let colour = server.badge.colour(pen.theme);
    let (side, pitch) =
        (pen.of(11.0).min(13.0 * pen.layout.text), pen.of(16.0).min(18.0 * pen.layout.text));
    let n_places = server.limit.unwrap_or(server.n_busy);
    let fits = n_places as f32 * pitch <= inner.width() + pitch - side;
    if fits {
        for place in 0..n_places {
            let centre = pos2(inner.left() + side / 2.0 + pitch * place as f32, y);
            let slot = Rect::from_center_size(centre, vec2(side, side));
            let fill = if place < server.n_busy { colour } else { pen.theme.line };
            pen.painter.rect_filled(slot, 3, fill);
        }
        return;
    }
    let bar =
        Rect::from_min_max(pos2(inner.left(), y - side / 3.0), pos2(inner.right(), y + side / 3.0));
    pen.painter.rect_filled(bar, 3, pen.theme.line);
    // Without a limit, nobody knows how full it is: the bar only says that there are many.
    let part = server.limit.map_or(1.0, |limit| (server.n_busy as f32 / limit as f32).min(1.0));
    if part > 0.0 {
        let filled = bar.with_max_x(bar.left() + bar.width() * part);
        server.badge.fill(&pen.painter, filled, 3, colour);
    }
}

/// `3/4`, with those who wait behind a plus.
fn short_busy(server: &ServerScene) -> String {
    let ServerScene { n_busy, n_waiting, limit, .. } = server;
    let busy = limit.map_or_else(|| n_busy.to_string(), |limit| format!("{n_busy}/{limit}"));
    if *n_waiting > 0 { format!("{n_busy} +{n_waiting}") } else { busy }
}

/// Those who wait before a server, first in line nearest to it. Gives back where each is that has a dot.
pub(super) fn paint_queue(pen: &Pen<'_>, scene: &Scene<'_>, number: usize) -> Vec<(Pos2, usize)> {
    let server = &scene.servers[number];
    if server.n_waiting == 0 || pen.layout.detail() == Detail::Cell {
        return Vec::new();
    }
    let area = pen.layout.servers[number];
    let first =
        pos2(area.left() - pen.of(14.0), area.center().y + pen.of(20.0).min(area.height() * 0.5));
    let (radius, pitch) = (pen.of(3.5).max(2.5), pen.of(10.0));
    let mut hits = Vec::new();
    for place in 0..server.n_waiting.min(QUEUE_DOTS_MAX) {
        let at = first - vec2(pitch * place as f32, 0.0);
        let waiting = server.waiting.get(place);
        let colour = waiting.map_or(pen.theme.mute, |waiting| {
            let lane = &scene.lanes.all()[waiting.lane];
            lanes::colour(pen.theme, waiting.lane, lane.is_yours())
        });
        match waiting {
            Some(waiting) if scene.dots[waiting.dot].is_yours => pen.star(at, radius * 1.8, colour),
            _ => {
                pen.painter.circle_filled(at, radius, colour);
            }
        }
        hits.extend(waiting.map(|waiting| (at, waiting.dot)));
    }
    let text = format!("{} waiting", server.n_waiting);
    let below = first + vec2(radius, pen.of(7.0));
    pen.small(below, Align2::RIGHT_TOP, text, pen.theme.warn);
    hits
}

/// More are told by the number.
const QUEUE_DOTS_MAX: usize = 10;
