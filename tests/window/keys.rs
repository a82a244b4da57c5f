//! The Keys tab: what a change of servers moves is said, counted and compared with the least.

use egui_kittest::kittest::Queryable as _;
use evenkeel::balance::pool::{Pool, Settings};
use evenkeel::balance::{Algorithm, Notes, Request};
use evenkeel::dice::Dice;
use evenkeel::lab::PRESETS;
use evenkeel::ui::selection::Selection;
use evenkeel::ui::view::{Tab, View};

use crate::kit::{Window, app, open, until};

/// The starter on a ring, with its keys in sight.
fn on_a_ring() -> Window {
    let text = PRESETS[0].text.replace("\"round-robin\"", "\"ring\"");
    open(&text, View { tab: Tab::Keys, ..View::default() })
}

fn says(window: &Window, text: &str) -> bool {
    window.query_by_label_contains(text).is_some()
}

#[test]
fn a_server_that_joins_moves_keys_that_are_counted_against_the_least() {
    let mut window = on_a_ring();
    until(&mut window, "what one more would move", |window| {
        says(window, "if a server joined") && says(window, "of keys would move, none needlessly")
    });
    window.get_by_label("Add a server").click();
    until(&mut window, "moved keys", |window| {
        says(window, "added D: 23.3 % of keys moved, none needlessly")
            && says(window, "Fair shares have to move 25.0 % for 3 → 4 equal servers")
            && says(window, "Modulo: 75.0 % moved, 50.0 % needless")
            && says(window, "in use")
    });
    app(&mut window).workbench.ask(evenkeel::ui::verb::Verb::Undo);
    until(&mut window, "the way back", |window| {
        says(window, "removed D: 23.3 % of keys moved, none needlessly")
    });
}

#[test]
fn a_typed_key_is_said_to_go_where_the_pool_sends_it() {
    let mut window = on_a_ring();
    until(&mut window, "a drawing", |window| says(window, "of keys would move"));
    window.get_by_label("Where does this key go").focus();
    window.step();
    window.get_by_label("Where does this key go").type_text("alice");
    window.step();
    let pool = &app(&mut window).workbench.desk.draft.pools[0];
    let (algorithm, terms): (Algorithm, _) = (pool.algorithm.clone(), pool.terms());
    let pool = Pool::new(&algorithm, &Settings::default(), &terms, 1);
    let request = Request::keyed(b"alice");
    let picked = pool.pick(&request, None, &mut Dice::new(0), &mut Notes::off()).member();
    let letter = ["A", "B", "C"][picked.expect("somebody is there")];
    until(&mut window, "the answer", |window| says(window, &format!("alice goes to {letter}")));
    window.key_press(egui::Key::Enter);
    until(&mut window, "the selected key", |window| {
        let selection = &app(window).workbench.selection;
        matches!(selection, Selection::Key { pool, key } if pool == "web" && key == b"alice")
    });
}

#[test]
fn who_answered_is_told_and_nobody_is_blamed_where_keys_do_not_decide() {
    let mut window = open(PRESETS[0].text, View { tab: Tab::Keys, ..View::default() });
    until(&mut window, "clients that changed server", |window| {
        says(window, "because nothing binds a client to a server")
    });
    assert!(says(&window, "Round robin does not look at keys"));
    window.get_by_label("no broken session").click();
    until(&mut window, "the ledger", |window| says(window, "A session breaks when"));
    window.get_by_label("Key").click();
    window.run_steps(2);
    window.get_by_label("header").click();
    until(&mut window, "the key in the draft", |window| {
        let key = &app(window).workbench.desk.draft.pools[0].key;
        *key == evenkeel::lab::Key::Header("x-user".to_owned())
    });
}
