//! Squares: slots of a table or keys, in their owners' colours, those that moved bright.

use egui::{Rect, Response, Sense, Stroke, StrokeKind, Ui, vec2};

use super::draw::{Asked, Cell, Grid};
use super::ink::Inks;
use crate::ui::theme;
use crate::ui::widgets::note;

/// Draws it and gives the square that is pointed at.
pub(super) fn grid_ui<'a>(
    ui: &mut Ui,
    grid: &'a Grid,
    asked: Option<&Asked>,
    growth: f32,
    inks: &Inks,
) -> (Response, Option<&'a Cell>) {
    if !grid.slots.is_empty() {
        slots_ui(ui, grid, asked, inks);
    }
    note(ui, &grid.caption);
    let area = ui.available_rect_before_wrap();
    let layout = Layout::inside(area, grid.cells.len());
    // A key can be typed beside the tabs, so the keyboard has nothing to do here.
    let response = ui.allocate_rect(layout.area(), Sense::CLICK);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &grid.caption));
    for (index, cell) in grid.cells.iter().enumerate() {
        cell_ui(ui, layout.square(index), cell, growth, inks);
    }
    if let (Some(step), Some(slot)) = (grid.of_slots, asked.and_then(|asked| asked.slot)) {
        let square = layout.square(slot as usize / step).expand(1.5);
        let stroke = Stroke::new(2.0, inks.theme.text);
        ui.painter().rect_stroke(square, 2.0, stroke, StrokeKind::Outside);
    }
    let pointed = response.hover_pos().and_then(|at| layout.index_at(at));
    let pointed = pointed.and_then(|index| grid.cells.get(index));
    (response, pointed)
}

fn cell_ui(ui: &Ui, square: Rect, cell: &Cell, growth: f32, inks: &Inks) {
    let moved = cell.owner != cell.was;
    let (quiet, loud) = (inks.quiet(cell.owner), inks.loud(cell.owner));
    let colour = match moved {
        true => quiet.lerp_to_gamma(loud, growth),
        false if inks.selected == Some(cell.owner) => loud,
        false => quiet,
    };
    // Square corners, because a thousand rounded ones cost milliseconds.
    ui.painter().rect_filled(square, 0.0, colour);
    if inks.is_striped(cell.owner) {
        let third = square.shrink2(vec2(0.0, square.height() / 3.0));
        ui.painter().rect_filled(third, 0.0, theme::ON_SERVER.gamma_multiply(0.6));
    }
}

/// All slots of a small table, numbered.
fn slots_ui(ui: &mut Ui, grid: &Grid, asked: Option<&Asked>, inks: &Inks) {
    let n = grid.slots.len();
    note(ui, format!("{n} slots: the key's hash, modulo {n}"));
    let side = (ui.available_width() / n as f32 - 2.0).clamp(5.0, 28.0);
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), side + 2.0), Sense::hover());
    for (index, &owner) in grid.slots.iter().enumerate() {
        let at = area.min + vec2(index as f32 * (side + 2.0), 1.0);
        let square = Rect::from_min_size(at, vec2(side, side));
        match inks.badge(owner) {
            Some(badge) if side >= 12.0 => {
                badge.paint(ui.painter(), inks.theme, square.center(), side);
            }
            _ => drop(ui.painter().rect_filled(square, 1.0, inks.loud(owner))),
        }
        if asked.and_then(|asked| asked.slot) == Some(index as u64) {
            let stroke = Stroke::new(2.0, inks.theme.text);
            ui.painter().rect_stroke(square.expand(1.0), 4.0, stroke, StrokeKind::Outside);
        }
    }
    ui.add_space(6.0);
}

/// Rows of squares of one size that fill an area.
#[derive(Clone, Copy)]
struct Layout {
    origin: egui::Pos2,
    pitch: f32,
    columns: usize,
    count: usize,
}

impl Layout {
    fn inside(area: Rect, count: usize) -> Self {
        let fits = |columns: usize| {
            let pitch = (area.width() / columns as f32).floor();
            pitch * count.div_ceil(columns) as f32 <= area.height()
        };
        let most = (area.width() / 4.0).max(10.0) as usize;
        let columns = (10..=most).find(|&columns| fits(columns)).unwrap_or(most);
        let pitch = (area.width() / columns as f32).floor().max(3.0);
        Self { origin: area.min, pitch, columns, count }
    }

    fn area(&self) -> Rect {
        let rows = self.count.div_ceil(self.columns);
        let size = vec2(self.columns as f32, rows as f32) * self.pitch;
        Rect::from_min_size(self.origin, size)
    }

    fn square(&self, index: usize) -> Rect {
        let (column, row) = (index % self.columns, index / self.columns);
        let at = self.origin + vec2(column as f32, row as f32) * self.pitch;
        Rect::from_min_size(at, vec2(self.pitch, self.pitch) - vec2(1.0, 1.0))
    }

    fn index_at(&self, at: egui::Pos2) -> Option<usize> {
        let inside = (at - self.origin) / self.pitch;
        let (column, row) = (inside.x.floor(), inside.y.floor());
        let within = column >= 0.0 && row >= 0.0 && (column as usize) < self.columns;
        within.then_some(row as usize * self.columns + column as usize)
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn squares_fill_an_area_without_leaving_it() {
        for (width, height) in [(400.0, 270.0), (300.0, 500.0), (900.0, 200.0)] {
            let area = Rect::from_min_size(pos2(10.0, 20.0), vec2(width, height));
            let layout = Layout::inside(area, 1_000);
            assert!(area.contains_rect(layout.area()), "{area:?} {:?}", layout.area());
            for index in [0, 1, 500, 999] {
                assert_eq!(layout.index_at(layout.square(index).center()), Some(index));
            }
        }
    }
}
