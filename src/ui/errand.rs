//! Work that takes longer than a frame may: done by a thread of its own, fetched when it is done.

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use egui::Context;

/// One piece of work under way. Whoever drops it does not want its result any more.
#[derive(Debug)]
pub(super) struct Errand<T> {
    result: Receiver<T>,
}

/// How far it is.
pub(super) enum Progress<T> {
    UnderWay,
    Done(T),
    /// Its thread panicked, which was reported by the panic itself.
    Lost,
}

impl<T: Send + 'static> Errand<T> {
    /// Wakes the window when there is a result.
    pub(super) fn run(
        name: &str,
        ctx: &Context,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Self> {
        let (tell, result) = sync_channel(1);
        let ctx = ctx.clone();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nobody hears it where it is not wanted any more.
            tell.send(work()).ok();
            ctx.request_repaint();
        })?;
        Ok(Self { result })
    }

    pub(super) fn progress(&self) -> Progress<T> {
        match self.result.try_recv() {
            Ok(result) => Progress::Done(result),
            Err(TryRecvError::Empty) => Progress::UnderWay,
            Err(TryRecvError::Disconnected) => Progress::Lost,
        }
    }

    /// Waits for the result. Not for a frame: for the moment when the window is gone.
    pub(super) fn wait(self) -> Option<T> {
        self.result.recv().ok()
    }
}

/// Takes the result out of a place for work under way, and empties it.
pub(super) fn fetch<T: Send + 'static>(place: &mut Option<Errand<T>>) -> Option<T> {
    match place.as_ref()?.progress() {
        Progress::UnderWay => None,
        Progress::Done(result) => {
            *place = None;
            Some(result)
        }
        Progress::Lost => {
            *place = None;
            None
        }
    }
}
