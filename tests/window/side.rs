//! The side's controls act on the lab that runs, once each, and are undone in one step.

use egui_kittest::kittest::Queryable as _;
use evenkeel::lab::PRESETS;
use evenkeel::ui::verb::Verb;
use evenkeel::ui::view::View;

use crate::kit::{Window, app, open, until};

/// The weight of the first server: drafted, and in force.
fn weights(window: &mut Window) -> (u32, u32) {
    let app = app(window);
    let in_force = app.engine().expect("it runs").lab();
    let weight = |lab: &evenkeel::lab::Lab| lab.pools[0].servers[0].weight;
    (weight(&app.workbench.desk.draft), weight(&in_force))
}

#[test]
fn a_slider_acts_on_the_running_lab_and_is_one_step_to_undo() {
    let mut window = open(PRESETS[0].text, View::default());
    let revision = app(&mut window).engine().expect("it runs").status().revision;
    let slider = window.get_by_label("a weight").rect();
    window.drag_at(slider.left_center() + egui::vec2(5.0, 0.0));
    window.step();
    for part in [0.3, 0.6, 1.0] {
        window.hover_at(slider.left_center() + egui::vec2(slider.width() * part, 0.0));
        window.step();
    }
    window.drop_at(slider.right_center());
    window.remove_cursor();
    until(&mut window, "weight 10", |window| weights(window) == (10, 10));
    let steps = app(&mut window).engine().expect("it runs").status().revision - revision;
    assert!(steps <= 4, "a revision for each place of the hand at most, not {steps}");
    app(&mut window).workbench.ask(Verb::Undo);
    until(&mut window, "weight 1", |window| weights(window) == (1, 1));
}

#[test]
fn what_is_not_allowed_is_refused_in_place_and_the_lab_goes_on() {
    let mut window = open(PRESETS[0].text, View::default());
    app(&mut window).workbench.desk.draft.pools[0].servers[0].weight = 70_000;
    window.run_steps(3);
    let told = app(&mut window).workbench.desk.problem_at("pools[0].servers[0].weight").cloned();
    let told = told.expect("the weight is wrong");
    // Beside its slider, and in the strip that says that it is not in force.
    assert_eq!(window.query_all_by_label_contains(&told.what).count(), 2);
    window.get_by_label_contains("What you changed is not in force");
    assert_eq!(weights(&mut window), (70_000, 1));
    let before = finished(&mut window);
    until(&mut window, "traffic", |window| finished(window) > before + 5);
}

fn finished(window: &mut Window) -> u64 {
    let figures = app(window).engine().expect("it runs").observe().figures;
    figures.clients_together().counters.finished()
}

#[test]
fn servers_come_and_go_by_their_menu() {
    let mut window = open(PRESETS[0].text, View::default());
    window.get_by_label("Add a server").click();
    until(&mut window, "server d", |window| window.query_by_label("Server d").is_some());
    window.get_by_label("Menu of b").click();
    window.run_steps(2);
    window.get_by_label("Kill b").click();
    until(&mut window, "a killed b", |window| {
        let lab = app(window).engine().expect("it runs").lab();
        !lab.pools[0].servers[1].enabled && lab.pools[0].servers.len() == 4
    });
    for _ in 0..2 {
        app(&mut window).workbench.ask(Verb::Undo);
        window.run_steps(2);
    }
    until(&mut window, "three servers that live", |window| {
        let lab = app(window).engine().expect("it runs").lab();
        lab.pools[0].servers.len() == 3 && lab.pools[0].servers[1].enabled
    });
}

#[test]
fn the_keyboard_alone_moves_a_slider() {
    let mut window = open(PRESETS[0].text, View::default());
    window.get_by_label("a weight").focus();
    window.run_steps(2);
    for _ in 0..3 {
        window.key_press(egui::Key::ArrowRight);
        window.step();
    }
    until(&mut window, "weight 4", |window| weights(window) == (4, 4));
}
