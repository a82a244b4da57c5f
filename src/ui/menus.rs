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
    let lab = &workbench.desk.draft;
    let name = if lab.name.is_empty() { "Untitled".to_owned() } else { lab.name.clone() };
    let edited = if workbench.desk.has_unsaved_edits() { " •" } else { "" };
    let short: String = name.chars().take(NAME_CHARS).collect();
    let button = Button::new(format!("{short}{edited} ▾")).frame(false);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        roomy(ui, 240.0);
        let gallery = Entry {
            name: "Gallery…",
            about: "Every lab that comes along, with its picture",
            keys: Keys::command(Key::G),
            verb: Verb::Show(Overlay::Gallery),
        };
        entries_ui(ui, workbench, [gallery]);
        for (index, preset) in PRESETS.iter().enumerate() {
            let response = ui.button(preset.name).on_hover_text(preset.summary);
            if response.clicked() {
                workbench.ask(Verb::OpenPreset(index));
                ui.close();
            }
        }
        ui.separator();
        let [above, below] = file_entries();
        entries_ui(ui, workbench, above);
        recent_ui(ui, workbench);
        entries_ui(ui, workbench, below);
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

/// What stands in a menu.
struct Entry {
    name: &'static str,
    about: &'static str,
    keys: Keys,
    verb: Verb,
}

fn entries_ui<const N: usize>(ui: &mut Ui, workbench: &mut Workbench, entries: [Entry; N]) {
    for Entry { name, about, keys, verb } in entries {
        let button = Button::new(name).shortcut_text(number(keys.text()));
        let response = ui.add(button.min_size(vec2(0.0, ENTRY_HEIGHT)));
        if response.on_hover_text(about).clicked() {
            workbench.ask(verb);
            ui.close();
        }
    }
}

/// The entries of the lab menu that are about files: those above the files that were open lately, and those below.
fn file_entries() -> [[Entry; 2]; 2] {
    let entry = |name, about, keys, verb| Entry { name, about, keys, verb };
    let (key, shift) = (Keys::command, Keys::command_shift);
    let new = "A lab with one listener and one pool, to be filled";
    let open = "A lab from a file of yours";
    let save = "Into the file of this lab; without one you are asked where";
    let save_as = "Into another file, which is this lab's from then on";
    [
        [
            entry("New lab", new, key(Key::N), Verb::New),
            entry("Open…", open, key(Key::O), Verb::ChooseFile),
        ],
        [
            entry("Save", save, key(Key::S), Verb::Save),
            entry("Save as…", save_as, shift(Key::S), Verb::ChooseWhereToSave),
        ],
    ]
}

/// How the window looks at things: arrangement, theme, size, motion, controls.
pub(super) fn view_menu_ui(ui: &mut Ui, workbench: &mut Workbench) {
    let colour = Theme::of(ui).mute;
    let button = Button::new(RichText::new("⋯").color(colour)).min_size(vec2(28.0, 28.0));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        roomy(ui, 220.0);
        note(ui, "Arrangement");
        arrangements_ui(ui, workbench);
        ui.separator();
        note(ui, "Theme");
        for theme in ThemeChoice::ALL {
            ui.selectable_value(&mut workbench.view.theme, theme, theme.title())
                .on_hover_text(about_theme(theme));
        }
        ui.separator();
        zoom_ui(ui, workbench);
        check_ui(ui, &mut workbench.view.reduced_motion, "Reduce motion")
            .on_hover_text("Nothing travels or fades; pictures change at once");
        check_ui(ui, &mut workbench.view.all_controls, "All controls")
            .on_hover_text("Also those of the side that are put away at first");
        ui.separator();
        entries_ui(ui, workbench, help_entries());
    });
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "View"));
    response.on_hover_text("View: arrangement, theme, size");
}

fn help_entries() -> [Entry; 2] {
    [
        Entry {
            name: "Find a command…",
            about: "Every command by its name",
            keys: Keys::command(Key::P),
            verb: Verb::Show(Overlay::Palette),
        },
        Entry {
            name: "Keys",
            about: "Every key, with what it does",
            keys: Keys::plain(Key::Questionmark),
            verb: Verb::Show(Overlay::Sheet),
        },
    ]
}

fn about_theme(theme: ThemeChoice) -> &'static str {
    match theme {
        ThemeChoice::System => "Dark or light as the rest of this machine is",
        ThemeChoice::Dark => "Light on dark",
        ThemeChoice::Light => "Dark on light",
    }
}

fn about_arrangement(arrangement: Arrangement) -> &'static str {
    match arrangement {
        Arrangement::Learn => "To see how it works: everything moves and says why",
        Arrangement::Serve => "To balance your own servers: addresses, commands, checks and logs",
        Arrangement::Present => "To show it to a room: large, and led by cues",
    }
}

fn arrangements_ui(ui: &mut Ui, workbench: &mut Workbench) {
    for arrangement in Arrangement::ALL {
        let keys = Keys::of_arrangement(arrangement).text();
        let chosen = workbench.view.arrangement == arrangement;
        let button = Button::selectable(chosen, arrangement.title()).shortcut_text(number(keys));
        let response = ui.add(button.min_size(vec2(0.0, ENTRY_HEIGHT)));
        if response.on_hover_text(about_arrangement(arrangement)).clicked() {
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
            if button.on_hover_text(format!("{name}, text and all")).clicked() {
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
