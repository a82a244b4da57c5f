//! Draws egui's triangles into memory: the same pixels on every machine, without a GPU or a screen.
//!
//! Corners are rounded to 1/256 of a pixel and edges belong to one triangle only (the top-left rule), so that
//! triangles that share an edge neither overlap nor leave a gap. Colours are premultiplied and are mixed as they
//! are stored, as egui's own painters do it.

use std::collections::HashMap;

use egui::epaint::{ClippedPrimitive, ColorImage, ImageData, Mesh, Primitive, Vertex};
use egui::{Color32, Pos2, Rect, TextureId, TexturesDelta, Vec2};

/// A picture without transparency, line by line from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pixels: Vec<[u8; 3]>,
}

/// The textures that meshes refer to, as they were handed out.
#[derive(Default)]
pub struct Textures {
    images: HashMap<TextureId, ColorImage>,
}

impl Textures {
    /// Takes in what changed. To be done before what uses it is drawn.
    #[expect(clippy::iter_over_hash_type, reason = "each texture is for itself, in any order")]
    pub fn apply(&mut self, mut delta: TexturesDelta) {
        for (id, parts) in delta.set.drain() {
            for part in parts {
                let ImageData::Color(image) = part.image;
                match (part.pos, self.images.get_mut(&id)) {
                    (Some(at), Some(whole)) => put(whole, at, &image),
                    _ => drop(self.images.insert(id, ColorImage::clone(&image))),
                }
            }
        }
        for id in delta.free.drain() {
            self.images.remove(&id);
        }
    }
}

fn put(whole: &mut ColorImage, at: [usize; 2], part: &ColorImage) {
    for (row, line) in part.pixels.chunks_exact(part.width()).enumerate() {
        let start = (at[1] + row) * whole.width() + at[0];
        whole.pixels[start..start + line.len()].copy_from_slice(line);
    }
}

impl Picture {
    pub fn filled(width: u32, height: u32, colour: Color32) -> Self {
        let [red, green, blue, _] = colour.to_array();
        Self { width, height, pixels: vec![[red, green, blue]; width as usize * height as usize] }
    }

    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        self.pixels[(y * self.width + x) as usize]
    }

    /// Draws what a context has tessellated. Callbacks of painters that need a GPU are left out.
    pub fn draw(
        &mut self,
        primitives: &[ClippedPrimitive],
        textures: &Textures,
        pixels_per_point: f32,
    ) {
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            if let Primitive::Mesh(mesh) = primitive
                && let Some(image) = textures.images.get(&mesh.texture_id)
            {
                let clip = Bounds::of(*clip_rect, pixels_per_point).within(self);
                self.mesh(mesh, image, clip, pixels_per_point);
            }
        }
    }

    fn mesh(&mut self, mesh: &Mesh, image: &ColorImage, clip: Bounds, scale: f32) {
        for corners in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|it| &mesh.vertices[corners[it] as usize]);
            if let Some(triangle) = Triangle::new([a, b, c], scale) {
                self.triangle(&triangle, image, clip);
            }
        }
    }

    fn triangle(&mut self, triangle: &Triangle<'_>, image: &ColorImage, clip: Bounds) {
        let area = triangle.bounds().common(clip);
        let same = triangle.corners.iter().all(|it| it.uv == triangle.corners[0].uv);
        let texel = same.then(|| sample(image, triangle.corners[0].uv));
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let Some(parts) = triangle.parts_at(x, y) else { continue };
                let texel = texel.unwrap_or_else(|| sample(image, triangle.uv(parts)));
                let colour = triangle.colour(parts);
                let pixel = &mut self.pixels[y as usize * self.width as usize + x as usize];
                blend(pixel, [0, 1, 2, 3].map(|it| colour[it] * texel[it] / FULL));
            }
        }
    }

    /// The picture as a PNG file, packed as small as it gets.
    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(self.pixels.as_flattened())?;
            writer.finish()
        });
        written.expect("memory takes every byte, and the picture has as many as its size says");
        bytes
    }
}

