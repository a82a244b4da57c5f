//! The strip above the charts: controls, marks with their words, and the scrubber below them.

use egui::{
    Align, Align2, Color32, Layout, Mesh, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

use super::controls::{ago, controls_ui, moment_line};
use super::entries::{Entry, MERGED_NS};
use super::scrubber::{kept, scrubber_ui};
use super::{Span, Time};
use crate::ui::playhead::Playhead;
use crate::ui::story::Sort;
use crate::ui::theme::Theme;
use crate::ui::widgets::Unit;
use crate::ui::workbench::Workbench;

impl Time {
    pub(super) fn strip_ui(
        &mut self,
        ui: &mut Ui,
        workbench: &mut Workbench,
        area: Rect,
        span: Span,
    ) {
        let left = area.with_max_x(area.left() + CONTROLS_WIDTH).with_max_y(area.top() + MARKS);
        let layout = Layout::left_to_right(Align::Center);
        let speed = &mut self.slots.speed;
        ui.scope_builder(UiBuilder::new().max_rect(left).layout(layout), |ui| {
            controls_ui(ui, speed, workbench);
        });
        let rest = area.with_min_x(left.right() + 8.0).with_max_x(area.right() - SPAN_WIDTH);
        let marks = rest.with_max_y(area.top() + MARKS);
        self.marks_ui(ui, workbench, marks, span);
        scrubber_ui(ui, workbench, rest.with_min_y(marks.bottom() + 2.0), span);
        spans_ui(ui, workbench, area.with_min_x(rest.right()), span);
    }

    fn marks_ui(&mut self, ui: &Ui, workbench: &mut Workbench, area: Rect, span: Span) {
        let x_of = |at_ns: i64| area.left() + span.way_of(at_ns) * area.width();
        let apart_ns = (span.len_ns() as f32 * APART / area.width().max(1.0)) as u64;
        let entries = self.entries.between(workbench, span, apart_ns.max(MERGED_NS));
        let theme = Theme::of(ui);
        for (index, entry) in entries.iter().enumerate() {
            let x = x_of(entry.at_ns.cast_signed());
            let next = entries.get(index + 1).map(|next| x_of(next.at_ns.cast_signed()));
            let next = next.unwrap_or_else(|| area.right());
            let place =
                Rect::from_min_max(pos2(x - 7.0, area.top()), pos2(next - 7.0, area.bottom()));
            if self.mark_ui(ui, theme, place, entry) {
                workbench.playhead = Playhead::Paused { at_ns: entry.at_ns };
                self.selected_ns = Some(entry.at_ns);
            }
        }
        if entries.is_empty() {
            let text = "what you change and what happens is marked here";
            let at = pos2(area.left(), area.center().y);
            ui.painter().text(at, Align2::LEFT_CENTER, text, small(ui), theme.faint);
        }
        if let Some(at_ns) = self.cursor.hover_ns.or(self.cursor.pin_ns) {
            self.cursor_label(ui, workbench, area, x_of(at_ns), at_ns);
        }
        if !workbench.playhead.is_live() {
            let x = x_of(workbench.moment_ns().cast_signed());
            moment_line(ui, area, x, Stroke::new(1.0, theme.warn), false);
        }
    }

    /// When the cursor is, with its distance from where it was pinned, over whatever is below it.
    fn cursor_label(&self, ui: &Ui, workbench: &Workbench, area: Rect, x: f32, at_ns: i64) {
        let theme = Theme::of(ui);
        moment_line(ui, area, x, Stroke::new(1.0, theme.accent), true);
        let mut text = ago(workbench.now_ns, at_ns);
        if let (Some(hover_ns), Some(pin_ns)) = (self.cursor.hover_ns, self.cursor.pin_ns) {
            text = format!("{text}, Δ {:.1} s", (hover_ns - pin_ns) as f64 / 1e9);
        }
        let text = ui.painter().layout_no_wrap(text, egui::FontId::monospace(10.0), theme.accent);
        let half = text.size().x / 2.0;
        let x = x.clamp(area.left() + half, (area.right() - half).max(area.left() + half));
        let place = Rect::from_center_size(pos2(x, area.center().y), text.size() + vec2(8.0, 2.0));
        ui.painter().rect_filled(place, 3.0, theme.raised);
        ui.painter().galley(place.min + vec2(4.0, 1.0), text, theme.accent);
    }

    /// A sign and, as far as there is room, its words. True if it was clicked.
    fn mark_ui(&self, ui: &Ui, theme: &Theme, place: Rect, entry: &Entry) -> bool {
        let id = ui.scope_id().with(("mark", entry.at_ns, entry.sort as u8));
        let selected = self.selected_ns == Some(entry.at_ns);
        let centre = pos2(place.left() + 7.0, place.center().y);
        let colour = colour_of(entry, theme);
        let text_colour = if selected { theme.text } else { theme.mute };
        let words = elided(ui, &entry.text, text_colour, place.width() - WORDS_FROM - 6.0);
        let width = words.as_ref().map_or(0.0, |words| words.size().x + 4.0) + WORDS_FROM;
        let area = place.with_max_x(place.left() + width);
        let response = ui.interact(area, id, Sense::click());
        response.widget_info(|| {
            WidgetInfo::labeled(egui::Role::Button, true, format!("Mark: {}", entry.text))
        });
        if selected || response.hovered() || response.has_focus() {
            ui.painter().rect_filled(area, 4.0, theme.raised);
        }
        sign(ui.painter(), centre, entry.sort, colour);
        if let Some(words) = words {
            let at = pos2(place.left() + WORDS_FROM, place.center().y - words.size().y / 2.0);
            ui.painter().galley(at, words, text_colour);
        }
        let clicked = response.clicked();
        response.on_hover_ui(|ui| {
            for line in entry.details.iter().take(DETAILS_MAX) {
                ui.label(line);
            }
            if entry.details.len() > DETAILS_MAX {
                ui.label(format!("and {} more", entry.details.len() - DETAILS_MAX));
            }
        });
        clicked
    }
}

/// How much is shown and how much is kept, at the right end.
fn spans_ui(ui: &Ui, workbench: &Workbench, area: Rect, span: Span) {
    let theme = Theme::of(ui);
    let length = |ns: i64| Unit::Time.text((ns as f64 / 1e9).round().max(1.0));
    let last = if workbench.playhead.is_live() { "last " } else { "" };
    let shown = format!("{last}{}", length(span.len_ns()));
    let kept = format!("kept: {}", length(kept(workbench).len_ns()));
    for (text, y) in [(shown, area.top() + MARKS / 2.0), (kept, area.top() + MARKS + 8.0)] {
        ui.painter().text(
            pos2(area.right(), y),
            Align2::RIGHT_CENTER,
            text,
            small(ui),
            theme.faint,
        );
    }
}

fn small(ui: &Ui) -> egui::FontId {
    egui::TextStyle::Small.resolve(ui.style())
}

fn elided(
    ui: &Ui,
    text: &str,
    colour: Color32,
    width: f32,
) -> Option<std::sync::Arc<egui::Galley>> {
    if width < WORDS_LEAST {
        return None;
    }
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), small(ui), colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    Some(ui.painter().layout_job(job))
}

