//! What a change moves under every algorithm that chooses by key: needed and needless, beside how even it is.

use egui::{Align2, Color32, FontId, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::count::{self, KEYS};
use super::{Counted, Keys, LookedAt, Scene};
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{caption_ui, grouped, note};
use crate::ui::workbench::Workbench;

pub(super) fn table_ui(ui: &mut Ui, keys: &mut Keys, scene: &Scene, _workbench: &Workbench) {
    let title = match scene.looked_at {
        LookedAt::Change => "What this change moves, per algorithm",
        LookedAt::OneJoins => "What one more server would move",
        LookedAt::LastLeaves => "What losing the last server would move",
    };
    caption_ui(ui, title, |ui| choice_ui(ui, keys, scene));
    let columns = Columns::of(ui.available_width());
    ui.spacing_mut().item_spacing.y = 0.0;
    head_ui(ui, columns);
    for algorithm in count::algorithms(&scene.stand.algorithm) {
        let name = algorithm.about().name;
        let row = keys.rows.iter().find(|it| it.row.algorithm.about().name == name);
        let in_use = scene.stand.algorithm.about().name == name;
        match row {
            Some(counted) => row_ui(ui, columns, counted, in_use),
            None => waiting_ui(ui, columns, algorithm.about().title),
        }
    }
    ui.add_space(6.0);
    foot_ui(ui, keys, scene);
}

/// Which change the table is about.
fn choice_ui(ui: &mut Ui, keys: &mut Keys, scene: &Scene) {
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.spacing_mut().button_padding = vec2(6.0, 1.0);
    let choices = [
        (LookedAt::LastLeaves, "last leaves", scene.stand.roster.terms.len() > 1),
        (LookedAt::OneJoins, "one joins", true),
        (LookedAt::Change, "this change", scene.change.is_some()),
    ];
    for (choice, text, possible) in choices {
        if !possible {
            continue;
        }
        let text = egui::RichText::new(text).small();
        if ui.selectable_label(scene.looked_at == choice, text).clicked() {
            keys.looked_at = choice;
        }
    }
}

/// Where columns begin and end, from the left of the table.
#[derive(Clone, Copy)]
struct Columns {
    bar: (f32, f32),
    /// Right ends of the numbers.
    moved: f32,
    needless: f32,
    fullest: f32,
}

impl Columns {
    fn of(width: f32) -> Self {
        let (fullest, needless, moved) = (width - 2.0, width - 98.0, width - 168.0);
        let bar = (TITLE_WIDTH, (moved - 58.0).max(TITLE_WIDTH + 24.0));
        Self { bar, moved, needless, fullest }
    }
}

fn head_ui(ui: &mut Ui, columns: Columns) {
    let theme = Theme::of(ui);
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let font = egui::TextStyle::Small.resolve(ui.style());
    let write = Writer { ui, area, colour: theme.mute };
    write.left(0.0, "Algorithm", font.clone());
    if columns.bar.1 - columns.bar.0 > 130.0 {
        write.left(columns.bar.0, "moved: needed, needless", font.clone());
    }
    write.right(columns.moved, "moved", font.clone());
    write.right(columns.needless, "needless", font.clone());
    write.right(columns.fullest, "fullest ÷ mean", font);
    line_below(ui, area);
}

fn row_ui(ui: &mut Ui, columns: Columns, counted: &Counted, in_use: bool) {
    let (theme, Counted { row, fresh }) = (Theme::of(ui), counted);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let body = egui::TextStyle::Body.resolve(ui.style());
    let title_font = if in_use { FontId::new(body.size, theme::semi_bold()) } else { body };
    let mono = egui::TextStyle::Monospace.resolve(ui.style());
    let colour = if *fresh { theme.text } else { theme.faint };
    let write = Writer { ui, area, colour };
    write.left(0.0, &row.title(), title_font);
    write.right(columns.moved, &percent(row.moved()), mono.clone());
    write.right(columns.needless, &percent(row.needless()), mono.clone());
    write.right(columns.fullest, &format!("{:.2}", row.fullest), mono);
    bar_ui(ui, area, columns, counted);
    line_below(ui, area);
    let said = format!(
        "{}: {} moved, {} needless, fullest {:.2} times the mean{}",
        row.title(),
        percent(row.moved()),
        percent(row.needless()),
        row.fullest,
        if in_use { ", in use" } else { "" },
    );
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &said));
    let about = row.algorithm.about();
    response.on_hover_text(format!("{}\nWeights: {}", about.text, about.weights));
}