fn blend(pixel: &mut [u8; 3], over: [f32; 4]) {
    let stays = 1.0 - over[3] / FULL;
    for (channel, over) in pixel.iter_mut().zip(over) {
        *channel = (over + f32::from(*channel) * stays).round() as u8;
    }
}

/// The colour at a place of a texture, from its four nearest texels.
fn sample(image: &ColorImage, uv: Pos2) -> [f32; 4] {
    let [width, height] = image.size;
    let (x, y) = (uv.x * width as f32 - 0.5, uv.y * height as f32 - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_part, bottom_part) = (x - left, y - top);
    let texel = |x: f32, y: f32| {
        let column = (x.max(0.0) as usize).min(width - 1);
        let row = (y.max(0.0) as usize).min(height - 1);
        image.pixels[row * width + column].to_array().map(f32::from)
    };
    let mix =
        |a: [f32; 4], b: [f32; 4], part: f32| [0, 1, 2, 3].map(|it| a[it] + (b[it] - a[it]) * part);
    let above = mix(texel(left, top), texel(left + 1.0, top), right_part);
    if bottom_part == 0.0 {
        return above;
    }
    let below = mix(texel(left, top + 1.0), texel(left + 1.0, top + 1.0), right_part);
    mix(above, below, bottom_part)
}

/// A part of the picture in whole pixels, without its right and bottom end.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Bounds {
    fn of(area: Rect, scale: f32) -> Self {
        let edge = |points: f32| (points * scale).round() as i64;
        Self {
            left: edge(area.left()),
            top: edge(area.top()),
            right: edge(area.right()),
            bottom: edge(area.bottom()),
        }
    }

    fn within(self, picture: &Picture) -> Self {
        let (right, bottom) = (i64::from(picture.width), i64::from(picture.height));
        self.common(Self { left: 0, top: 0, right, bottom })
    }

    fn common(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }
}

/// A triangle whose corners go round clockwise, in steps of 1/256 of a pixel.
struct Triangle<'a> {
    corners: [&'a Vertex; 3],
    at: [(i64, i64); 3],
    /// Twice its area, in square steps.
    area: i64,
}

