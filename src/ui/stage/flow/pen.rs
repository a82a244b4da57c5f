//! What everything in the picture is drawn with: brush, colours, sizes that follow the room.

use egui::{
    Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, TextStyle, Ui, vec2,
};

use super::layout::Layout;
use crate::ui::badges::Badge;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::fitted;

pub(super) struct Pen<'a> {
    pub(super) painter: Painter,
    pub(super) theme: &'static Theme,
    pub(super) layout: &'a Layout,
    fonts: Fonts,
}

struct Fonts {
    small: FontId,
    name: FontId,
    number: FontId,
}

impl<'a> Pen<'a> {
    pub(super) fn new(ui: &Ui, area: Rect, layout: &'a Layout) -> Self {
        let scaled = |style: TextStyle| {
            let font = style.resolve(ui.style());
            FontId::new((font.size * layout.text).round(), font.family)
        };
        Self {
            painter: ui.painter().with_clip_rect(area.intersect(ui.clip_rect())),
            theme: Theme::of(ui),
            layout,
            fonts: Fonts {
                small: scaled(TextStyle::Small),
                name: scaled(theme::sentence()),
                number: scaled(TextStyle::Monospace),
            },
        }
    }

    pub(super) fn of(&self, points: f32) -> f32 {
        points * self.layout.unit
    }

    pub(super) fn small(
        &self,
        at: Pos2,
        align: Align2,
        text: impl ToString,
        colour: Color32,
    ) -> Rect {
        self.painter.text(at, align, text, self.fonts.small.clone(), colour)
    }

    /// A name and a part of what it names, which end at a point. The first of them is shortened where the picture ends.
    pub(super) fn small_left_of(&self, end: Pos2, [name, part]: [&str; 2], colour: Color32) {
        let mut end = end;
        for (text, gives_way) in [(part, name.is_empty()), (name, true)] {
            if text.is_empty() {
                continue;
            }
            let font = self.fonts.small.clone();
            let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
            if gives_way {
                let width = (end.x - self.painter.clip_rect().left() - 4.0).max(0.0);
                job.wrap = egui::text::TextWrapping::truncate_at_width(width);
            }
            let galley = self.painter.layout_job(job);
            let at = end - vec2(galley.size().x, galley.size().y / 2.0);
            self.painter.galley(at, galley, colour);
            end.x = at.x - 4.0;
        }
    }

    /// In the fixed-width face, as small as a remark.
    pub(super) fn number(
        &self,
        at: Pos2,
        align: Align2,
        text: impl ToString,
        colour: Color32,
    ) -> Rect {
        self.painter.text(at, align, text, self.number_font(), colour)
    }

    pub(super) fn number_width(&self, text: &str) -> f32 {
        self.painter.layout_no_wrap(text.to_owned(), self.number_font(), Color32::WHITE).size().x
    }

    fn number_font(&self) -> FontId {
        FontId::new(self.fonts.small.size, self.fonts.number.family.clone())
    }

    /// A name, shortened where its room ends.
    pub(super) fn name(&self, at: Pos2, width: f32, text: &str, colour: Color32) -> Rect {
        let font = self.name_font();
        let text = fitted(self.painter.ctx(), text, &font, width);
        self.painter.text(at, Align2::LEFT_CENTER, text, font, colour)
    }

    pub(super) fn name_width(&self, text: &str) -> f32 {
        self.painter.layout_no_wrap(text.to_owned(), self.name_font(), Color32::WHITE).size().x
    }

    fn name_font(&self) -> FontId {
        FontId::new(self.fonts.name.size - 1.0, self.fonts.name.family.clone())
    }

    /// A server's badge in any size and strength.
    pub(super) fn badge(&self, area: Rect, badge: Badge, is_bright: bool) {
        let colour = badge.colour(self.theme);
        let fill = if is_bright { colour } else { self.theme.quiet(colour) };
        badge.fill(&self.painter, area, theme::CHIP_RADIUS, fill);
        let letter = badge.letter();
        let part = if letter.len() > 1 { 0.5 } else { 0.62 };
        let font = FontId::new((area.height() * part).round(), theme::semi_bold());
        self.painter.text(area.center(), Align2::CENTER_CENTER, letter, font, theme::ON_SERVER);
    }

    pub(super) fn star(&self, at: Pos2, radius: f32, colour: Color32) {
        let corner = |number: i32| {
            let angle = f64::from(number) / 5.0 * std::f64::consts::PI;
            let reach = if number % 2 == 0 { radius } else { radius * 0.44 };
            at + reach * vec2(libm::sin(angle) as f32, -libm::cos(angle) as f32)
        };
        let corners: Vec<Pos2> = (0..10).map(corner).collect();
        let mut mesh = Mesh::default();
        mesh.colored_vertex(at, colour);
        for corner in &corners {
            mesh.colored_vertex(*corner, colour);
        }
        for number in 0..10 {
            mesh.add_triangle(0, 1 + number, 1 + (number + 1) % 10);
        }
        self.painter.add(mesh);
        // A mesh has hard edges; the line softens them.
        self.painter.add(Shape::closed_line(corners, Stroke::new(1.0, colour)));
    }

    pub(super) fn cross(&self, at: Pos2, radius: f32, colour: Color32) {
        let stroke = Stroke::new(2.0_f32.max(radius * 0.4), colour);
        for way in [vec2(radius, radius), vec2(radius, -radius)] {
            self.painter.line_segment([at - way, at + way], stroke);
        }
    }

    /// A dashed line round a box: whoever is in it gets nothing.
    pub(super) fn dashed_box(&self, area: Rect, colour: Color32) {
        let corners = [
            area.left_top(),
            area.right_top(),
            area.right_bottom(),
            area.left_bottom(),
            area.left_top(),
        ];
        self.painter.extend(Shape::dashed_line(&corners, Stroke::new(1.5, colour), 5.0, 4.0));
    }
}
