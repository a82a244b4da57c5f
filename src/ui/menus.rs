//! The menus of the bar: labs and files, and how the window looks at things.

use egui::containers::menu::MenuButton;
use egui::{Button, Key, RichText, Ui, WidgetInfo, vec2};

use super::commands::Keys;
use super::theme::Theme;
use super::verb::{Overlay, Verb};
use super::view::{Arrangement, ThemeChoice};
use super::widgets::{check_ui, note, number};
use super::workbench::Workbench;
use crate::lab::PRESETS;

pub(super) fn lab_menu_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let key = Keys::command;
    let lab = &workbench.desk.draft;
    let name = if lab.name.is_empty() { "Untitled".to_owned() } else { lab.name.clone() };
    let edited = if workbench.desk.has_unsaved_edits() { " •" } else { "" };
    let short: String = name.chars().take(NAME_CHARS).collect();
    let button = Button::new(format!("{short}{edited} ▾")).frame(false);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        roomy(ui, 240.0);
        entry_ui(ui, workbench, "Gallery…", key(Key::G), Verb::Show(Overlay::Gallery));
        for (index, preset) in PRESETS.iter().enumerate() {
            let response = ui.button(preset.name).on_hover_text(preset.summary);
            if response.clicked() {
                workbench.ask(Verb::OpenPreset(index));
                ui.close();
            }
        }
        ui.separator();
        entry_ui(ui, workbench, "New lab", key(Key::N), Verb::New);
        entry_ui(ui, workbench, "Open…", key(Key::O), Verb::ChooseFile);
        recent_ui(ui, workbench);
        entry_ui(ui, workbench, "Save", key(Key::S), Verb::Save);
        let keys = Keys::command_shift(Key::S);
        entry_ui(ui, workbench, "Save as…", keys, Verb::ChooseWhereToSave);
    });
    let file = workbench.desk.file().map(|file| file.display().to_string());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Lab {name}")));
    response.on_hover_text(file.unwrap_or_else(|| "This lab is in no file yet".to_owned()));
}

fn recent_ui(ui: &mut Ui, workbench: &mut Workbench) {
    if workbench.recent.is_empty() {
        return;
    }
    ui.menu_button("Recent", |ui| {
        for file in workbench.recent.clone() {
            let name = file.file_name().map(|it| it.to_string_lossy().into_owned());
            let entry =
                ui.button(name.unwrap_or_default()).on_hover_text(file.display().to_string());
            if entry.clicked() {
                workbench.ask(Verb::OpenFile(file));
                ui.close();
            }
        }
    });
}

fn entry_ui(ui: &mut Ui, workbench: &mut Workbench, name: &str, keys: Keys, verb: Verb) {
    let button = Button::new(name).shortcut_text(number(keys.text()));
    let response = ui.add(button.min_size(vec2(0.0, ENTRY_HEIGHT)));
    if response.clicked() {
        workbench.ask(verb);
        ui.close();
    }
}

/// How the window looks at things: arrangement, theme, size, motion, controls.
pub(super) fn view_menu_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let key = Keys::command;
    let colour = Theme::of(ui).mute;
    let button = Button::new(RichText::new("⋯").color(colour)).min_size(vec2(28.0, 28.0));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        roomy(ui, 220.0);
        note(ui, "Arrangement");
        arrangements_ui(ui, workbench);
        ui.separator();
        note(ui, "Theme");
        for theme in ThemeChoice::ALL {
            ui.selectable_value(&mut workbench.view.theme, theme, theme.title());
        }
        ui.separator();
        zoom_ui(ui, workbench);
        check_ui(ui, &mut workbench.view.reduced_motion, "Reduce motion");
        check_ui(ui, &mut workbench.view.all_controls, "All controls");
        ui.separator();
        entry_ui(ui, workbench, "Find a command…", key(Key::P), Verb::Show(Overlay::Palette));
        let keys = Keys::plain(Key::Questionmark);
        entry_ui(ui, workbench, "Keys", keys, Verb::Show(Overlay::Sheet));
    });
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "View"));
    response.on_hover_text("View: arrangement, theme, size");
}

fn arrangements_ui(ui: &mut Ui, workbench: &mut Workbench) {
    for arrangement in Arrangement::ALL {
        let keys = Keys::of_arrangement(arrangement).text();
        let chosen = workbench.view.arrangement == arrangement;
        let button = Button::selectable(chosen, arrangement.title()).shortcut_text(number(keys));
        if ui.add(button.min_size(vec2(0.0, ENTRY_HEIGHT))).clicked() {
            workbench.ask(Verb::Arrange(arrangement));
            ui.close();
        }
    }
}

/// A menu whose words stand clear of its edges: what is chosen has a ground of its own.
fn roomy(ui: &mut Ui, width: f32) {
    ui.set_min_width(width);
    ui.spacing_mut().button_padding = vec2(8.0, 2.0);
}

fn zoom_ui(ui: &mut Ui, workbench: &mut Workbench) {
    ui.horizontal(|ui| {
        let percent = (ui.ctx().zoom_factor() * 100.0).round();
        ui.label("Size");
        for (sign, name, factor) in [("−", "Smaller", 1.0 / 1.1), ("+", "Larger", 1.1)] {
            let button = ui.add(Button::new(sign).min_size(vec2(24.0, 22.0)));
            button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
            if button.clicked() {
                let deed = super::commands::Deed::Zoom(factor);
                super::commands::perform(&ui.ctx().clone(), workbench, &deed);
            }
        }
        ui.label(number(format!("{percent:.0} %")));
    });
}

/// Begins a talk.
pub(super) fn present_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let colour = Theme::of(ui).mute;
    let button = Button::new(RichText::new("▶").color(colour)).min_size(vec2(28.0, 28.0));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Present"));
    let keys = Keys::of_arrangement(Arrangement::Present).text();
    if response.on_hover_text(format!("Present, cue by cue ({keys})")).clicked() {
        workbench.ask(Verb::Arrange(Arrangement::Present));
    }
}

/// The palette's and the sheet's buttons.
pub(super) fn help_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let mute = Theme::of(ui).mute;
    let button =
        |text: &str| Button::new(RichText::new(text).color(mute)).min_size(vec2(28.0, 28.0));
    let help = ui.add(button("?"));
    help.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Help"));
    if help.on_hover_text("The keys").clicked() {
        workbench.ask(Verb::Show(Overlay::Sheet));
    }
    let keys = Keys::command(Key::P);
    let palette = ui.add(button(&keys.text()));
    palette.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Find a command"));
    if palette.on_hover_text("Every command by its name").clicked() {
        workbench.ask(Verb::Show(Overlay::Palette));
    }
}

const NAME_CHARS: usize = 28;
const ENTRY_HEIGHT: f32 = 24.0;
