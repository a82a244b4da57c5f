//! Time: marks, the three states, and what the doctor says of labs that really run.

use std::io::Write as _;

use egui_kittest::kittest::Queryable as _;
use evenkeel::lab::PRESETS;
use evenkeel::ui::playhead::Playhead;
use evenkeel::ui::view::View;

use crate::kit::{Window, app, open, until};

/// A window whose strip has one mark, and when that was.
fn edited() -> (Window, u64) {
    let mut window = open(PRESETS[0].text, View::default());
    until(&mut window, "a frame", |window| app(window).workbench.story.frames().len() > 5);
    app(&mut window).workbench.desk.draft.pools[0].servers[1].weight = 3;
    until(&mut window, "the mark", |window| {
        window.query_by_label("Mark: B weight 1 → 3").is_some()
    });
    let changed_ns = app(&mut window).workbench.story.labs().last().expect("it ran").0;
    (window, changed_ns)
}

#[test]
fn an_edit_leaves_a_mark_and_a_click_on_it_stops_there() {
    let (mut window, changed_ns) = edited();
    window.get_by_label("Mark: B weight 1 → 3").click();
    window.run_steps(2);
    assert_eq!(app(&mut window).workbench.playhead, Playhead::Paused { at_ns: changed_ns });
    window.get_by_label("Play from here").click();
    window.run_steps(2);
    assert!(matches!(app(&mut window).workbench.playhead, Playhead::Playback { .. }));
    window.get_by_label("Back to live").click();
    window.run_steps(2);
    assert!(app(&mut window).workbench.playhead.is_live());
}

#[test]
fn arrows_step_over_what_the_strip_shows() {
    let (mut window, changed_ns) = edited();
    window.key_press(egui::Key::ArrowLeft);
    window.run_steps(2);
    assert_eq!(app(&mut window).workbench.playhead, Playhead::Paused { at_ns: changed_ns });
    window.key_press(egui::Key::Home);
    window.run_steps(2);
    let (oldest_ns, _) = app(&mut window).workbench.story.reach_ns();
    assert_eq!(app(&mut window).workbench.playhead, Playhead::Paused { at_ns: oldest_ns });
    window.key_press(egui::Key::ArrowRight);
    window.run_steps(2);
    assert_eq!(app(&mut window).workbench.playhead, Playhead::Paused { at_ns: changed_ns });
    window.key_press(egui::Key::ArrowRight);
    window.run_steps(2);
    assert!(app(&mut window).workbench.playhead.is_live(), "after the last mark it is now");
}

#[test]
fn a_chart_is_chosen_from_its_own_menu() {
    let mut window = open(PRESETS[0].text, View::default());
    window.get_by_label("Chart 1: Share, band = chance").click();
    window.run_steps(3);
    window.get_by_label("Requests per second").click();
    window.run_steps(2);
    window.get_by_label("Chart 1: Requests per second");
}

/// Whether the doctor's line has these words.
fn says(window: &Window, words: &str) -> bool {
    window.query_by_label_contains(words).is_some()
}

#[test]
fn the_doctor_sees_even_shares_and_uneven_waiting() {
    let mut window = open(PRESETS[0].text, View::default());
    until(&mut window, "the diagnosis", |window| says(window, "Waiting is not: B holds"));
    window.get_by_label("Show the evidence").click();
    window.run_steps(3);
    window.get_by_label("To change it: choose an algorithm that looks at load");
}

#[test]
fn the_doctor_sees_one_connection_that_carries_everything() {
    let lab = r#"(
        version: 1,
        listeners: [(name: "front", address: "127.0.0.1:0", protocol: tcp, pool: "web")],
        pools: [(name: "web", mocks: (protocol: tcp_echo), servers: [
            (name: "a", mock: ()), (name: "b", mock: ()), (name: "c", mock: ()),
        ])],
    )"#;
    let mut window = open(lab, View::default());
    let status = app(&mut window).engine().expect("it runs").status();
    let address = status.address_of("front").expect("it is open");
    let mut connection = std::net::TcpStream::connect(address).expect("it accepts");
    connection.write_all(b"hello").expect("it takes what comes");
    until(&mut window, "the diagnosis", |window| {
        says(window, "1 kept-alive connection carries everything to ")
    });
    drop(connection);
}
