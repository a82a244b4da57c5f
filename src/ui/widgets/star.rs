//! The sign of what a person sent.

use egui::{Color32, Mesh, Painter, Pos2, Shape, Stroke, vec2};

/// A star with five points. It is not convex, so it is filled in slices from its middle.
pub(in crate::ui) fn paint_star(painter: &Painter, centre: Pos2, radius: f32, colour: Color32) {
    let corners: Vec<Pos2> = (0..10)
        .map(|corner| {
            let angle = f64::from(corner) / 10.0 * std::f64::consts::TAU;
            let reach = if corner % 2 == 0 { radius } else { radius * 0.45 };
            let (across, up) = (libm::sin(angle) as f32, libm::cos(angle) as f32);
            centre + vec2(across * reach, -up * reach)
        })
        .collect();
    let mut mesh = Mesh::default();
    mesh.colored_vertex(centre, colour);
    for &corner in &corners {
        mesh.colored_vertex(corner, colour);
    }
    for corner in 0..10 {
        mesh.add_triangle(0, corner + 1, (corner + 1) % 10 + 1);
    }
    painter.add(Shape::mesh(mesh));
    // Lines are smoothed, slices are not.
    painter.add(Shape::closed_line(corners, Stroke::new(1.0, colour)));
}
