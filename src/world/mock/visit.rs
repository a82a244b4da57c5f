//! One connection at a mock: told when the mock leaves, reset when it must be.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::upgrade::OnUpgrade;
use tokio::sync::Notify;

use super::desk::Desk;
use super::tuning::Tuning;
use super::wire::Ending;
use crate::dice::Dice;
use crate::model::FailureKind;

pub(super) struct Visit {
    pub(super) desk: Rc<Desk>,
    pub(super) leaving: Rc<Leaving>,
    ending: Arc<Ending>,
    /// What was rolled at the door decides about the first request, so that it is not judged twice.
    opening: RefCell<Option<Dice>>,
    /// The connection after it has become something else than HTTP.
    pub(super) upgrade: Cell<Option<Upgrade>>,
}

pub(super) struct Upgrade {
    pub(super) to: OnUpgrade,
    /// What befalls it later.
    pub(super) failure: Option<FailureKind>,
}

impl Visit {
    /// `None` if the client is refused at the door.
    pub(super) fn begin(
        desk: &Rc<Desk>,
        leaving: &Rc<Leaving>,
        ending: Arc<Ending>,
    ) -> Option<Self> {
        let tuning = desk.tuning();
        let opening = (!tuning.keeps_connections()).then(|| desk.fate_dice());
        if let Some(dice) = &opening
            && tuning.behaviour.failures.draw(&mut dice.clone()) == Some(FailureKind::Refuse)
        {
            desk.fail(FailureKind::Refuse);
            ending.reset();
            return None;
        }
        desk.gauges.connections.fetch_add(1, Ordering::Relaxed);
        Some(Self {
            desk: Rc::clone(desk),
            leaving: Rc::clone(leaving),
            ending,
            opening: RefCell::new(opening),
            upgrade: Cell::new(None),
        })
    }

    /// What befalls a request.
    pub(super) fn draw(&self, tuning: &Tuning) -> Option<FailureKind> {
        tuning.behaviour.failures.draw(&mut self.dice())
    }

    /// What befalls a health probe.
    pub(super) fn draw_for_probe(&self, tuning: &Tuning) -> Option<FailureKind> {
        tuning.behaviour.failures.draw_for_probe(&mut self.dice())
    }

    /// The connection will end with a reset.
    pub(super) fn reset(&self) {
        self.ending.reset();
    }

    fn dice(&self) -> Dice {
        self.opening.borrow_mut().take().unwrap_or_else(|| self.desk.fate_dice())
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.desk.gauges.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells every connection that the mock takes no more requests.
#[derive(Default)]
pub(super) struct Leaving {
    is_leaving: Cell<bool>,
    told: Notify,
}

impl Leaving {
    pub(super) fn tell(&self) {
        self.is_leaving.set(true);
        self.told.notify_waiters();
    }

    pub(super) async fn until_told(&self) {
        if !self.is_leaving.get() {
            self.told.notified().await;
        }
    }

    /// Attends to a connection to its end, and says farewell in the middle if the mock leaves.
    pub(super) async fn attend<C: Future>(
        &self,
        connection: C,
        farewell: impl Fn(Pin<&mut C>),
    ) -> C::Output {
        let mut connection = pin!(connection);
        let mut told = pin!(self.told.notified());
        let (mut is_waiting, mut is_told) = (false, false);
        poll_fn(|cx| {
            // Asked once, it wakes this task; asking on every turn would cost every request.
            let is_news = if is_waiting {
                self.is_leaving.get()
            } else {
                is_waiting = true;
                told.as_mut().poll(cx).is_ready() || self.is_leaving.get()
            };
            if is_news && !is_told {
                is_told = true;
                farewell(connection.as_mut());
            }
            connection.as_mut().poll(cx)
        })
        .await
    }
}
