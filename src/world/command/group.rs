//! A process and all its children, as one thing to be ended. The one door to what systems do differently here.

use std::io;
#[cfg(unix)]
use std::process::Stdio;

use tokio::process::{Child, Command};

/// Everything that a command has started.
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
    #[cfg(unix)]
    keeper: Option<Child>,
}

#[cfg(unix)]
impl Group {
    /// The process will lead a group of its own: nobody signals it by accident, and its children go with it.
    pub(super) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw), keeper: None }
    }

    /// Lets a keeper end the group once our process is gone, however it went: one that is killed stops nothing.
    ///
    /// The keeper reads from a pipe to which we never write, and the system closes our end when we are gone. Nobody
    /// else has that end: the standard library opens pipes such that programs started later do not inherit them. As a
    /// member of the group it also keeps the group's number from being given to strangers.
    ///
    /// Whoever kills us after the program's start and before this, within a millisecond or two, leaves the program
    /// behind. A keeper that starts first would have to lead the group, and a program that does not lead its group can
    /// leave it, as shells with job control do, and nobody would find it again.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        let Some(leader) = self.leader else { return Ok(()) };
        let leader = leader.as_raw_pid();
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "evenkeel-keeper", &leader.to_string()])
            .process_group(leader)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        self.keeper = Some(keeper);
        Ok(())
    }

    /// Asks it to end. False where there is no gentle way.
    pub(super) fn ask_to_end(&self) -> bool {
        self.signal(rustix::process::Signal::TERM)
    }

    /// Ends the keeper, too.
    pub(super) fn kill(&self, _child: &mut Child) {
        self.signal(rustix::process::Signal::KILL);
    }

    /// After it was killed: a keeper that nobody waits for would stay a zombie.
    pub(super) async fn collect(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // One that ended before needs no killing.
            drop(keeper.kill().await);
        }
    }

    fn signal(&self, signal: rustix::process::Signal) -> bool {
        // A group that has ended cannot be signalled and needs none.
        self.leader
            .is_some_and(|leader| rustix::process::kill_process_group(leader, signal).is_ok())
    }
}

#[cfg(not(unix))]
impl Group {
    pub(super) fn prepare(_command: &mut Command) {}

    pub(super) fn of(_child: &Child) -> Self {
        Self {}
    }

    /// Nobody ends it here once our process was killed.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Asks it to end. False where there is no gentle way.
    pub(super) fn ask_to_end(&self) -> bool {
        false
    }

    pub(super) fn kill(&self, child: &mut Child) {
        // One that has ended cannot be killed and needs not be.
        child.start_kill().ok();
    }

    pub(super) async fn collect(&mut self) {}
}

/// Nothing is ever written to what it reads, so that its reading ends when the other end is closed. It bears what is
/// meant for the group, and does in our place what we do: ask, wait for the leader, kill; itself at last. The seconds
/// are those of the grace that a stop in order has.
#[cfg(unix)]
const KEEPER: &str = r#"
trap "" HUP INT QUIT ALRM TERM TSTP TTIN TTOU USR1 USR2
read -r word || {
    kill -TERM 0
    for second in 1 2 3; do kill -0 "$1" || break; sleep 1; done
    kill -KILL 0
}"#;
