//! Watching the file that is open: when it changes on disk, it is read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use egui::Context;

use super::reading::{ReadFile, read_file};
use crate::engine::{Bell, EngineError, News, Watcher};

pub(super) struct Watched {
    file: PathBuf,
    /// Taken away first when it ends, so that its thread does not wait for somebody to fetch.
    changed: Option<Receiver<ReadFile>>,
    stop: Arc<AtomicBool>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

impl Watched {
    pub(super) fn start(ctx: &Context, file: &Path) -> Result<Self, EngineError> {
        let mut watcher = Watcher::of_files();
        watcher.watch(file)?;
        let (tell, changed) = sync_channel(1);
        let (stop, bell) = (Arc::new(AtomicBool::new(false)), watcher.bell());
        let (stopped, ctx, watched) = (Arc::clone(&stop), ctx.clone(), file.to_owned());
        let thread = std::thread::Builder::new()
            .name("lab file".to_owned())
            .spawn(move || {
                while let Some(news) = watcher.next(None) {
                    if stopped.load(Relaxed) {
                        return;
                    }
                    if news == News::Changed {
                        // Waits for a window that has not fetched the last one; the next is read after that.
                        if tell.send(read_file(watched.clone())).is_err() {
                            return;
                        }
                        ctx.request_repaint();
                    }
                }
            })
            .map_err(EngineError::Thread)?;
        Ok(Self { file: file.to_owned(), changed: Some(changed), stop, bell, thread: Some(thread) })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The file as it is after a change that nobody has heard of yet.
    pub(super) fn changed(&self) -> Option<ReadFile> {
        self.changed.as_ref()?.try_iter().last()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        self.bell.ring();
        self.changed = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic itself.
            drop(thread.join());
        }
    }
}
