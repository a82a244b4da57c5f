//! The real program under way, read line by line.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::Value;

/// `evenkeel` under way.
pub(crate) struct Program {
    child: Child,
    pub(crate) out: Receiver<String>,
    pub(crate) err: Receiver<String>,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::run(Command::new(PROGRAM).args(arguments))
    }

    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child = command
            .env("EVENKEEL_ADMIN_TOKEN", "")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// Served on one free port, with lines for machines.
    pub(crate) fn serve(more: &[&str]) -> (Self, SocketAddr, Value) {
        let program = Self::start(&[&["serve", "--json"], more].concat());
        let ready = program.line();
        let ready: Value = serde_json::from_str(&ready).unwrap();
        assert_eq!(ready["event"], "ready");
        let address = ready["listeners"][0]["address"].as_str().unwrap().parse().unwrap();
        (program, address, ready)
    }

    pub(crate) fn line(&self) -> String {
        self.out.recv_timeout(DEADLINE).expect("the program says something in time")
    }

    pub(crate) fn event(&self, name: &str) -> Value {
        loop {
            let line: Value = serde_json::from_str(&self.line()).unwrap();
            if line["event"] == name {
                return line;
            }
        }
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        self.signal("-INT");
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Its exit code and what else it wrote to standard error.
    pub(crate) fn end(mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap();
        (code, self.err.iter().collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lines(source: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, lines) = sync_channel(1000);
    let read = move || {
        for line in BufReader::new(source).lines() {
            if line.is_err() || tell.send(line.unwrap()).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("lines".to_owned()).spawn(read).unwrap();
    lines
}

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_evenkeel");
/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
