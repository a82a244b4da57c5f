//! The access log's end in the data plane: finished requests are handed over and never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::record::Record;

/// Where a listener's finished requests go to be written down.
#[derive(Debug)]
pub struct AccessLog {
    finished: SyncSender<Record>,
    lost: AtomicU64,
}

impl AccessLog {
    /// A log, and what its writer reads. It ends when nobody holds the log any more.
    pub fn open() -> (Arc<Self>, Receiver<Record>) {
        let (finished, to_write) = sync_channel(WAITING);
        (Arc::new(Self { finished, lost: AtomicU64::new(0) }), to_write)
    }

    /// A writer that cannot keep up loses lines; it never holds up a request.
    pub(super) fn write(&self, record: Record) {
        if self.finished.try_send(record).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Requests that were not written down.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

/// Requests that wait to be written: a tenth of a second of a busy proxy.
const WAITING: usize = 8192;
