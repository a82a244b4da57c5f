//! Any system: a thread that sleeps until it is time. Threads are woken more exactly than runtimes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;

use crate::period::Clock;

/// Dropping it ends the thread.
pub(in crate::world) struct Sleeper {
    beat: Arc<Beat>,
    thread: Option<JoinHandle<()>>,
}

struct Beat {
    due_ns: AtomicU64,
    notify: Notify,
    clock: Arc<dyn Clock>,
}

impl Sleeper {
    pub(super) fn start(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let beat = Arc::new(Beat { due_ns: AtomicU64::new(NEVER), notify: Notify::new(), clock });
        let beats = Arc::clone(&beat);
        let builder = std::thread::Builder::new().name("metronome".to_owned());
        let thread = builder.spawn(move || beats.run())?;
        Ok(Self { beat, thread: Some(thread) })
    }

    pub(super) fn set(&self, due_ns: Option<u64>) {
        let due_ns = due_ns.unwrap_or(NEVER).clamp(1, NEVER);
        let before_ns = self.beat.due_ns.swap(due_ns, Release);
        // A thread that wakes too early looks again; only one that would wake too late has to be told.
        if due_ns < before_ns {
            self.wake();
        }
    }

    pub(super) async fn beat(&self) {
        self.beat.notify.notified().await;
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.beat.due_ns.store(END, Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Beat {
    fn run(&self) {
        loop {
            let due_ns = self.due_ns.load(Acquire);
            if due_ns == END {
                return;
            }
            if due_ns == NEVER {
                std::thread::park();
                continue;
            }
            let left_ns = due_ns.saturating_sub(self.clock.now_ns());
            if left_ns > 0 {
                std::thread::park_timeout(Duration::from_nanos(left_ns));
            } else if self.due_ns.compare_exchange(due_ns, NEVER, Release, Acquire).is_ok() {
                self.notify.notify_one();
            }
        }
    }
}

const END: u64 = 0;
const NEVER: u64 = u64::MAX;
