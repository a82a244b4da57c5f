//! The charts side by side: heads with values at the cursor, menus, and what a pointer does in a plot.

use std::sync::Arc;

use egui::{
    Align, Align2, Button, CursorIcon, Id, Layout, Mesh, Rect, RichText, Sense, Stroke, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};

use super::build::Material;
use super::chart::{Chart, Measure};
use super::controls::moment_line;
use super::effect::effect;
use super::{Span, Time, paint};
use crate::ui::doctor::whole_percents;
use crate::ui::export::Format;
use crate::ui::signal::Signal;
use crate::ui::theme::Theme;
use crate::ui::view::{ChartKind, View};
use crate::ui::widgets::{check_ui, number};
use crate::ui::workbench::Workbench;

/// What is kept from frame to frame so that nothing is worked out twice.
pub(super) struct Slots {
    /// At which the record is played.
    pub(super) speed: f64,
    made_for: Option<Occasion>,
    version: u64,
    charts: Vec<Chart>,
    contents: Vec<Option<(Place, Arc<Mesh>)>>,
}

impl Default for Slots {
    fn default() -> Self {
        let (charts, contents) = (Vec::new(), Vec::new());
        Self { speed: 1.0, made_for: None, version: 0, charts, contents }
    }
}

/// As long as it is the same, so are the charts.
#[derive(Debug, Clone, PartialEq)]
struct Occasion {
    frame_ns: u64,
    span: Span,
    kinds: Vec<ChartKind>,
    log: bool,
    pool: usize,
    n_labs: usize,
}

/// As long as it is the same, so are the triangles of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    version: u64,
    area: Rect,
    /// Which one, by where it lies: there are four.
    theme: usize,
    pixels_per_point: f32,
}

