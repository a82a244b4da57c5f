//! One lane: an algorithm, its p99, and its traffic in small.

use egui::{
    Align, Align2, Button, ComboBox, CornerRadius, FontId, Frame, Layout, Margin, Painter, Pos2,
    Rect, Response, RichText, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    epaint::CubicBezierShape, pos2, vec2,
};

use super::cast::Cast;
use super::difference::Difference;
use super::film::{Crowd, Film, Leg, Scene};
use crate::balance::Algorithm;
use crate::ui::badges::Badge;
use crate::ui::theme::{self, Theme};
use crate::ui::view::Arrangement;
use crate::ui::widgets::time_text;
use crate::ui::workbench::Workbench;

pub(super) struct Lane<'a> {
    /// 0 for the left, 1 for the right.
    pub(super) place: usize,
    pub(super) film: Option<&'a Film>,
    pub(super) refusal: Option<&'a str>,
    pub(super) cast: &'a Cast,
    pub(super) state: State,
    /// Computed for the lab as it is now.
    pub(super) is_current: bool,
}

/// How a lane does beside the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Same,
    Faster,
    Slower,
}

pub(super) fn states(films: &[Option<std::sync::Arc<Film>>; 2]) -> [State; 2] {
    match super::chart::difference(films) {
        Some(it @ Difference { mean, .. }) if it.is_beyond_chance() => {
            if mean > 0.0 {
                [State::Slower, State::Faster]
            } else {
                [State::Faster, State::Slower]
            }
        }
        _ => [State::Same, State::Same],
    }
}

pub(super) fn lane_ui(ui: &mut Ui, lane: &Lane<'_>, chosen: &mut Algorithm, workbench: &Workbench) {
    card_ui(ui, |ui| {
        ui.horizontal(|ui| head_ui(ui, lane, chosen, workbench));
        let area = ui.available_rect_before_wrap();
        let theme = Theme::of(ui);
        match (lane.film, lane.refusal) {
            (_, Some(why)) => {
                ui.label(RichText::new(format!("It cannot work here: {why}")).color(theme.warn));
            }
            (Some(film), None) => {
                let at_ns = workbench.moment_ns() % film.duration.ns().max(1);
                let scene = film.scene(at_ns);
                let unit = (area.size() / SMALLEST).min_elem().clamp(1.0, 2.0);
                let (painter, cast) = (ui.painter(), lane.cast);
                let picture = Picture { painter, theme, area, unit, cast };
                picture.paint(&scene, !workbench.view.reduced_motion);
            }
            (None, None) => {
                ui.centered_and_justified(Ui::spinner);
            }
        }
    });
}

/// A quiet card that fills what there is.
pub(super) fn card_ui(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    let frame = Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(CornerRadius::same(theme::CARD_RADIUS))
        .inner_margin(Margin::symmetric(14, 8));
    let size = ui.available_size() - vec2(28.0, 16.0);
    frame.show(ui, |ui| {
        ui.set_min_size(size);
        ui.set_max_size(size);
        content(ui);
    });
}

fn head_ui(ui: &mut Ui, lane: &Lane<'_>, chosen: &mut Algorithm, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let about = chosen.about();
    let name = ["Algorithm of the left lane", "Algorithm of the right lane"][lane.place];
    let text = RichText::new(about.title).text_style(theme::sentence());
    let combo = ComboBox::from_id_salt(("lane", lane.place)).selected_text(text).height(420.0);
    let combo = combo.show_ui(ui, |ui| {
        for algorithm in Algorithm::all() {
            let is_chosen = algorithm.about().name == about.name;
            let row = Button::selectable(is_chosen, algorithm.about().title);
            if ui.add(row).on_hover_text(algorithm.about().summary).clicked() && !is_chosen {
                let own = workbench.pool().map(|pool| pool.algorithm.clone());
                let own = own.filter(|own| own.about().name == algorithm.about().name);
                *chosen = own.unwrap_or(algorithm);
            }
        }
    });
    combo.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ComboBox, true, name);
        info.current_text_value = Some(about.title.to_owned());
        info
    });
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let Some(film) = lane.film else { return };
        ui.label(RichText::new("p99").small().color(theme.mute));
        let colour = match lane.state {
            _ if !lane.is_current => theme.faint,
            State::Same => theme.text,
            State::Faster => theme.ok,
            State::Slower => theme.warn,
        };
        let text = film.trial.p99().map_or_else(|| "–".to_owned(), time_text);
        let present = workbench.view.arrangement == Arrangement::Present;
        let font = if present { theme::number_font() } else { theme::lane_number_font() };
        ui.label(RichText::new(text).font(font).color(colour))
            .on_hover_text("Of 100 requests, 99 took no longer than this: the mean of the repeats");
        errors_ui(ui, film);
        let summary = RichText::new(about.summary).small().color(theme.mute);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| label_that_fits(ui, [summary]));
    });
}

