//! The left of the tab: the picture, the one number in it, whose share is how large, and where one key goes.

use egui::{
    Align, Align2, FontId, Layout, Pos2, Rect, RichText, Sense, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};

use super::draw::{Asked, Drawing, Grid, Ring, Shape};
use super::head::{self, select_key};
use super::ink::Inks;
use super::ring::{self, Circle, Pointed};
use super::{Counted, Keys, LookedAt, Scene, grid, turns};
use crate::ui::selection::Selection;
use crate::ui::theme::{self, Theme};
use crate::ui::view::Arrangement;
use crate::ui::widgets::{grouped, hint, note, number};
use crate::ui::workbench::Workbench;

pub(super) fn picture_ui(ui: &mut Ui, keys: &mut Keys, scene: &Scene, workbench: &mut Workbench) {
    let Some(drawing) = keys.drawn.take() else {
        let failed = keys.drawing.failed().map(str::to_owned);
        note(ui, failed.unwrap_or_else(|| "Being drawn…".to_owned()));
        return;
    };
    let theme = Theme::of(ui);
    let inks = Inks::of(&drawing, workbench, &scene.pool, theme);
    let asked = scene.asked.as_ref().filter(|_| drawing.about.keyed);
    let asked = asked.map(|key| (key.clone(), drawing.ask(key)));
    let area = ui.available_rect_before_wrap();
    let foot = area.with_min_y(area.bottom() - FOOT_HEIGHT);
    let body = area.with_max_y(foot.top() - 8.0);
    let growth = growth(ui, keys, workbench);
    let put = |rect| UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min));
    ui.scope_builder(put(body).id_salt("body"), |ui| match &drawing.shape {
        Shape::Ring(ring) => {
            circle_ui(
                ui,
                keys,
                (&drawing, ring),
                scene,
                (&inks, growth, asked.as_ref()),
                workbench,
            );
        }
        Shape::Grid(grid) => {
            squares_ui(
                ui,
                keys,
                (&drawing, grid),
                scene,
                (&inks, growth, asked.as_ref()),
                workbench,
            );
        }
        Shape::Turns(_) | Shape::Nothing => {
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                turns::turns_ui(ui, &drawing, scene, workbench, &inks);
            });
        }
    });
    ui.scope_builder(put(foot).id_salt("foot"), |ui| {
        foot_ui(ui, keys, &drawing, scene, asked.as_ref(), workbench);
    });
    keys.drawn = Some(drawing);
}

/// How far moved parts have come out, from 0 to 1.
fn growth(ui: &Ui, keys: &Keys, workbench: &Workbench) -> f32 {
    let passed = ui.input(|input| input.time) - keys.shown_at;
    let growth = (passed as f32 / theme::MOVE_SECS).clamp(0.0, 1.0);
    if workbench.view.reduced_motion {
        return 1.0;
    }
    if growth < 1.0 {
        ui.ctx().request_repaint();
    }
    growth
}

type How<'a> = (&'a Inks, f32, Option<&'a (Vec<u8>, Asked)>);

fn circle_ui(
    ui: &Ui,
    keys: &mut Keys,
    (drawing, ring): (&Drawing, &Ring),
    scene: &Scene,
    (inks, growth, asked): How<'_>,
    workbench: &mut Workbench,
) {
    let circle = Circle::inside(ui.available_rect_before_wrap());
    let kept = (&mut keys.ring, keys.edition, growth);
    let (response, pointed) = ring::ring_ui(ui, drawing, ring, circle, kept, inks);
    if let Some((key, asked)) = asked
        && let Some(position) = asked.position
    {
        ring::pin_ui(ui, circle, position, &String::from_utf8_lossy(key), inks);
    }
    number_ui(ui, keys, scene, workbench, circle.centre, circle.text_width());
    match pointed {
        Pointed::Nothing => {}
        Pointed::Key(spot) => {
            if response.clicked() {
                select_key(workbench, spot.key.clone());
            }
            let moved = (spot.owner != spot.was).then(|| inks.letter(spot.was));
            let text =
                key_text(&String::from_utf8_lossy(&spot.key), &inks.letter(spot.owner), moved);
            response.on_hover_text_at_pointer(text);
        }
        Pointed::Place(position) => {
            let arc = ring.arcs[ring::arc_at(ring, position)];
            if response.clicked()
                && ring.decides
                && let Some(server) = drawing.name(arc.owner)
            {
                let (pool, server) = (scene.pool.clone(), server.to_owned());
                workbench.selection = Selection::Server { pool, server };
            }
            response.on_hover_text_at_pointer(place_text(ring, position, inks));
        }
    }
}

