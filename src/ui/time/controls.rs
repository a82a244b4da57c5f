//! Play, pause and speed.

use egui::{Button, Rect, Response, RichText, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::ui::playhead::Playhead;
use crate::ui::theme::Theme;
use crate::ui::workbench::Workbench;

/// Two buttons and the speed. What the buttons do depends on what is shown.
pub(super) fn controls_ui(ui: &mut Ui, speed: &mut f64, workbench: &mut Workbench) {
    ui.spacing_mut().item_spacing.x = 2.0;
    let playing = !matches!(workbench.playhead, Playhead::Paused { .. });
    let (sign, name) =
        if playing { (Sign::Pause, "Pause the view") } else { (Sign::Play, "Play from here") };
    if sign_button(ui, sign, name).clicked() {
        if playing {
            workbench.playhead.toggle_pause(workbench.now_ns);
        } else {
            workbench.playhead.play(workbench.now_ns, *speed);
        }
    }
    if sign_button(ui, Sign::End, "Back to live").clicked() {
        workbench.playhead = Playhead::Live;
    }
    speed_ui(ui, speed, workbench);
}

fn speed_ui(ui: &mut Ui, speed: &mut f64, workbench: &mut Workbench) {
    let theme = Theme::of(ui);
    let text = RichText::new(speed_text(*speed)).small().monospace().color(theme.mute);
    let button = Button::new(text).frame(false).min_size(vec2(34.0, 18.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for choice in SPEEDS {
            let chosen = choice == *speed;
            if ui.selectable_label(chosen, speed_text(choice)).clicked() {
                *speed = choice;
                if let Playhead::Playback { .. } = workbench.playhead {
                    workbench.playhead.play(workbench.now_ns, choice);
                }
                ui.close();
            }
        }
    });
    let name = format!("Playback speed {}", speed_text(*speed));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    response.on_hover_text("How fast the record is played");
}

pub(in crate::ui) fn speed_text(speed: f64) -> String {
    format!("×{speed}")
}

#[derive(Clone, Copy)]
enum Sign {
    Play,
    Pause,
    End,
}

fn sign_button(ui: &mut Ui, sign: Sign, name: &str) -> Response {
    let (area, response) = ui.allocate_exact_size(vec2(20.0, 18.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    let theme = Theme::of(ui);
    let touched = response.hovered() || response.has_focus();
    if touched {
        ui.painter().rect_filled(area, 4.0, theme.raised);
    }
    let colour = if touched { theme.text } else { theme.mute };
    let at = area.center();
    let bar = |x: f32| Rect::from_center_size(at + vec2(x, 0.0), vec2(2.5, 9.0));
    let triangle = |x: f32| {
        let corners =
            vec![at + vec2(x - 3.5, -4.5), at + vec2(x + 3.5, 0.0), at + vec2(x - 3.5, 4.5)];
        Shape::convex_polygon(corners, colour, Stroke::NONE)
    };
    match sign {
        Sign::Play => {
            ui.painter().add(triangle(0.5));
        }
        Sign::Pause => {
            ui.painter().rect_filled(bar(-2.5), 0.5, colour);
            ui.painter().rect_filled(bar(2.5), 0.5, colour);
        }
        Sign::End => {
            ui.painter().add(triangle(-1.5));
            ui.painter().rect_filled(bar(4.0), 0.5, colour);
        }
    }
    response.on_hover_text(name)
}

/// Where the label of a moment is drawn, above or at the end of its line.
pub(super) fn ago(now_ns: u64, at_ns: i64) -> String {
    let secs = (now_ns.cast_signed() - at_ns) as f64 / 1e9;
    if secs < 0.05 { "now".to_owned() } else { format!("{secs:.1} s ago") }
}

/// A line through an area at a moment.
pub(super) fn moment_line(ui: &Ui, area: Rect, x: f32, stroke: Stroke, dotted: bool) {
    if !area.x_range().contains(x) {
        return;
    }
    let ends = [pos2(x, area.top()), pos2(x, area.bottom())];
    if dotted {
        ui.painter().extend(Shape::dashed_line(&ends, stroke, 2.0, 2.0));
    } else {
        ui.painter().line_segment(ends, stroke);
    }
}

pub(in crate::ui) const SPEEDS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
