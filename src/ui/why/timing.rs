//! How long each step of a request took, as a bar and in words.

use egui::{Color32, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use super::part_ui;
use crate::engine::{Phases, Record};
use crate::ui::theme::Theme;
use crate::ui::widgets::{Unit, hint, note, number};
use crate::ui::words::bytes_text;
use crate::ui::workbench::Workbench;

pub(super) fn timing_ui(ui: &mut Ui, workbench: &Workbench, record: &Record) {
    part_ui(ui, "Timing");
    let steps = steps(record);
    let colour = record.attempts.last().map(|last| {
        let pool = record.pool.as_deref().unwrap_or_default();
        workbench.badge(pool, &last.server).colour(Theme::of(ui))
    });
    let colour = colour.unwrap_or_else(|| Theme::of(ui).mute);
    bar_ui(ui, &steps, record.phases.total_ns, colour);
    let mut words: Vec<String> = steps
        .iter()
        .filter(|step| step.ns > 0)
        .map(|step| format!("{} {}", step.name, period(step.ns)))
        .collect();
    if record.attempts.last().is_some_and(|last| last.reused_connection) {
        words.insert(0, "connection reused".to_owned());
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(number(format!("{} in all", period(record.phases.total_ns))));
    });
    note(ui, words.join(" · "));
    let Phases { accept_ns, tls_ns, .. } = record.phases;
    let tls =
        if tls_ns > 0 { format!(", TLS handshake {}", period(tls_ns)) } else { String::new() };
    hint(ui, format!("its connection was {} old{tls}", period(accept_ns)));
    hint(
        ui,
        format!("body {} in, {} out", bytes_text(record.bytes_in), bytes_text(record.bytes_out)),
    );
}

pub(super) fn period(ns: u64) -> String {
    Unit::Time.text(ns as f64 / 1e9)
}

struct Step {
    name: &'static str,
    ns: u64,
    /// How much of the server's colour it has: 0 is none.
    tint: f32,
}

/// In their order; what no step accounts for is tries that failed and pauses between them.
fn steps(record: &Record) -> [Step; 5] {
    let Phases { queue_ns, connect_ns, first_byte_ns, body_ns, total_ns, .. } = record.phases;
    let known_ns = queue_ns + connect_ns + first_byte_ns + body_ns;
    let step = |name, ns, tint| Step { name, ns, tint };
    let several = record.attempts.len() > 1;
    [
        step(
            if several { "tries before" } else { "proxy" },
            total_ns.saturating_sub(known_ns),
            0.0,
        ),
        step("queue", queue_ns, 0.2),
        step("connect", connect_ns, 0.35),
        step("first byte", first_byte_ns, 0.6),
        step("body", body_ns, 1.0),
    ]
}

fn bar_ui(ui: &mut Ui, steps: &[Step], total_ns: u64, colour: Color32) {
    let theme = Theme::of(ui);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), 14.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, "Timing by step"));
    ui.painter().rect_filled(area, 3.0, theme.raised);
    let mut left = area.left();
    for Step { ns, tint, .. } in steps {
        let part = *ns as f64 / total_ns.max(1) as f64;
        let right = (left + area.width() * part as f32).min(area.right());
        let fill = if *tint == 0.0 { theme.mute } else { theme.panel.lerp_to_gamma(colour, *tint) };
        let step = Rect::from_min_max(pos2(left, area.top()), pos2(right, area.bottom()));
        ui.painter().rect_filled(step, 0.0, fill);
        left = right;
    }
    let corner = egui::Stroke::new(2.0, theme.panel);
    ui.painter().rect_stroke(area, 3.0, corner, egui::StrokeKind::Outside);
}
