//! Linux: a timer that is a file, so that waiting for it is waiting for input. One wake, no second thread.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::period::Clock;

pub(in crate::world) struct Timer {
    file: AsyncFd<OwnedFd>,
    clock: Arc<dyn Clock>,
    due_ns: Option<u64>,
}

impl Timer {
    #[expect(
        deprecated,
        reason = "its successor is the same but `unsafe`, for files that may be closed under it, as one we own is not"
    )]
    pub(super) fn new(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let file = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let file = AsyncFd::with_interest(file, Interest::READABLE)?;
        Ok(Self { file, clock, due_ns: None })
    }

    pub(super) fn set(&mut self, due_ns: Option<u64>) {
        if due_ns == self.due_ns {
            return;
        }
        self.due_ns = due_ns;
        // Zero would switch the timer off.
        let left_ns = due_ns.map_or(0, |due_ns| due_ns.saturating_sub(self.clock.now_ns()).max(1));
        let left_ns = left_ns.min(YEAR_NS).cast_signed();
        let left = Timespec { tv_sec: left_ns / SECOND_NS, tv_nsec: left_ns % SECOND_NS };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: zero, it_value: left };
        timerfd_settime(self.file.get_ref(), TimerfdTimerFlags::empty(), &once)
            .expect("a timer of ours takes every time up to a year");
    }

    pub(super) async fn beat(&mut self) {
        if let Ok(mut ready) = self.file.readable().await {
            // Its count is of no use, and setting it anew takes the count away.
            ready.clear_ready();
        }
        // Whoever finds it too early by their own clock may set the same time again.
        self.due_ns = None;
    }
}

const SECOND_NS: i64 = 1_000_000_000;
const YEAR_NS: u64 = 365 * 86_400 * 1_000_000_000;
