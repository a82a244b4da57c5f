//! A small bar chart: one bar for each server, in its colour, with its number at the right.

use egui::{Align2, Rect, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use crate::ui::badges::Badge;
use crate::ui::theme::Theme;

pub(super) struct Bar {
    pub(super) badge: Badge,
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) text: String,
    /// Drawn strongly; the others stand back.
    pub(super) picked: bool,
}

pub(super) fn bars_ui(ui: &mut Ui, what: &str, bars: &[Bar]) {
    let theme = Theme::of(ui);
    let size = vec2(ui.available_width(), bars.len() as f32 * PITCH);
    let (area, response) = ui.allocate_exact_size(size, Sense::hover());
    let said: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.name, bar.text)).collect();
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Image, true, format!("{what}: {}", said.join(", ")))
    });
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let painter = ui.painter();
    let font = TextStyle::Monospace.resolve(ui.style());
    for (place, bar) in bars.iter().enumerate() {
        let y = area.top() + (place as f32 + 0.5) * PITCH;
        bar.badge.paint(painter, theme, pos2(area.left() + 7.0, y), 14.0);
        let colour = if bar.picked { theme.text } else { theme.mute };
        let text = painter.text(
            pos2(area.right(), y),
            Align2::RIGHT_CENTER,
            &bar.text,
            font.clone(),
            colour,
        );
        let (from, to) = (area.left() + 22.0, (area.right() - TEXT_WIDTH).min(text.left() - 6.0));
        let way = if most > 0.0 { (bar.value / most) as f32 } else { 0.0 };
        let slot = Rect::from_min_max(pos2(from, y - 4.0), pos2(to, y + 4.0));
        painter.rect_filled(slot, 2.0, theme.raised);
        let part = slot.with_max_x(from + (slot.width() * way).max(2.0));
        let colour = bar.badge.colour(theme);
        let colour = if bar.picked { colour } else { theme.panel.lerp_to_gamma(colour, 0.55) };
        bar.badge.fill(painter, part, 2, colour);
    }
}

const PITCH: f32 = 18.0;
const TEXT_WIDTH: f32 = 56.0;
