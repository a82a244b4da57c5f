//! The circle: arcs in their owners' colours, keys as dots outside, one place pointed at.

use std::sync::Arc;

use egui::{Align2, Color32, Mesh, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, vec2};

use super::draw::{Drawing, Ring, Span, Spot};
use super::ink::Inks;
use crate::balance::remap::NOBODY;
use crate::ui::theme;

/// The mesh of the last frame, because thousands of arcs are not laid out anew for nothing.
#[derive(Default)]
pub(super) struct Cache {
    made_for: Option<MadeFor>,
    mesh: Arc<Mesh>,
}

#[derive(Clone, Copy, PartialEq)]
struct MadeFor {
    edition: u64,
    circle: Circle,
    growth: f32,
    bg: Color32,
    selected: Option<u32>,
}

/// Where the circle is on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    pub(super) centre: Pos2,
    /// To the middle of the band.
    pub(super) radius: f32,
    pub(super) band: f32,
}

impl Circle {
    /// As large as fits, with room for the dots and for what is pointed at.
    pub(super) fn inside(area: Rect) -> Self {
        let outer = (area.size().min_elem() / 2.0 - 26.0).max(40.0);
        let band = (outer * 0.13).clamp(10.0, 28.0);
        Self { centre: area.center(), radius: outer - band / 2.0, band }
    }

    fn outer(&self) -> f32 {
        self.radius + self.band / 2.0
    }

    fn inner(&self) -> f32 {
        self.radius - self.band / 2.0
    }

    /// The widest text that fits inside.
    pub(super) fn text_width(&self) -> f32 {
        self.inner() * 1.5
    }

    /// Position 0 is at the top, and they go clockwise.
    fn direction(turn: f64) -> Vec2 {
        Vec2::angled((turn as f32 - 0.25) * std::f32::consts::TAU)
    }

    fn at(&self, turn: f64, radius: f32) -> Pos2 {
        self.centre + Self::direction(turn) * radius
    }

    /// The position on the circle that a pointer is at, if it is at the band or just outside.
    fn position_at(&self, pointer: Pos2) -> Option<u64> {
        let from_centre = pointer - self.centre;
        let near = self.inner() - 8.0..=self.outer() + 6.0;
        if !near.contains(&from_centre.length()) {
            return None;
        }
        let turn = f64::from(from_centre.angle() / std::f32::consts::TAU) + 0.25;
        let turn = turn - turn.floor();
        Some((turn * CIRCLE) as u64)
    }
}

/// What a pointer is at.
pub(super) enum Pointed<'a> {
    Nothing,
    Key(&'a Spot),
    Place(u64),
}

/// Draws it. `growth` is how far moved arcs have grown, from 0 to 1.
pub(super) fn ring_ui<'a>(
    ui: &Ui,
    drawing: &'a Drawing,
    ring: &Ring,
    circle: Circle,
    (cache, edition, growth): (&mut Cache, u64, f32),
    inks: &Inks,
) -> (Response, Pointed<'a>) {
    let made_for = MadeFor { edition, circle, growth, bg: inks.theme.bg, selected: inks.selected };
    if cache.made_for != Some(made_for) {
        cache.mesh = Arc::new(mesh(ring, circle, growth, inks));
        cache.made_for = Some(made_for);
    }
    ui.painter().add(Shape::Mesh(Arc::clone(&cache.mesh)));
    if !ring.decides || ring.points.len() <= POINTS_DRAWN {
        points_ui(ui, ring, circle, inks);
    }
    for (index, spot) in drawing.spots.iter().enumerate() {
        let Some(at) = spot_at(circle, index, spot) else { continue };
        let radius = if spot.owner == spot.was { 2.0 } else { 2.75 };
        ui.painter().circle_filled(at, radius, inks.loud(spot.owner));
    }
    let side = 2.0 * (circle.outer() + 18.0);
    let area = Rect::from_center_size(circle.centre, vec2(side, side));
    // A key can be typed beside the tabs, so the keyboard has nothing to do here.
    let response = ui.interact(area, ui.scope_id().with("ring"), Sense::CLICK);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Ring of keys"));
    let pointed = pointed(response.hover_pos(), drawing, circle);
    if let Pointed::Place(position) = pointed
        && ring.decides
    {
        let end = ring.arcs[arc_at(ring, position)].end;
        ray_ui(ui, circle, end as f64 / CIRCLE, Stroke::new(1.5, inks.theme.text));
    }
    (response, pointed)
}

fn pointed<'a>(pointer: Option<Pos2>, drawing: &'a Drawing, circle: Circle) -> Pointed<'a> {
    let Some(pointer) = pointer else { return Pointed::Nothing };
    let distance = |(index, spot): (usize, &'a Spot)| {
        spot_at(circle, index, spot).map(|at| (at.distance(pointer), spot))
    };
    let nearest = drawing.spots.iter().enumerate().filter_map(distance);
    match nearest.min_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((distance, spot)) if distance < 5.0 => Pointed::Key(spot),
        _ => circle.position_at(pointer).map_or(Pointed::Nothing, Pointed::Place),
    }
}

/// Neighbours stand at two distances, so that they hide each other less.
fn spot_at(circle: Circle, index: usize, spot: &Spot) -> Option<Pos2> {
    let position = spot.position?;
    let radius = circle.outer() + 8.0 + (index % 2) as f32 * 5.0;
    Some(circle.at(position as f64 / CIRCLE, radius))
}

/// The place of the arc that a position falls into.
pub(super) fn arc_at(ring: &Ring, position: u64) -> usize {
    ring.arcs.partition_point(|arc| arc.end < position) % ring.arcs.len().max(1)
}

