//! Commands: real dev servers that the lab starts from a command line, in one or more copies.
//!
//! Nothing here asks whether a command may be run: that is for whoever calls it.

mod copy;
mod group;
mod log;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::sync::watch;

use self::copy::{Copy, Wish};
use self::log::Log;
use super::{World, WorldError};
use crate::lab;

pub use self::copy::CopyStatus;
pub use self::log::{Listener, LogLine, LogReading, LogStream};

/// What a command is started with.
pub struct CommandSettings {
    /// Copies are called `name`, `name-2`, `name-3`, …
    pub name: String,
    pub command: lab::Command,
    /// The folder of the lab file, from which its own folder is reckoned.
    pub base: PathBuf,
    /// Lines that are kept of each copy.
    pub log_lines: usize,
    /// The number of the first copy: 3 where two are running already.
    pub first_copy: u32,
    pub listener: Option<Listener>,
}

impl CommandSettings {
    pub fn new(name: &str, command: lab::Command, base: PathBuf) -> Self {
        let name = name.to_owned();
        Self { name, command, base, log_lines: 1_000, first_copy: 1, listener: None }
    }
}

impl World {
    /// Starts every copy on a free port of its own. Whether a program can be started at all shows in its status.
    pub fn start_command(&self, settings: CommandSettings) -> Result<Command, WorldError> {
        let CommandSettings { name, command, base, log_lines, first_copy, listener } = settings;
        let words = command.words().filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| WorldError::CommandLine { name: name.clone() })?;
        let directory = command.directory.as_ref().map_or_else(|| base.clone(), |at| base.join(at));
        let n_copies = command.copies.clamp(1, lab::Command::COPIES_MAX);
        let ports = free_ports(n_copies)
            .map_err(|source| WorldError::NoPort { name: name.clone(), source })?;
        let mut copies = Vec::new();
        for (port, number) in ports.into_iter().zip(first_copy..) {
            let name = if number == 1 { name.clone() } else { format!("{name}-{number}") };
            let plan = copy::Plan {
                words: words.iter().map(|word| with_port(word, port)).collect(),
                env: environment(&command, port),
                directory: directory.clone(),
                port,
            };
            let log = Log::new(log_lines).telling(&name, listener.clone());
            copies.push(self.start_copy(name, plan, Arc::new(log))?);
        }
        Ok(Command { copies })
    }

    fn start_copy(
        &self,
        name: String,
        plan: copy::Plan,
        log: Arc<Log>,
    ) -> Result<Handle, WorldError> {
        let (wish, wishes) = watch::channel(Wish::default());
        let (tell, status) = watch::channel(CopyStatus::Starting);
        let index = self.next_thread();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, plan.port));
        let (tell_address, address) = watch::channel(address);
        let copy = Copy {
            plan,
            wishes,
            tell,
            address: tell_address,
            log: Arc::clone(&log),
            stay: self.stay(index)?,
        };
        self.spawn_on(index, move || {
            tokio::task::spawn_local(copy.run());
        })?;
        Ok(Handle { name, wish, status, address, log })
    }
}

/// A running command. Dropping it stops all its copies: gently, and after a while by force.
pub struct Command {
    copies: Vec<Handle>,
}

struct Handle {
    name: String,
    wish: watch::Sender<Wish>,
    status: watch::Receiver<CopyStatus>,
    address: watch::Receiver<SocketAddr>,
    log: Arc<Log>,
}

impl Command {
    pub fn n_copies(&self) -> usize {
        self.copies.len()
    }

    pub fn name(&self, copy: usize) -> &str {
        &self.copies[copy].name
    }

    /// Where a copy listens. Its port never changes; that it listens on IPv6's loopback only shows when it runs.
    pub fn address(&self, copy: usize) -> SocketAddr {
        *self.copies[copy].address.borrow()
    }

    pub fn status(&self, copy: usize) -> CopyStatus {
        self.copies[copy].status.borrow().clone()
    }

    /// Tells of every change of a copy's status.
    pub fn watch(&self, copy: usize) -> watch::Receiver<CopyStatus> {
        self.copies[copy].status.clone()
    }

    /// What a copy printed, from the line with this number on.
    pub fn log(&self, copy: usize, since: u64) -> LogReading {
        self.copies[copy].log.read(since)
    }

    /// Ends one copy, if it still runs, and starts it anew on the same port.
    pub fn restart(&self, copy: usize) {
        self.copies[copy].wish.send_modify(|wish| wish.restarts += 1);
    }

    pub fn stop(self) {}

    /// Each copy as a command of its own, so that one can stop while the others go on.
    pub fn apart(self) -> impl Iterator<Item = Self> {
        self.copies.into_iter().map(|copy| Self { copies: vec![copy] })
    }
}

fn with_port(text: &str, port: u16) -> String {
    text.replace("{port}", &port.to_string())
}

fn environment(command: &lab::Command, port: u16) -> BTreeMap<String, String> {
    let given = command.env.iter().map(|(name, value)| (name.clone(), with_port(value, port)));
    let told = (!command.port_variable.is_empty())
        .then(|| (command.port_variable.clone(), port.to_string()));
    given.chain(told).collect()
}

/// Ports that nobody uses now. All are held until all are found, so that no two are the same.
fn free_ports(n_ports: u32) -> io::Result<Vec<u16>> {
    let held: Vec<TcpListener> = (0..n_ports).map(|_| free_port()).collect::<io::Result<_>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// One that no system gives to whoever asks for any port, or connects: it would be gone before the program takes it.
fn free_port() -> io::Result<TcpListener> {
    static N_ASKED: AtomicU32 = AtomicU32::new(0);
    let asked_for = |_| {
        let begin = std::process::id().wrapping_mul(PORTS_APART);
        let place = begin.wrapping_add(N_ASKED.fetch_add(1, Relaxed));
        TcpListener::bind((Ipv4Addr::LOCALHOST, PORT_FIRST + (place % PORTS) as u16)).ok()
    };
    let any = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    (0..PORTS).find_map(asked_for).map_or_else(any, Ok)
}

/// Linux gives out ports from 32768 on, others from 49152 on.
const PORT_FIRST: u16 = 20_000;
const PORTS: u32 = 12_000;
/// Where programs of ours that were started one after the other begin to look.
const PORTS_APART: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_copies_are_not_given_to_whoever_asks_for_any() {
        let ports = [free_ports(3).unwrap(), free_ports(3).unwrap()].concat();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).unwrap();
        let others: Vec<TcpListener> =
            (0..200).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        for other in others {
            assert!(!ports.contains(&other.local_addr().unwrap().port()));
        }
        assert!(!free_ports(20).unwrap().contains(&taken.local_addr().unwrap().port()));
        let different: std::collections::BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!(different.len(), ports.len());
    }
}