fn key_text(key: &str, owner: &str, before: Option<String>) -> String {
    match before {
        Some(before) => format!("{key} goes to {owner}, before to {before}"),
        None => format!("{key} goes to {owner}"),
    }
}

/// What is so at a place of the circle.
fn place_text(ring: &Ring, position: u64, inks: &Inks) -> String {
    let percent = |position: u64| format!("{:.2} %", position as f64 / ring::CIRCLE * 100.0);
    let here = format!("{} of the way round", percent(position));
    if !ring.decides {
        return format!(
            "{here}\nA key looks at many places, and the nearest point after one of them wins"
        );
    }
    let arc = ring.arcs[ring::arc_at(ring, position)];
    let owner = inks.letter(arc.owner);
    let next =
        ring.points.partition_point(|&(point, _)| point < position) % ring.points.len().max(1);
    let point = ring.points.get(next).map_or(0, |&(point, _)| point);
    let before = if arc.owner == arc.was {
        String::new()
    } else {
        format!("\nBefore the change it was {}'s", inks.letter(arc.was))
    };
    format!("{here}\nThe next point, at {}, is {owner}'s{before}", percent(point))
}

fn squares_ui(
    ui: &mut Ui,
    keys: &Keys,
    (drawing, squares): (&Drawing, &Grid),
    scene: &Scene,
    (inks, growth, asked): How<'_>,
    workbench: &mut Workbench,
) {
    if squares.of_slots.is_none() && squares.slots.is_empty() {
        let about = drawing.about;
        let keeps = format!("{} keeps nothing to draw", about.title);
        ui.label(RichText::new(keeps).text_style(theme::sentence()));
        ui.label(RichText::new(format!("It works with {}", about.summary)).color(inks.theme.mute));
    }
    let area = ui.available_rect_before_wrap();
    let middle = pos2(area.center().x, area.top() + 48.0);
    ui.add_space(104.0);
    number_ui(ui, keys, scene, workbench, middle, area.width());
    let asked = asked.map(|(_, asked)| asked);
    let (response, pointed) = grid::grid_ui(ui, squares, asked, growth, inks);
    let Some(cell) = pointed else { return };
    if response.clicked() && squares.of_slots.is_none() {
        select_key(workbench, cell.label.clone().into_bytes());
    }
    let before = (cell.owner != cell.was).then(|| inks.letter(cell.was));
    let text = if squares.of_slots.is_none() {
        key_text(&cell.label, &inks.letter(cell.owner), before)
    } else {
        let before = before.map(|before| format!(", before {before}'s")).unwrap_or_default();
        format!("{} is {}'s{before}", cell.label, inks.letter(cell.owner))
    };
    response.on_hover_text_at_pointer(text);
}

/// The one number: what part of the keys the change moved, with what it was above and what that means below.
fn number_ui(ui: &Ui, keys: &Keys, scene: &Scene, workbench: &Workbench, centre: Pos2, width: f32) {
    let Some(Counted { row, fresh }) = keys.row_in_use(scene) else { return };
    let theme = Theme::of(ui);
    let actual = scene.looked_at == LookedAt::Change;
    let above = match (scene.looked_at, &scene.change) {
        (LookedAt::Change, Some(change)) => change.words(&scene.pool, &workbench.badges),
        (LookedAt::LastLeaves, _) => "if the last server left".to_owned(),
        _ => "if a server joined".to_owned(),
    };
    let moved = format!("{:.1} %", row.moved() * 100.0);
    let verb = if actual { "moved" } else { "would move" };
    let below = match row.moves.needless {
        _ if row.moves.moved == 0 => format!("of keys {verb}"),
        0 => format!("of keys {verb}, none needlessly"),
        _ if actual => format!("of keys moved, {:.1} % had to", row.moves.unavoidable * 100.0),
        _ => format!("of keys {verb}, {:.1} % have to", row.moves.unavoidable * 100.0),
    };
    let large = if workbench.view.arrangement == Arrangement::Present {
        theme::stage_number_font()
    } else {
        theme::number_font()
    };
    let body = egui::TextStyle::Body.resolve(ui.style());
    let colour = match (fresh, actual) {
        (false, _) => theme.faint,
        (true, true) => theme.text,
        (true, false) => theme.mute,
    };
    let half = large.size * 0.62;
    line_ui(ui, (&above, body.clone(), theme.mute), centre - vec2(0.0, half + 12.0), width);
    line_ui(ui, (&moved, large, colour), centre, width);
    line_ui(ui, (&below, body, theme.mute), centre + vec2(0.0, half + 12.0), width);
    let area = Rect::from_center_size(centre, vec2(width, 2.0 * half + 40.0));
    let said = ui.interact(area, ui.scope_id().with("number"), Sense::hover());
    let text = format!("{above}: {moved} {below}");
    said.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &text));
}

