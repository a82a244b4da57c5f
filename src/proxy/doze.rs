//! A future beside the one that a task is about, which is let sleep until it calls.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::task::{Context, Poll, Wake, Waker};

/// Polls its future only when that has called for it. A connection is woken for each of its bytes, and the closing of
/// its listener, which comes once, if ever, would be asked about each time, under a lock.
pub(super) struct Doze<F> {
    sleeper: Pin<Box<F>>,
    bell: Option<Arc<Bell>>,
}

/// What the sleeper calls with.
struct Bell {
    rung: AtomicBool,
    task: Waker,
}

impl<F: Future> Doze<F> {
    pub(super) fn new(sleeper: F) -> Self {
        Self { sleeper: Box::pin(sleeper), bell: None }
    }
}

impl<F: Future> Future for Doze<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { sleeper, bell } = &mut *self;
        let bell = match bell {
            Some(bell) if bell.task.will_wake(ctx.waker()) => bell,
            // Another task asks than before: the sleeper has to learn whom it wakes.
            _ => {
                let task = ctx.waker().clone();
                bell.insert(Arc::new(Bell { rung: AtomicBool::new(true), task }))
            }
        };
        if !bell.rung.load(Acquire) || !bell.rung.swap(false, AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(bell));
        sleeper.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Release);
        self.task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;

    use tokio::sync::Notify;

    use super::*;

    #[test]
    fn a_sleeper_is_asked_once_and_then_when_it_calls() {
        let (asked, notify) = (Cell::new(0), Notify::new());
        let mut called = Box::pin(notify.notified());
        let mut doze = Doze::new(poll_fn(|ctx| {
            asked.set(asked.get() + 1);
            called.as_mut().poll(ctx)
        }));
        let mut poll = |waker| Pin::new(&mut doze).poll(&mut Context::from_waker(waker));
        for _ in 0..10 {
            assert!(poll(Waker::noop()).is_pending());
        }
        assert_eq!(asked.get(), 1);
        notify.notify_one();
        assert!(poll(Waker::noop()).is_ready());
        assert_eq!(asked.get(), 2);
    }
}
