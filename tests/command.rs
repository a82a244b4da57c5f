//! Commands are started, told their port, watched, and ended with everything that they started.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "serve/processes.rs"]
mod processes;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evenkeel::lab;
use evenkeel::period::Clock;
use evenkeel::world::{Command, CommandSettings, CopyStatus, LogStream, World, WorldSettings};

#[test]
fn each_copy_is_told_a_port_of_its_own() {
    let world = world();
    let line =
        r#"sh -c 'echo "argument {port} variable $AT url $URL folder $(pwd)"; echo oops >&2' "#;
    let mut command = command(line);
    command.copies = 3;
    "AT".clone_into(&mut command.port_variable);
    command.env.insert("URL".to_owned(), "http://localhost:{port}/".to_owned());
    command.directory = Some("src".to_owned());
    let command = start(&world, command);
    let mut ports = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for copy in 0..3 {
        until("it ended", || command.status(copy) == CopyStatus::Exited(Some(0)));
        until("all is taken down", || command.log(copy, 0).lines.len() == 3);
        let port = command.address(copy).port();
        let lines = command.log(copy, 0).lines;
        let of = |stream| lines.iter().find(|line| line.stream == stream).unwrap().text.clone();
        let expected = format!(
            "argument {port} variable {port} url http://localhost:{port}/ folder {}",
            folder.display()
        );
        assert_eq!((of(LogStream::Output), of(LogStream::Errors)), (expected, "oops".to_owned()));
        ports.insert(port);
    }
    assert_eq!(ports.len(), 3);
    assert_eq!([command.name(0), command.name(1), command.name(2)], ["web", "web-2", "web-3"]);
}

#[test]
fn copies_can_stop_one_by_one_and_be_counted_from_where_others_ended() {
    let world = world();
    let settings = CommandSettings {
        first_copy: 3,
        ..CommandSettings::new(
            "web",
            lab::Command { copies: 2, ..command("sh -c 'echo process $$; exec sleep 600'") },
            PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        )
    };
    let mut copies = world.start_command(settings).unwrap().apart();
    let (third, fourth) = (copies.next().unwrap(), copies.next().unwrap());
    assert_eq!((third.name(0), fourth.name(0), copies.next().is_none()), ("web-3", "web-4", true));
    let processes = [&third, &fourth].map(|copy| process(copy, 0).1);
    third.stop();
    until("the third is gone", || !is_alive(processes[0]));
    assert!(is_alive(processes[1]));
}

#[test]
fn a_program_that_cannot_start_says_why() {
    let world = world();
    let command = start(&world, command("no-such-program-anywhere --port {port}"));
    until("it failed", || matches!(command.status(0), CopyStatus::Failed(_)));
    let CopyStatus::Failed(why) = command.status(0) else { panic!("it failed") };
    assert!(why.contains("cannot start `no-such-program-anywhere`"), "{why}");
    assert_eq!(command.log(0, 0).lines[0].text, why);
}

#[test]
fn a_command_line_that_is_none_is_refused() {
    let world = world();
    for line in ["", "sh -c 'never closed"] {
        let settings = CommandSettings::new("web", command(line), PathBuf::new());
        let Err(error) = world.start_command(settings) else { panic!("`{line}` was started") };
        assert!(error.to_string().contains("close its quotes and name a program"), "{error}");
    }
}

#[test]
fn it_runs_once_somebody_answers_on_its_port() {
    let world = world();
    let command = start(&world, command("sleep 600"));
    until("it started", || command.status(0) == CopyStatus::Starting);
    // The test answers in its place: no program that listens is on every machine.
    // Who looks whether somebody answers may hold the port for a moment itself.
    let listener = std::cell::OnceCell::new();
    until("the port can be listened at", || {
        TcpListener::bind(command.address(0)).is_ok_and(|it| listener.set(it).is_ok())
    });
    until("it runs", || command.status(0) == CopyStatus::Running);
}

#[test]
fn a_restart_ends_the_old_process_and_keeps_the_port() {
    let world = world();
    let command = start(&world, command("sh -c 'echo process $$; exec sleep 600'"));
    let address = command.address(0);
    let first = process(&command, 0);
    command.restart(0);
    let second = process(&command, first.0 + 1);
    assert_ne!(first.1, second.1);
    until("the old one is gone", || !is_alive(first.1));
    assert!(is_alive(second.1));
    assert_eq!(command.address(0), address);
}

