//! Who got how many of the last requests: a thin bar in the servers' colours, and a sentence about it.

use std::sync::Arc;

use egui::{Align, Layout, Rect, RichText, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::ui::badges::Badge;
use crate::ui::doctor::{verdict_ui, whole_percents};
use crate::ui::theme::Theme;
use crate::ui::view::Arrangement;
use crate::ui::workbench::Workbench;

pub(super) fn shares_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let shares = shares(workbench);
    let words = words(&shares);
    let size = vec2(ui.available_width(), 16.0);
    let serves = workbench.view.arrangement == Arrangement::Serve;
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let width = ui.available_width() - BAR_LEAST;
        // In Serve there is no other place for the doctor's line, which has the numbers in it.
        if !serves || !verdict_ui(ui, workbench, width) {
            ui.label(RichText::new(&words).small().color(Theme::of(ui).mute));
        }
        ui.add_space(4.0);
        let (area, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
        bar(ui, area, &shares);
        response.widget_info(|| {
            WidgetInfo::labeled(egui::Role::Image, true, format!("Shares {words}"))
        });
    });
}

struct Share {
    badge: Badge,
    part: f64,
}

/// Of the pool in focus, over the last seconds. Empty if nothing was given out.
fn shares(workbench: &Workbench) -> Vec<Share> {
    let Some(pool) = workbench.pool() else { return Vec::new() };
    let to_ns = workbench.moment_ns();
    let counts = workbench.story.given(&pool.name, to_ns.saturating_sub(RECENT_NS), to_ns);
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return Vec::new();
    }
    let share = |(name, count): (Arc<str>, u64)| Share {
        badge: workbench.badge(&pool.name, &name),
        part: count as f64 / total as f64,
    };
    counts.into_iter().map(share).collect()
}

fn words(shares: &[Share]) -> String {
    if shares.is_empty() {
        return "nothing in the last 10 s".to_owned();
    }
    let parts: Vec<f64> = shares.iter().map(|share| share.part).collect();
    let whole = whole_percents(&parts);
    if whole.len() > NAMED_MAX {
        let (least, most) = (whole.iter().min(), whole.iter().max());
        let [least, most] = [least, most].map(|it| it.copied().unwrap_or_default());
        return format!("{least} to {most} % each in the last 10 s");
    }
    let whole: Vec<String> = whole.iter().map(u32::to_string).collect();
    format!("{} % in the last 10 s", whole.join(" / "))
}

fn bar(ui: &Ui, area: Rect, shares: &[Share]) {
    let theme = Theme::of(ui);
    let painter = ui.painter();
    painter.rect_filled(area, RADIUS, theme.line);
    let mut left = area.left();
    for (place, Share { badge, part }) in shares.iter().enumerate() {
        let right = if place + 1 == shares.len() {
            area.right()
        } else {
            left + area.width() * *part as f32
        };
        let part = Rect::from_min_max(pos2(left, area.top()), pos2(right, area.bottom()));
        if part.width() > 0.0 {
            badge.fill(painter, part, 0, badge.colour(theme));
        }
        left = right;
    }
    // The ends are rounded by what lies behind the bar.
    let corner = egui::Stroke::new(2.0, theme.bg);
    painter.rect_stroke(area, RADIUS, corner, egui::StrokeKind::Outside);
}

const RADIUS: u8 = 3;
/// The bar keeps so much beside a long sentence.
const BAR_LEAST: f32 = 220.0;
const RECENT_NS: u64 = 10_000_000_000;
/// More numbers in a row are no longer read.
const NAMED_MAX: usize = 8;
