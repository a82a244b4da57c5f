//! Wakes a task at an exact time: the runtime's own timer knows milliseconds only, which on loopback is an age.

mod runtime;
mod thread;
#[cfg(target_os = "linux")]
mod timer;

use std::sync::Arc;

use crate::period::Clock;

/// Beats once at each time that is set.
pub(in crate::world) enum Metronome {
    /// The system's timer, which wakes this very thread.
    #[cfg(target_os = "linux")]
    Timer(timer::Timer),
    /// A thread that sleeps until then, where there is no such timer.
    Thread(thread::Sleeper),
    /// The runtime's timer, a millisecond or so late, where not even a thread is to be had.
    Runtime(runtime::Late),
}

impl Metronome {
    /// To be called on the runtime that will wait for it.
    pub(in crate::world) fn start(clock: Arc<dyn Clock>) -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(timer) = timer::Timer::new(Arc::clone(&clock)) {
            return Self::Timer(timer);
        }
        match thread::Sleeper::start(Arc::clone(&clock)) {
            Ok(sleeper) => Self::Thread(sleeper),
            Err(_) => Self::Runtime(runtime::Late::new(clock)),
        }
    }

    /// Beats at this time by the clock, and no longer at the one set before.
    pub(in crate::world) fn set(&mut self, due_ns: Option<u64>) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Timer(timer) => timer.set(due_ns),
            Self::Thread(sleeper) => sleeper.set(due_ns),
            Self::Runtime(late) => late.set(due_ns),
        }
    }

    /// Waits for the next beat. It may come early or for nothing, never late.
    pub(in crate::world) async fn beat(&mut self) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Timer(timer) => timer.beat().await,
            Self::Thread(sleeper) => sleeper.beat().await,
            Self::Runtime(late) => late.beat().await,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::time::Instant;

    struct Since(Instant);

    impl Clock for Since {
        fn now_ns(&self) -> u64 {
            self.0.elapsed().as_nanos() as u64
        }

        fn unix_ns(&self) -> u64 {
            0
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a timer is tested against real time")]
    pub(in super::super) fn clock() -> Arc<dyn Clock> {
        Arc::new(Since(Instant::now()))
    }

    /// Never early, over a dozen beats, and the last time set is the one that counts.
    async fn check(mut metronome: Metronome, clock: &dyn Clock) {
        metronome.set(Some(clock.now_ns() + 3_600_000_000_000));
        for gap_ns in (0..12).map(|step| step * 100_000) {
            let due_ns = clock.now_ns() + gap_ns;
            metronome.set(Some(due_ns));
            while clock.now_ns() < due_ns {
                metronome.beat().await;
            }
        }
        // A time that has passed beats at once.
        metronome.set(Some(0));
        metronome.beat().await;
        metronome.set(None);
    }

    #[test]
    fn every_kind_beats_when_it_is_time() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let clock = clock();
        runtime.block_on(async {
            check(Metronome::start(Arc::clone(&clock)), clock.as_ref()).await;
            let sleeper = thread::Sleeper::start(Arc::clone(&clock)).unwrap();
            check(Metronome::Thread(sleeper), clock.as_ref()).await;
            let late = runtime::Late::new(Arc::clone(&clock));
            check(Metronome::Runtime(late), clock.as_ref()).await;
        });
    }
}
