//! What the streams of one HTTP/2 connection have in common.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Counts streams, and those that their client reset.
///
/// A reset costs the client a few bytes and us a request, perhaps a connection to a server (CVE-2023-44487). Honest
/// clients reset streams, too, so the count goes down again: by one for each stream that came to its end, and by one a
/// second.
pub(super) struct Ledger {
    resets_max: f64,
    resets: Cell<f64>,
    reset_at: Cell<Instant>,
    streams: Cell<usize>,
    rests_since: Cell<Instant>,
    flood: Notify,
}

/// One stream in the ledger.
pub(super) struct Entry(Rc<Ledger>);

impl Ledger {
    pub(super) fn new(resets_max: u32) -> Rc<Self> {
        // The runtime's own time, which is virtual where the runtime is.
        let now = Instant::now();
        Rc::new(Self {
            resets_max: f64::from(resets_max),
            resets: Cell::new(0.0),
            reset_at: Cell::new(now),
            streams: Cell::new(0),
            rests_since: Cell::new(now),
            flood: Notify::new(),
        })
    }

    pub(super) fn enter(self: &Rc<Self>) -> Entry {
        self.streams.set(self.streams.get() + 1);
        Entry(Rc::clone(self))
    }

    /// How long there has been no stream, if there is none.
    pub(super) fn rest(&self) -> Option<Duration> {
        (self.streams.get() == 0).then(|| self.rests_since.get().elapsed())
    }

    /// Waits until more streams were reset than is allowed.
    pub(super) async fn flooded(&self) {
        self.flood.notified().await;
    }
}

impl Entry {
    /// The client reset the stream.
    pub(super) fn was_reset(&self) {
        let Ledger { resets_max, resets, reset_at, flood, .. } = &*self.0;
        let forgiven = reset_at.replace(Instant::now()).elapsed().as_secs_f64();
        resets.set((resets.get() - forgiven).max(0.0) + 1.0);
        if resets.get() > *resets_max {
            flood.notify_one();
        }
    }

    /// The stream came to its end.
    pub(super) fn is_whole(&self) {
        let resets = &self.0.resets;
        resets.set((resets.get() - 1.0).max(0.0));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let streams = &self.0.streams;
        streams.set(streams.get() - 1);
        if streams.get() == 0 {
            self.0.rests_since.set(Instant::now());
        }
    }
}
