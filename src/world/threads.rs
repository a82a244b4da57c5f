//! The world's own threads, so that mocks and clients are not measured as part of the proxy.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::WorldError;
use crate::period::Clock;

/// What a world is started with.
pub struct WorldSettings {
    /// Each has a single-threaded runtime of its own.
    pub threads: usize,
    pub clock: Arc<dyn Clock>,
    /// Chance in the whole world comes from here.
    pub seed: u64,
}

impl WorldSettings {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { threads: 2, clock, seed: 0 }
    }
}

/// The threads on which mocks, clients and commands live. Dropping it ends everything that runs there.
pub struct World {
    threads: Vec<Thread>,
    clock: Arc<dyn Clock>,
    seed: u64,
    next: AtomicUsize,
    /// Dropped first of all.
    ending: Option<watch::Sender<()>>,
}

/// Whoever has it is waited for.
pub(super) struct Stay {
    ending: watch::Receiver<()>,
    _hold: mpsc::Sender<Infallible>,
}

impl Stay {
    /// When it is time to go.
    pub(super) async fn ends(&mut self) {
        // Nothing is ever sent; it changes by being dropped.
        drop(self.ending.changed().await);
    }
}

impl World {
    pub fn start(settings: WorldSettings) -> Result<Self, WorldError> {
        let WorldSettings { threads, clock, seed } = settings;
        let threads =
            (0..threads.clamp(1, THREADS_MAX)).map(Thread::start).collect::<Result<_, _>>()?;
        Ok(Self {
            threads,
            clock,
            seed,
            next: AtomicUsize::new(0),
            ending: Some(watch::Sender::new(())),
        })
    }

    /// Runs a job on one of the threads, counted round; inside it `tokio::task::spawn_local` works. Returns at once.
    pub fn spawn_on(
        &self,
        index: usize,
        job: impl FnOnce() + Send + 'static,
    ) -> Result<(), WorldError> {
        let index = index % self.threads.len();
        let thread = &self.threads[index];
        let mailbox = thread.mailbox.as_ref().ok_or(WorldError::ThreadEnded { index })?;
        mailbox.try_send(Box::new(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WorldError::Busy { index, limit: MAILBOX },
            mpsc::error::TrySendError::Closed(_) => WorldError::ThreadEnded { index },
        })
    }

    /// For what must not be cut off when the world ends: its thread waits for it, within reason.
    pub(super) fn stay(&self, index: usize) -> Result<Stay, WorldError> {
        let index = index % self.threads.len();
        let hold = self.threads[index].hold.clone().ok_or(WorldError::ThreadEnded { index })?;
        let ending = self.ending.as_ref().ok_or(WorldError::ThreadEnded { index })?;
        Ok(Stay { ending: ending.subscribe(), _hold: hold })
    }

    pub fn n_threads(&self) -> usize {
        self.threads.len()
    }

    /// The thread whose turn it is to get something new.
    pub fn next_thread(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len()
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // All mailboxes first, so that the threads end side by side.
        self.ending = None;
        for thread in &mut self.threads {
            thread.mailbox = None;
            thread.hold = None;
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

struct Thread {
    /// `None` once it has been told to end.
    mailbox: Option<mpsc::Sender<Job>>,
    /// Who has a clone of it is waited for.
    hold: Option<mpsc::Sender<Infallible>>,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    fn start(index: usize) -> Result<Self, WorldError> {
        let start = |source| WorldError::Thread { index, source };
        // Where there are no more threads or files, whoever starts a world has to know at once.
        let (started, is_started) = std::sync::mpsc::sync_channel(1);
        let (mailbox, jobs) = mpsc::channel(MAILBOX);
        let (hold, held) = mpsc::channel(1);
        let handle = std::thread::Builder::new()
            .name(format!("world-{index}"))
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build_local(tokio::runtime::LocalOptions::default());
                let (runtime, answer) = match runtime {
                    Ok(runtime) => (Some(runtime), Ok(())),
                    Err(error) => (None, Err(error)),
                };
                let is_awaited = started.send(answer).is_ok();
                if let Some(runtime) = runtime.filter(|_| is_awaited) {
                    runtime.block_on(work(jobs, held));
                }
            })
            .map_err(start)?;
        let thread = Self { mailbox: Some(mailbox), hold: Some(hold), handle: Some(handle) };
        match is_started.recv() {
            Ok(Ok(())) => Ok(thread),
            Ok(Err(error)) => Err(start(error)),
            Err(_gone) => Err(WorldError::ThreadEnded { index }),
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.mailbox = None;
        self.hold = None;
        let Some(handle) = self.handle.take() else { return };
        // A world that is dropped on a thread of its own cannot wait for that thread.
        if handle.thread().id() != std::thread::current().id() {
            // A panic there has been reported by the thread itself.
            drop(handle.join());
        }
    }
}

/// Jobs in the order in which they came, until nobody can send any more. Then the runtime is dropped, and with it
/// every task and socket on this thread.
async fn work(mut jobs: mpsc::Receiver<Job>, mut held: mpsc::Receiver<Infallible>) {
    while let Some(job) = jobs.recv().await {
        job();
    }
    // Those who need more than that are cut off.
    drop(tokio::time::timeout(FAREWELL, held.recv()).await);
}

/// More threads than anybody's machine has cores are a slip of the hand.
const THREADS_MAX: usize = 256;
const FAREWELL: Duration = Duration::from_secs(5);
/// Jobs start something and end at once; so many waiting means that the thread is stuck.
const MAILBOX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    struct NoTime;

    impl Clock for NoTime {
        fn now_ns(&self) -> u64 {
            0
        }

        fn unix_ns(&self) -> u64 {
            0
        }
    }

    #[test]
    fn jobs_run_on_named_threads_and_may_spawn() {
        let world = World::start(WorldSettings::new(Arc::new(NoTime))).unwrap();
        let (tell, told) = std::sync::mpsc::sync_channel(4);
        for index in 0..4 {
            let tell = tell.clone();
            let spawn = move || {
                tokio::task::spawn_local(async move {
                    tell.send(std::thread::current().name().map(str::to_owned)).unwrap();
                });
            };
            world.spawn_on(index, spawn).unwrap();
        }
        let mut names: Vec<String> = (0..4).map(|_| told.recv().unwrap().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["world-0", "world-0", "world-1", "world-1"]);
    }

    #[test]
    fn dropping_the_world_ends_its_tasks() {
        let world = World::start(WorldSettings::new(Arc::new(NoTime))).unwrap();
        let (held, watched) = (Arc::new(()), Arc::new(()));
        for (index, thing) in [Arc::clone(&held), Arc::clone(&watched)].into_iter().enumerate() {
            let wait = move || {
                tokio::task::spawn_local(async move {
                    std::future::pending::<()>().await;
                    drop(thing);
                });
            };
            world.spawn_on(index, wait).unwrap();
        }
        drop(world);
        assert_eq!((Arc::strong_count(&held), Arc::strong_count(&watched)), (1, 1));
    }
}
