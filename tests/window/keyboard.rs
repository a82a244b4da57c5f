//! Everything by keyboard, and nothing by accident.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use evenkeel::ui::selection::Selection;
use evenkeel::ui::view::{Arrangement, Tab};

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
    for words in ["Hold traffic", "Shift Space", "1 … 9", "Esc", "Enter", "Page Down", "Home, End"]
    {
        assert!(window.shows(words), "{words}");
    }
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

#[test]
fn a_slider_that_has_the_keyboard_goes_to_its_ends_and_leaves_space_to_the_view() {
    let mut window = Window::told(0);
    window.harness.get_by_label("b weight").focus();
    window.frames(2);
    let ends = {
        let slider = window.harness.get_by_label("b weight");
        let node = slider.accesskit_node();
        [node.min_numeric_value(), node.max_numeric_value()].map(|end| end.unwrap() as u32)
    };
    let weight = |window: &mut Window| window.draft().pools[0].servers[1].weight;
    for (key, end) in [(Key::End, ends[1]), (Key::Home, ends[0])] {
        window.press(key);
        assert_eq!(weight(&mut window), end);
    }
    window.press(Key::ArrowRight);
    assert_eq!(weight(&mut window), ends[0] + 1);
    window.press(Key::Space);
    assert!(!window.app().workbench.playhead.is_live());
    assert_eq!(weight(&mut window), ends[0] + 1);
}

#[test]
fn the_field_of_the_palette_stays_where_it_is_while_one_types() {
    let mut window = Window::told(0);
    window.press_with(Modifiers::COMMAND, Key::P);
    let role = egui::accesskit::Role::TextInput;
    let field = |window: &Window| {
        let name = "Find a command";
        window.harness.get_by_role_and_label(role, name).rect()
    };
    let before = field(&window);
    window.harness.event(egui::Event::Text("compare random".to_owned()));
    window.frames(4);
    assert_eq!(field(&window), before);
}

#[test]
fn space_stops_the_view_while_the_table_of_requests_has_the_keyboard() {
    let mut window = Window::running(crate::driven::lab(0).into_lab());
    window.app().workbench.view.tab = Tab::Requests;
    let role = egui::accesskit::Role::Table;
    window.wait_until("a request", |window| window.harness.query_by_role(role).is_some());
    window.harness.get_by_role(role).focus();
    window.frames(2);
    window.press(Key::Space);
    assert!(!window.app().workbench.playhead.is_live());
}

#[test]
fn the_scrubber_goes_through_time_by_keys_and_by_what_it_is_told() {
    const SECOND: u64 = 1_000_000_000;
    let mut window = Window::told(0);
    window.app().workbench.now_ns = 20 * SECOND;
    window.harness.get_by_label("Moment").focus();
    window.frames(2);
    let moment = |window: &mut Window| window.app().workbench.moment_ns() / SECOND;
    for (key, secs) in [
        (Key::ArrowLeft, 19),
        (Key::ArrowLeft, 18),
        (Key::ArrowRight, 19),
        (Key::Home, 0),
        (Key::ArrowRight, 1),
    ] {
        window.press(key);
        assert_eq!(moment(&mut window), secs, "{key:?}");
    }
    window.press(Key::End);
    assert!(window.app().workbench.playhead.is_live());
    let data = egui::accesskit::ActionData::NumericValue(-5.0);
    let scrubber = window.harness.get_by_label("Moment");
    let (target_node, target_tree) = scrubber.accesskit_node().locate();
    let action = egui::accesskit::Action::SetValue;
    window.harness.event(egui::Event::AccessKitActionRequest(egui::accesskit::ActionRequest {
        action,
        target_tree,
        target_node,
        data: Some(data),
    }));
    window.frames(2);
    assert_eq!(moment(&mut window), 15);
}

/// How the window stands, as far as anybody could tell.
#[derive(Debug, PartialEq)]
struct Seen {
    said: Vec<String>,
    n_shapes: usize,
    draft: evenkeel::lab::Lab,
    view: evenkeel::ui::view::View,
    rest: String,
}

