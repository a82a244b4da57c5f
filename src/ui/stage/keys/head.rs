//! Right of the tabs: what the key is, and a field that asks where one goes.

use egui::{Button, PopupCloseBehavior, RichText, TextEdit, Ui, WidgetInfo, vec2};

use super::Keys;
use crate::lab::Key;
use crate::ui::selection::Selection;
use crate::ui::signal::Signal;
use crate::ui::theme::Theme;
use crate::ui::words::{is_same_sort, key_choices, key_name_mut};
use crate::ui::workbench::Workbench;

/// Fills from right to left.
pub(in crate::ui::stage) fn head_ui(ui: &mut Ui, keys: &mut Keys, workbench: &mut Workbench) {
    if workbench.pool().is_none() {
        return;
    }
    ask_ui(ui, keys, workbench);
    key_ui(ui, workbench);
}

/// A text field with a name, which egui's own information leaves out.
fn text_field(text: &str, name: &str) -> WidgetInfo {
    let mut info = WidgetInfo::labeled(egui::Role::TextInput, true, name);
    info.current_text_value = Some(text.to_owned());
    info
}

fn ask_ui(ui: &mut Ui, keys: &mut Keys, workbench: &mut Workbench) {
    let field = TextEdit::singleline(&mut keys.typed)
        .hint_text("where does … go?")
        .char_limit(KEY_CHARS_MAX)
        .desired_width(132.0);
    let response = ui.add(field);
    let typed = keys.typed.clone();
    response.widget_info(|| text_field(&typed, "Where does this key go"));
    if workbench.take_signal(Signal::AskKey) {
        response.request_focus();
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if entered && !keys.typed.is_empty() {
        select_key(workbench, keys.typed.clone().into_bytes());
    }
    let cleared = response.changed() && keys.typed.is_empty();
    if cleared && matches!(workbench.selection, Selection::Key { .. }) {
        workbench.selection = Selection::Nothing;
    }
    response.on_hover_text("Type a key to see its server; Enter keeps it selected");
}

/// Makes a key what the window is about.
pub(super) fn select_key(workbench: &mut Workbench, key: Vec<u8>) {
    if let Some(pool) = workbench.pool().map(|pool| pool.name.clone()) {
        workbench.selection = Selection::Key { pool, key };
    }
}

fn key_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let focus = workbench.focus();
    let problem = workbench.desk.problem_at(&format!("pools[{focus}].key"));
    let problem = problem.map(|problem| problem.what.clone());
    let Some(pool) = workbench.pool_mut() else { return };
    let theme = Theme::of(ui);
    let about = pool.algorithm.about();
    let body = egui::TextStyle::Body.resolve(ui.style());
    let mut text = egui::text::LayoutJob::default();
    let colour = match (&problem, about.keyed) {
        (Some(_), _) => theme.err,
        (None, true) => theme.text,
        (None, false) => theme.mute,
    };
    text.append("key", 0.0, egui::TextFormat::simple(body.clone(), theme.mute));
    text.append(&format!("{} ▾", words(&pool.key)), 8.0, egui::TextFormat::simple(body, colour));
    let response = ui.add(Button::new(text).min_size(vec2(0.0, 24.0)));
    let value = words(&pool.key);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::ComboBox, true, "Key");
        info.current_text_value = Some(value.clone());
        info
    });
    egui::Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(
        |ui| {
            ui.set_min_width(220.0);
            if choices_ui(ui, &mut pool.key) {
                ui.close();
            }
            if let Some(problem) = &problem {
                ui.colored_label(theme.err, RichText::new(problem).small());
            }
        },
    );
    response.on_hover_text(if about.keyed {
        "What of a request is hashed".to_owned()
    } else {
        format!("{} does not look at keys", about.title)
    });
}

/// All there is to choose from; the name of a header, cookie or field is typed. True once the choice is made.
fn choices_ui(ui: &mut Ui, key: &mut Key) -> bool {
    let mut chosen = false;
    for (title, choice) in key_choices(key) {
        let is_chosen = is_same_sort(key, &choice);
        if ui.selectable_label(is_chosen, title).clicked() && !is_chosen {
            *key = choice;
            chosen = key_name_mut(key).is_none();
        }
        if !is_chosen {
            continue;
        }
        if let Some(name) = key_name_mut(key) {
            let field = TextEdit::singleline(name).char_limit(NAME_CHARS_MAX).desired_width(180.0);
            let response = ui.horizontal(|ui| {
                ui.add_space(16.0);
                ui.add(field)
            });
            let (response, shown) = (response.inner, name.clone());
            let label = format!("Name of the {title}");
            response.widget_info(|| text_field(&shown, &label));
            chosen |= response.lost_focus() && ui.input(|it| it.key_pressed(egui::Key::Enter));
        }
    }
    chosen
}

pub(super) fn words(key: &Key) -> String {
    match key {
        Key::Address => "client address".to_owned(),
        Key::Header(name) => format!("header {name}"),
        Key::Cookie(name) => format!("cookie {name}"),
        Key::Query(name) => format!("query field {name}"),
        Key::Path => "path".to_owned(),
        Key::Uri => "path and query".to_owned(),
        Key::Sni => "TLS server name".to_owned(),
    }
}

const KEY_CHARS_MAX: usize = 256;
const NAME_CHARS_MAX: usize = 64;
