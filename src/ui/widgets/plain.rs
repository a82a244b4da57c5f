//! Cards, captions, numbers, buttons: the plain furniture of every region.

use egui::{
    Align, Button, CornerRadius, Frame, InnerResponse, Layout, Margin, Response, RichText, Sense,
    Stroke, Ui, WidgetInfo, vec2,
};

use crate::ui::theme::{self, ROW_HEIGHT, Theme};

/// The name of a section, in capitals, with something at its right end.
pub(in crate::ui) fn caption_ui<R>(ui: &mut Ui, text: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.set_min_height(ROW_HEIGHT);
        let colour = Theme::of(ui).mute;
        ui.label(RichText::new(text.to_uppercase()).text_style(theme::caption()).color(colour));
        ui.with_layout(Layout::right_to_left(Align::Center), right).inner
    })
    .inner
}

/// A raised box with a hairline round it.
pub(in crate::ui) fn card_ui<R>(
    ui: &mut Ui,
    content: impl FnOnce(&mut Ui) -> R,
) -> InnerResponse<R> {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.raised)
        .stroke(Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(CornerRadius::same(theme::CARD_RADIUS))
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui)
        })
}

/// A row with a name at its left and something at its right end.
pub(in crate::ui) fn row_ui<R>(ui: &mut Ui, label: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.set_min_height(ROW_HEIGHT);
        ui.label(RichText::new(label).color(Theme::of(ui).mute));
        ui.with_layout(Layout::right_to_left(Align::Center), right).inner
    })
    .inner
}

/// A number in the fixed-width face.
pub(in crate::ui) fn number(text: impl Into<String>) -> RichText {
    RichText::new(text).monospace()
}

/// Digits in groups of three: `100,000`.
pub(in crate::ui) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let comma = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    let signs = digits.chars().enumerate();
    signs
        .flat_map(|(place, digit)| comma(place).then_some(',').into_iter().chain([digit]))
        .collect()
}

/// A remark in the second strength.
pub(in crate::ui) fn note(ui: &mut Ui, text: impl Into<String>) -> Response {
    let colour = Theme::of(ui).mute;
    ui.label(RichText::new(text).small().color(colour))
}

/// What may be missed.
pub(in crate::ui) fn hint(ui: &mut Ui, text: impl Into<String>) -> Response {
    let colour = Theme::of(ui).faint;
    ui.label(RichText::new(text).small().color(colour))
}

/// A small button that shows a sign and is called something that can be said.
pub(in crate::ui) fn icon_button(ui: &mut Ui, sign: &str, name: &str) -> Response {
    let response = ui.add(Button::new(sign).frame(false).min_size(vec2(18.0, 18.0)));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    response.on_hover_text(name)
}

/// A box to tick. Its edge is seen on a card and in a menu, where the edges of other controls are not.
pub(in crate::ui) fn check_ui(ui: &mut Ui, on: &mut bool, text: &str) -> Response {
    let edge = Stroke::new(theme::HAIRLINE, Theme::of(ui).mute);
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        (widgets.inactive.bg_stroke, widgets.hovered.bg_stroke) = (edge, edge);
        ui.checkbox(on, text)
    })
    .inner
}

/// On or off.
pub(in crate::ui) fn switch_ui(ui: &mut Ui, on: &mut bool, name: &str) -> Response {
    let (area, mut response) = ui.allocate_exact_size(vec2(26.0, 14.0), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let shown = *on;
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, shown, name));
    let theme = Theme::of(ui);
    let way = ui.ctx().animate_bool_with_time(response.id, shown, theme::MOVE_SECS);
    let radius = area.height() / 2.0;
    let fill = theme.line.lerp_to_gamma(theme.accent, way);
    ui.painter().rect_filled(area, radius, fill);
    let x = egui::lerp(area.left() + radius..=area.right() - radius, way);
    ui.painter().circle_filled(egui::pos2(x, area.center().y), radius - 2.5, theme.text);
    if response.has_focus() {
        let stroke = Stroke::new(1.5, theme.accent);
        ui.painter().rect_stroke(area.expand(2.0), radius + 2.0, stroke, egui::StrokeKind::Outside);
    }
    response
}
