//! Present: cue by cue forth and back, and the window as it was when it ends.

use egui::Key;
use evenkeel::ui::view::{Arrangement, Tab};

use crate::driven::Window;

/// Colours, and how large text is.
fn look(window: &Window) -> (egui::Visuals, f32) {
    let style = window.harness.ctx.global_style();
    (style.visuals.clone(), style.text_styles[&egui::TextStyle::Body].size)
}

#[test]
fn cues_lead_forth_and_back_to_exactly_the_same_lab() {
    let mut window = Window::told(1);
    window.app().workbench.view.tab = Tab::Keys;
    let base = window.draft().clone();
    window.press(Key::F5);
    assert_eq!(window.app().workbench.view.arrangement, Arrangement::Present);
    window.press(Key::PageDown);
    let first = window.draft().clone();
    assert!(first != base && window.shows("c now needs 300 ms for a request"));
    window.press(Key::PageDown);
    assert!(window.shows("The pool now looks at requests in flight"));
    window.press(Key::PageUp);
    assert_eq!(*window.draft(), first);
    assert!(!window.paints("Changed by hand"));
    window.draft().hold = true;
    window.frames(2);
    assert!(window.paints("Changed by hand"));
    window.press(Key::PageUp);
    assert_eq!(*window.draft(), first, "the start of the cue");
    window.press(Key::Home);
    assert_eq!(*window.draft(), base);
    window.press(Key::PageDown);
    window.press(Key::Escape);
    let view = window.app().workbench.view.clone();
    assert_eq!((view.arrangement, view.tab), (Arrangement::Learn, Tab::Keys));
    assert_eq!(*window.draft(), base, "a talk changes nothing");
    assert!(!window.app().workbench.desk.has_unsaved_edits());
}

#[test]
fn a_talk_begins_by_a_button_of_the_bar() {
    let mut window = Window::told(1);
    window.click("Present");
    assert_eq!(window.app().workbench.view.arrangement, Arrangement::Present);
}

#[test]
fn the_picture_freezes_and_goes_on() {
    let mut window = Window::told(1);
    window.press(Key::F5);
    window.press(Key::B);
    assert!(!window.app().workbench.playhead.is_live());
    window.press(Key::B);
    assert!(window.app().workbench.playhead.is_live());
}

#[test]
fn whatever_key_ends_a_talk_its_colours_and_cues_end_too() {
    for (key, arrangement) in [
        (Key::F3, Arrangement::Learn),
        (Key::F4, Arrangement::Serve),
        (Key::F5, Arrangement::Learn),
    ] {
        let mut window = Window::told(1);
        let base = window.draft().clone();
        let as_it_was = look(&window);
        window.press(Key::F5);
        assert_ne!(look(&window), as_it_was);
        window.press(Key::PageDown);
        assert_ne!(*window.draft(), base);
        window.press(key);
        assert_eq!(window.app().workbench.view.arrangement, arrangement);
        assert_eq!(look(&window), as_it_was, "{key:?}");
        assert_eq!(*window.draft(), base, "{key:?}");
        window.press(Key::F5);
        window.press(Key::Escape);
        assert_eq!(window.app().workbench.view.arrangement, arrangement);
    }
}

#[test]
fn the_way_back_makes_everything_begin_anew() {
    let mut window = Window::running(crate::driven::lab(1).into_lab());
    window.press(Key::F5);
    window.press(Key::PageDown);
    let begun_anew = |window: &mut Window| {
        let marks = window.app().workbench.story.marks().iter();
        marks.filter(|mark| mark.text == "everything begins anew").count()
    };
    assert_eq!(begun_anew(&mut window), 0);
    window.press(Key::Home);
    window.wait_until("a second beginning", |window| begun_anew(window) == 1);
    window.press(Key::PageDown);
    window.press(Key::PageUp);
    window.wait_until("a third", |window| begun_anew(window) == 2);
}

#[test]
fn what_the_table_of_compare_says_is_as_large_as_the_rest_of_a_talk() {
    let mut window = Window::told(0);
    window.press(Key::F5);
    window.app().workbench.view.tab = Tab::Compare;
    window.wait_until("a row", |window| window.paints("Least connections"));
    window.wait_until("all rows", |window| !window.app().is_computing());
    window.frames(2);
    for words in ["In virtual time", "Round robin", "errors", "Right"] {
        let size = window.font_size_of(words);
        assert!(size >= Some(13.0), "{words}: {size:?}");
    }
}
