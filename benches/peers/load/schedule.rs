//! When requests are due. A late answer delays nobody's request, so a proxy that stalls cannot hide it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use evenkeel::dice::Dice;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use super::Pace;

pub(super) struct Schedule {
    pace: Pace,
    due: RefCell<VecDeque<Instant>>,
    is_due: Notify,
}

impl Schedule {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, due: RefCell::default(), is_due: Notify::new() }
    }

    /// The moment from which the next request counts: now, or when it was due.
    pub(super) async fn next(&self) -> Instant {
        if self.pace == Pace::Closed {
            return Instant::now();
        }
        loop {
            let due = self.due.borrow_mut().pop_front();
            if let Some(due) = due {
                return due;
            }
            self.is_due.notified().await;
        }
    }

    /// Lets requests become due, for ever.
    pub(super) async fn run(&self, per_second: f64) -> ! {
        let timer = Timer::new().expect("Linux has timers that are files");
        let mut dice = Dice::new(1);
        let mut next = Instant::now();
        loop {
            let now = Instant::now();
            while next <= now {
                self.due.borrow_mut().push_back(next);
                self.is_due.notify_one();
                let gap_secs = -libm::log(dice.unit_above_zero()) / per_second;
                next += Duration::try_from_secs_f64(gap_secs).unwrap_or_default();
            }
            timer.sleep(next.saturating_duration_since(now)).await;
        }
    }
}

/// Wakes to the microsecond, where the runtime's own timers know milliseconds only.
struct Timer(AsyncFd<std::os::fd::OwnedFd>);

impl Timer {
    #[expect(
        deprecated,
        reason = "its successor is the same but `unsafe`, for files that may be closed under it"
    )]
    fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(AsyncFd::new(timerfd_create(TimerfdClockId::Monotonic, flags)?)?))
    }

    async fn sleep(&self, time: Duration) {
        // Zero would stop the timer.
        let nanoseconds = i64::from(time.subsec_nanos()).max(1);
        let once = Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: nanoseconds };
        let spec = Itimerspec { it_interval: Timespec::default(), it_value: once };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &spec).expect("a valid time");
        // Setting it again clears it, so it need not be read.
        let mut ready = self.0.readable().await.expect("the runtime lives");
        ready.clear_ready();
    }
}