impl<'a> Triangle<'a> {
    fn new([a, b, c]: [&'a Vertex; 3], scale: f32) -> Option<Self> {
        let snap = |at: Pos2| {
            let Vec2 { x, y } = at.to_vec2() * (scale * STEPS as f32);
            (x.round() as i64, y.round() as i64)
        };
        let (corners, at) = ([a, b, c], [snap(a.pos), snap(b.pos), snap(c.pos)]);
        match edge(at[0], at[1], at[2]) {
            0 => None,
            area if area > 0 => Some(Self { corners, at, area }),
            area => Some(Self { corners: [a, c, b], at: [at[0], at[2], at[1]], area: -area }),
        }
    }

    fn bounds(&self) -> Bounds {
        let [xs, ys] = [self.at.map(|it| it.0), self.at.map(|it| it.1)];
        let (least, most) = (
            |of: [i64; 3]| of[0].min(of[1]).min(of[2]),
            |of: [i64; 3]| of[0].max(of[1]).max(of[2]),
        );
        Bounds {
            left: least(xs).div_euclid(STEPS),
            top: least(ys).div_euclid(STEPS),
            right: most(xs).div_euclid(STEPS) + 1,
            bottom: most(ys).div_euclid(STEPS) + 1,
        }
    }

    /// How much of each corner there is in the middle of a pixel, if that lies inside.
    fn parts_at(&self, x: i64, y: i64) -> Option<[f32; 3]> {
        let middle = (x * STEPS + STEPS / 2, y * STEPS + STEPS / 2);
        let mut parts = [0.0; 3];
        for (corner, part) in parts.iter_mut().enumerate() {
            let (from, to) = (self.at[(corner + 1) % 3], self.at[(corner + 2) % 3]);
            let inside = edge(from, to, middle);
            let is_top_left = to.1 < from.1 || (to.1 == from.1 && to.0 > from.0);
            if inside < 0 || inside == 0 && !is_top_left {
                return None;
            }
            *part = inside as f32 / self.area as f32;
        }
        Some(parts)
    }

    fn uv(&self, parts: [f32; 3]) -> Pos2 {
        let sum =
            |of: fn(&Vertex) -> f32| (0..3).map(|it| of(self.corners[it]) * parts[it]).sum::<f32>();
        Pos2::new(sum(|it| it.uv.x), sum(|it| it.uv.y))
    }

    fn colour(&self, parts: [f32; 3]) -> [f32; 4] {
        let [a, b, c] = self.corners.map(|it| it.color.to_array().map(f32::from));
        if a == b && b == c {
            return a;
        }
        [0, 1, 2, 3].map(|it| a[it] * parts[0] + b[it] * parts[1] + c[it] * parts[2])
    }
}

/// Twice the area of a triangle, positive if its corners go round clockwise where y points down.
fn edge(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

const STEPS: i64 = 256;
const FULL: f32 = 255.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme;
    use egui::pos2;

    /// A white texture of one texel, which every mesh here uses.
    fn textures() -> Textures {
        let image = ColorImage::filled([1, 1], Color32::WHITE);
        Textures { images: [(TextureId::default(), image)].into() }
    }

    fn drawn(mesh: Mesh, clip: Rect) -> String {
        let mut picture = Picture::filled(8, 4, Color32::BLACK);
        let primitive = Primitive::Mesh(mesh);
        picture.draw(&[ClippedPrimitive { clip_rect: clip, primitive }], &textures(), 1.0);
        let sign = |pixel: &[u8; 3]| match pixel[0] {
            0 => '.',
            255 => '#',
            _ => '+',
        };
        let lines = picture.pixels.chunks(8).map(|line| line.iter().map(sign).collect::<String>());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn everything() -> Rect {
        Rect::from_min_max(pos2(0.0, 0.0), pos2(8.0, 4.0))
    }

    #[test]
    fn a_tiny_mesh_covers_the_pixels_whose_middle_it_covers() {
        let mut mesh = Mesh::default();
        for (x, y) in [(1.0, 0.0), (7.0, 0.0), (1.0, 3.0)] {
            mesh.colored_vertex(pos2(x, y), Color32::WHITE);
        }
        mesh.add_triangle(0, 1, 2);
        assert_eq!(drawn(mesh.clone(), everything()), ".#####..\n.###....\n.#......\n........");
        let narrow = Rect::from_min_max(pos2(2.0, 0.0), pos2(4.0, 2.0));
        assert_eq!(drawn(mesh, narrow), "..##....\n..##....\n........\n........");
    }

    #[test]
    fn triangles_that_share_an_edge_neither_overlap_nor_leave_a_gap() {
        let half = Color32::WHITE.gamma_multiply(0.5);
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(Rect::from_min_max(pos2(1.0, 0.5), pos2(6.5, 3.5)), half);
        let mut picture = Picture::filled(8, 4, Color32::BLACK);
        let primitive = Primitive::Mesh(mesh);
        picture.draw(&[ClippedPrimitive { clip_rect: everything(), primitive }], &textures(), 1.0);
        let levels: std::collections::BTreeSet<u8> =
            picture.pixels.iter().map(|pixel| pixel[0]).collect();
        assert_eq!(levels.into_iter().collect::<Vec<_>>(), [0, half.r()]);
    }

    #[test]
    fn a_png_holds_what_was_drawn() {
        let mut picture = Picture::filled(3, 2, theme::DARK.bg);
        picture.pixels[4] = [1, 2, 3];
        let bytes = picture.png();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, picture.pixels.as_flattened());
        assert_eq!(bytes, picture.png(), "the same picture gives the same bytes");
    }
}
