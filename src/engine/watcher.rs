//! Waiting for what comes from outside: signals of the system, and files that change.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::oneshot;

use super::EngineError;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Ctrl-C, or the system asks the program to end.
    Interrupted,
    /// SIGHUP: files of logs were moved away.
    HungUp,
    /// A watched file is different, or another one is in its place.
    Changed,
    /// Somebody rang the bell.
    Rung,
}

/// Sleeps until there are news.
pub struct Watcher {
    news: Receiver<News>,
    tell: SyncSender<News>,
    files: Option<RecommendedWatcher>,
    /// Ends the thread that waits for signals, where one does.
    _signals: Option<oneshot::Sender<()>>,
}

/// Wakes a watcher from another thread.
#[derive(Debug, Clone)]
pub struct Bell {
    tell: SyncSender<News>,
}

impl Bell {
    pub fn ring(&self) {
        // A full box means that there are news to look at already.
        drop(self.tell.try_send(News::Rung));
    }
}

impl Watcher {
    /// Tells of files only; signals do what they did before.
    pub fn of_files() -> Self {
        let (tell, news) = sync_channel(NEWS);
        Self { news, tell, files: None, _signals: None }
    }

    /// From now on signals do not end the program, but are news.
    pub fn start() -> Result<Self, EngineError> {
        let (tell, news) = sync_channel(NEWS);
        let (signals, ended) = oneshot::channel();
        let teller = tell.clone();
        let (ready, is_ready) = sync_channel(1);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(signals::wait(&teller, ended, &ready)),
                    Err(error) => drop(ready.send(Err(error))),
                }
            })
            .map_err(EngineError::Thread)?;
        match is_ready.recv() {
            Ok(Ok(())) => Ok(Self { news, tell, files: None, _signals: Some(signals) }),
            Ok(Err(error)) => Err(EngineError::Thread(error)),
            Err(_gone) => Err(EngineError::Ended),
        }
    }

    /// Watches a file. Its folder is what is watched, because editors put a new file in the place of the old.
    pub fn watch(&mut self, file: &Path) -> Result<(), EngineError> {
        let failed = |error: notify::Error| EngineError::Watch(error.to_string());
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let name: Option<OsString> = file.file_name().map(ToOwned::to_owned);
        let tell = self.tell.clone();
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let is_it = match &event {
                    // Reading it is no change; it would wake whoever has just read it.
                    Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
                    Ok(event) => event.paths.iter().any(|path| path.file_name() == name.as_deref()),
                    // Something was missed: looking once more does no harm.
                    Err(_) => true,
                };
                if is_it {
                    drop(tell.try_send(News::Changed));
                }
            })
            .map_err(failed)?;
        watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(failed)?;
        self.files = Some(watcher);
        Ok(())
    }

    pub fn bell(&self) -> Bell {
        Bell { tell: self.tell.clone() }
    }

    /// The next news; nothing if there are none for so long. A file that is written in several steps is one.
    pub fn next(&self, patience: Option<Duration>) -> Option<News> {
        let first = match patience {
            Some(patience) => self.news.recv_timeout(patience).ok()?,
            None => self.news.recv().ok()?,
        };
        if first != News::Changed {
            return Some(first);
        }
        while let Ok(next) = self.news.recv_timeout(QUIET) {
            if next != News::Changed {
                // What interrupts goes first; the change is told again after it.
                drop(self.tell.try_send(News::Changed));
                return Some(next);
            }
        }
        Some(News::Changed)
    }
}

mod signals {
    use std::io;
    use std::sync::mpsc::SyncSender;

    use tokio::sync::oneshot;

    use super::News;

    #[cfg(unix)]
    pub(super) async fn wait(
        tell: &SyncSender<News>,
        mut ended: oneshot::Receiver<()>,
        ready: &SyncSender<io::Result<()>>,
    ) {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else {
            let error = io::Error::other("the system's signals cannot be heard");
            return drop(ready.send(Err(error)));
        };
        drop(ready.send(Ok(())));
        loop {
            let news = tokio::select! {
                _ = interrupt.recv() => News::Interrupted,
                _ = terminate.recv() => News::Interrupted,
                _ = hangup.recv() => News::HungUp,
                _ = &mut ended => return,
            };
            drop(tell.try_send(news));
        }
    }

    #[cfg(not(unix))]
    pub(super) async fn wait(
        tell: &SyncSender<News>,
        mut ended: oneshot::Receiver<()>,
        ready: &SyncSender<io::Result<()>>,
    ) {
        drop(ready.send(Ok(())));
        loop {
            tokio::select! {
                heard = tokio::signal::ctrl_c() => match heard {
                    Ok(()) => drop(tell.try_send(News::Interrupted)),
                    Err(_unheard) => return,
                },
                _ = &mut ended => return,
            }
        }
    }
}

/// News that wait to be looked at.
const NEWS: usize = 64;
/// An editor is done writing when it has been silent for so long.
const QUIET: Duration = Duration::from_millis(50);
