//! The labs that come with the program, each with a picture and a sentence, in the order of the lessons.

use egui::{
    Align2, Color32, Context, FontId, Painter, Pos2, Rect, RichText, ScrollArea, Sense, Stroke, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::badges::Badges;
use super::theme::{self, Theme};
use super::verb::Verb;
use super::widgets::{note, overlay_ui};
use super::workbench::Workbench;
use crate::lab::{Lab, PRESETS, Pool, Preset};

/// Shows it over the regions. True if it is done.
pub(super) fn gallery_ui(ctx: &Context, workbench: &mut Workbench) -> bool {
    overlay_ui(ctx, egui::Id::unique("gallery"), WIDTH, |ui| {
        let closed = ui
            .horizontal(|ui| {
                ui.label(RichText::new("Labs to begin with").text_style(egui::TextStyle::Heading));
                let right = egui::Layout::right_to_left(egui::Align::Center);
                ui.with_layout(right, |ui| ui.button("Close").clicked()).inner
            })
            .inner;
        note(ui, "Each runs at once. The first is the place to start");
        ui.add_space(8.0);
        cards_ui(ui, workbench) || closed
    })
}

/// For a stage with nothing on it.
pub(super) fn empty_ui(ui: &mut Ui, workbench: &mut Workbench) {
    egui::Frame::new().inner_margin(24).show(ui, |ui| {
        ui.label(RichText::new("Nothing is on the stage").text_style(theme::sentence()));
        note(ui, "Open one of these labs, or add a server at the left");
        ui.add_space(8.0);
        cards_ui(ui, workbench);
    });
}

/// The cards alone. True if one was chosen.
fn cards_ui(ui: &mut Ui, workbench: &mut Workbench) -> bool {
    let mut chosen = None;
    let height = ui.ctx().content_rect().height() - 180.0;
    let area =
        ScrollArea::vertical().max_height(height).min_scrolled_height(height.min(ROWS_HEIGHT));
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        let columns = (((ui.available_width() + GAP) / (CARD.x + GAP)) as usize).max(1);
        let each = (ui.available_width() + GAP) / columns as f32 - GAP;
        let size = vec2(each.floor().min(CARD.x + STRETCH), CARD.y);
        let cards: Vec<(usize, &Preset)> = PRESETS.iter().enumerate().collect();
        for row in cards.chunks(columns) {
            ui.horizontal(|ui| {
                for &(index, preset) in row {
                    if card_ui(ui, size, index, preset) {
                        chosen = Some(index);
                    }
                }
            });
        }
    });
    if let Some(index) = chosen {
        workbench.ask(Verb::OpenPreset(index));
    }
    chosen.is_some()
}

fn card_ui(ui: &mut Ui, size: Vec2, index: usize, preset: &Preset) -> bool {
    let theme = Theme::of(ui);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    let name = format!("Open {}", preset.name);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    let painter = ui.painter().with_clip_rect(area);
    let lit = response.hovered() || response.has_focus();
    let edge = if lit { theme.accent } else { theme.line };
    painter.rect_filled(area, theme::CARD_RADIUS, theme.raised);
    let stroke = Stroke::new(theme::HAIRLINE, edge);
    painter.rect_stroke(area, theme::CARD_RADIUS, stroke, egui::StrokeKind::Inside);
    let picture = Rect::from_min_size(area.min, vec2(area.width(), PICTURE_HEIGHT));
    painter.rect_filled(picture.shrink(1.0), theme::CARD_RADIUS, theme.bg);
    if let Some(lab) = lab_of(ui, index, preset) {
        picture_of(&painter, theme, picture.shrink2(vec2(12.0, 10.0)), &lab);
    }
    let text = area.with_min_y(picture.bottom()).shrink2(vec2(12.0, 8.0));
    // The card has its place already: what is on it takes none.
    let down = egui::Layout::top_down(egui::Align::Min);
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(text).layout(down));
    ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
    let title = format!("{}  {}", index + 1, preset.name);
    ui.label(RichText::new(title).text_style(theme::sentence()));
    ui.add(egui::Label::new(RichText::new(preset.summary).small().color(theme.mute)).wrap());
    response.clicked()
}

/// A preset is read once and kept.
fn lab_of(ui: &Ui, index: usize, preset: &Preset) -> Option<std::sync::Arc<Lab>> {
    let id = egui::Id::unique(("preset", index));
    if let Some(lab) = ui.data(|data| data.get_temp(id)) {
        return lab;
    }
    let read = crate::lab::load(preset.text.as_bytes()).ok();
    let lab = read.map(|loaded| std::sync::Arc::new(loaded.lab.into_lab()));
    ui.data_mut(|data| data.insert_temp(id, lab.clone()));
    lab
}

