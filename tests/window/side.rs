//! The side's controls act on the lab that runs, once each, and are undone in one step.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use evenkeel::lab::{InsertedCookie, Lab, PRESETS, Stickiness};
use evenkeel::model::{Arrivals, FailureKind, FailureOdds, Keys};
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

/// A place of the lab, and what makes it wrong there.
type Slip = (&'static str, fn(&mut Lab));

#[test]
fn whatever_is_not_allowed_is_told_beneath_its_control() {
    let slips: [Slip; 7] = [
        ("pools[0].health.passive.consecutive_failures", |lab| {
            lab.pools[0].health.passive.consecutive_failures = 20_000;
        }),
        ("pools[0].servers[0].mock.failures.hang", |lab| {
            let mock = lab.pools[0].servers[0].mock.as_mut().expect("a mock");
            mock.failures.set(FailureOdds { kind: FailureKind::Hang, odds: 2.0 });
        }),
        ("pools[0].servers[0].mock.queue_limit", |lab| {
            let mock = lab.pools[0].servers[0].mock.as_mut().expect("a mock");
            (mock.concurrency_limit, mock.queue_limit) = (Some(1), u32::MAX);
        }),
        ("pools[0].stickiness.name", |lab| {
            let cookie = InsertedCookie { name: String::new(), ..InsertedCookie::default() };
            lab.pools[0].stickiness = Stickiness::Inserted(cookie);
        }),
        ("pools[0].panic_below", |lab| lab.pools[0].panic_below = 101),
        ("clients[0].arrivals.per_second", |lab| {
            lab.clients[0].arrivals = Arrivals::Steady { per_second: -1.0 };
        }),
        ("clients[0].keys.count", |lab| lab.clients[0].keys = Keys::Uniform { count: 0 }),
    ];
    let mut window = open(PRESETS[0].text, View { all_controls: true, ..View::default() });
    for (place, slip) in slips {
        let right = app(&mut window).workbench.desk.draft.clone();
        slip(&mut app(&mut window).workbench.desk.draft);
        window.run_steps(3);
        let told = app(&mut window).workbench.desk.problem_at(place).cloned();
        let told = told.unwrap_or_else(|| panic!("{place} is right"));
        let words = format!("{}: {}", told.what, told.remedy);
        assert_eq!(window.query_all_by_label(&words).count(), 1, "{place}: {words}");
        app(&mut window).workbench.desk.draft = right;
        window.run_steps(3);
    }
}

#[test]
fn every_control_says_what_it_does() {
    let view = View { all_controls: true, ..View::default() };
    let mut window = open(PRESETS[0].text, view);
    window.run_steps(3);
    let is_control = |role| {
        let roles = [Role::Slider, Role::SpinButton, Role::ComboBox, Role::TextInput];
        roles.contains(&role) || matches!(role, Role::CheckBox | Role::Switch)
    };
    let side = app(&mut window).regions().iter().find(|(name, _)| *name == "side").map(|it| it.1);
    let side = side.expect("the side is there");
    let controls: Vec<_> = window
        .query_all_by(|node| is_control(node.role()))
        .filter(|node| side.x_range().contains(node.rect().center().x))
        .filter(|node| node.rect().top() >= side.top())
        .collect();
    assert!(controls.len() > 60, "{} controls are few", controls.len());
    for control in controls {
        let node = control.accesskit_node();
        let (name, words) = (node.label().unwrap_or_default(), node.description());
        let words = words.unwrap_or_else(|| panic!("`{name}` does not say what it does"));
        assert!(words.contains("\nDefault "), "`{name}` does not say its default: {words}");
    }
}

#[test]
fn a_pool_behind_the_shorthand_has_retries_that_can_be_set() {
    let mut window = open(PRESETS[0].text, View { all_controls: true, ..View::default() });
    assert!(app(&mut window).workbench.desk.draft.listeners[0].pool.is_some(), "the shorthand");
    window.run_steps(3);
    window.get_by_label("retries tries").focus();
    window.run_steps(2);
    window.key_press(egui::Key::ArrowRight);
    until(&mut window, "a fourth try", |window| {
        let lab = app(window).engine().expect("it runs").lab();
        lab.listeners[0].routes_in_force()[0].retries.attempts == 4
    });
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