fn errors_ui(ui: &mut Ui, film: &Film) {
    let counters = &film.trial.together.counters;
    if counters.errors() == 0 {
        return;
    }
    let part = counters.errors() as f64 / counters.finished().max(1) as f64;
    let percent = super::table::percent(part);
    let said = [format!("{percent} failed"), percent]
        .map(|text| RichText::new(text).text_style(egui::TextStyle::Body).color(Theme::of(ui).err));
    if let Some(response) = label_that_fits(ui, said) {
        response.on_hover_text("The part of all requests that failed");
    }
}

/// The first of several wordings that there is room for. Half a wording would be worse than none.
fn label_that_fits<const N: usize>(ui: &mut Ui, wordings: [RichText; N]) -> Option<Response> {
    let room = ui.available_width();
    let galley = |text: RichText| {
        let style = egui::FontSelection::Default;
        egui::WidgetText::from(text).into_galley(
            ui,
            Some(egui::TextWrapMode::Extend),
            f32::INFINITY,
            style,
        )
    };
    let mut galleys = wordings.into_iter().map(galley);
    let fitting = galleys.find(|galley| galley.size().x <= room)?;
    drop(galleys);
    Some(ui.label(fitting))
}

struct Picture<'a> {
    painter: &'a Painter,
    theme: &'a Theme,
    area: Rect,
    /// The size of things, 1 in the smallest window.
    unit: f32,
    cast: &'a Cast,
}

/// A server's place in the picture.
struct Place {
    badge: Badge,
    area: Rect,
    /// How many it works on at a time, if there is a limit.
    slots: Option<u32>,
}

