//! Sleeping to the microsecond where the system can. tokio's own timers wake a millisecond or so late, which would
//! make a mock of 200 µs six times as slow as it was set.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use crate::period::Clock;

/// Everybody on one thread who sleeps by it. Somebody has to await [`Alarm::ring`] meanwhile.
pub(super) struct Alarm {
    clock: Arc<dyn Clock>,
    /// By the time of waking, then by number.
    sleepers: RefCell<BTreeMap<(u64, u64), Waker>>,
    next: Cell<u64>,
    is_earlier: Notify,
}

impl Alarm {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            clock: Arc::clone(clock),
            sleepers: RefCell::default(),
            next: Cell::new(0),
            is_earlier: Notify::new(),
        }
    }

    pub(super) fn sleep(&self, ns: u64) -> Sleep<'_> {
        let number = self.next.get();
        self.next.set(number + 1);
        let at = (self.clock.now_ns().saturating_add(ns), number);
        Sleep { alarm: self, at, is_asleep: false }
    }

    /// Wakes everybody in time, for ever.
    pub(super) async fn ring(&self) -> ! {
        let timer = timer::Timer::new();
        loop {
            let now_ns = self.clock.now_ns();
            self.wake_until(now_ns);
            let first = self.sleepers.borrow().keys().next().copied();
            match first {
                None => self.is_earlier.notified().await,
                Some((at_ns, _)) => {
                    let wait = Duration::from_nanos(at_ns.saturating_sub(now_ns).max(1));
                    tokio::select! {
                        () = timer.wait(wait) => {}
                        () = self.is_earlier.notified() => {}
                    }
                }
            }
        }
    }

    fn wake_until(&self, now_ns: u64) {
        let mut sleepers = self.sleepers.borrow_mut();
        while let Some(first) = sleepers.first_entry()
            && first.key().0 <= now_ns
        {
            first.remove().wake();
        }
    }
}

pub(super) struct Sleep<'a> {
    alarm: &'a Alarm,
    at: (u64, u64),
    is_asleep: bool,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut sleepers = self.alarm.sleepers.borrow_mut();
        if self.is_asleep {
            let Some(waker) = sleepers.get_mut(&self.at) else { return Poll::Ready(()) };
            waker.clone_from(cx.waker());
            return Poll::Pending;
        }
        let is_earlier = sleepers.keys().next().is_none_or(|first| self.at < *first);
        sleepers.insert(self.at, cx.waker().clone());
        drop(sleepers);
        self.is_asleep = true;
        if is_earlier {
            self.alarm.is_earlier.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.alarm.sleepers.borrow_mut().remove(&self.at);
    }
}

/// Linux has timers that are files, exact to the microsecond.
#[cfg(target_os = "linux")]
mod timer {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    pub(super) struct Timer {
        /// `None` where there is no file to be had.
        file: Option<AsyncFd<OwnedFd>>,
    }

    impl Timer {
        #[expect(
            deprecated,
            reason = "its replacement is unsafe, for files that might be closed too early; an owned one is not"
        )]
        pub(super) fn new() -> Self {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let file = timerfd_create(TimerfdClockId::Monotonic, flags)
                .map_err(io::Error::from)
                .and_then(AsyncFd::new);
            Self { file: file.ok() }
        }

        pub(super) async fn wait(&self, duration: Duration) {
            if self.exactly(duration).await.is_err() {
                tokio::time::sleep(duration).await;
            }
        }

        async fn exactly(&self, duration: Duration) -> io::Result<()> {
            let file = self.file.as_ref().ok_or(io::ErrorKind::Unsupported)?;
            let once = Itimerspec {
                it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                it_value: Timespec {
                    tv_sec: duration.as_secs().cast_signed(),
                    tv_nsec: i64::from(duration.subsec_nanos()),
                },
            };
            timerfd_settime(file, TimerfdTimerFlags::empty(), &once)?;
            loop {
                let mut guard = file.readable().await?;
                let read = |file: &AsyncFd<OwnedFd>| Ok(rustix::io::read(file, &mut [0; 8])?);
                if let Ok(read) = guard.try_io(read) {
                    return read.map(|_| ());
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod timer {
    use std::time::Duration;

    pub(super) struct Timer;

    impl Timer {
        pub(super) fn new() -> Self {
            Self
        }

        pub(super) async fn wait(&self, duration: Duration) {
            tokio::time::sleep(duration).await;
        }
    }
}
