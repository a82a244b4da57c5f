//! What lies over the regions until it is answered or closed.

use egui::{Context, CornerRadius, Frame, Id, Margin, Modal, RichText, Stroke, Ui};

use crate::ui::theme::{self, Theme};

/// A calm window in the middle, with its sentence first.
pub(in crate::ui) fn modal_ui<R>(
    ctx: &Context,
    title: &str,
    content: impl FnOnce(&mut Ui) -> R,
) -> R {
    overlay_ui(ctx, Id::unique("modal"), 560.0, |ui| {
        ui.label(RichText::new(title).text_style(egui::TextStyle::Heading));
        ui.add_space(4.0);
        content(ui)
    })
}

/// The same without a title, and as wide as it is told.
pub(in crate::ui) fn overlay_ui<R>(
    ctx: &Context,
    id: Id,
    width: f32,
    content: impl FnOnce(&mut Ui) -> R,
) -> R {
    let theme = Theme::of_context(ctx);
    let frame = Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(CornerRadius::same(theme::CARD_RADIUS))
        .inner_margin(Margin::same(16));
    let width = width.min(ctx.content_rect().width() - 64.0);
    Modal::new(id)
        .frame(frame)
        .backdrop_color(theme.bg.gamma_multiply(0.7))
        .show(ctx, |ui| {
            ui.set_width(width);
            content(ui)
        })
        .inner
}