fn line_ui(ui: &Ui, (text, font, colour): (&str, FontId, egui::Color32), centre: Pos2, width: f32) {
    let mut job = egui::text::LayoutJob::simple(text.to_owned(), font, colour, width);
    job.halign = Align::Center;
    let galley = ui.painter().layout_job(job);
    let at = Align2::CENTER_CENTER.anchor_size(centre, galley.size()).center_top();
    ui.painter().galley(at, galley, colour);
}

/// Below the picture: where the asked key goes and why, or whose share is how large.
fn foot_ui(
    ui: &mut Ui,
    keys: &Keys,
    drawing: &Drawing,
    scene: &Scene,
    asked: Option<&(Vec<u8>, Asked)>,
    workbench: &Workbench,
) {
    match asked {
        Some((key, asked)) => answer_ui(ui, key, asked, scene, workbench),
        None if !drawing.about.keyed => {
            if scene.asked.is_some() {
                let title = drawing.about.title;
                note(
                    ui,
                    format!("{title} does not look at keys: any request may go to any server"),
                );
            }
        }
        None => {
            shares_ui(ui, keys, scene, workbench);
            let dots = match (&drawing.shape, drawing.n_keys) {
                (Shape::Ring(_), 1..) => dots_text(drawing, scene),
                _ => "Type a key at the top right to see where it goes, and why".to_owned(),
            };
            hint(ui, dots);
        }
    }
}

fn dots_text(drawing: &Drawing, scene: &Scene) -> String {
    let (shown, all) = (drawing.spots.len(), drawing.n_keys);
    let which = head::words(&scene.stand.key);
    if shown == all {
        format!("Dots are the {all} keys of the clients ({which})")
    } else {
        format!("Dots are {shown} of the clients' {} keys ({which})", grouped(all as u64))
    }
}

fn answer_ui(ui: &mut Ui, key: &[u8], asked: &Asked, scene: &Scene, workbench: &Workbench) {
    let theme = Theme::of(ui);
    let key = String::from_utf8_lossy(key);
    ui.horizontal(|ui| {
        if let Some(owner) = &asked.owner {
            let badge = workbench.badge(&scene.pool, owner);
            badge.ui(ui);
            let text = format!("{key} goes to {}", badge.letter());
            ui.add(egui::Label::new(RichText::new(text).text_style(theme::sentence())).truncate());
        } else {
            let text = format!("{key} goes nowhere");
            ui.label(RichText::new(text).text_style(theme::sentence()));
        }
    });
    for sentence in asked.sentences.iter().take(SENTENCES_MAX) {
        let label = RichText::new(sentence).small().color(theme.mute);
        ui.add(egui::Label::new(label).truncate());
    }
}

/// Each server's badge with its part of the keys.
fn shares_ui(ui: &mut Ui, keys: &Keys, scene: &Scene, workbench: &Workbench) {
    let Some(Counted { row, .. }) = keys.row_in_use(scene) else { return };
    if scene.looked_at != LookedAt::Change && scene.change.is_none() {
        // The shares that were counted are those of a change that did not happen.
        return;
    }
    let shares: Vec<&(String, f64)> = row.shares.iter().take(SHARES_MAX).collect();
    // A badge and its number stay together.
    let n_beside = ((ui.available_width() / SHARE_WIDTH) as usize).max(1);
    for beside in shares.chunks(n_beside) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for (server, share) in beside {
                workbench.badge(&scene.pool, server).ui(ui);
                ui.label(number(format!("{:.1} %", share * 100.0)));
                ui.add_space(4.0);
            }
        });
    }
}

const FOOT_HEIGHT: f32 = 60.0;
const SENTENCES_MAX: usize = 3;
const SHARES_MAX: usize = 12;
/// What a badge and its number need.
const SHARE_WIDTH: f32 = 84.0;