fn colour_of(entry: &Entry, theme: &Theme) -> Color32 {
    match entry.sort {
        Sort::Worse => theme.err,
        Sort::Better => theme.ok,
        Sort::Trouble => theme.warn,
        Sort::Cue => theme.accent,
        Sort::Yours => theme.text,
        Sort::Done | Sort::Step => entry.badge.map_or(theme.text, |badge| badge.colour(theme)),
    }
}

/// Each kind has a shape of its own, so that it is known without its colour.
fn sign(painter: &Painter, at: Pos2, sort: Sort, colour: Color32) {
    let polygon = |corners: &[(f32, f32)]| {
        let corners = corners.iter().map(|(x, y)| at + vec2(*x, *y)).collect();
        Shape::convex_polygon(corners, colour, Stroke::NONE)
    };
    match sort {
        Sort::Done | Sort::Step => {
            painter.add(polygon(&[(0.0, -5.0), (5.0, 0.0), (0.0, 5.0), (-5.0, 0.0)]));
        }
        Sort::Cue => {
            painter.rect_filled(Rect::from_center_size(at, vec2(8.0, 8.0)), 1.0, colour);
        }
        Sort::Worse => {
            painter.add(polygon(&[(-4.5, -3.5), (4.5, -3.5), (0.0, 4.5)]));
        }
        Sort::Better => {
            painter.add(polygon(&[(0.0, -4.5), (4.5, 3.5), (-4.5, 3.5)]));
        }
        Sort::Trouble => {
            let stroke = Stroke::new(2.0, colour);
            painter.line_segment([at + vec2(-3.5, -3.5), at + vec2(3.5, 3.5)], stroke);
            painter.line_segment([at + vec2(-3.5, 3.5), at + vec2(3.5, -3.5)], stroke);
        }
        Sort::Yours => {
            painter.add(Shape::mesh(star(at, 6.0, colour)));
        }
    }
}

/// Five tips; a polygon with notches has to be put together from triangles.
fn star(at: Pos2, radius: f32, colour: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.colored_vertex(at, colour);
    for corner in 0..10_u32 {
        let length = if corner % 2 == 0 { radius } else { radius * 0.42 };
        let angle = f64::from(corner) / 10.0 * std::f64::consts::TAU;
        let way = vec2(libm::sin(angle) as f32, -libm::cos(angle) as f32);
        mesh.colored_vertex(at + way * length, colour);
        mesh.add_triangle(0, corner + 1, (corner + 1) % 10 + 1);
    }
    mesh
}

const MARKS: f32 = 20.0;
const CONTROLS_WIDTH: f32 = 80.0;
const SPAN_WIDTH: f32 = 76.0;
/// Signs of a kind that would be nearer than this become one.
const APART: f32 = 12.0;
const WORDS_FROM: f32 = 16.0;
const WORDS_LEAST: f32 = 28.0;
const DETAILS_MAX: usize = 12;