#[test]
fn one_that_ended_by_itself_can_be_restarted() {
    let world = world();
    let command = start(&world, command("sh -c 'echo process $$; exit 3'"));
    until("it ended", || command.status(0) == CopyStatus::Exited(Some(3)));
    let first = process(&command, 0);
    command.restart(0);
    let second = process(&command, first.0 + 1);
    assert_ne!(first.1, second.1);
}

#[test]
fn nothing_that_a_command_started_survives_it() {
    for (line, by_world) in [
        ("sh -c 'sleep 600 & echo process $!; wait'", false),
        ("sh -c 'sleep 600 & echo process $!; wait'", true),
        // One that will not go.
        ("sh -c 'trap \"\" TERM; sleep 600 & echo process $!; while true; do wait; done'", true),
        // One that goes and leaves a child behind.
        ("sh -c 'sleep 600 & echo process $!'", false),
    ] {
        let world = world();
        let command = start(&world, command(line));
        let (_, child) = process(&command, 0);
        if by_world {
            drop(world);
            assert!(!is_alive(child), "{line}");
        } else {
            command.stop();
            until("its child is gone", || !is_alive(child));
        }
    }
}

#[test]
fn each_start_has_a_keeper_that_goes_with_it() {
    let world = world();
    let command = start(&world, command("sh -c 'echo process $$; exec sleep 600'"));
    // The program and its keeper.
    let is_kept = |group| processes::members(group).iter().filter(|it| !it.is_zombie).count() == 2;
    let first = process(&command, 0);
    until("the first is kept", || is_kept(first.1));
    command.restart(0);
    let second = process(&command, first.0 + 1);
    until("the second is kept", || is_kept(second.1));
    // Not even a zombie.
    assert!(processes::members(first.1).is_empty());
    command.stop();
    until("the second is gone", || processes::members(second.1).is_empty());
}

#[test]
fn a_program_that_ends_by_itself_leaves_no_keeper() {
    let world = world();
    let command = start(&world, command("sh -c 'echo process $$'"));
    let (_, group) = process(&command, 0);
    until("it ended", || command.status(0) == CopyStatus::Exited(Some(0)));
    assert!(processes::members(group).is_empty());
}

#[test]
fn a_gentle_end_comes_first() {
    let world = world();
    let path = std::env::temp_dir().join(format!("evenkeel-command-{}", std::process::id()));
    let file = path.display();
    let line = format!(
        "sh -c 'trap \"echo bye > {file}; exit 0\" TERM; echo process $$; while true; do sleep 0.01; done'"
    );
    let command = start(&world, command(&line));
    process(&command, 0);
    drop(world);
    let said = std::fs::read_to_string(&path);
    std::fs::remove_file(&path).ok();
    assert_eq!(said.unwrap(), "bye\n");
}

fn world() -> World {
    World::start(WorldSettings::new(Arc::new(NoTime))).unwrap()
}

fn command(line: &str) -> lab::Command {
    lab::Command { line: line.to_owned(), ..lab::Command::default() }
}

fn start(world: &World, command: lab::Command) -> Command {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    world.start_command(CommandSettings::new("web", command, base)).unwrap()
}

/// The process that a copy says it is or has started, with the number of the line.
fn process(command: &Command, since: u64) -> (u64, u32) {
    let mut found = None;
    until("it names a process", || {
        found = command.log(0, since).lines.iter().find_map(|line| {
            let id = line.text.strip_prefix("process ")?.parse().ok()?;
            Some((line.number, id))
        });
        found.is_some()
    });
    found.unwrap()
}

fn is_alive(process: u32) -> bool {
    let id = process.to_string();
    // A process that has ended and was not collected by its parent yet is still there, as a zombie.
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &id]).output().ok();
    if let Some(state) = state.filter(|state| state.status.success()) {
        return !state.stdout.starts_with(b"Z");
    }
    if cfg!(target_os = "linux") {
        let status = std::fs::read_to_string(format!("/proc/{id}/status"));
        return status.is_ok_and(|status| !status.contains("State:\tZ"));
    }
    let signal =
        std::process::Command::new("kill").args(["-0", &id]).stderr(Stdio::null()).status();
    signal.is_ok_and(|status| status.success())
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "tests of processes live in real time")]
    let now = Instant::now;
    let start = now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

struct NoTime;

impl Clock for NoTime {
    fn now_ns(&self) -> u64 {
        0
    }

    fn unix_ns(&self) -> u64 {
        0
    }
}
