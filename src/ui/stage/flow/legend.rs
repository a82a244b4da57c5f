//! What the signs mean, in a corner and always there.

use egui::{Align2, Pos2, Stroke, vec2};

use super::pen::Pen;
use super::scene::{LANE_DOTS_MAX, Scene};

/// Signs with their words, from left to right.
pub(super) fn paint(pen: &Pen<'_>, scene: &Scene<'_>, is_still: bool) {
    let area = pen.layout.legend;
    if area.height() < 1.0 {
        return;
    }
    let rates = scene.servers.iter().map(|server| server.rate);
    let has_ribbons = scene.lane_rates.iter().copied().chain(rates).any(|it| it > LANE_DOTS_MAX);
    let signs: &[(Sign, &str)] = match (is_still, has_ribbons) {
        (true, _) => &[(Sign::Slot, "busy"), (Sign::Dot, "waiting"), (Sign::Cross, "failed")],
        (false, false) => &[
            (Sign::Dot, "request"),
            (Sign::Ring, "answer"),
            (Sign::Star, "yours"),
            (Sign::Cross, "failed"),
            (Sign::Slot, "busy"),
        ],
        (false, true) => &[
            (Sign::Dot, "request"),
            (Sign::Ring, "answer"),
            (Sign::Star, "yours"),
            (Sign::Cross, "failed"),
            (Sign::Ribbon, "the wider, the more"),
        ],
    };
    let mut at = area.left_center() + vec2(6.0, 0.0);
    for &(sign, word) in signs {
        sign.paint(pen, at);
        let text = at + vec2(10.0 * pen.layout.text, 0.0);
        let text = pen.small(text, Align2::LEFT_CENTER, word, pen.theme.mute);
        at.x = text.right() + 20.0 * pen.layout.text;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Dot,
    Ring,
    Star,
    Cross,
    Slot,
    Ribbon,
}

impl Sign {
    fn paint(self, pen: &Pen<'_>, at: Pos2) {
        let (painter, theme, size) = (&pen.painter, pen.theme, pen.layout.text);
        match self {
            Self::Dot => {
                painter.circle_filled(at, 3.5 * size, theme.mute);
            }
            Self::Ring => {
                painter.circle_stroke(at, 3.0 * size, Stroke::new(1.5, theme.mute));
            }
            Self::Star => pen.star(at, 6.0 * size, theme.text),
            Self::Cross => pen.cross(at, 3.5 * size, theme.err),
            Self::Slot => {
                let area = egui::Rect::from_center_size(at, vec2(8.0, 8.0) * size);
                painter.rect_filled(area, 2, theme.mute);
            }
            Self::Ribbon => {
                let area = egui::Rect::from_center_size(at, vec2(12.0, 8.0) * size);
                painter.rect_filled(area, 0, theme.quiet(theme.mute));
            }
        }
    }
}
