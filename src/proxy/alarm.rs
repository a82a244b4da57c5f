//! A deadline that is mostly moved away and seldom met.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Wakes a task at a deadline. Moving the deadline away costs nothing: the timer fires at the old one, finds that
/// it is too early, and is set again. With a timeout of a minute that is once a minute, not once a request.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    armed_ns: u64,
}

impl Alarm {
    /// Whether the deadline is over; if not, the task is woken when it is. It is always the same task that asks.
    pub(super) fn is_over(&mut self, now_ns: u64, deadline_ns: u64, cx: &mut Context<'_>) -> bool {
        if now_ns >= deadline_ns {
            return true;
        }
        if self.armed_ns <= deadline_ns && now_ns.saturating_add(TICK_NS) < self.armed_ns {
            return false;
        }
        if self.sleep.is_none() || deadline_ns < self.armed_ns {
            self.arm(now_ns, deadline_ns);
        }
        while let Some(sleep) = &mut self.sleep {
            if sleep.as_mut().poll(cx) == Poll::Pending {
                return false;
            }
            if self.armed_ns == deadline_ns {
                // The runtime's clock ran ahead of ours by less than its tick.
                return true;
            }
            self.arm(now_ns, deadline_ns);
        }
        false
    }

    fn arm(&mut self, now_ns: u64, deadline_ns: u64) {
        self.armed_ns = deadline_ns;
        let wait = Duration::from_nanos(deadline_ns - now_ns);
        match &mut self.sleep {
            // The runtime's own time, for its own timer.
            Some(sleep) => sleep.as_mut().reset(Instant::now() + wait),
            None => self.sleep = Some(Box::pin(tokio::time::sleep(wait))),
        }
    }
}

/// Closer to its time than this the timer is looked at: its clock and ours differ by a tick.
const TICK_NS: u64 = 4_000_000;