impl Picture<'_> {
    fn of(&self, points: f32) -> f32 {
        points * self.unit
    }

    fn paint(&self, scene: &Scene, moves: bool) {
        let places = self.places();
        let balancer = self.balancer();
        let pipes = CLIENT_PIPES.map(|y| balancer.center().y + y * self.step());
        for y in pipes {
            let ends = [pos2(self.area.left(), y), pos2(balancer.left(), y)];
            self.painter.line_segment(ends, Stroke::new(self.of(PIPE), self.theme.pipe));
        }
        for (_, place) in &places {
            let points = self.way(place);
            let stroke = Stroke::new(self.of(PIPE), self.theme.pipe);
            let shape = CubicBezierShape::from_points_stroke(
                points,
                false,
                egui::Color32::TRANSPARENT,
                stroke,
            );
            self.painter.add(shape);
        }
        self.painter.rect(
            balancer,
            theme::CARD_RADIUS,
            self.theme.raised,
            Stroke::new(theme::HAIRLINE, self.theme.line),
            StrokeKind::Inside,
        );
        if moves {
            self.dots(scene, &places, pipes);
        }
        if scene.in_line > 0 {
            let text = format!("{} in line", scene.in_line);
            let at = balancer.center_bottom() + vec2(0.0, 4.0);
            self.text(at, Align2::CENTER_TOP, text, self.theme.warn);
        }
        for (name, place) in &places {
            self.server(place, &scene.servers.get(*name).cloned().unwrap_or_default());
        }
        if moves && scene.one_of > 1 {
            let text = format!("1 of {} shown", scene.one_of);
            self.text(self.area.left_bottom(), Align2::LEFT_BOTTOM, text, self.theme.faint);
        }
    }

    fn balancer(&self) -> Rect {
        let x = self.area.left() + self.area.width() * 0.31;
        let height = (self.area.height() * 0.6).min(self.of(110.0));
        Rect::from_center_size(pos2(x, self.area.center().y), vec2(self.of(36.0), height))
    }

    fn step(&self) -> f32 {
        (self.area.height() * 0.1).clamp(8.0, self.of(16.0))
    }

    /// Where the servers stand: beneath one another, in as many columns as it takes.
    fn places(&self) -> Vec<(&str, Place)> {
        let n = self.cast.parts.len();
        let left = self.area.left() + self.area.width() * 0.68;
        let rows_max = ((self.area.height() / (BOX_LEAST + 2.0)) as usize).max(1);
        let columns = n.div_ceil(rows_max).max(1);
        let rows = n.div_ceil(columns).max(1);
        let step = vec2(
            (self.area.right() - left) / columns as f32,
            (self.area.height() / rows as f32).min(self.of(BOX_MOST + 4.0)),
        );
        let top = self.area.center().y - step.y * rows as f32 / 2.0;
        let width = if columns == 1 { self.of(BOX_WIDTH).min(step.x * 0.62) } else { step.x - 4.0 };
        let parts = self.cast.parts.iter().enumerate();
        parts
            .map(|(index, part)| {
                let (column, row) = (index / rows, index % rows);
                let corner = pos2(left + step.x * column as f32, top + step.y * row as f32 + 2.0);
                let area = Rect::from_min_size(corner, vec2(width, step.y - 4.0));
                (part.name.as_str(), Place { badge: part.badge, area, slots: part.slots })
            })
            .collect()
    }

    fn way(&self, place: &Place) -> [Pos2; 4] {
        let balancer = self.balancer();
        let to = place.area.left_center();
        let part = (to.y - self.area.center().y) / self.area.height();
        let from = pos2(balancer.right(), balancer.center().y + part * balancer.height() * 0.7);
        let bend = vec2((to.x - from.x) * 0.5, 0.0);
        [from, from + bend, to - bend, to]
    }

    fn dots(&self, scene: &Scene, places: &[(&str, Place)], pipes: [f32; 3]) {
        for dot in &scene.dots {
            let (at, colour) = match &dot.leg {
                Leg::ToBalancer => {
                    let x = egui::lerp(self.area.left()..=self.balancer().left(), dot.way);
                    (pos2(x, pipes[dot.identity as usize % pipes.len()]), self.theme.mute)
                }
                Leg::ToServer(name) => {
                    let Some((_, place)) = places.iter().find(|(known, _)| known == name) else {
                        continue;
                    };
                    (along(self.way(place), dot.way), place.badge.colour(self.theme))
                }
            };
            self.painter.add(Shape::circle_filled(at, self.of(DOT), colour));
        }
    }

    fn server(&self, place: &Place, crowd: &Crowd) {
        let colour = place.badge.colour(self.theme);
        if place.area.width() < NARROW {
            return self.narrow_server(place, crowd);
        }
        let edge = Stroke::new(1.25, colour);
        let radius = theme::CONTROL_RADIUS;
        self.painter.rect(place.area, radius, self.theme.raised, edge, StrokeKind::Inside);
        let roomy = place.area.height() >= ROOMY && place.area.width() >= 40.0;
        let side = if roomy { self.of(14.0) } else { place.area.height().min(12.0) - 2.0 };
        let centre = pos2(place.area.left() + side / 2.0 + self.of(6.0), place.area.center().y);
        place.badge.paint(self.painter, self.theme, centre, side);
        let inner = place.area.shrink2(vec2(self.of(6.0), 4.0));
        let slots_area = inner.with_min_x(centre.x + side / 2.0 + self.of(6.0));
        self.slots(slots_area, place, crowd.busy);
        self.queue(place, crowd.waiting);
        if crowd.failed > 0 {
            let at = place.area.left_center() - vec2(4.0, 0.0);
            self.text(at, Align2::RIGHT_CENTER, "×".to_owned(), self.theme.err);
        }
    }

    /// One of many: its box is its badge, bright while it works.
    fn narrow_server(&self, place: &Place, crowd: &Crowd) {
        let colour = place.badge.colour(self.theme);
        let is_busy = crowd.busy + crowd.waiting > 0;
        let fill = if is_busy { colour } else { self.theme.quiet(colour) };
        place.badge.fill(self.painter, place.area, theme::CHIP_RADIUS, fill);
        if place.area.width() < LETTERED {
            return;
        }
        let ink = if is_busy { theme::ON_SERVER } else { self.theme.text };
        self.text(place.area.center(), Align2::CENTER_CENTER, place.badge.letter(), ink);
    }

    /// A square for each request that a server can work on at a time; the busy ones are full.
    fn slots(&self, area: Rect, place: &Place, busy: u32) {
        let n = place.slots.unwrap_or(0).max(busy).min(SLOTS_MAX);
        if n == 0 || area.width() < 4.0 {
            return;
        }
        let rows = if n > 5 && area.height() >= 18.0 { 2 } else { 1 };
        let columns = n.div_ceil(rows);
        let cell = (area.width() / columns as f32).min(area.height() / rows as f32);
        let cell = cell.min(self.of(13.0));
        let height = cell * rows as f32;
        for slot in 0..n {
            let (column, row) = (slot % columns, slot / columns);
            let corner = pos2(
                area.left() + column as f32 * cell,
                area.center().y - height / 2.0 + row as f32 * cell,
            );
            let square = Rect::from_min_size(corner, vec2(cell, cell)).shrink(cell * 0.13);
            let full = slot < busy;
            let colour = if full { place.badge.colour(self.theme) } else { self.theme.line };
            self.painter.rect_filled(square, 2, colour);
        }
    }

    /// A dot for each request that waits at a server, as far as there is room, and their number.
    fn queue(&self, place: &Place, waiting: u32) {
        if waiting == 0 {
            return;
        }
        let room = self.area.right() - place.area.right() - 8.0;
        let step = self.of(QUEUE_STEP);
        if room < self.of(24.0) {
            let at = place.area.right_center() - vec2(4.0, 0.0);
            return self.text(at, Align2::RIGHT_CENTER, waiting.to_string(), self.theme.text);
        }
        let y = place.area.center().y;
        let fits = (((room - self.of(28.0)) / step).max(0.0) as u32).min(waiting);
        for index in 0..fits {
            let x = place.area.right() + self.of(10.0) + index as f32 * step;
            self.painter.circle_filled(pos2(x, y), self.of(DOT - 0.5), self.theme.mute);
        }
        let x = place.area.right() + self.of(8.0) + fits as f32 * step;
        self.text(pos2(x, y), Align2::LEFT_CENTER, waiting.to_string(), self.theme.text);
    }

    fn text(&self, at: Pos2, anchor: Align2, text: String, colour: egui::Color32) {
        let font = theme::small_number_font();
        // Texts grow less than things.
        let font = FontId::new((font.size * self.unit.sqrt()).round(), font.family);
        self.painter.text(at, anchor, text, font, colour);
    }
}

