//! What the audience sees.

use egui::{
    Align2, Color32, CursorIcon, FontFamily, FontId, Painter, Pos2, Rect, Ui, UiBuilder, pos2, vec2,
};

use super::Present;
use super::numbers::{Numbers, spoken};
use super::script::Script;
use crate::ui::stage::{Stage, stage_ui};
use crate::ui::theme::{self, Theme};
use crate::ui::workbench::Workbench;

pub(in crate::ui) fn present_ui(
    ui: &mut Ui,
    present: &mut Present,
    stage: &mut Stage,
    workbench: &mut Workbench,
) {
    let whole = ui.max_rect();
    let inside = whole.shrink2(vec2(EDGE, EDGE * 0.6));
    // What was begun without the key: a view that was remembered, or a test.
    if present.script.is_none() {
        present.script = Some(Script::of(&workbench.desk.draft));
    }
    let Some(script) = &present.script else { return };
    captions_ui(ui, inside, script, workbench);
    let right = inside.right() - NUMBERS_WIDTH;
    let middle = Rect::from_min_max(
        pos2(inside.left(), inside.top() + CAPTION_HEIGHT),
        pos2(right, inside.bottom() - FOOT_HEIGHT),
    );
    ui.scope_builder(UiBuilder::new().max_rect(middle), |ui| {
        ui.set_clip_rect(middle.intersect(ui.clip_rect()));
        stage_ui(ui, stage, workbench);
    });
    let column =
        Rect::from_min_max(pos2(right, middle.top()), pos2(inside.right(), middle.bottom()));
    numbers_ui(ui, column, workbench);
    foot_ui(ui, inside, script, workbench);
    hide_resting_pointer(ui);
}

fn captions_ui(ui: &Ui, area: Rect, script: &Script, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let lab = script.document();
    let caption = match script.cue() {
        Some(cue) if !cue.caption.is_empty() => cue.caption.as_str(),
        Some(cue) => cue.name.as_str(),
        None if lab.name.is_empty() => "Evenkeel",
        None => lab.name.as_str(),
    };
    let below = if script.is_at(&workbench.desk.draft) {
        lab.note.clone()
    } else {
        "Changed by hand: Page Up goes back to the start of the cue".to_owned()
    };
    let width = area.width();
    let painter = ui.painter();
    let title = painter.layout(
        caption.to_owned(),
        FontId::new(34.0, theme::semi_bold()),
        theme.text,
        width,
    );
    let height = title.size().y;
    painter.galley(area.min, title, theme.text);
    let font = FontId::new(19.0, FontFamily::Proportional);
    let text = painter.layout(below, font, theme.mute, width);
    painter.galley(area.min + vec2(0.0, height + 6.0), text, theme.mute);
    let name = caption.to_owned();
    announce(ui, area, "caption", &name);
}

/// What is painted can be read by those who do not see it, too.
fn announce(ui: &Ui, area: Rect, id: &str, text: &str) {
    let place = Rect::from_min_size(area.min, vec2(1.0, 1.0));
    let response = ui.interact(place, ui.scope_id().with(id), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
}

fn numbers_ui(ui: &Ui, area: Rect, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let numbers = Numbers::of(&workbench.story, workbench.moment_ns());
    let colour = if numbers.stands_out() { theme.warn } else { theme.text };
    let at = pos2(area.right(), area.top() + area.height() * 0.32);
    number_ui(ui.painter(), at, (&spoken(numbers.slow_ns), colour), "slowest 1 in 100", theme);
    let at = pos2(area.right(), area.top() + area.height() * 0.68);
    number_ui(ui.painter(), at, (&spoken(numbers.typical_ns), theme.text), "typical", theme);
}

fn number_ui(painter: &Painter, at: Pos2, number: (&str, Color32), name: &str, theme: &Theme) {
    let (text, colour) = number;
    painter.text(at, Align2::RIGHT_BOTTOM, text, theme::stage_number_font(), colour);
    let font = FontId::new(20.0, FontFamily::Proportional);
    painter.text(at + vec2(0.0, 2.0), Align2::RIGHT_TOP, name, font, theme.mute);
}

/// Whether it is live, and which cue of how many.
fn foot_ui(ui: &Ui, area: Rect, script: &Script, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    let live = workbench.playhead.is_live();
    let (colour, text) = if live { (theme.ok, "live") } else { (theme.warn, "frozen, B goes on") };
    let at = pos2(area.left() + 5.0, area.bottom() - 6.0);
    painter.circle_filled(at, 5.0, colour);
    let font = FontId::new(13.0, FontFamily::Proportional);
    painter.text(at + vec2(12.0, 0.0), Align2::LEFT_CENTER, text, font, colour);
    if script.n_cues() == 0 {
        return;
    }
    let touched = !script.is_at(&workbench.desk.draft);
    for place in 0..=script.n_cues() {
        let from_right = (script.n_cues() - place) as f32;
        let at = pos2(area.right() - 5.0 - from_right * 20.0, area.bottom() - 6.0);
        let is_here = place == script.at();
        let colour = match (is_here, touched) {
            (true, false) => theme.text,
            (true, true) => theme.warn,
            (false, _) => theme.line,
        };
        painter.circle_filled(at, 5.0, colour);
    }
    let place = format!("Cue {} of {}", script.at(), script.n_cues());
    announce(
        ui,
        Rect::from_min_max(area.right_bottom() - vec2(20.0, 12.0), area.max),
        "cue",
        &place,
    );
}

/// No pointer lies on the picture unless it moves.
fn hide_resting_pointer(ui: &Ui) {
    let rests_for = ui.input(|input| input.pointer.time_since_last_movement());
    if rests_for > POINTER_RESTS_SECS {
        ui.ctx().set_cursor_icon(CursorIcon::None);
    }
}

const EDGE: f32 = 48.0;
const CAPTION_HEIGHT: f32 = 96.0;
const FOOT_HEIGHT: f32 = 40.0;
const NUMBERS_WIDTH: f32 = 300.0;
const POINTER_RESTS_SECS: f32 = 2.0;
