//! A chart as PNG: what the window paints, painted without a screen.

use egui::{Align2, FontId, Rect, vec2};

use crate::ui::camera::Camera;
use crate::ui::theme::{self, Theme};
use crate::ui::time::chart::Chart;
use crate::ui::time::paint;

/// Twice as many pixels as points, so that it is sharp on slides.
pub(super) fn png(chart: &Chart, dark: bool) -> Vec<u8> {
    let theme = if dark { egui::Theme::Dark } else { egui::Theme::Light };
    let mut camera = Camera::new(theme, vec2(WIDTH, HEIGHT), SCALE);
    // Fonts come with the first frame, and what is laid out with them in the second.
    for _ in 0..2 {
        camera.frame(|ui| show(ui, chart));
    }
    camera.picture().png()
}

fn show(ui: &egui::Ui, chart: &Chart) {
    let theme = Theme::of(ui);
    let (painter, whole) = (ui.painter(), ui.max_rect());
    painter.rect_filled(whole, 0.0, theme.panel);
    let title = FontId::new(14.0, theme::semi_bold());
    let at = whole.left_top() + vec2(MARGIN, MARGIN);
    painter.text(at, Align2::LEFT_TOP, &chart.title, title, theme.text);
    let plot =
        Rect::from_min_max(at + vec2(0.0, 28.0), whole.max - vec2(MARGIN + 24.0, MARGIN + 16.0));
    let content = paint::content(ui.ctx(), theme, plot, chart);
    paint::plot(painter, theme, plot, chart, &std::sync::Arc::new(content));
    let secs = chart.span.len_ns() as f64 / 1e9;
    let below = plot.left_bottom() + vec2(0.0, 6.0);
    let places = [(0.0, Align2::LEFT_TOP), (0.5, Align2::CENTER_TOP), (1.0, Align2::RIGHT_TOP)];
    for (way, align) in places {
        let at = below + vec2(plot.width() * way, 0.0);
        let text = format!("{:.0} s", secs * f64::from(way));
        painter.text(at, align, text, FontId::monospace(11.0), theme.mute);
    }
}

const WIDTH: f32 = 720.0;
const HEIGHT: f32 = 360.0;
const SCALE: f32 = 2.0;
const MARGIN: f32 = 16.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::export::samples;

    #[test]
    fn a_picture_is_the_same_each_time() {
        let bytes = png(&samples::shares(), true);
        assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
        assert!(bytes == png(&samples::shares(), true));
        assert!(bytes != png(&samples::heat(), true));
    }
}
