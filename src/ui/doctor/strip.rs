//! The doctor's line: a dot, the sentence, and the evidence one click away.

use egui::text::LayoutJob;
use egui::{
    Align, Button, Color32, CornerRadius, Frame, Grid, Layout, Margin, Popup, RichText, Sense,
    Stroke, TextFormat, TextStyle, Ui, WidgetInfo, vec2,
};

use super::diagnosis::{Diagnosis, Level, Row};
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{note, number};
use crate::ui::workbench::Workbench;

/// The line, as wide as there is room.
pub(in crate::ui) fn doctor_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let mut doctor = std::mem::take(&mut workbench.doctor);
    let diagnosis = doctor.diagnose(workbench);
    workbench.doctor = doctor;
    let Some(diagnosis) = diagnosis else { return };
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(CornerRadius::same(theme::CARD_RADIUS))
        .inner_margin(Margin::symmetric(14, 4))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| line_ui(ui, &diagnosis));
        });
}

/// The sentence in the second strength, no wider than it is told, for a row that shows the shares themselves. Returns
/// whether there was anything to say. Laid out from the right.
pub(in crate::ui) fn verdict_ui(ui: &mut Ui, workbench: &mut Workbench, width: f32) -> bool {
    let mut doctor = std::mem::take(&mut workbench.doctor);
    let diagnosis = doctor.diagnose(workbench);
    workbench.doctor = doctor;
    let Some(diagnosis) = diagnosis else { return false };
    let theme = Theme::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let format = TextFormat::simple(font, theme.mute);
    let mut job = LayoutJob::single_section(diagnosis.sentence.clone(), format);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let text = ui.ctx().fonts_mut(|fonts| fonts.layout_job(job));
    let button = ui.add(Button::new(text).frame(false));
    let name = format!("Show the evidence: {}", diagnosis.sentence);
    button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    Popup::from_toggle_button_response(&button)
        .width(EVIDENCE_WIDTH)
        .align(egui::RectAlign::BOTTOM_END)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| evidence_ui(ui, &diagnosis));
    button.on_hover_text(&diagnosis.sentence);
    dot_ui(ui, diagnosis.level);
    true
}

fn line_ui(ui: &mut Ui, diagnosis: &Diagnosis) {
    ui.set_min_height(24.0);
    dot_ui(ui, diagnosis.level);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let colour = Theme::of(ui).accent;
        let show = ui.add(Button::new(RichText::new("Show").color(colour)).frame(false));
        show.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Show the evidence"));
        Popup::from_toggle_button_response(&show)
            .width(EVIDENCE_WIDTH)
            .align(egui::RectAlign::TOP_END)
            .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| evidence_ui(ui, diagnosis));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = sentence(ui, diagnosis);
            ui.add(egui::Label::new(text).truncate());
        });
    });
}

/// Its shape says what its colour says.
fn dot_ui(ui: &mut Ui, level: Level) {
    let (area, response) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, level.word()));
    let (painter, colour) = (ui.painter(), colour_of(level, Theme::of(ui)));
    let (at, radius) = (area.center(), 5.0);
    match level {
        Level::Quiet => {
            painter.circle_stroke(at, radius - 1.0, Stroke::new(2.0, colour));
        }
        Level::Ok => {
            painter.circle_filled(at, radius, colour);
        }
        Level::Warn | Level::Bad => {
            let corners = if level == Level::Warn { 3 } else { 4 };
            painter.add(egui::Shape::convex_polygon(
                corners_of(at, radius + 1.0, corners),
                colour,
                Stroke::NONE,
            ));
        }
    }
    response.on_hover_text(level.word());
}

/// A triangle or a diamond that stands on its side or its tip.
fn corners_of(at: egui::Pos2, radius: f32, corners: usize) -> Vec<egui::Pos2> {
    if corners == 3 {
        return [vec2(0.0, -1.0), vec2(1.0, 0.8), vec2(-1.0, 0.8)]
            .map(|corner| at + corner * radius)
            .to_vec();
    }
    [vec2(0.0, -1.0), vec2(1.0, 0.0), vec2(0.0, 1.0), vec2(-1.0, 0.0)]
        .map(|corner| at + corner * radius)
        .to_vec()
}

fn colour_of(level: Level, theme: &Theme) -> Color32 {
    match level {
        Level::Quiet => theme.mute,
        Level::Ok => theme.ok,
        Level::Warn => theme.warn,
        Level::Bad => theme.err,
    }
}

fn sentence(ui: &Ui, diagnosis: &Diagnosis) -> LayoutJob {
    let theme = Theme::of(ui);
    let plain = TextFormat::simple(TextStyle::Body.resolve(ui.style()), theme.text);
    let size = plain.font_id.size;
    let bold = TextFormat::simple(egui::FontId::new(size, theme::semi_bold()), theme.text);
    let mut job = LayoutJob::default();
    let text = diagnosis.sentence.as_str();
    let split = diagnosis.emphasis.as_deref().and_then(|emphasis| text.split_once(emphasis));
    match (split, &diagnosis.emphasis) {
        (Some((before, after)), Some(emphasis)) => {
            job.append(before, 0.0, plain.clone());
            job.append(emphasis, 0.0, bold);
            job.append(after, 0.0, plain);
        }
        _ => job.append(text, 0.0, plain),
    }
    job
}

fn evidence_ui(ui: &mut Ui, diagnosis: &Diagnosis) {
    ui.set_width(EVIDENCE_WIDTH);
    ui.add(egui::Label::new(sentence(ui, diagnosis)).wrap());
    if let Some(remedy) = &diagnosis.remedy {
        note(ui, format!("To change it: {remedy}"));
    }
    ui.add_space(4.0);
    egui::ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
        Grid::new("evidence").num_columns(6).spacing(vec2(14.0, 4.0)).show(ui, |ui| {
            for head in ["Server", "Weight", "Requests", "Share", "Due", "In flight"] {
                note(ui, head);
            }
            ui.end_row();
            for row in &diagnosis.rows {
                row_ui(ui, row);
                ui.end_row();
            }
        });
    });
    ui.add_space(4.0);
    Grid::new("facts").num_columns(2).spacing(vec2(14.0, 2.0)).show(ui, |ui| {
        for (name, what) in &diagnosis.facts {
            note(ui, *name);
            ui.label(RichText::new(what).small());
            ui.end_row();
        }
    });
}

fn row_ui(ui: &mut Ui, row: &Row) {
    let theme = Theme::of(ui);
    let name = match row.state {
        Some(state) => format!("{} {state}", row.server),
        None => row.server.clone(),
    };
    ui.label(name);
    right(ui, row.weight.to_string(), theme.text);
    right(ui, row.requests.to_string(), theme.text);
    let colour = if row.fits() { theme.text } else { theme.warn };
    let sign = if row.fits() { "" } else { "! " };
    right(ui, format!("{sign}{:.1} %", row.share * 100.0), colour);
    let due = row.band.map_or_else(
        || "by load".to_owned(),
        |band| format!("{:.1} ± {:.1} %", band.expected * 100.0, band.allowed * 100.0),
    );
    right(ui, due, theme.mute);
    right(ui, format!("{:.1}", row.in_flight), theme.text);
}

fn right(ui: &mut Ui, text: String, colour: Color32) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.label(number(text).color(colour));
    });
}

const EVIDENCE_WIDTH: f32 = 420.0;
