//! What the driver of a group and its requests under way share on their thread.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::net::UdpSocket;
use tokio::sync::Notify;

use super::http1::Http1;
use super::http2::Streams;
use super::identity::Shown;
use super::idle::Idle;
use super::jar::Jars;
use super::measure::Tally;
use super::sheet::Sheet;
use super::target::Target;
use super::traffic::Traffic;
use crate::lab::{Client, Requests};
use crate::period::Clock;

pub(super) struct Group {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) tally: Arc<Tally>,
    plan: RefCell<Rc<Plan>>,
    pub(super) idle: RefCell<Idle<Http1>>,
    pub(super) sockets: RefCell<Idle<UdpSocket>>,
    pub(super) streams: Streams,
    pub(super) jars: RefCell<Jars>,
    holds: Cell<bool>,
    released: Notify,
    /// Users of a closed loop who have their answer, and what they asked for when.
    pub(super) answered: RefCell<Vec<Answered>>,
    /// Wakes the driver when a user may go on.
    pub(super) wake: Notify,
}

/// What a group lives on.
pub(super) struct Terms {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) tally: Arc<Tally>,
}

/// A user of a closed loop may go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub(super) user: u32,
    /// Not before this, even without thinking.
    pub(super) earliest_ns: u64,
}

/// Settings in force. A request ends on those it was sent with.
pub(super) struct Plan {
    pub(super) client: Client,
    /// With TLS as this client's version of HTTP offers it.
    pub(super) target: Target,
    pub(super) shown: Shown,
    pub(super) sheets: Vec<Sheet>,
    /// Connections of another era lead elsewhere and are not kept.
    pub(super) era: u32,
    /// Cookies of another life are not taken.
    life: u32,
    /// As it was handed over, to see what changes.
    given: Target,
}

impl Plan {
    pub(super) fn new(client: &Client, target: &Target, requests: &Requests) -> Self {
        let kinds = requests.kinds().iter();
        Self {
            client: client.clone(),
            target: target.clone().offering(client.http),
            shown: Shown::of(client.identities.shown_by, target),
            sheets: kinds.map(|kind| Sheet::new(kind, client.key_in.as_ref(), target)).collect(),
            era: 0,
            life: 0,
            given: target.clone(),
        }
    }

    pub(super) fn sheet(&self, kind: u32) -> &Sheet {
        &self.sheets[(kind as usize).min(self.sheets.len() - 1)]
    }

    /// Whether connections of the one before serve this one as well.
    fn keeps_connections_of(&self, before: &Self) -> bool {
        self.given.is_same_place(&before.given)
            && self.shown == before.shown
            && self.client.http == before.client.http
            && self.client.keep_alive == before.client.keep_alive
    }
}

impl Group {
    pub(super) fn new(terms: Terms, plan: Plan) -> Self {
        let Terms { clock, traffic, tally } = terms;
        tally.set_shown(plan.shown);
        Self {
            clock,
            traffic,
            tally,
            plan: RefCell::new(Rc::new(plan)),
            idle: RefCell::default(),
            sockets: RefCell::default(),
            streams: Streams::default(),
            jars: RefCell::default(),
            holds: Cell::new(false),
            released: Notify::new(),
            answered: RefCell::default(),
            wake: Notify::new(),
        }
    }

    pub(super) fn plan(&self) -> Rc<Plan> {
        Rc::clone(&self.plan.borrow())
    }

    /// Puts new settings into force; connections that still lead where they should stay, unless all begins `anew`.
    pub(super) fn follow(&self, mut plan: Plan, anew: bool) {
        let before = self.plan();
        plan.era = before.era;
        plan.life = before.life + u32::from(anew);
        self.tally.set_shown(plan.shown);
        if anew || !plan.keeps_connections_of(&before) {
            plan.era += 1;
            self.idle.borrow_mut().clear();
            self.sockets.borrow_mut().clear();
            self.streams.clear();
        }
        if anew || !plan.client.cookies {
            self.jars.borrow_mut().clear();
        }
        self.plan.replace(Rc::new(plan));
    }

    /// Whether connections made under this plan may be used again.
    pub(super) fn keeps(&self, plan: &Plan) -> bool {
        plan.client.keep_alive && plan.era == self.plan.borrow().era
    }

    /// Whether what answers bring to requests of this plan may be remembered.
    pub(super) fn remembers(&self, plan: &Plan) -> bool {
        let newest = self.plan.borrow();
        newest.client.cookies && plan.life == newest.life
    }

    pub(super) fn set_hold(&self, holds: bool) {
        self.holds.set(holds);
        if !holds {
            self.released.notify_waiters();
        }
    }

    /// Waits as long as traffic is held. Whoever came first goes first.
    pub(super) async fn released(&self) {
        while self.holds.get() {
            self.released.notified().await;
        }
    }

    /// Time since the traffic began.
    pub(super) fn now_ns(&self) -> u64 {
        self.clock.now_ns().saturating_sub(self.traffic.began_ns)
    }

    pub(super) fn unix_secs(&self) -> i64 {
        (self.clock.unix_ns() / 1_000_000_000).cast_signed()
    }

    /// Closes kept connections that the other side has closed.
    pub(super) fn tidy(&self) {
        self.idle.borrow_mut().retain(Http1::is_quiet);
        self.streams.tidy();
    }

    pub(super) fn count_stale(&self) {
        self.tally.stale_connections.fetch_add(1, Relaxed);
    }
}
