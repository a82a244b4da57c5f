//! One copy of a command: started, watched, restarted, and ended with everything that it started.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::sync::watch;

use super::group::Group;
use super::log::{Log, LogStream};
use crate::world::threads::Stay;

/// What a copy is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyStatus {
    /// It runs, and nobody answers on its port yet.
    Starting,
    /// The same, after somebody asked for a restart.
    Restarting,
    Running,
    /// It ended by itself; without a code, a signal ended it.
    Exited(Option<i32>),
    /// The program could not be started, and why.
    Failed(String),
}

/// What its owner wants. Dropping the sender stops it.
#[derive(Default)]
pub(super) struct Wish {
    pub(super) restarts: u64,
}

/// How it is started.
pub(super) struct Plan {
    pub(super) words: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) directory: PathBuf,
    pub(super) port: u16,
}

pub(super) struct Copy {
    pub(super) plan: Plan,
    pub(super) wishes: watch::Receiver<Wish>,
    pub(super) tell: watch::Sender<CopyStatus>,
    pub(super) address: watch::Sender<SocketAddr>,
    pub(super) log: Arc<Log>,
    /// The world waits for it, within reason, so that no process is left.
    pub(super) stay: Stay,
}

enum Next {
    Restart,
    Stop,
}

impl Copy {
    pub(super) async fn run(mut self) {
        let mut starting = CopyStatus::Starting;
        loop {
            self.tell.send_replace(starting);
            let next = match self.plan.start() {
                Ok(process) => self.attend(process).await,
                Err(error) => {
                    let program = self.plan.words.first().map_or("", String::as_str);
                    let text = format!("cannot start `{program}`: {error}");
                    self.log.write(LogStream::Lab, text.clone());
                    self.tell.send_replace(CopyStatus::Failed(text));
                    self.next().await
                }
            };
            if matches!(next, Next::Stop) {
                return;
            }
            starting = CopyStatus::Restarting;
        }
    }

    /// From its start to its end, however it comes.
    async fn attend(&mut self, mut process: Process) -> Next {
        if let Err(error) = process.group.keep() {
            let text = format!("has no keeper and lives on if Evenkeel is killed: {error}");
            self.log.write(LogStream::Lab, text);
        }
        let (output, errors) = (process.child.stdout.take(), process.child.stderr.take());
        let log = Arc::clone(&self.log);
        // Reading goes on while it ends, so that its last words are kept.
        let reading = async {
            let output = async {
                if let Some(output) = output {
                    log.take_down(LogStream::Output, output).await;
                }
            };
            let errors = async {
                if let Some(errors) = errors {
                    log.take_down(LogStream::Errors, errors).await;
                }
            };
            tokio::join!(output, errors);
        };
        let living = async {
            let next = self.live(&mut process).await;
            drop(process);
            next
        };
        let mut reading = std::pin::pin!(reading);
        let mut living = std::pin::pin!(living);
        tokio::select! {
            next = &mut living => {
                // What it started may have left the group and keep the pipes open.
                drop(tokio::time::timeout(LAST_WORDS, &mut reading).await);
                next
            }
            () = &mut reading => living.await,
        }
    }

    async fn live(&mut self, process: &mut Process) -> Next {
        let mut answering = std::pin::pin!(answering(self.plan.port));
        let mut is_answering = false;
        loop {
            tokio::select! {
                ended = process.child.wait() => {
                    // Children that it left behind would keep the port.
                    process.finish().await;
                    self.tell_end(ended);
                    return self.next().await;
                }
                next = next(&mut self.wishes, &mut self.stay) => {
                    process.end().await;
                    return next;
                }
                address = &mut answering, if !is_answering => {
                    is_answering = true;
                    self.address.send_replace(address);
                    self.tell.send_replace(CopyStatus::Running);
                }
            }
        }
    }

    fn tell_end(&self, ended: io::Result<ExitStatus>) {
        let (code, text) = match ended {
            Ok(status) => (status.code(), format!("ended: {status}")),
            Err(error) => (None, format!("is lost: {error}")),
        };
        self.log.write(LogStream::Lab, text);
        self.tell.send_replace(CopyStatus::Exited(code));
    }

    async fn next(&mut self) -> Next {
        next(&mut self.wishes, &mut self.stay).await
    }
}

/// What its owner wants next.
async fn next(wishes: &mut watch::Receiver<Wish>, stay: &mut Stay) -> Next {
    tokio::select! {
        changed = wishes.changed() => match changed {
            Ok(()) => Next::Restart,
            Err(_dropped) => Next::Stop,
        },
        () = stay.ends() => Next::Stop,
    }
}

impl Plan {
    fn start(&self) -> io::Result<Process> {
        let (program, arguments) = self.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = tokio::process::Command::new(program);
        command
            .args(arguments)
            .envs(&self.env)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Group::prepare(&mut command);
        let child = command.spawn()?;
        Ok(Process { group: Group::of(&child), child, is_ended: false })
    }
}

/// A process with its group. Dropping it kills both.
struct Process {
    child: Child,
    group: Group,
    /// Signalling a group that is gone could meet a stranger.
    is_ended: bool,
}

impl Process {
    /// Gently first.
    async fn end(&mut self) {
        if self.group.ask_to_end() {
            // Whether it obeyed makes no difference to what follows: its children may not have.
            drop(tokio::time::timeout(GRACE, self.child.wait()).await);
        }
        self.finish().await;
    }

    /// By force, and all that is ours is collected.
    async fn finish(&mut self) {
        self.kill();
        drop(self.child.wait().await);
        self.group.collect().await;
    }

    fn kill(&mut self) {
        if !self.is_ended {
            self.is_ended = true;
            self.group.kill(&mut self.child);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until somebody answers on the port, and says where: some programs listen on IPv6's loopback only.
async fn answering(port: u16) -> SocketAddr {
    let places: [SocketAddr; 2] =
        [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
    loop {
        for place in places {
            if TcpStream::connect(place).await.is_ok() {
                return place;
            }
        }
        tokio::time::sleep(KNOCK_EVERY).await;
    }
}

/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(3);
const LAST_WORDS: Duration = Duration::from_millis(500);
const KNOCK_EVERY: Duration = Duration::from_millis(50);
