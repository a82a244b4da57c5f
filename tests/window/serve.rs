//! Serve: a command is typed, its copies come up and print, and a program that listens already is ticked.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use egui_kittest::kittest::Queryable as _;
use evenkeel::lab::Lab;
use evenkeel::ui::verb::Verb;
use evenkeel::ui::view::{Arrangement, Tab, View};

use crate::kit::{self, Window, app, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_evenkeel");
/// An address, and nobody behind it yet.
const LAB: &str = r#"(
    version: 1,
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
    pools: [(name: "web")],
)"#;

fn open() -> Window {
    let view = View { arrangement: Arrangement::Serve, tab: Tab::Requests, ..View::default() };
    kit::open(LAB, view)
}

fn in_force(window: &mut Window) -> std::sync::Arc<Lab> {
    app(window).engine().expect("it runs").lab()
}

/// Clicks what may have been scrolled out of sight.
fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click_accesskit();
    window.run_steps(2);
}

fn type_into(window: &mut Window, field: &str, text: &str) {
    window.get_by_label(field).focus();
    window.step();
    window.get_by_label(field).type_text(text);
    window.run_steps(2);
}

/// Types a command of three copies and starts it.
fn start_three(window: &mut Window) {
    type_into(window, "New command", &format!("{PROGRAM} mock --listen {{port}} --latency 1ms"));
    click(window, "New command one copy more");
    click(window, "New command one copy more");
    click(window, "Start");
    until(window, "three healthy copies", |window| {
        window.query_all_by_label_contains(", healthy").count() == 3
    });
}

#[test]
fn a_typed_command_runs_in_three_copies_behind_one_address() {
    let mut window = open();
    window.get_by_label_contains("Nobody serves yet");
    start_three(&mut window);
    assert!(window.query_by_label_contains("wants to run").is_none(), "Start was the yes");
    window.get_by_label("3 copies behind one address");
    // Only lines that are in sight are there to be found.
    type_into(&mut window, "Filter the logs", "ready");
    for copy in ["evenkeel", "evenkeel-2", "evenkeel-3"] {
        let ready = format!("{copy}: ready: a 127.0.0.1:");
        until(&mut window, "a line of each", |window| {
            window.query_by_label_contains(&ready).is_some()
        });
    }
    click(&mut window, "Show the lines of evenkeel-2");
    assert!(window.query_by_label_contains("evenkeel-2: ready").is_none());
    type_into(&mut window, "Filter the logs", " or not");
    window.get_by_label("No line has this text");
    app(&mut window).workbench.ask(Verb::Undo);
    until(&mut window, "nobody", |window| in_force(window).pools[0].servers.is_empty());
}

#[test]
fn a_line_that_is_edited_runs_only_when_somebody_says_so() {
    let mut window = open();
    start_three(&mut window);
    let line = in_force(&mut window).pools[0].servers[0].command.clone().expect("it is one").line;
    window.get_by_label("evenkeel command").focus();
    window.step();
    window.key_press(egui::Key::End);
    window.step();
    window.get_by_label("evenkeel command").type_text(" --fail 500:100%");
    window.run_steps(2);
    let command = |lab: &Lab| lab.pools[0].servers[0].command.clone().expect("it is one");
    assert_eq!(command(&app(&mut window).workbench.desk.draft).line, line);
    click(&mut window, "Run this line");
    until(&mut window, "the other line", |window| {
        command(&in_force(window)).line.ends_with("500:100%")
            && window.query_all_by_label_contains(", healthy").count() == 3
    });
    click(&mut window, "evenkeel one copy less");
    until(&mut window, "two copies", |window| {
        command(&in_force(window)).copies == 2
            && window.query_all_by_label_contains(", healthy").count() == 2
    });
}

/// A program that somebody else has started.
struct Elsewhere(Child);

impl Elsewhere {
    fn start() -> (Self, u16) {
        let mut program = std::process::Command::new(PROGRAM);
        program.args(["mock", "--listen", "0"]).stdout(Stdio::piped());
        let mut child = Self(program.spawn().expect("the program was built"));
        let mut ready = String::new();
        let output = child.0.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut ready).expect("it says that it is ready");
        let port = ready.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        (child, port.expect("it says where"))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_port_that_is_ticked_joins_the_pool_and_leaves_it_by_undo() {
    let (_program, port) = Elsewhere::start();
    let mut window = open();
    let name = format!("Port {port} of evenkeel");
    until(&mut window, "the port", |window| {
        if let Some(all) = window.query_by_label("Show all listening ports")
            && window.query_by_label(&name).is_none()
        {
            all.click_accesskit();
        }
        window.query_by_label(&name).is_some()
    });
    let addresses = |window: &mut Window| -> Vec<Option<String>> {
        in_force(window).pools[0].servers.iter().map(|server| server.address.clone()).collect()
    };
    let address = Some(format!("127.0.0.1:{port}"));
    click(&mut window, &name);
    until(&mut window, "a server", |window| addresses(window) == [address.clone()]);
    until(&mut window, "its word", |window| {
        window.query_by_label(&format!("port-{port}, healthy")).is_some()
    });
    app(&mut window).workbench.ask(Verb::Undo);
    until(&mut window, "no server", |window| addresses(window).is_empty());
    click(&mut window, &name);
    until(&mut window, "the server again", |window| addresses(window).len() == 1);
    click(&mut window, &name);
    until(&mut window, "no server again", |window| addresses(window).is_empty());
}

#[test]
fn an_address_is_added_by_its_port() {
    let (_program, port) = Elsewhere::start();
    let mut window = open();
    type_into(&mut window, "New address", &port.to_string());
    click(&mut window, "Add the address");
    until(&mut window, "its word", |window| {
        window.query_by_label(&format!("port-{port}, healthy")).is_some()
    });
    window.get_by_label("1 server behind one address");
}