impl Time {
    pub(super) fn slots_ui(
        &mut self,
        ui: &mut Ui,
        workbench: &mut Workbench,
        area: Rect,
        span: Span,
    ) {
        let n = shown(&workbench.view, area.width());
        self.make(workbench, span, n);
        let width = (area.width() - GAP * (n - 1) as f32) / n as f32;
        (self.cursor.hover_ns, self.cursor.slot) = (None, None);
        let slots: Vec<Rect> = (0..n)
            .map(|slot| {
                let left = area.left() + slot as f32 * (width + GAP);
                Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height()))
            })
            .collect();
        // What is under the pointer is known before anything is drawn, so that all charts agree.
        for (slot, area) in slots.iter().enumerate() {
            self.plot_input(ui, workbench, plot_of(*area), slot, span);
        }
        for (slot, area) in slots.into_iter().enumerate() {
            self.slot_ui(ui, workbench, area, slot);
        }
    }

    fn make(&mut self, workbench: &Workbench, span: Span, n: usize) {
        let view = &workbench.view;
        let occasion = Occasion {
            frame_ns: workbench.story.reach_ns().1,
            span,
            kinds: view.charts[..n.min(view.charts.len())].to_vec(),
            log: view.latency_log,
            pool: workbench.focus(),
            n_labs: workbench.story.labs().len(),
        };
        let slots = &mut self.slots;
        if slots.made_for.as_ref() == Some(&occasion) {
            return;
        }
        let mut material = Material::new(workbench, &self.digest, span);
        if occasion.kinds.contains(&ChartKind::MovedKeys)
            && let Some(pool) = workbench.pool()
        {
            material.moves = self.entries.moves(workbench, &pool.name);
        }
        slots.charts = occasion.kinds.iter().map(|kind| material.chart(*kind, view)).collect();
        slots.contents.resize(slots.charts.len(), None);
        slots.version += 1;
        slots.made_for = Some(occasion);
    }

    /// Hover reads, a click pins, a drag pans what stands still, the wheel zooms.
    fn plot_input(
        &mut self,
        ui: &Ui,
        workbench: &mut Workbench,
        plot: Rect,
        slot: usize,
        span: Span,
    ) {
        let Some(chart) = self.slots.charts.get(slot) else { return };
        // The keyboard has commands for all of it, and nothing to do on the plot itself.
        let response = ui.interact(plot, plot_id(ui, slot), Sense::CLICK | Sense::DRAG);
        let name = format!("Chart: {}", chart.title);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &name));
        let at = |x: f32| span.at(((x - plot.left()) / plot.width()).clamp(0.0, 1.0));
        if let Some(pointer) = response.hover_pos() {
            (self.cursor.hover_ns, self.cursor.slot) = (Some(at(pointer.x)), Some(slot));
            let turned =
                ui.input(|input| input.smooth_scroll_delta.y + input.smooth_scroll_delta.x);
            if turned != 0.0 {
                let factor = libm::exp(f64::from(-turned) / WHEEL) as f32;
                self.range.zoom(workbench, factor, at(pointer.x));
            }
        }
        if response.dragged() && !workbench.playhead.is_live() {
            let by_ns = f64::from(response.drag_delta().x / plot.width()) * span.len_ns() as f64;
            self.range.pan(workbench, by_ns as i64);
        }
        if response.clicked() {
            let near_ns = (span.len_ns() as f32 * 6.0 / plot.width()) as i64;
            let hit = response.interact_pointer_pos().map(|pointer| at(pointer.x));
            let taken = |pin: i64| hit.is_some_and(|hit| (hit - pin).abs() <= near_ns);
            self.cursor.pin_ns = if self.cursor.pin_ns.is_some_and(taken) { None } else { hit };
        }
        if self.cursor.pin_ns.is_some_and(|pin_ns| !span.holds(pin_ns)) {
            self.cursor.pin_ns = None;
        }
        response.on_hover_cursor(CursorIcon::Crosshair);
    }

    fn slot_ui(&mut self, ui: &mut Ui, workbench: &mut Workbench, area: Rect, slot: usize) {
        let Some(chart) = self.slots.charts.get(slot).cloned() else { return };
        let theme = Theme::of(ui);
        for format in Format::ALL {
            if workbench.take_signal(Signal::Export { slot, format }) {
                self.exporter.ask(ui.ctx(), &chart, theme, format);
            }
        }
        self.head_ui(ui, workbench, area.with_max_y(area.top() + HEAD), slot, &chart);
        let plot = plot_of(area);
        if plot.height() < 8.0 {
            return;
        }
        let content = self.content(ui, theme, plot, slot, &chart);
        paint::plot(ui.painter(), theme, plot, &chart, &content);
        if chart.heat.is_none() && chart.series.iter().all(|series| series.points.is_empty()) {
            let text = "nothing here yet: send a request";
            let font = egui::TextStyle::Small.resolve(ui.style());
            let text = ui.painter().layout_no_wrap(text.to_owned(), font, theme.mute);
            let place = Align2::CENTER_CENTER.anchor_size(plot.center(), text.size());
            // No line of the grid goes through the words.
            ui.painter().rect_filled(place.expand2(vec2(6.0, 0.0)), 0.0, theme.panel);
            ui.painter().galley(place.min, text, theme.mute);
        }
        self.lines_ui(ui, workbench, plot, slot);
        let is_latency = matches!(chart.measure, Measure::Time);
        if let Some(at_ns) = self.selected_ns.filter(|_| is_latency) {
            let text = effect(workbench, at_ns);
            let font = egui::TextStyle::Small.resolve(ui.style());
            let text = ui.painter().layout_no_wrap(text, font, theme.text);
            let place = Rect::from_min_size(
                plot.left_top() + vec2(44.0, 2.0),
                text.size() + vec2(8.0, 2.0),
            );
            ui.painter().rect_filled(place, 3.0, theme.raised);
            ui.painter().galley(place.min + vec2(4.0, 1.0), text, theme.text);
        }
    }

    fn content(
        &mut self,
        ui: &Ui,
        theme: &Theme,
        area: Rect,
        slot: usize,
        chart: &Chart,
    ) -> Arc<Mesh> {
        let slots = &mut self.slots;
        let place = Place {
            version: slots.version,
            area,
            theme: std::ptr::from_ref(theme) as usize,
            pixels_per_point: ui.ctx().pixels_per_point(),
        };
        match &slots.contents[slot] {
            Some((known, mesh)) if *known == place => Arc::clone(mesh),
            _ => {
                let mesh = Arc::new(paint::content(ui.ctx(), theme, area, chart));
                slots.contents[slot] = Some((place, Arc::clone(&mesh)));
                mesh
            }
        }
    }

    /// The cursor, where it was pinned, and the moment that is shown.
    fn lines_ui(&self, ui: &Ui, workbench: &Workbench, plot: Rect, slot: usize) {
        let theme = Theme::of(ui);
        let chart = &self.slots.charts[slot];
        let x_of = |at_ns: i64| paint::x_of(plot, chart, at_ns);
        if !workbench.playhead.is_live() {
            let stroke = Stroke::new(1.0, theme.warn);
            moment_line(ui, plot, x_of(workbench.moment_ns().cast_signed()), stroke, false);
        }
        if let Some(pin_ns) = self.cursor.pin_ns {
            moment_line(ui, plot, x_of(pin_ns), Stroke::new(1.0, theme.accent), false);
        }
        if let Some(hover_ns) = self.cursor.line_ns(slot) {
            moment_line(ui, plot, x_of(hover_ns), Stroke::new(1.0, theme.accent), true);
        }
    }

    fn head_ui(
        &mut self,
        ui: &mut Ui,
        workbench: &mut Workbench,
        area: Rect,
        slot: usize,
        chart: &Chart,
    ) {
        let theme = Theme::of(ui);
        let builder = UiBuilder::new().max_rect(area).layout(Layout::left_to_right(Align::Center));
        ui.scope_builder(builder.id_salt(("chart head", slot)), |ui| {
            let title = RichText::new(&chart.title).small().color(theme.mute);
            let button = Button::new(title).frame(false).min_size(vec2(0.0, 18.0));
            let (response, _) = egui::containers::menu::MenuButton::from_button(button)
                .ui(ui, |ui| self.menu_ui(ui, workbench, slot, chart));
            let name = format!("Chart {}: {}", slot + 1, chart.title);
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
            response.on_hover_text("Click to choose another chart or to export this one");
            let rest = ui.available_width();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = self.values(workbench, chart, slot, rest);
                ui.add(egui::Label::new(number(text).color(theme.text)).truncate());
            });
        });
    }

    /// What the chart says at the cursor; with a pin, how that differs from there.
    fn values(&self, workbench: &Workbench, chart: &Chart, slot: usize, width: f32) -> String {
        let latest_ns = if workbench.playhead.is_live() {
            chart.span.to_ns
        } else {
            workbench.moment_ns().cast_signed()
        };
        let n_letters = (width / LETTER) as usize;
        match (self.cursor.values_ns(slot), self.cursor.pin_ns) {
            (Some(hover_ns), Some(pin_ns)) if width > 150.0 => {
                let each = (n_letters - BETWEEN.len()) / 2;
                [pin_ns, hover_ns].map(|at_ns| values_at(chart, at_ns, each)).join(BETWEEN)
            }
            (hover_ns, pin_ns) => {
                values_at(chart, hover_ns.or(pin_ns).unwrap_or(latest_ns), n_letters)
            }
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, workbench: &mut Workbench, slot: usize, chart: &Chart) {
        let view = &mut workbench.view;
        for kind in ChartKind::ALL {
            if ui.selectable_label(view.charts[slot] == kind, kind.title()).clicked() {
                view.charts[slot] = kind;
                ui.close();
            }
        }
        ui.separator();
        check_ui(ui, &mut view.latency_log, "Log scale for latency");
        let n = view.charts.len();
        if n < View::CHARTS_MOST && ui.button("Add a chart").clicked() {
            view.add_chart();
            ui.close();
        }
        if n > 1 && ui.button("Remove this chart").clicked() {
            view.remove_chart(slot);
            ui.close();
        }
        ui.separator();
        for format in Format::ALL {
            if ui.button(format!("Export as {}…", format.title())).clicked() {
                self.exporter.ask(ui.ctx(), chart, Theme::of(ui), format);
                ui.close();
            }
        }
    }
}