fn seen(window: &mut Window) -> Seen {
    let said = |node: &egui_kittest::Node<'_>| {
        let node = node.accesskit_node();
        let toggled = node.toggled();
        format!("{:?} {:?} {toggled:?} {}", node.label(), node.value(), node.is_focused())
    };
    let zoom = window.harness.ctx.zoom_factor();
    let workbench = &window.app().workbench;
    let (playhead, selection) = (&workbench.playhead, &workbench.selection);
    let rest = format!("{zoom} {playhead:?} {selection:?} {}", workbench.focus());
    Seen {
        said: window.harness.root().children_recursive().map(|node| said(&node)).collect(),
        n_shapes: window.harness.output().shapes.len(),
        draft: window.draft().clone(),
        view: window.app().workbench.view.clone(),
        rest,
    }
}

/// Whether the last frame asked something of the system.
fn asks_the_system(window: &Window) -> bool {
    let output = window.harness.output();
    let asked = output.viewport_output.values().any(|it| !it.commands.is_empty());
    asked || !output.platform_output.commands.is_empty()
}

/// A window in which something was edited, with its palette open.
fn with_palette(begin: &dyn Fn(&mut Window)) -> (Window, Seen) {
    let mut window = Window::told(0);
    window.draft().hold = true;
    begin(&mut window);
    window.frames(4);
    let before = seen(&mut window);
    window.press_with(Modifiers::COMMAND, Key::P);
    (window, before)
}

fn every_command_does_something(begin: &dyn Fn(&mut Window)) {
    let option = egui::accesskit::Role::ListBoxOption;
    let titles: Vec<String> = {
        let (mut window, before) = with_palette(begin);
        let options = window.harness.query_all_by_role(option);
        let titles = options.filter_map(|it| it.accesskit_node().label()).collect();
        window.press(Key::Escape);
        window.frames(4);
        assert_eq!(seen(&mut window), before, "the palette alone changes nothing");
        titles
    };
    assert!(titles.len() > 100, "{}", titles.len());
    for (place, title) in titles.iter().enumerate() {
        if title == "Save" || title.ends_with('…') {
            // The system would be asked for a file, and shows its own dialog or none.
            continue;
        }
        let (mut window, before) = with_palette(begin);
        let row = window
            .harness
            .query_all_by_role(option)
            .nth(place)
            .expect("the list is as long as before");
        row.click_accesskit();
        let came = (0..40).any(|_| {
            window.frames(1);
            let is_open = window.harness.query_all_by_role(option).next().is_some();
            asks_the_system(&window) || !is_open && seen(&mut window) != before
        });
        assert!(came, "`{title}` does nothing and says nothing");
    }
}

#[test]
fn every_command_of_the_palette_does_something_or_tells_why_not() {
    every_command_does_something(&|window| window.press(Key::Num2));
}

#[test]
fn while_presenting_every_command_does_something_or_tells_why_not() {
    every_command_does_something(&|window| window.press(Key::F5));
}

#[test]
fn whatever_tab_leads_to_has_a_name() {
    for arrangement in Arrangement::ALL {
        for tab in Tab::ALL {
            let mut window = Window::told(0);
            let view = &mut window.app().workbench.view;
            (view.arrangement, view.tab, view.all_controls) = (arrangement, tab, true);
            window.frames(3);
            let place = format!("{arrangement:?}, {tab:?}");
            let n_stops = stops_of_tab(&mut window, &place);
            // In a talk there is little to press.
            let presents = arrangement == Arrangement::Present;
            assert!(presents || n_stops > 30, "{place}: {n_stops}");
        }
    }
}

/// Goes once round the window by Tab, and counts where it stopped.
fn stops_of_tab(window: &mut Window, place: &str) -> usize {
    let mut first = None;
    for n_stops in 0..600 {
        window.harness.key_press(Key::Tab);
        window.frames(2);
        let root = window.harness.root();
        let focused = root.children_recursive().find(|node| node.accesskit_node().is_focused());
        let Some(focused) = focused else { return n_stops };
        let node = focused.accesskit_node();
        let name = node.label().unwrap_or_default();
        assert!(!name.is_empty(), "{place}, stop {n_stops}: {:?} {node:?}", node.role());
        let id = node.id();
        if *first.get_or_insert(id) == id && n_stops > 0 {
            return n_stops;
        }
    }
    panic!("{place}: there is no end to it");
}
