//! Waking to the microsecond where the system can. tokio's own timers wake a millisecond or so late, which would
//! make a mock of 200 µs six times as slow as it was set.

mod metronome;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use crate::period::Clock;

pub(super) use metronome::Metronome;

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
        let mut metronome = Metronome::start(Arc::clone(&self.clock));
        loop {
            self.wake_until(self.clock.now_ns());
            metronome.set(self.sleepers.borrow().keys().next().map(|&(at_ns, _)| at_ns));
            tokio::select! {
                () = metronome.beat() => {}
                () = self.is_earlier.notified() => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[test]
    fn everybody_wakes_in_the_order_of_their_times_and_none_too_early() {
        let clock = metronome::tests::clock();
        let alarm = Alarm::new(&clock);
        let woken = RefCell::new(Vec::new());
        let sleepers = [3, 1, 0, 2, 1].map(|step| {
            let (alarm, woken, clock) = (&alarm, &woken, &clock);
            async move {
                let since_ns = clock.now_ns();
                alarm.sleep(step * 20_000_000).await;
                assert!(clock.now_ns() - since_ns >= step * 20_000_000);
                woken.borrow_mut().push(step);
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // One who gives up leaves nothing behind.
            drop(alarm.sleep(1));
            tokio::select! {
                never = alarm.ring() => never,
                _ = join_all(sleepers) => {}
            }
        });
        assert_eq!(woken.into_inner(), [0, 1, 1, 2, 3]);
        assert!(alarm.sleepers.borrow().is_empty());
    }
}
