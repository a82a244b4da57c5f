//! Commands of a lab that runs: what they print is seen, copies come and go by themselves, and what others started is
//! found.

#![cfg(unix)]

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;

use evenkeel::engine::{
    Consent, CopyStatus, LogStream, Observation, Printed, ServerState, Settings, listening,
};

use crate::kit::{Running, get, settings, wait_for};

/// A lab with one command whose copies say which process they are, and what was seen of their lines.
struct Commanded {
    running: Running,
    seen: RefCell<Vec<Arc<Printed>>>,
}

impl Commanded {
    fn start(name: &str, copies: u32) -> Self {
        let settings = Settings { consent: Consent::Given, ..settings(name) };
        let text = format!(
            r#"(
                version: 1,
                listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
                pools: [(name: "web", servers: [(
                    name: "a",
                    command: (line: "sh -c 'echo process $$; echo oops >&2; exec {} mock --listen $PORT --latency 1ms'", copies: {copies}),
                )])],
            )"#,
            env!("CARGO_BIN_EXE_evenkeel")
        );
        let seen = RefCell::default();
        let commanded = Self { running: Running::start_with(settings, &text), seen };
        commanded.wait_for_copies(copies as usize);
        commanded
    }

    fn wait_for_copies(&self, count: usize) {
        wait_for("copies that run", || {
            let status = self.running.engine.status();
            let runs = |it: &evenkeel::engine::ServerStatus| {
                it.state == ServerState::Known && it.copy == Some(CopyStatus::Running)
            };
            status.servers.len() == count && status.servers.iter().all(runs)
        });
    }

    /// What there is to be seen, whose lines are kept.
    fn look(&self) -> Observation {
        let seen = self.running.engine.observe();
        self.seen.borrow_mut().extend(seen.printed.iter().cloned());
        seen
    }

    /// The lines of one copy so far.
    fn lines(&self, copy: &str) -> Vec<(LogStream, String)> {
        self.look();
        let seen = self.seen.borrow();
        let own = seen.iter().filter(|line| *line.pool == *"web" && line.server == copy);
        own.map(|line| (line.stream, line.text.clone())).collect()
    }

    fn processes(&self, copy: &str) -> Vec<String> {
        let lines = self.lines(copy).into_iter();
        lines.filter_map(|(_, text)| Some(text.strip_prefix("process ")?.to_owned())).collect()
    }

    fn address(&self, copy: &str) -> Option<SocketAddr> {
        let status = self.running.engine.status();
        let server = status.servers.iter().find(|server| server.name == copy)?;
        server.addresses.first().copied()
    }

    fn scale(&self, copies: u32) {
        self.running.change(|lab| {
            lab.pools[0].servers[0].command.as_mut().unwrap().copies = copies;
        });
    }
}

#[test]
fn what_copies_print_is_seen_once_and_with_whose_it_is() {
    let lab = Commanded::start("printed", 2);
    for copy in ["a", "a-2"] {
        wait_for("lines of both streams", || {
            let lines = lab.lines(copy);
            lines.contains(&(LogStream::Errors, "oops".to_owned()))
                && lab.processes(copy).len() == 1
        });
    }
    assert_ne!(lab.processes("a"), lab.processes("a-2"));
    assert_eq!(lab.running.engine.observe().dropped.printed, 0);
}

#[test]
fn a_copy_more_or_less_leaves_the_others_alone() {
    let lab = Commanded::start("scaled", 1);
    wait_for("its process", || lab.processes("a").len() == 1);
    let (address, before) = (lab.address("a"), lab.processes("a"));
    lab.scale(3);
    lab.wait_for_copies(3);
    let served = |name: &str| {
        get(lab.running.address("front"), "/");
        let figures = lab.look().figures;
        let pool = figures.pool("web").unwrap();
        pool.servers.iter().any(|(it, reading)| it == name && reading.counters.finished() > 0)
    };
    wait_for("an answer of the third", || served("a-3"));
    lab.scale(2);
    lab.wait_for_copies(2);
    for _ in 0..4 {
        assert_eq!(get(lab.running.address("front"), "/").0, 200);
    }
    assert_eq!((lab.address("a"), lab.address("a-3")), (address, None));
    assert_eq!(lab.processes("a"), before, "the first was not started again");
    assert_eq!(lab.processes("a-2").len(), 1);
}

#[test]
fn one_copy_restarts_on_its_port_while_the_other_answers() {
    let lab = Commanded::start("restarted", 2);
    let address = lab.address("a-2");
    wait_for("its process", || lab.processes("a-2").len() == 1);
    lab.running.engine.restart("web", "a-2");
    wait_for("another process", || {
        assert_eq!(
            get(lab.running.address("front"), "/").0,
            200,
            "a copy that is away is passed over"
        );
        lab.processes("a-2").len() == 2
    });
    lab.wait_for_copies(2);
    assert_eq!(lab.address("a-2"), address);
    assert_eq!(lab.processes("a").len(), 1);
}

/// A program that somebody else has started.
struct Elsewhere(Child);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn what_others_have_started_is_found_and_what_the_lab_has_is_not() {
    let lab = Commanded::start("around", 1);
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    program.args(["mock", "--listen", "0"]).stdout(Stdio::piped());
    let mut child = Elsewhere(program.spawn().unwrap());
    let mut ready = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let port: u16 = ready.trim().rsplit_once(':').unwrap().1.parse().unwrap();
    let found = listening(&lab.running.engine.status());
    let own = [lab.running.address("front"), lab.address("a").unwrap()];
    for address in own {
        assert!(found.ports.iter().all(|it| it.address.port() != address.port()), "{found:?}");
    }
    if cfg!(target_os = "linux") {
        let it = found.ports.iter().find(|it| it.address.port() == port);
        let it = it.unwrap_or_else(|| panic!("{port} in {found:?}"));
        assert_eq!((it.program.as_deref(), it.process), (Some("evenkeel"), Some(child.0.id())));
        assert!(found.complete);
    }
}
