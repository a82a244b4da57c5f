//! Evenkeel with its window open: what drawing costs the proxy beside it.
//!
//! The window draws on a screen of its own (`Xvfb`), in software, which is the dearest way there is. It stands on the
//! core of the load; only the proxy's worker has core 0, and only its time counts. Between its turns it is stopped, so
//! that nobody else is measured while it draws.

use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::evenkeel;
use crate::CORE_OF_LOAD;
use crate::measure::Processes;
use crate::setup::{Place, Setup};

pub(super) fn missing() -> Option<String> {
    super::absent("Xvfb")
}

pub(super) fn command(setup: &Setup, place: &Place, screen: &Screen) -> io::Result<Vec<String>> {
    let file = evenkeel::write_lab(setup, place)?;
    let own = ["CONFIG", "DATA", "STATE", "CACHE"]
        .map(|kind| format!("XDG_{kind}_HOME={}", place.folder.display()));
    let mut words = vec!["env".to_owned(), "-u".to_owned(), "WAYLAND_DISPLAY".to_owned()];
    words.extend(own);
    words.push(format!("DISPLAY=:{}", screen.number));
    words.extend([env!("CARGO_BIN_EXE_evenkeel").to_owned(), file]);
    Ok(words)
}

/// Leaves core 0 to the proxy's workers and the other one to what draws.
pub(super) fn part(pid: u32) -> io::Result<()> {
    move_to(CORE_OF_LOAD, &Processes::of(pid))?;
    move_to("0", &Processes::of(pid).threads_called(WORKERS))
}

fn move_to(core: &str, threads: &Processes) -> io::Result<()> {
    for thread in threads.threads() {
        let moved = Command::new("taskset").args(["-c", "-p", core, &thread]).output()?;
        // One that ended since it was listed needs no core.
        if !moved.status.success() && Path::new("/proc").join(&thread).exists() {
            return Err(io::Error::other(String::from_utf8_lossy(&moved.stderr).into_owned()));
        }
    }
    Ok(())
}

/// A screen that nobody sees.
#[derive(Debug)]
pub(super) struct Screen {
    server: Child,
    number: String,
}

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut number = String::new();
        if let Some(said) = server.stdout.take() {
            BufReader::new(said).read_line(&mut number)?;
        }
        Ok(Self { server, number: number.trim().to_owned() })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Whether it was gone already makes no difference.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// Lets it draw until this value goes.
pub(crate) struct Awake(Pid);

impl Awake {
    pub(super) fn new(pid: Pid) -> io::Result<Self> {
        kill_process(pid, Signal::CONT)?;
        Ok(Self(pid))
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        // One that has ended draws nothing, either.
        let _gone = kill_process(self.0, Signal::STOP);
    }
}

/// What the threads' names begin with.
pub(super) const WORKERS: &str = "proxy-";
