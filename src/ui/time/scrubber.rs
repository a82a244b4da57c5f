//! The scrubber: all that is kept as one thin line, with what the charts show of it, and a handle at the moment.

use egui::{CursorIcon, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::ui::playhead::Playhead;
use crate::ui::story::KEPT_NS;
use crate::ui::theme::Theme;
use crate::ui::time::Span;
use crate::ui::widgets::{Told, Unit, told};
use crate::ui::workbench::Workbench;

/// Dragged, it stops at the moment under the pointer. Dragged to the end, it is live. Arrows, Home and End move it, too.
pub(super) fn scrubber_ui(ui: &Ui, workbench: &mut Workbench, area: Rect, shown: Span) {
    let kept = kept(workbench);
    let x_of = |at_ns: i64| area.left() + kept.way_of(at_ns).clamp(0.0, 1.0) * area.width();
    let id = ui.scope_id().with("scrubber");
    let response = ui.interact(area.expand2(vec2(0.0, 2.0)), id, Sense::click_and_drag());
    let ago_secs = (workbench.now_ns.saturating_sub(workbench.moment_ns())) as f64 / 1e9;
    response.widget_info(|| {
        let mut info = WidgetInfo::slider(true, -ago_secs, "Moment");
        info.current_text_value =
            Some(super::controls::ago(workbench.now_ns, workbench.moment_ns().cast_signed()));
        info
    });
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(-(kept.len_ns() as f64) / 1e9);
        node.set_max_numeric_value(0.0);
    });
    if let Some(told) = told(ui, &response) {
        follow(workbench, &told);
    }
    if response.is_pointer_button_down_on() || response.clicked() {
        response.request_focus();
    }
    if let Some(pointer) = response.interact_pointer_pos() {
        let way = ((pointer.x - area.left()) / area.width()).clamp(0.0, 1.0);
        workbench.playhead = if way >= LIVE_FROM {
            Playhead::Live
        } else {
            Playhead::Paused { at_ns: kept.at(way).max(0) as u64 }
        };
    }
    let theme = Theme::of(ui);
    let rail = Rect::from_center_size(area.center(), vec2(area.width(), 3.0));
    ui.painter().rect_filled(rail, 1.5, theme.line);
    let window = Rect::from_x_y_ranges(x_of(shown.from_ns)..=x_of(shown.to_ns), rail.y_range());
    ui.painter().rect_filled(window, 1.5, theme.pipe.lerp_to_gamma(theme.mute, 0.5));
    let knob = pos2(x_of(workbench.moment_ns().cast_signed()), area.center().y);
    let colour = match workbench.playhead {
        Playhead::Live => theme.ok,
        Playhead::Paused { .. } => theme.warn,
        Playhead::Playback { .. } => theme.accent,
    };
    let touched = response.hovered() || response.dragged() || response.has_focus();
    let radius = if touched { 5.0 } else { 4.0 };
    ui.painter().circle(knob, radius, colour, Stroke::new(2.0, theme.panel));
    let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    let text = format!(
        "{} of at most {} are kept; what is older is forgotten",
        Unit::Time.text(kept.len_ns() as f64 / 1e9),
        Unit::Time.text(KEPT_NS as f64 / 1e9)
    );
    response.on_hover_text(text);
}

/// A second back or forth, the first moment, now, or so many seconds from now.
fn follow(workbench: &mut Workbench, told: &Told) {
    let (now_ns, oldest_ns) = (workbench.now_ns, workbench.story.reach_ns().0);
    let ahead_secs = match told {
        Told::Steps(steps) => {
            let ago_ns = now_ns.saturating_sub(workbench.moment_ns());
            steps * STEP_SECS - ago_ns as f64 / 1e9
        }
        Told::Least => f64::NEG_INFINITY,
        Told::Most => 0.0,
        Told::Number(secs) => *secs,
        Told::Text(text) => match text.trim().parse() {
            Ok(secs) => secs,
            Err(_) => return,
        },
    };
    workbench.playhead = if ahead_secs >= 0.0 {
        Playhead::Live
    } else {
        let ago_ns = (-ahead_secs * 1e9) as u64;
        Playhead::Paused { at_ns: now_ns.saturating_sub(ago_ns).max(oldest_ns) }
    };
}

/// From the oldest frame that is known to now.
pub(super) fn kept(workbench: &Workbench) -> Span {
    let (oldest_ns, newest_ns) = workbench.story.reach_ns();
    let to_ns = newest_ns.max(1).cast_signed();
    Span { from_ns: oldest_ns.cast_signed().min(to_ns - 1), to_ns }
}

/// The last bit of the way, which nobody could hit.
const LIVE_FROM: f32 = 0.995;
/// What an arrow moves it by.
const STEP_SECS: f64 = 1.0;
