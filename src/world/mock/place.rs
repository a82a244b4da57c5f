//! A place in service, which comes free exactly once whatever happens to its request.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::desk::Desk;

/// Given back when dropped. If its client leaves in the middle, most servers finish the work all the same: then the place
/// comes free when the work would have been done.
pub(super) struct Place {
    desk: Rc<Desk>,
    until_ns: Option<u64>,
}

impl Place {
    pub(super) fn new(desk: &Rc<Desk>) -> Self {
        Self { desk: Rc::clone(desk), until_ns: None }
    }

    /// Is in service for so long.
    pub(super) async fn work(&mut self, service_ns: u64) {
        if service_ns > 0 {
            self.keep_for(service_ns);
            self.desk.sleep(service_ns).await;
            self.until_ns = None;
        }
    }

    /// Somebody else drops it when its work is done; who drops it earlier frees it only then.
    pub(super) fn keep_for(&mut self, service_ns: u64) {
        self.until_ns = Some(self.desk.now_ns().saturating_add(service_ns));
    }

    /// Its work is done.
    pub(super) fn free(mut self) {
        self.until_ns = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self.until_ns {
            Some(until_ns) => self.desk.leave_at(until_ns),
            None => self.desk.leave(),
        }
    }
}

/// Waits in the queue. Whoever is dropped before the turn comes leaves the queue, and a place that was given in that very
/// moment goes to the next.
pub(super) struct Waiting {
    desk: Rc<Desk>,
    ticket: u64,
}

impl Waiting {
    pub(super) fn new(desk: &Rc<Desk>, ticket: u64) -> Self {
        Self { desk: Rc::clone(desk), ticket }
    }
}

impl Future for Waiting {
    type Output = Place;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Place> {
        if self.desk.is_called(self.ticket, cx.waker()) {
            return Poll::Ready(Place::new(&self.desk));
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.desk.stop_waiting(self.ticket);
    }
}
