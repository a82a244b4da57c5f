//! Access logs: each is written by a thread of its own, which nobody waits for.

mod format;

use std::convert::Infallible;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, sync_channel};

use super::control::Control;
use super::status::Trouble;
use crate::lab::{self, AccessLogFormat};
use crate::period::Clock;
use crate::proxy::{AccessLog, Record};

pub(super) use format::json;

/// A log that is being written. After it is dropped, what is left is written once the data plane has let go of its end.
pub(super) struct LogWriter {
    end: Arc<AccessLog>,
    wants_reopening: Arc<AtomicBool>,
    /// Nothing ever comes; it is cut off when the last line is written.
    ended: Receiver<Infallible>,
}

impl LogWriter {
    fn start(
        listener: &str,
        settings: &lab::AccessLog,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let path = settings.file.as_ref().map(|file| folder.join(file));
        let sheet = Sheet::open(path)?;
        let (end, finished) = AccessLog::open();
        let wants_reopening = Arc::new(AtomicBool::new(false));
        let writing = Writing {
            sheet,
            format: settings.format,
            clock,
            wants_reopening: Arc::clone(&wants_reopening),
        };
        let (ending, ended) = sync_channel(1);
        std::thread::Builder::new().name(format!("log-{listener}")).spawn(move || {
            writing.write_all(&finished);
            drop(ending);
        })?;
        Ok(Self { end, wants_reopening, ended })
    }

    pub(super) fn end(&self) -> &Arc<AccessLog> {
        &self.end
    }

    /// Lets go of the log. What is returned is cut off when every line is written.
    pub(super) fn let_go(self) -> Receiver<Infallible> {
        self.ended
    }

    /// Goes on in a new file of the same name, with the next line.
    pub(super) fn reopen(&self) {
        self.wants_reopening.store(true, Relaxed);
    }
}

/// What lines are written on.
struct Sheet {
    path: Option<PathBuf>,
    out: BufWriter<Box<dyn Write + Send>>,
    /// The file itself, to see whether it is still the one of that name.
    opened: Option<Metadata>,
}

impl Sheet {
    fn open(path: Option<PathBuf>) -> io::Result<Self> {
        let Some(path) = path else {
            let out: Box<dyn Write + Send> = Box::new(io::stdout());
            return Ok(Self { path: None, out: BufWriter::new(out), opened: None });
        };
        let file = OpenOptions::new().append(true).create(true).open(&path)?;
        let opened = File::metadata(&file).ok();
        let out: Box<dyn Write + Send> = Box::new(file);
        Ok(Self { path: Some(path), out: BufWriter::new(out), opened })
    }

    /// Whether the file was moved away or deleted, as tools do that rotate logs.
    fn is_gone(&self) -> bool {
        let (Some(path), Some(opened)) = (&self.path, &self.opened) else { return false };
        std::fs::metadata(path).map_or(true, |there| !is_same_file(opened, &there))
    }

    fn reopen(&mut self) {
        // What cannot be opened anew is written to the old file, which is better than nowhere.
        if let Ok(new) = Self::open(self.path.clone()) {
            *self = new;
        }
    }
}

#[cfg(unix)]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same_file(_a: &Metadata, _b: &Metadata) -> bool {
    // Files that are open cannot be moved away there.
    true
}

struct Writing {
    sheet: Sheet,
    format: AccessLogFormat,
    clock: Arc<dyn Clock>,
    wants_reopening: Arc<AtomicBool>,
}

impl Writing {
    /// Until nobody can hand over anything any more.
    fn write_all(mut self, finished: &Receiver<Record>) {
        let mut looked_ns = 0;
        while let Ok(record) = finished.recv() {
            let now_ns = self.clock.now_ns();
            let is_due = now_ns.saturating_sub(looked_ns) >= LOOK_EVERY_NS;
            if self.wants_reopening.swap(false, Relaxed) || is_due && self.sheet.is_gone() {
                self.sheet.reopen();
            }
            looked_ns = if is_due { now_ns } else { looked_ns };
            self.write(&record);
            // Whatever is there already goes out in one piece.
            finished.try_iter().take(BATCH).for_each(|record| self.write(&record));
            // A disk that is full loses lines and stops nothing.
            self.sheet.out.flush().ok();
        }
    }

    fn write(&mut self, record: &Record) {
        let ago_ns = self.clock.now_ns().saturating_sub(record.at_ns);
        let unix_ns = self.clock.unix_ns().saturating_sub(ago_ns);
        let line = format::line(self.format, record, unix_ns);
        writeln!(self.sheet.out, "{line}").ok();
    }
}

impl Control {
    pub(super) fn open_log(&mut self, name: &str) {
        let Some(settings) = self.lab.listener(name).and_then(|it| it.access_log.clone()) else {
            return;
        };
        let clock = Arc::clone(self.board.clock());
        let about = format!("log {name}");
        match LogWriter::start(name, &settings, &self.settings.folder, clock) {
            Ok(log) => {
                self.no_trouble(&about, &format!("the log of listener {name} is written"));
                self.gate_mut(name).log = Some(log);
            }
            Err(error) => {
                let file = settings.file.unwrap_or_default();
                let what = format!("the log {file} of listener {name} cannot be written: {error}");
                self.trouble(&about, Trouble::new(what, "choose another file"));
            }
        }
    }
}

const LOOK_EVERY_NS: u64 = 1_000_000_000;
const BATCH: usize = 1_000;
