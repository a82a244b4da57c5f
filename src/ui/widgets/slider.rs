//! A row with a name, a thin slider and a value that can be typed.

use egui::{
    Align, Color32, DragValue, Layout, Rect, Response, Sense, Stroke, TextStyle, Ui, WidgetInfo,
    pos2, vec2,
};

use super::{Scale, Told, Unit, describe, tip, told};
use crate::ui::theme::{ROW_HEIGHT, Theme};

/// One number with its name. Double-click resets it, arrows step it, Home and End lead to its ends, and its
/// value can be typed.
#[must_use = "it is shown by `ui`"]
pub(in crate::ui) struct Slider<'a> {
    label: &'a str,
    /// What it is called where the row alone does not say it: `b latency`.
    name: String,
    scale: Scale,
    unit: Unit,
    default: Option<f64>,
    /// The default in words, where the number does not say it.
    default_words: Option<String>,
    hint: &'a str,
    wrong: Option<String>,
}

impl<'a> Slider<'a> {
    pub(in crate::ui) fn new(label: &'a str, scale: Scale, unit: Unit) -> Self {
        let name = label.to_owned();
        Self { label, name, scale, unit, default: None, default_words: None, hint: "", wrong: None }
    }

    /// What it is called among all others.
    pub(in crate::ui) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    pub(in crate::ui) fn default_value(self, default: f64) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(in crate::ui) fn default_words(self, default_words: Option<String>) -> Self {
        Self { default_words, ..self }
    }

    /// What it does, for those who point at it.
    pub(in crate::ui) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    /// Why the value is not allowed.
    pub(in crate::ui) fn wrong(self, why: Option<String>) -> Self {
        Self { wrong: why, ..self }
    }

    /// Shows it and says whether the value was changed.
    pub(in crate::ui) fn ui(self, ui: &mut Ui, value: &mut f64) -> bool {
        let before = *value;
        let size = vec2(ui.available_width(), ROW_HEIGHT);
        let (row, response) = ui.allocate_exact_size(size, Sense::hover());
        // Sliders begin beneath one another; a long name rather moves its own than is cut.
        let font = TextStyle::Body.resolve(ui.style());
        let text = ui.painter().layout_no_wrap(self.label.to_owned(), font, Color32::PLACEHOLDER);
        let label_width = (row.width() * LABEL_PART).max(text.size().x + LABEL_GAP).min(LABEL_MOST);
        let (label, rest) = row.split_left_right_at_x(row.left() + label_width);
        let (track, number) = rest.split_left_right_at_x(rest.right() - VALUE_WIDTH);
        self.label_ui(ui, label);
        self.track_ui(ui, track, value);
        self.value_ui(ui, number, value);
        if let Some(why) = &self.wrong {
            ui.colored_label(Theme::of(ui).err, egui::RichText::new(why).small());
        }
        response.on_hover_text(self.tip());
        *value != before
    }

    fn label_ui(&self, ui: &mut Ui, area: Rect) {
        let text = egui::RichText::new(self.label).color(Theme::of(ui).mute);
        let layout = Layout::left_to_right(Align::Center);
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(area).layout(layout));
        ui.add(egui::Label::new(text).truncate());
    }

    fn track_ui(&self, ui: &Ui, area: Rect, value: &mut f64) {
        let id = ui.scope_id().with(&self.name);
        let response = ui.interact(area, id, Sense::click_and_drag());
        let rail = Rect::from_center_size(area.center(), vec2(area.width() - 2.0 * KNOB, RAIL));
        if let Some(at) = response.interact_pointer_pos() {
            let way = (at.x - rail.left()) / rail.width();
            *value = self.scale.value_at(f64::from(way));
        }
        if response.double_clicked()
            && let Some(default) = self.default
        {
            *value = default;
        }
        if let Some(next) = told(ui, &response).and_then(|told| self.told(told, *value)) {
            *value = next;
        }
        if response.is_pointer_button_down_on() || response.clicked() {
            response.request_focus();
        }
        let (least, most) = self.scale.bounds();
        let shown = *value;
        response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), shown, &self.name));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_min_numeric_value(least);
            node.set_max_numeric_value(most);
            node.set_value(self.unit.text(shown));
        });
        describe(ui, &response, || self.tip());
        self.paint(ui, rail, &response, *value);
    }

    /// The value that the keyboard or a screen reader asks for.
    fn told(&self, told: Told, value: f64) -> Option<f64> {
        let (least, most) = self.scale.bounds();
        match told {
            Told::Steps(steps) => Some(self.scale.stepped(value, steps)),
            Told::Least => Some(least),
            Told::Most => Some(most),
            Told::Number(number) => Some(number),
            Told::Text(text) => self.unit.read(&text),
        }
    }

    fn paint(&self, ui: &Ui, rail: Rect, response: &Response, value: f64) {
        let theme = Theme::of(ui);
        let way = self.scale.way_of(value) as f32;
        let knob = pos2(rail.left() + rail.width() * way, rail.center().y);
        let painter = ui.painter();
        painter.rect_filled(rail, RAIL / 2.0, theme.line);
        let done = rail.with_max_x(knob.x);
        let colour = if self.wrong.is_some() { theme.err } else { theme.mute };
        painter.rect_filled(done, RAIL / 2.0, colour);
        let touched = response.hovered() || response.dragged() || response.has_focus();
        let radius = if touched { KNOB + 1.0 } else { KNOB };
        painter.circle(knob, radius, theme.text, Stroke::new(2.0, theme.raised));
        if response.has_focus() {
            painter.circle_stroke(knob, radius + 2.0, Stroke::new(1.5, theme.accent));
        }
    }

    fn value_ui(&self, ui: &mut Ui, area: Rect, value: &mut f64) {
        let theme = Theme::of(ui);
        let layout = Layout::right_to_left(Align::Center);
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(area).layout(layout));
        let (least, most) = self.scale.bounds();
        let unit = self.unit;
        let style = ui.style_mut();
        style.override_text_style = Some(egui::TextStyle::Monospace);
        style.drag_value_text_style = egui::TextStyle::Monospace;
        style.spacing.button_padding = vec2(0.0, 0.0);
        style.spacing.interact_size = vec2(0.0, 18.0);
        let quiet = &mut style.visuals.widgets.inactive;
        quiet.weak_bg_fill = Color32::TRANSPARENT;
        quiet.bg_stroke = Stroke::NONE;
        quiet.fg_stroke.color = if self.wrong.is_some() { theme.err } else { theme.text };
        let drag = DragValue::new(value)
            .range(least..=most * TYPED_BEYOND)
            .clamp_existing_to_range(false)
            .speed((most - least) / 400.0)
            .custom_formatter(move |value, _| unit.text(value))
            .custom_parser(move |text| unit.read(text));
        let response = ui.add(drag);
        let name = format!("{} value", self.name);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, &name));
        describe(&ui, &response, || self.tip());
    }

    fn tip(&self) -> String {
        let number = || self.default.map(|default| self.unit.text(default));
        let default = self.default_words.clone().or_else(number);
        tip(if self.hint.is_empty() { &self.name } else { self.hint }, default.as_deref())
    }
}

const RAIL: f32 = 4.0;
const KNOB: f32 = 4.5;
const LABEL_PART: f32 = 0.34;
const LABEL_MOST: f32 = 96.0;
const LABEL_GAP: f32 = 5.0;
const VALUE_WIDTH: f32 = 60.0;
/// What is typed may lie beyond the slider; the lab's own check says where the end is.
const TYPED_BEYOND: f64 = 1e6;
