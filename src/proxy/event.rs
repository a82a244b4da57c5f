//! What happened in the data plane that is not a request, with its cause.

use std::sync::atomic::{AtomicBool, Ordering::AcqRel};
use std::sync::{Arc, OnceLock};

use crate::balance::Health;
use crate::balance::health::Cause;
use crate::meter::Recent;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    pub at_ns: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// A server's health has changed.
    Health { pool: Arc<str>, server: Arc<str>, to: Health, cause: Cause },
    /// A connection was refused or closed because of what its client did.
    Misbehaved { listener: Arc<str>, why: String },
    /// Something of the system failed: a certificate, an accept.
    Trouble { listener: Arc<str>, why: String },
}

/// Events, kept until somebody reads them, and who is called when there are some.
pub struct Events {
    recent: Recent<Event>,
    reader: OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// Since the last reading. A reader is called once for all that it will find, however many come.
    called: AtomicBool,
}

impl Events {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            recent: Recent::new(capacity),
            reader: OnceLock::new(),
            called: AtomicBool::new(false),
        }
    }

    pub(super) fn push(&self, event: Event) {
        self.recent.push(event);
        self.call();
    }

    /// Whom to call, from whatever thread, when there is something to read. Only the first one is.
    pub fn call_at_news(&self, reader: impl Fn() + Send + Sync + 'static) {
        // A second one would need a flag of its own.
        drop(self.reader.set(Box::new(reader)));
    }

    /// There is something to read, here or beside.
    pub fn call(&self) {
        if let Some(reader) = self.reader.get()
            && !self.called.swap(true, AcqRel)
        {
            reader();
        }
    }

    /// Takes what is there. What comes from now on calls the reader anew.
    pub fn drain(&self) -> impl Iterator<Item = Event> + '_ {
        // Before it looks: what is pushed after the look finds the flag down.
        self.called.swap(false, AcqRel);
        self.recent.drain()
    }

    /// How many made room for newer ones before anybody read them, since the start.
    pub fn lost(&self) -> u64 {
        self.recent.lost()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[test]
    fn a_reader_is_called_once_for_all_that_it_will_find() {
        let (events, calls) = (Events::new(9), Arc::new(AtomicUsize::new(0)));
        let event = || {
            let (listener, why) = ("front".into(), "it is late".to_owned());
            Event { at_ns: 0, what: What::Misbehaved { listener, why } }
        };
        events.push(event());
        let called = Arc::clone(&calls);
        events.call_at_news(move || {
            called.fetch_add(1, SeqCst);
        });
        assert_eq!((events.drain().count(), calls.load(SeqCst)), (1, 0));
        (0..3).for_each(|_| events.push(event()));
        assert_eq!((calls.load(SeqCst), events.drain().count()), (1, 3));
        assert_eq!((calls.load(SeqCst), events.drain().count()), (1, 0));
        events.push(event());
        assert_eq!(calls.load(SeqCst), 2);
    }
}
