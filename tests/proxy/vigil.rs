//! A thread that watches over the servers' health, as the engine's does.

use std::sync::Arc;
use std::thread::JoinHandle;

use evenkeel::dice::Dice;
use evenkeel::proxy::{Shared, Sockets, health};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;

/// Ends when it is dropped.
pub(crate) struct Vigil {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Vigil {
    pub(crate) fn keep(shared: &Arc<Shared>) -> Self {
        let shared = Arc::clone(shared);
        let (stop, stopped) = oneshot::channel();
        let watch = move || {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            runtime.unwrap().block_on(async {
                tokio::select! {
                    () = health::keep(Sockets, shared, Dice::new(1)) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("vigil".to_owned()).spawn(watch).unwrap();
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