/// A pin at a key's position, with its name outside.
pub(super) fn pin_ui(ui: &Ui, circle: Circle, position: u64, name: &str, inks: &Inks) {
    let turn = position as f64 / CIRCLE;
    ray_ui(ui, circle, turn, Stroke::new(2.0, inks.theme.text));
    let (direction, tip) = (Circle::direction(turn), circle.at(turn, circle.outer() + 2.0));
    let (back, side) = (direction * 9.0, direction.rot90() * 4.5);
    let points = vec![tip, tip + back + side, tip + back - side];
    ui.painter().add(Shape::convex_polygon(points, inks.theme.text, Stroke::NONE));
    let align = if direction.x > 0.0 { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
    let font = egui::TextStyle::Small.resolve(ui.style());
    let at = tip + direction * 14.0;
    let text: String = name.chars().take(24).collect();
    let galley = ui.painter().layout_no_wrap(text, font, inks.theme.text);
    // It stays in the picture, over whatever is there.
    let area = align.anchor_size(at, galley.size());
    let inside = ui.max_rect();
    let shift = (inside.left() - area.left()).max(0.0) + (inside.right() - area.right()).min(0.0);
    let area = area.translate(vec2(shift, 0.0));
    ui.painter().rect_filled(area.expand(3.0), theme::CHIP_RADIUS, inks.theme.raised);
    ui.painter().galley(area.min, galley, inks.theme.text);
}

fn ray_ui(ui: &Ui, circle: Circle, turn: f64, stroke: Stroke) {
    let (from, to) = (circle.inner() - 5.0, circle.outer() + 5.0);
    ui.painter().line_segment([circle.at(turn, from), circle.at(turn, to)], stroke);
}

/// Points inside the band, with their letters where there is room for them.
fn points_ui(ui: &Ui, ring: &Ring, circle: Circle, inks: &Inks) {
    let lettered = ring.points.len() <= POINTS_LETTERED;
    for &(position, owner) in &ring.points {
        let turn = position as f64 / CIRCLE;
        let (from, to) = (circle.inner() - 6.0, circle.inner() - 1.0);
        let stroke = Stroke::new(1.5, inks.loud(owner));
        ui.painter().line_segment([circle.at(turn, from), circle.at(turn, to)], stroke);
        if let Some(badge) = inks.badge(owner).filter(|_| lettered) {
            badge.paint(ui.painter(), inks.theme, circle.at(turn, circle.inner() - 15.0), 14.0);
        }
    }
}

fn mesh(ring: &Ring, circle: Circle, growth: f32, inks: &Inks) -> Mesh {
    let mut mesh = Mesh::default();
    let Some(last) = ring.arcs.last() else { return mesh };
    let mut begin = last.end;
    for arc in &ring.arcs {
        let part = Part { from: begin as f64 / CIRCLE, to: arc.end as f64 / CIRCLE };
        begin = arc.end;
        let moved = arc.owner != arc.was;
        let grown = if moved { growth * GROWTH } else { 0.0 };
        let thin = if ring.decides { 0.0 } else { circle.band * 0.4 };
        let (inner, outer) = (circle.inner() - grown + thin, circle.outer() + grown - thin);
        let colour = colour(ring, arc, growth, inks);
        band(&mut mesh, circle, part, (inner, outer), colour);
        if inks.is_striped(arc.owner) && ring.decides {
            let third = (outer - inner) / 3.0;
            let dark = theme::ON_SERVER.gamma_multiply(0.6);
            band(&mut mesh, circle, part, (inner + third, outer - third), dark);
        }
    }
    mesh
}

fn colour(ring: &Ring, arc: &Span, growth: f32, inks: &Inks) -> Color32 {
    let (quiet, loud) = (inks.quiet(arc.owner), inks.loud(arc.owner));
    match arc.owner == arc.was {
        // Where arcs do not decide, their colours would say what is not so.
        _ if !ring.decides || arc.owner == NOBODY => inks.theme.line,
        true if inks.selected == Some(arc.owner) => loud,
        true => quiet,
        false => quiet.lerp_to_gamma(loud, growth),
    }
}

/// A part of the way round, clockwise. One that wraps ends before it begins.
#[derive(Clone, Copy)]
struct Part {
    from: f64,
    to: f64,
}

/// Adds a piece of a band with soft edges.
fn band(mesh: &mut Mesh, circle: Circle, part: Part, (inner, outer): (f32, f32), colour: Color32) {
    let length = if part.to > part.from { part.to - part.from } else { part.to + 1.0 - part.from };
    let n_steps = (length * STEPS).ceil().max(1.0) as u32;
    let soft = 0.5;
    let rows = [
        (inner - soft, Color32::TRANSPARENT),
        (inner + soft, colour),
        (outer - soft, colour),
        (outer + soft, Color32::TRANSPARENT),
    ];
    let first = mesh.vertices.len() as u32;
    for step in 0..=n_steps {
        let turn = part.from + length * f64::from(step) / f64::from(n_steps);
        let direction = Circle::direction(turn);
        for (radius, colour) in rows {
            mesh.colored_vertex(circle.centre + direction * radius, colour);
        }
    }
    for step in 0..n_steps {
        for row in 0..3 {
            let here = first + step * 4 + row;
            mesh.add_triangle(here, here + 1, here + 4);
            mesh.add_triangle(here + 1, here + 4, here + 5);
        }
    }
}

pub(super) const CIRCLE: f64 = 18_446_744_073_709_551_616.0;
/// Straight pieces for the whole way round.
const STEPS: f64 = 240.0;
/// How far moved arcs stand out on either side.
const GROWTH: f32 = 4.0;
const POINTS_DRAWN: usize = 200;
const POINTS_LETTERED: usize = 24;
