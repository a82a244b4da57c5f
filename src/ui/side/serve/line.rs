//! A command line that is being written: it runs when somebody says so, and not with every letter.

use egui::{FontSelection, Key, RichText, TextEdit, TextStyle, Ui, WidgetInfo};

use crate::ui::theme::Theme;

/// What somebody decided about what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Run(String),
    Leave,
}

/// The field, and what to do with what is in it if it is another line than the one that runs.
pub(super) fn line_ui(
    ui: &mut Ui,
    owner: &str,
    in_force: &str,
    written: &mut Option<String>,
) -> Option<Decision> {
    let mut text = written.clone().unwrap_or_else(|| in_force.to_owned());
    let response = field_ui(ui, &format!("{owner} command"), &mut text, "");
    if response.changed() {
        *written = Some(text.clone());
    }
    let (enter, escape) =
        ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
    let left = response.lost_focus();
    response.on_hover_text("Program and arguments, without a shell; {port} stands for the port");
    let waiting = written.as_deref().filter(|text| *text != in_force)?;
    if left && escape {
        return Some(Decision::Leave);
    }
    if left && enter {
        return Some(Decision::Run(waiting.to_owned()));
    }
    ui.horizontal(|ui| {
        let run = ui.button(RichText::new("Run this line").small());
        let leave = ui.add(egui::Button::new(RichText::new("Leave it").small()).frame(false));
        let run = run.on_hover_text("Stops the copies and starts them with this line");
        match (run.clicked(), leave.clicked()) {
            (true, _) => Some(Decision::Run(waiting.to_owned())),
            (_, true) => Some(Decision::Leave),
            _ => None,
        }
    })
    .inner
}

/// A field in the fixed-width face, as wide as there is room.
pub(super) fn field_ui(ui: &mut Ui, name: &str, text: &mut String, hint: &str) -> egui::Response {
    let edit = TextEdit::singleline(text)
        .font(FontSelection::Style(TextStyle::Monospace))
        .hint_text(RichText::new(hint).color(Theme::of(ui).faint))
        .background_color(Theme::of(ui).bg)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    let shown = text.clone();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::TextInput, true, name);
        info.current_text_value = Some(shown.clone());
        info
    });
    response
}