/// The values of all series at a moment, with one unit for all if it is the same; as a range where several do not fit.
fn values_at(chart: &Chart, at_ns: i64, n_letters: usize) -> String {
    if chart.heat.is_some() {
        return String::new();
    }
    let values: Vec<Option<f64>> =
        chart.series.iter().map(|series| series.value_at(at_ns)).collect();
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    if known.is_empty() {
        return "–".to_owned();
    }
    let all_known = known.len() == values.len();
    if chart.measure == Measure::Share && all_known {
        return percents(&whole_percents(&known), n_letters);
    }
    let text =
        |value: &Option<f64>| value.map_or("–".to_owned(), |value| chart.measure.text(value));
    let between = if chart.measure == Measure::Time { " · " } else { " / " };
    let each = values.iter().map(text).collect::<Vec<_>>().join(between);
    if each.chars().count() <= n_letters || known.len() == 1 {
        return each;
    }
    let (least, most) = known.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), value| {
        (least.min(*value), most.max(*value))
    });
    let about = if least < most { "about " } else { "" };
    match (chart.measure.text(least), chart.measure.text(most)) {
        (least, most) if least == most => format!("each {about}{least}"),
        (least, most) => format!("{least} to {most}"),
    }
}

/// Shares that together are all.
fn percents(whole: &[u32], n_letters: usize) -> String {
    let each = whole.iter().map(u32::to_string).collect::<Vec<_>>().join(" / ");
    let range = (whole.iter().min(), whole.iter().max());
    match range {
        _ if each.chars().count() + 2 <= n_letters => format!("{each} %"),
        (Some(least), Some(most)) if least < most => format!("{least} to {most} %"),
        _ if whole.len() > 1 => format!("each {} %", whole[0]),
        _ => format!("{each} %"),
    }
}

/// How many charts there is room for, of those that were chosen.
fn shown(view: &View, width: f32) -> usize {
    let room = ((width + GAP) / (WIDTH_LEAST + GAP)) as usize;
    view.charts.len().min(View::CHARTS_MOST).min(room).max(1)
}

fn plot_of(slot: Rect) -> Rect {
    Rect::from_min_max(slot.min + vec2(0.0, HEAD + 2.0), slot.max - vec2(ENDS, 0.0))
}

fn plot_id(ui: &Ui, slot: usize) -> Id {
    ui.scope_id().with(("plot", slot))
}

const WIDTH_LEAST: f32 = 210.0;
const GAP: f32 = 18.0;
const HEAD: f32 = 20.0;
/// Room for what lines are called, at their ends.
const ENDS: f32 = 22.0;
/// What a letter of a number takes.
const LETTER: f32 = 7.25;
/// From the values at a pin to those at the cursor.
const BETWEEN: &str = " → ";
/// How far a wheel turns until what is shown is longer by a factor of e.
const WHEEL: f64 = 240.0;
