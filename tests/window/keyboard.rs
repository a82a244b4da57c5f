//! Everything by keyboard, and nothing by accident.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use evenkeel::ui::selection::Selection;

use crate::driven::Window;

#[test]
fn single_letters_do_nothing_in_a_text_field() {
    let mut window = Window::told(0);
    window.press(Key::Num2);
    window.press(Key::D);
    assert!(window.draft().pools[0].servers[1].drain, "outside of one they act");
    window.press_with(Modifiers::COMMAND, Key::P);
    let before = window.draft().clone();
    for key in [Key::D, Key::K, Key::A, Key::Space, Key::Num1] {
        window.press(key);
    }
    assert_eq!(*window.draft(), before);
    assert!(window.shows("Find a command"));
    window.press(Key::Escape);
    window.press(Key::K);
    assert!(!window.draft().pools[0].servers[1].enabled);
}

#[test]
fn the_palette_finds_and_runs_a_command() {
    let mut window = Window::told(0);
    window.press_with(Modifiers::COMMAND, Key::P);
    window.harness.get_by_role(egui::accesskit::Role::TextInput).type_text("kill serv c");
    window.frames(3);
    window.press(Key::Enter);
    assert!(!window.draft().pools[0].servers[2].enabled);
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(window.draft().pools[0].servers[2].enabled, "and undo takes it back");
}

#[test]
fn every_command_of_the_palette_runs() {
    let mut window = Window::told(0);
    let n_commands = {
        window.press_with(Modifiers::COMMAND, Key::P);
        let options = window.harness.query_all_by_role(egui::accesskit::Role::ListBoxOption);
        let n_commands = options.count();
        window.press(Key::Escape);
        n_commands
    };
    assert!(n_commands > 60, "{n_commands}");
    for place in 0..n_commands {
        let mut window = Window::told(0);
        window.press_with(Modifiers::COMMAND, Key::P);
        for _ in 0..place {
            window.harness.key_press(Key::ArrowDown);
        }
        window.frames(1);
        window.press(Key::Enter);
        window.frames(3);
    }
}

#[test]
fn the_gallery_shows_its_cards_in_rows() {
    let mut window = Window::told(0);
    window.press_with(Modifiers::COMMAND, Key::G);
    window.frames(3);
    let rows: std::collections::BTreeMap<i32, usize> =
        evenkeel::lab::PRESETS.iter().fold(Default::default(), |mut rows, preset| {
            let card = window.harness.get_by_label(&format!("Open {}", preset.name)).rect();
            *rows.entry(card.top().round() as i32).or_default() += 1;
            rows
        });
    assert!(rows.values().rev().skip(1).all(|&cards| cards == 4), "{rows:?}");
}

#[test]
fn the_palette_is_as_high_when_it_comes_again() {
    let mut window = Window::told(0);
    let open = |window: &mut Window| {
        window.press_with(Modifiers::COMMAND, Key::P);
        let area = window.harness.ctx.memory(|it| it.area_rect(egui::Id::unique("palette")));
        area.expect("it is open").height()
    };
    let at_first = open(&mut window);
    assert!(at_first > 400.0, "{at_first}");
    window.harness.get_by_role(egui::accesskit::Role::TextInput).type_text("full screen");
    window.frames(3);
    window.press(Key::Escape);
    assert_eq!(open(&mut window), at_first);
}

#[test]
fn the_sheet_lists_the_keys() {
    let mut window = Window::told(0);
    window.press(Key::Questionmark);
    assert!(window.shows("Hold traffic") && window.shows("Shift Space") && window.shows("1 … 9"));
    window.press(Key::Escape);
    assert!(!window.shows("1 … 9"));
}

#[test]
fn escape_closes_the_menu_on_top_and_nothing_below_it() {
    let mut window = Window::told(0);
    window.press(Key::Num2);
    window.harness.get_by_label("Menu of b").click();
    window.frames(3);
    assert!(window.harness.query_by_label("Duplicate b").is_some(), "the menu is open");
    window.press(Key::Escape);
    assert!(window.harness.query_by_label("Duplicate b").is_none());
    let selection = &window.app().workbench.selection;
    assert!(matches!(selection, Selection::Server { server, .. } if server == "b"));
}

#[test]
fn space_stops_the_view_and_shift_space_the_traffic() {
    let mut window = Window::told(0);
    window.press(Key::Space);
    assert!(!window.app().workbench.playhead.is_live());
    window.press(Key::Space);
    window.press_with(Modifiers::SHIFT, Key::Space);
    assert!(window.app().workbench.playhead.is_live() && window.draft().hold);
}
