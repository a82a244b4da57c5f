//! Pipes, and what travels in them.

use egui::{Align2, Color32, Pos2, Shape, Stroke, pos2, vec2};

use super::curve::Curve;
use super::lanes;
use super::layout::Detail;
use super::pen::Pen;
use super::scene::{Dot, LANE_DOTS_MAX, Scene, Target};
use super::track::Place;

/// What is traced: the pipes of one client, and of the servers that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) lane: usize,
    /// For each server, how many of the client's requests it got of late.
    pub(super) served: Vec<usize>,
}

pub(super) fn paint(pen: &Pen<'_>, scene: &Scene<'_>, trace: Option<&Trace>) {
    let ribbons = Ribbons::of(pen, scene);
    let layout = pen.layout;
    for (lane, pipe) in layout.client_pipes.iter().enumerate() {
        let is_yours = scene.lanes.all()[lane].is_yours();
        let colour = lanes::colour(pen.theme, lane, is_yours);
        let strength = strength(trace.map(|trace| trace.lane == lane));
        ribbons.paint(pen, pipe, scene.lane_rates[lane], (colour, strength));
    }
    for (number, pipes) in layout.server_pipes.iter().enumerate() {
        let server = &scene.servers[number];
        let strength = strength(trace.map(|trace| trace.served[number] > 0));
        let colour = server.badge.colour(pen.theme);
        if !server.standing.takes_new() {
            let colour = if server.standing.is_bad() { pen.theme.err } else { pen.theme.mute };
            for pipe in pipes.iter().take(1) {
                let stroke = Stroke::new(1.5, colour.gamma_multiply(0.7));
                pen.painter.extend(Shape::dashed_line(pipe.points(), stroke, 5.0, 5.0));
            }
        } else if server.rate > LANE_DOTS_MAX {
            let middle = &pipes[pipes.len() / 2];
            ribbons.paint(pen, middle, server.rate, (colour, strength));
        } else {
            for pipe in pipes {
                ribbons.paint(pen, pipe, 0.0, (colour, strength));
            }
        }
    }
    for (number, pipe) in layout.other_pipes.iter().enumerate() {
        let rate = scene.others[number].rate;
        ribbons.paint(pen, pipe, rate, (pen.theme.mute, strength(trace.map(|_| false))));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strength {
    Usual,
    Traced,
    Aside,
}

fn strength(is_traced: Option<bool>) -> Strength {
    match is_traced {
        None => Strength::Usual,
        Some(true) => Strength::Traced,
        Some(false) => Strength::Aside,
    }
}

/// How wide what carries more than dots can show is drawn.
struct Ribbons {
    pipe_width: f32,
    /// Points of width for each request a second.
    per_second: f32,
}

impl Ribbons {
    fn of(pen: &Pen<'_>, scene: &Scene<'_>) -> Self {
        let servers = scene.servers.iter().map(|server| server.rate);
        let most = scene.lane_rates.iter().copied().chain(servers).fold(0.0, f32::max);
        let is_small = pen.layout.detail() == Detail::Cell;
        let width = pen.of(if is_small { 9.0 } else { 20.0 });
        let pipe_width = if is_small { pen.of(2.0).max(1.5) } else { pen.of(4.0).max(2.0) };
        Self { pipe_width, per_second: width / most.max(LANE_DOTS_MAX) }
    }

    fn paint(
        &self,
        pen: &Pen<'_>,
        pipe: &Curve,
        rate: f32,
        (colour, strength): (Color32, Strength),
    ) {
        let is_ribbon = rate > LANE_DOTS_MAX;
        let width =
            if is_ribbon { (rate * self.per_second).max(self.pipe_width) } else { self.pipe_width };
        let usual = if is_ribbon { pen.theme.quiet(colour) } else { pen.theme.pipe };
        let colour = match strength {
            Strength::Usual => usual,
            Strength::Traced => colour.gamma_multiply(0.8),
            Strength::Aside => usual.gamma_multiply(0.45),
        };
        pen.painter.add(Shape::line(pipe.points().to_vec(), Stroke::new(width, colour)));
    }
}

/// Draws the dots that are in a pipe or at an end of one, and gives back where each of them is.
pub(super) fn paint_dots(
    pen: &Pen<'_>,
    scene: &Scene<'_>,
    trace: Option<&Trace>,
) -> Vec<(Pos2, usize)> {
    let mut hits = Vec::with_capacity(scene.dots.len());
    for (number, dot) in scene.dots.iter().enumerate() {
        if let Some(at) = place_of(pen, dot) {
            let is_aside = trace.is_some_and(|trace| trace.lane != dot.lane);
            paint_dot(pen, dot, at, is_aside && !dot.is_selected);
            hits.push((at, number));
        }
    }
    hits
}

/// Where a dot is to be drawn. Those that wait in a line are drawn there.
fn place_of(pen: &Pen<'_>, dot: &Dot<'_>) -> Option<Pos2> {
    let layout = pen.layout;
    let of_target = |way: f32| match dot.target {
        Target::Server(server) => {
            let pipes = &layout.server_pipes[server];
            Some(pipes[dot.id.number as usize % pipes.len()].at(way))
        }
        Target::Other(other) => Some(layout.other_pipes[other].at(way)),
        Target::Nobody => None,
    };
    match dot.place {
        Place::ClientPipe { way, .. } => Some(layout.client_pipes[dot.lane].at(way)),
        Place::ServerPipe { way, .. } => of_target(way),
        Place::AtBalancer if dot.is_yours || dot.is_selected => {
            Some(layout.client_pipes[dot.lane].end())
        }
        // At its server's left edge, where it can be seen and clicked while it waits.
        Place::AtServer { .. } if dot.is_yours || dot.is_selected => match dot.target {
            Target::Server(server) => {
                let area = layout.servers[server];
                Some(pos2(area.left(), area.center().y))
            }
            _ => None,
        },
        Place::AtBalancer | Place::AtServer { .. } | Place::Stopped { .. } => None,
    }
}

fn paint_dot(pen: &Pen<'_>, dot: &Dot<'_>, at: Pos2, is_aside: bool) {
    let radius = pen.of(4.0).max(2.5);
    let colour = lanes::colour(pen.theme, dot.lane, dot.is_yours);
    let colour = if is_aside { colour.gamma_multiply(0.3) } else { colour };
    let is_back = matches!(
        dot.place,
        Place::ClientPipe { back: true, .. } | Place::ServerPipe { back: true, .. }
    );
    if dot.is_yours {
        pen.painter.circle_filled(at, radius * 2.3, pen.theme.bg.gamma_multiply(0.8));
        pen.star(at, radius * 1.9, colour);
        pen.small(at + vec2(0.0, -radius * 2.4), Align2::CENTER_BOTTOM, "you", pen.theme.text);
    } else if is_back {
        // A disc on a disc: four triangles, where a circle with an edge is more than a hundred.
        pen.painter.circle_filled(at, radius, colour);
        pen.painter.circle_filled(at, radius * 0.6, pen.theme.bg);
    } else {
        pen.painter.circle_filled(at, radius, colour);
    }
    if dot.attempt > 0 {
        let text = format!("try {}", dot.attempt + 1);
        pen.small(at + vec2(0.0, -radius * 1.4), Align2::CENTER_BOTTOM, text, pen.theme.warn);
    }
    if dot.is_selected {
        let stroke = Stroke::new(2.0, pen.theme.accent);
        pen.painter.circle_stroke(at, radius * 2.6, stroke);
    }
}

/// Crosses where requests stopped, with the newest reason, and how many.
pub(super) fn paint_stops(pen: &Pen<'_>, scene: &Scene<'_>) {
    for stop in &scene.stops {
        let at = match stop.target {
            Target::Server(server) => pen.layout.door(server),
            Target::Other(other) => pen.layout.others[other].center_top(),
            Target::Nobody => pen.layout.balancer.left_center() - vec2(pen.of(8.0), 0.0),
        };
        // It stays at full strength for two thirds of its time.
        let colour = pen.theme.err.gamma_multiply((3.0 - 3.0 * stop.age).clamp(0.0, 1.0));
        pen.cross(at, pen.of(5.0), colour);
        let text = match stop.count {
            1 => stop.why.to_owned(),
            count => format!("{} ×{count}", stop.why),
        };
        let above = at - vec2(pen.of(-6.0), pen.of(16.0));
        pen.small(above, Align2::RIGHT_BOTTOM, text, colour);
    }
}

/// With nothing travelling: how many a second are in each pipe.
pub(super) fn paint_rates(pen: &Pen<'_>, scene: &Scene<'_>) {
    let text = |pipe: &Curve, way: f32, rate: f32| {
        let at = pipe.at(way);
        let text = rate_text(rate);
        let galley =
            pen.painter.layout_no_wrap(text, egui::FontId::monospace(10.0), pen.theme.text);
        let area = Align2::CENTER_CENTER.anchor_size(at, galley.size());
        pen.painter.rect_filled(area.expand2(vec2(3.0, 0.0)), 3.0, pen.theme.bg);
        pen.painter.galley(area.min, galley, pen.theme.text);
    };
    for (pipe, &rate) in pen.layout.client_pipes.iter().zip(&scene.lane_rates) {
        text(pipe, 0.3, rate);
    }
    if pen.layout.detail() == Detail::Cell {
        return;
    }
    for (pipes, server) in pen.layout.server_pipes.iter().zip(&scene.servers) {
        text(&pipes[pipes.len() / 2], 0.6, server.rate);
    }
}

pub(super) fn rate_text(rate: f32) -> String {
    if rate >= 9.95 { format!("{rate:.0} /s") } else { format!("{rate:.1} /s") }
}