/// The part that had to move, then the part that need not have.
fn bar_ui(ui: &Ui, area: Rect, columns: Columns, counted: &Counted) {
    let (theme, Counted { row, fresh }) = (Theme::of(ui), counted);
    let left = area.left() + columns.bar.0;
    let width = columns.bar.1 - columns.bar.0;
    let y = area.center().y;
    let rail = Rect::from_min_max(pos2(left, y - 4.5), pos2(left + width, y + 4.5));
    ui.painter().rect_filled(rail, 2.0, theme.raised);
    let needed = row.moved() - row.needless();
    let x = |part: f64| left + width * part as f32;
    let dim = |colour: Color32| if *fresh { colour } else { theme.quiet(colour) };
    let needless = rail.with_min_x(x(needed)).with_max_x(x(row.moved()));
    ui.painter().rect_filled(needless, 2.0, dim(theme.err));
    ui.painter().rect_filled(rail.with_max_x(x(needed)), 2.0, dim(theme.accent));
    // The unavoidable is where it is for everybody.
    let least = x(row.moves.unavoidable);
    let tick = Stroke::new(1.0, theme.text);
    ui.painter().vline(least, rail.y_range().expand(1.5), tick);
}

fn waiting_ui(ui: &mut Ui, columns: Columns, title: &str) {
    let theme = Theme::of(ui);
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let body = egui::TextStyle::Body.resolve(ui.style());
    let write = Writer { ui, area, colour: theme.faint };
    write.left(0.0, title, body.clone());
    write.right(columns.moved, "…", body);
    line_below(ui, area);
}

fn foot_ui(ui: &mut Ui, keys: &Keys, scene: &Scene) {
    if let Some(why) = keys.counting.failed() {
        note(ui, why);
        return;
    }
    let Some(Counted { row, .. }) = keys.rows.iter().find(|it| it.fresh) else {
        note(ui, format!("Counting {} keys…", grouped(KEYS)));
        return;
    };
    let least = percent(row.moves.unavoidable);
    let (before, after) = (&scene.question.before, &scene.question.after);
    let equal = [before, after].map(|roster| {
        let mut weights = roster.terms.iter().enumerate().filter(|(it, _)| roster.serves(*it));
        let first = weights.next().map(|(_, terms)| terms.weight);
        weights.all(|(_, terms)| Some(terms.weight) == first)
    });
    let which = if equal == [true, true] {
        format!("{} → {} equal servers", before.n_serving(), after.n_serving())
    } else {
        "this change of weights".to_owned()
    };
    let sentence = format!("Fair shares have to move {least} for {which}. {} keys.", grouped(KEYS));
    let about = scene.stand.algorithm.about();
    note(ui, sentence);
    if !about.keyed {
        note(
            ui,
            format!("{} is not among them: keys do not decide where its requests go.", about.title),
        );
    }
}

/// Puts texts into a row.
struct Writer<'a> {
    ui: &'a Ui,
    area: Rect,
    colour: Color32,
}

impl Writer<'_> {
    fn left(&self, x: f32, text: &str, font: FontId) {
        let at = pos2(self.area.left() + x, self.area.center().y);
        self.put(at, Align2::LEFT_CENTER, text, font);
    }

    fn right(&self, x: f32, text: &str, font: FontId) {
        let at = pos2(self.area.left() + x, self.area.center().y);
        self.put(at, Align2::RIGHT_CENTER, text, font);
    }

    fn put(&self, at: Pos2, align: Align2, text: &str, font: FontId) {
        self.ui.painter().text(at, align, text, font, self.colour);
    }
}

fn line_below(ui: &Ui, area: Rect) {
    let stroke = Stroke::new(theme::HAIRLINE, Theme::of(ui).line);
    ui.painter().hline(area.x_range(), area.bottom() - 0.5, stroke);
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

const ROW: f32 = 22.0;
const TITLE_WIDTH: f32 = 126.0;
