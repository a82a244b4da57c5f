//! Stopping one engine and starting the next on a thread of its own: no frame waits for sockets or programs.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use egui::Context;

use super::watch::Watch;
use crate::engine::{EngineError, Settings};
use crate::lab::{Checked, Lab};

/// An engine about to run. Dropping this waits for it and stops it.
pub(super) struct Ignition {
    /// What a person sees as what runs.
    pub(super) lab: Arc<Lab>,
    /// Something has changed since it began.
    pub(super) outdated: bool,
    started: Receiver<Result<Watch, EngineError>>,
    thread: Option<JoinHandle<()>>,
}

impl Ignition {
    /// `lab` is what is wanted, `allowed` as much of it as may run. What was `before` lets go of its ports first.
    pub(super) fn begin(
        ctx: &Context,
        before: (Option<Watch>, Option<Self>),
        lab: Arc<Lab>,
        allowed: Checked,
        settings: Settings,
    ) -> Result<Self, EngineError> {
        let (tell, started) = sync_channel(1);
        let ctx = ctx.clone();
        let start = move || {
            drop(before);
            let wake = {
                let ctx = ctx.clone();
                move || ctx.request_repaint()
            };
            // Nobody hears it if the window has closed; then it stops again.
            drop(tell.send(Watch::start(allowed, settings, wake)));
            ctx.request_repaint();
        };
        let thread = std::thread::Builder::new().name("ignition".to_owned()).spawn(start);
        let thread = Some(thread.map_err(EngineError::Thread)?);
        Ok(Self { lab, outdated: false, started, thread })
    }

    /// What came of it, if it is over. Says it once.
    pub(super) fn poll(&self) -> Option<Result<Watch, EngineError>> {
        match self.started.try_recv() {
            Ok(started) => Some(started),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(EngineError::Ended)),
        }
    }

    /// Waits for what comes of it.
    pub(super) fn wait(self) -> Option<Watch> {
        self.started.recv().ok()?.ok()
    }
}

impl Drop for Ignition {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic itself.
            drop(thread.join());
        }
    }
}
