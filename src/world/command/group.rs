//! A process and all its children, as one thing to be ended. The one door to what systems do differently here.

use tokio::process::Child;

/// Everything that a command has started.
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    /// The process will lead a group of its own: nobody signals it by accident, and its children go with it.
    pub(super) fn prepare(command: &mut tokio::process::Command) {
        command.process_group(0);
    }

    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    /// Asks it to end. False where there is no gentle way.
    pub(super) fn ask_to_end(&self) -> bool {
        self.signal(rustix::process::Signal::TERM)
    }

    pub(super) fn kill(&self, _child: &mut Child) {
        self.signal(rustix::process::Signal::KILL);
    }

    fn signal(&self, signal: rustix::process::Signal) -> bool {
        // A group that has ended cannot be signalled and needs none.
        self.leader
            .is_some_and(|leader| rustix::process::kill_process_group(leader, signal).is_ok())
    }
}

#[cfg(not(unix))]
impl Group {
    pub(super) fn prepare(_command: &mut tokio::process::Command) {}

    pub(super) fn of(_child: &Child) -> Self {
        Self {}
    }

    /// Asks it to end. False where there is no gentle way.
    pub(super) fn ask_to_end(&self) -> bool {
        false
    }

    pub(super) fn kill(&self, child: &mut Child) {
        // One that has ended cannot be killed and needs not be.
        child.start_kill().ok();
    }
}
