//! What newcomers are offered, and how it is put away.

use evenkeel::ui::app::App;
use evenkeel::ui::story::Story;
use evenkeel::ui::view::Arrangement;

use crate::driven::{Window, lab};

const SERVE: &str = "Serve: balance your own servers";

#[test]
fn the_strip_of_arrangements_is_closed_for_ever() {
    let mut window = Window::told(0);
    assert!(window.shows(SERVE));
    window.click("Close the three arrangements");
    assert!(!window.shows(SERVE) && window.app().workbench.view.welcome_closed);
    assert_eq!(window.app().workbench.view.arrangement, Arrangement::Learn);
}

#[test]
fn whoever_chooses_an_arrangement_is_offered_none_any_more() {
    let mut window = Window::told(0);
    window.click(SERVE);
    assert_eq!(window.app().workbench.view.arrangement, Arrangement::Serve);
    assert!(!window.shows(SERVE) && window.app().workbench.view.welcome_closed);
}

/// How high and wide a region is.
fn size(window: &mut Window, name: &str) -> egui::Vec2 {
    let region = window.app().regions().iter().find(|(known, _)| *known == name);
    region.map(|(_, area)| area.size()).expect("the region is shown")
}

#[test]
fn how_high_the_charts_are_is_remembered() {
    let mut window = Window::told(0);
    let before = size(&mut window, "time").y;
    let edge = egui::pos2(640.0, 720.0 - before);
    let above = edge - egui::vec2(0.0, 60.0);
    window.harness.drag_at(edge);
    window.frames(2);
    window.harness.hover_at(above);
    window.frames(2);
    window.harness.drop_at(above);
    window.frames(2);
    let after = size(&mut window, "time").y;
    assert!(after > before + 40.0, "{before} {after}");
    let view = window.app().workbench.view.clone();
    let lab = || lab(0).into_lab();
    let mut again = Window::with(move |ctx| App::told(ctx, lab(), view, Story::default(), 0));
    assert_eq!(size(&mut again, "time").y, after);
}
