//! The command palette: every command by a few letters of its name.

use egui::{
    Align, Context, Key, Layout, Modifiers, RichText, ScrollArea, Sense, TextEdit, Ui, WidgetInfo,
    vec2,
};

use super::commands::{self, Command, Deed};
use super::theme::{self, Theme};
use super::widgets::{note, number, overlay_ui};
use super::workbench::Workbench;

#[derive(Default)]
pub(super) struct Palette {
    wanted: String,
    /// The place among those that match.
    at: usize,
    /// The field has the keyboard.
    began: bool,
}

impl Palette {
    /// Shows it and returns what was chosen.
    pub(super) fn ui(&mut self, ctx: &Context, workbench: &Workbench) -> Option<Deed> {
        let table = commands::table(workbench);
        let before = self.wanted.clone();
        overlay_ui(ctx, egui::Id::unique("palette"), 520.0, |ui| {
            // Taken before the field sees them.
            let press = |ui: &Ui, key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
            let (down, up) = (press(ui, Key::ArrowDown), press(ui, Key::ArrowUp));
            let enter = press(ui, Key::Enter);
            self.field_ui(ui);
            let found = matching(&table, &self.wanted);
            if self.wanted != before {
                self.at = 0;
            }
            let last = found.len().saturating_sub(1);
            self.at = (self.at + usize::from(down)).saturating_sub(usize::from(up)).min(last);
            ui.add_space(4.0);
            if found.is_empty() {
                note(ui, "No command is called like that");
            }
            let mut chosen = found.get(self.at).filter(|_| enter).map(|it| it.deed.clone());
            // However few match, the field stays where it is while one types.
            let height = LIST_HEIGHT.min(ctx.content_rect().height() - 160.0);
            ui.set_min_height(height);
            let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height);
            list.auto_shrink(false).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (place, command) in found.iter().enumerate() {
                    let is_at = place == self.at;
                    let row = row_ui(ui, command, is_at);
                    if (down || up) && is_at {
                        row.scroll_to_me(None);
                    }
                    if row.clicked() {
                        chosen = Some(command.deed.clone());
                    }
                }
            });
            chosen
        })
    }

    fn field_ui(&mut self, ui: &mut Ui) {
        let field = TextEdit::singleline(&mut self.wanted)
            .hint_text("Find a command…")
            .desired_width(f32::INFINITY)
            .margin(vec2(8.0, 6.0));
        let field = ui.add(field);
        let text = self.wanted.clone();
        field.widget_info(|| {
            let mut info = WidgetInfo::labeled(egui::Role::TextInput, true, "Find a command");
            info.current_text_value = Some(text.clone());
            info
        });
        if !std::mem::replace(&mut self.began, true) || !field.has_focus() {
            field.request_focus();
        }
    }
}

fn row_ui(ui: &mut Ui, command: &Command, is_at: bool) -> egui::Response {
    let theme = Theme::of(ui);
    let size = vec2(ui.available_width(), 26.0);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::ListBoxOption, true, is_at, &command.title)
    });
    if is_at || response.hovered() {
        let fill = if is_at { ui.visuals().selection.bg_fill } else { theme.raised };
        ui.painter().rect_filled(area, theme::CHIP_RADIUS, fill);
    }
    let inside = area.shrink2(vec2(8.0, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(egui::UiBuilder::new().max_rect(inside).layout(layout), |ui| {
        ui.label(RichText::new(&command.title).color(theme.text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(keys) = command.keys {
                ui.label(number(keys.text()).color(theme.mute));
            }
            note(ui, command.group.title());
        });
    });
    response
}

/// The commands that match, the best first; all of them where nothing is wanted.
fn matching<'a>(table: &'a [Command], wanted: &str) -> Vec<&'a Command> {
    let mut found: Vec<(i64, &Command)> = table
        .iter()
        .filter(|command| !command.idle)
        .filter_map(|command| Some((score(&command.title, wanted)?, command)))
        .collect();
    // Equal ones stay in the table's order, and so does everything while nothing is wanted.
    if !wanted.trim().is_empty() {
        found.sort_by_key(|(score, _)| -score);
    }
    found.into_iter().map(|(_, command)| command).collect()
}

/// How well the letters of a wish are found in a title, in their order. More is better; beginnings of words and
/// neighbours count, and what is skipped costs.
fn score(title: &str, wanted: &str) -> Option<i64> {
    let title: Vec<char> = title.to_lowercase().chars().collect();
    let mut score = 0;
    let mut from = 0;
    for word in wanted.to_lowercase().split_whitespace() {
        let (gained, end) =
            word_score(&title, word, from).or_else(|| word_score(&title, word, 0))?;
        score += gained;
        from = end;
    }
    Some(score - points(title.len()) / 8)
}

fn word_score(title: &[char], word: &str, from: usize) -> Option<(i64, usize)> {
    let whole: Vec<char> = word.chars().collect();
    let starts = |at: usize| at == 0 || !title[at - 1].is_alphanumeric();
    // Letters that stand together are what is meant, if there are any.
    let together = (from..title.len()).filter(|&at| title[at..].starts_with(&whole));
    if let Some(at) = together.max_by_key(|&at| (starts(at), std::cmp::Reverse(at))) {
        let bonus = if starts(at) { 20 } else { 0 };
        return Some((10 * points(whole.len()) + bonus, at + whole.len()));
    }
    let mut score = 0;
    let mut at = from;
    let mut before = None;
    for letter in whole {
        let found = (at..title.len()).find(|&place| title[place] == letter)?;
        score += if starts(found) { 6 } else { 1 };
        score += if before.is_some_and(|before| before + 1 == found) { 3 } else { 0 };
        before = Some(found);
        at = found + 1;
    }
    Some((score, at))
}

fn points(letters: usize) -> i64 {
    i64::try_from(letters).unwrap_or(i64::MAX)
}

const LIST_HEIGHT: f32 = 380.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(titles: &[&'a str], wanted: &str) -> Option<&'a str> {
        let scored = titles.iter().filter_map(|title| Some((score(title, wanted)?, *title)));
        scored.rev().max_by_key(|(score, _)| *score).map(|(_, title)| title)
    }

    #[test]
    fn a_few_letters_find_what_is_meant() {
        let titles =
            ["Kill server b", "Drain server b", "Choose by least connections", "Undo", "Redo"];
        assert_eq!(best(&titles, "least"), Some("Choose by least connections"));
        assert_eq!(best(&titles, "kb"), Some("Kill server b"));
        assert_eq!(best(&titles, "server drain"), Some("Drain server b"));
        assert_eq!(best(&titles, "un"), Some("Undo"));
        assert_eq!(best(&titles, "xyz"), None);
        assert!(best(&titles, "").is_some());
    }
}