/// A place on a cubic curve.
fn along([a, b, c, d]: [Pos2; 4], part: f32) -> Pos2 {
    let rest = 1.0 - part;
    let weights = [
        rest * rest * rest,
        3.0 * rest * rest * part,
        3.0 * rest * part * part,
        part * part * part,
    ];
    let sum = |of: fn(Pos2) -> f32| {
        [a, b, c, d].into_iter().zip(weights).map(|(point, weight)| of(point) * weight).sum()
    };
    pos2(sum(|it| it.x), sum(|it| it.y))
}

/// The room of a lane in the smallest window.
const SMALLEST: Vec2 = vec2(460.0, 150.0);
/// Heights of the client's pipes, in steps from the middle.
const CLIENT_PIPES: [f32; 3] = [-1.0, 0.0, 1.0];
const PIPE: f32 = 4.0;
const DOT: f32 = 3.5;
const QUEUE_STEP: f32 = 9.0;
const BOX_WIDTH: f32 = 92.0;
const BOX_LEAST: f32 = 14.0;
const BOX_MOST: f32 = 42.0;
/// Below this width a box has room for a letter only.
const NARROW: f32 = 30.0;
/// Below this one it has room for none.
const LETTERED: f32 = 13.0;
/// From this height on a box has room for everything.
const ROOMY: f32 = 20.0;
const SLOTS_MAX: u32 = 24;
