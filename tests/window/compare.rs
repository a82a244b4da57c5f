//! Compare: two lanes and a table, computed beside the window and begun anew when the lab is edited.

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use evenkeel::balance::Algorithm;
use evenkeel::lab::PRESETS;
use evenkeel::ui::view::{Tab, View};

use crate::kit::{Window, app, open, until};

fn compare() -> Window {
    let mut window = open(PRESETS[0].text, View { tab: Tab::Compare, ..View::default() });
    all_rows(&mut window);
    window
}

/// Waits until every algorithm has been tried on the lab as it is.
fn all_rows(window: &mut Window) {
    let n = Algorithm::all().len();
    until(window, "the whole table", |window| {
        window.query_all_by_label_contains("into the left lane").count() >= n
            && !app(window).is_computing()
    });
}

fn algorithm_of(window: &Window, lane: &str) -> String {
    let name = format!("Algorithm of the {lane} lane");
    let node = window.get_by_label(&name);
    node.accesskit_node().value().unwrap_or_default()
}

#[test]
fn the_lane_on_the_left_is_what_runs_until_a_row_is_chosen() {
    let mut window = compare();
    assert_eq!(algorithm_of(&window, "left"), "Round robin");
    assert_eq!(algorithm_of(&window, "right"), "Least connections");
    window.get_by_label_contains("Least connections is");
    window.get_by_label("Round robin into the right lane").click_accesskit();
    window.step();
    all_rows(&mut window);
    assert_eq!(algorithm_of(&window, "right"), "Round robin");
    window.get_by_label("No difference beyond chance");
    window.get_by_label("Random into the left lane").click_accesskit();
    // The lanes stand above the table, and show in the next frame what was chosen there.
    window.run_steps(2);
    assert_eq!(algorithm_of(&window, "left"), "Random");
    let in_force = app(&mut window).engine().expect("it runs").lab();
    assert_eq!(
        in_force.pools[0].algorithm.about().name,
        "round-robin",
        "comparing changes nothing"
    );
}

#[test]
fn the_table_follows_an_edit() {
    let mut window = compare();
    window.get_by_label_contains("Least connections is");
    for server in &mut app(&mut window).workbench.desk.draft.pools[0].servers {
        (server.mock, server.address) = (None, Some("127.0.0.1:9".to_owned()));
    }
    window.step();
    until(&mut window, "the new table", |window| {
        window.query_by_label_contains("taken for mocks with default settings").is_some()
            && !app(window).is_computing()
    });
}