/// The lab in small: who sends, the proxy, and each pool with its servers and how it chooses.
fn picture_of(painter: &Painter, theme: &Theme, area: Rect, lab: &Lab) {
    let mut badges = Badges::default();
    badges.learn(lab);
    let proxy = Rect::from_center_size(
        pos2(area.left() + area.width() * 0.36, area.center().y),
        vec2(14.0, area.height() * 0.7),
    );
    let n_clients = lab.clients.iter().map(|client| client.identities.count).sum::<u32>();
    let dots = (n_clients as usize).clamp(1, 5);
    for dot in 0..dots {
        let at = pos2(area.left() + 5.0, spread(area, dot, dots));
        painter.circle_stroke(at, 3.5, Stroke::new(1.5, theme.mute));
        let end = pos2(proxy.left(), spread(proxy, dot, dots));
        pipe(painter, at + vec2(4.0, 0.0), end, theme.pipe);
    }
    painter.rect(
        proxy,
        theme::CHIP_RADIUS,
        theme.raised,
        Stroke::new(theme::HAIRLINE, theme.line),
        egui::StrokeKind::Inside,
    );
    let n_servers: usize = lab.pools.iter().map(|pool| pool.servers.len()).sum();
    let rows = (n_servers + lab.pools.len().saturating_sub(1)).max(1);
    let mut row = 0;
    for pool in &lab.pools {
        servers_of(painter, theme, (area, proxy), pool, (&mut row, rows), &badges);
        row += 1;
    }
    if let Some(pool) = lab.pools.first() {
        let font = FontId::new(9.0, egui::FontFamily::Proportional);
        let at = pos2(proxy.center().x, area.bottom());
        let title = pool.algorithm.about().title;
        painter.text(at, Align2::CENTER_BOTTOM, title, font, theme.mute);
    }
}

fn servers_of(
    painter: &Painter,
    theme: &Theme,
    (area, proxy): (Rect, Rect),
    pool: &Pool,
    (row, rows): (&mut usize, usize),
    badges: &Badges,
) {
    let slowest = pool.servers.iter().filter_map(mean_ns).fold(0.0, f64::max);
    for server in &pool.servers {
        let y = spread(area, *row, rows);
        let side = (area.height() / rows as f32 - 2.0).clamp(5.0, 15.0);
        let at = pos2(area.right() - 26.0, y);
        pipe(
            painter,
            pos2(proxy.right(), spread(proxy, *row, rows)),
            at - vec2(side / 2.0, 0.0),
            theme.pipe,
        );
        let badge = badges.of(&pool.name, &server.name);
        let quiet = server.draining() || !server.enabled || server.priority > 0;
        if side >= 10.0 {
            badge.paint(painter, theme, at, side);
        } else {
            let box_ = Rect::from_center_size(at, vec2(side, side));
            badge.fill(painter, box_, 2, badge.colour(theme));
        }
        if quiet {
            let veil = Rect::from_center_size(at, vec2(side, side));
            painter.rect_filled(veil, theme::CHIP_RADIUS, theme.bg.gamma_multiply(0.55));
        }
        // How long it takes, beside the slowest of its pool.
        if let Some(mean) = mean_ns(server).filter(|_| slowest > 0.0) {
            let length = 18.0 * (mean / slowest) as f32;
            let from = at + vec2(side / 2.0 + 3.0, 0.0);
            let stroke = Stroke::new(2.0, badge.colour(theme));
            painter.line_segment([from, from + vec2(length.max(1.5), 0.0)], stroke);
        }
        *row += 1;
    }
}

fn mean_ns(server: &crate::lab::Server) -> Option<f64> {
    server.mock.as_ref().and_then(|mock| mock.latency.mean_ns())
}

fn pipe(painter: &Painter, from: Pos2, to: Pos2, colour: Color32) {
    let bend = vec2((to.x - from.x) * 0.5, 0.0);
    let points = [from, from + bend, to - bend, to];
    let stroke = Stroke::new(1.5, colour);
    painter.add(egui::epaint::CubicBezierShape::from_points_stroke(
        points,
        false,
        Color32::TRANSPARENT,
        stroke,
    ));
}

/// The middle of one of so many rows.
fn spread(area: Rect, row: usize, rows: usize) -> f32 {
    area.top() + area.height() * (row as f32 + 0.5) / rows as f32
}

const GAP: f32 = 12.0;
/// Two rows of cards, which is all there are in a window of the usual width.
const ROWS_HEIGHT: f32 = 2.0 * CARD.y + GAP;
/// A card, and how much wider it may get to fill a row.
const CARD: Vec2 = vec2(220.0, 172.0);
const STRETCH: f32 = 20.0;
const PICTURE_HEIGHT: f32 = 96.0;
/// Four cards, what is between them, and a bar to scroll.
const WIDTH: f32 = 4.0 * CARD.x + 3.0 * GAP + 14.0;
