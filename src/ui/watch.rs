//! A lab that runs, watched by a thread of its own that wakes the window only when there is something to see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::{Engine, EngineError, Observation, Settings};
use crate::lab::Checked;

use super::story::FRAME_NS;

/// Wakes a window when there is something new to fetch.
type Wake = Box<dyn Fn() + Send>;

/// The engine and who watches it. Dropping this stops both.
pub struct Watch {
    engine: Arc<Engine>,
    /// Who else is to be woken from now on.
    wakes: SyncSender<Wake>,
    seen: Receiver<Observation>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Runs a lab. `wake` is called when there is something new to fetch.
    pub(super) fn start(
        lab: Checked,
        settings: Settings,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, EngineError> {
        let engine = Arc::new(Engine::start(lab, settings)?);
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, seen) = sync_channel(SEEN_MAX);
        let (wakes, others) = sync_channel(1);
        let watcher =
            Watcher { engine: Arc::clone(&engine), stop: Arc::clone(&stop), tell, others };
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watcher.run(Box::new(wake)))
            .map_err(EngineError::Thread)?;
        Ok(Self { engine, wakes, seen, stop, thread: Some(thread) })
    }

    /// From now on another window is woken.
    pub(super) fn wake(&self, ctx: &egui::Context) {
        let ctx = ctx.clone();
        // If the place is taken, a window that is gone waits there to be told of; it is told of soon.
        self.wakes.send(Box::new(move || ctx.request_repaint())).ok();
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What was seen since the last call, oldest first.
    pub(super) fn fetch(&self) -> impl Iterator<Item = Observation> + '_ {
        self.seen.try_iter()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there was reported by the panic itself.
            drop(thread.join());
        }
    }
}

struct Watcher {
    engine: Arc<Engine>,
    stop: Arc<AtomicBool>,
    tell: SyncSender<Observation>,
    others: Receiver<Wake>,
}

impl Watcher {
    fn run(&self, mut wake: Wake) {
        let mut last: Option<Observation> = None;
        let mut n_quiet = 0;
        while !self.stop.load(Relaxed) {
            if let Ok(another) = self.others.try_recv() {
                wake = another;
            }
            let seen = self.engine.observe();
            let moved = last.as_ref().is_none_or(|last| has_moved(last, &seen));
            n_quiet = if moved { 0 } else { n_quiet + 1 };
            // Lines fall to where they belong before the picture stands still.
            if n_quiet <= QUIET_FRAMES {
                last = Some(Observation {
                    requests: Vec::new(),
                    events: Vec::new(),
                    printed: Vec::new(),
                    ..seen.clone()
                });
                match self.tell.try_send(seen) {
                    Ok(()) => wake(),
                    Err(TrySendError::Full(_)) => {}
                    Err(TrySendError::Disconnected(_)) => return,
                }
            }
            let frames = if n_quiet > QUIET_FRAMES { IDLE_FRAMES } else { 1 };
            std::thread::park_timeout(Duration::from_nanos(FRAME_NS * frames));
        }
    }
}

/// Whether there is anything that a picture would show.
fn has_moved(before: &Observation, now: &Observation) -> bool {
    !now.events.is_empty()
        || !now.requests.is_empty()
        || !now.begun.is_empty()
        || !now.printed.is_empty()
        || now.pools != before.pools
        || now.figures != before.figures
        || now.listeners != before.listeners
        || now.connections != before.connections
}

/// A window that does not fetch for so many frames loses some: it is hidden, or stands still for seconds.
const SEEN_MAX: usize = 64;
const QUIET_FRAMES: u64 = 20;
/// How much more seldom it looks while nothing happens.
const IDLE_FRAMES: u64 = 3;
