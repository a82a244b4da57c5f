//! A window without a screen: shows a user interface at times that its owner says, and takes pictures of it.

use egui::epaint::ClippedShape;
use egui::{ClippedPrimitive, Context, Pos2, RawInput, Rect, Ui, Vec2, ViewportId};

use super::raster::{Picture, Textures};
use super::theme::{self, Theme};

/// The same frames give the same pictures, byte for byte.
pub struct Camera {
    ctx: Context,
    textures: Textures,
    shapes: Vec<ClippedShape>,
    /// In points.
    size: Vec2,
    /// Pixels to a point.
    scale: f32,
    frames: u32,
}

impl Camera {
    pub fn new(theme: egui::Theme, size: Vec2, scale: f32) -> Self {
        let ctx = Context::default();
        theme::apply(&ctx);
        ctx.set_theme(theme);
        Self { ctx, textures: Textures::default(), shapes: Vec::new(), size, scale, frames: 0 }
    }

    pub fn ctx(&self) -> &Context {
        &self.ctx
    }

    /// Shows one frame, a sixtieth of a second after the one before.
    pub fn frame(&mut self, show: impl FnMut(&mut Ui)) {
        self.frames += 1;
        self.again(show);
    }

    /// Shows the last frame once more, while time stands still: for what is waited for.
    pub fn again(&mut self, show: impl FnMut(&mut Ui)) {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, self.size)),
            time: Some(f64::from(self.frames) * FRAME_SECS),
            predicted_dt: FRAME_SECS as f32,
            focused: false,
            ..RawInput::default()
        };
        let window = input.viewports.entry(ViewportId::ROOT).or_default();
        window.native_pixels_per_point = Some(self.scale);
        let mut output = self.ctx.run_ui(input, show);
        self.textures.apply(std::mem::take(&mut output.textures_delta));
        self.shapes = output.shapes;
    }

    /// The last frame as triangles, which is what a graphics card gets. There is no picture of it afterwards.
    pub fn meshes(&mut self) -> Vec<ClippedPrimitive> {
        self.ctx.tessellate(std::mem::take(&mut self.shapes), self.scale)
    }

    /// What the last frame showed.
    pub fn picture(&self) -> Picture {
        let pixels = |points: f32| (points * self.scale).round() as u32;
        let background = Theme::of_context(&self.ctx).bg;
        let mut picture = Picture::filled(pixels(self.size.x), pixels(self.size.y), background);
        let primitives = self.ctx.tessellate(self.shapes.clone(), self.scale);
        picture.draw(&primitives, &self.textures, self.scale);
        picture
    }
}

const FRAME_SECS: f64 = 1.0 / 60.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(scale: f32) -> Picture {
        let mut camera = Camera::new(egui::Theme::Dark, Vec2::new(120.0, 40.0), scale);
        for _ in 0..3 {
            camera.frame(|ui| {
                ui.painter().rect_filled(ui.max_rect(), 0.0, theme::DARK.panel);
                ui.heading("Even keel");
                ui.monospace("2.1 s");
            });
        }
        camera.picture()
    }

    #[test]
    fn the_same_frames_give_the_same_bytes() {
        let (once, again) = (taken(1.0), taken(1.0));
        assert_eq!((once.width, once.height), (120, 40));
        assert!(once.png() == again.png());
        assert_eq!((taken(2.0).width, taken(2.0).height), (240, 80));
    }

    #[test]
    fn text_is_drawn_on_its_ground() {
        let picture = taken(1.0);
        let [red, green, blue, _] = theme::DARK.panel.to_array();
        assert_eq!(picture.pixel(119, 39), [red, green, blue]);
        let bright = (0..40).flat_map(|y| (0..120).map(move |x| (x, y)));
        let bright = bright.filter(|&(x, y)| picture.pixel(x, y)[0] > 180).count();
        assert!((40..1_000).contains(&bright), "{bright} bright pixels");
    }
}
