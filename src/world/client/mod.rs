//! Built-in traffic sources on real sockets: client groups that send what the simulator's would, when it would.
//!
//! A group lives on one of the world's threads. What it does comes to it as the latest orders; what it measures is
//! read by difference. No call of the door waits.

mod answer;
mod body;
mod connection;
mod cookie_date;
mod driver;
mod echo;
mod flight;
mod group;
mod http1;
mod http2;
mod identity;
mod idle;
mod jar;
mod measure;
mod notes;
mod sheet;
mod target;
mod traffic;

pub mod load;

use std::sync::Arc;

use tokio::sync::watch;

use super::alarm::Metronome;
use super::{World, WorldError};
use crate::lab;
use crate::meter::{LatencyReading, Meter};

use driver::{Driver, Parts};
pub use identity::Shown;
use measure::Tally;
pub use measure::{Gauges, LostSession};
pub use target::{Speaks, Target};
pub use traffic::Traffic;

/// What a client group is started with.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    pub client: lab::Client,
    pub target: Target,
    /// The lab's, and the group's place in it: a run in virtual time draws the same from them.
    pub seed: u64,
    pub stream: u64,
    /// Shared with the lab's other groups.
    pub traffic: Arc<Traffic>,
    /// The schedule begins here, however late its thread gets to it; counted likewise.
    pub from_ns: u64,
    /// Nothing is sent from then on, counted from the beginning of the traffic.
    pub until_ns: Option<u64>,
}

impl World {
    /// Starts a client group on one of the world's threads.
    pub fn start_client(&self, settings: ClientSettings) -> Result<ClientHandle, WorldError> {
        let ClientSettings { client, target, .. } = &settings;
        let orders =
            Orders { client: client.clone(), target: target.clone(), hold: false, life: 0 };
        let (orders, latest) = watch::channel(orders);
        let tally = Arc::new(Tally::default());
        let (clock, measured) = (Arc::clone(self.clock()), Arc::clone(&tally));
        self.spawn_on(self.next_thread(), move || {
            let metronome = Metronome::start(Arc::clone(&clock));
            let parts = Parts { clock, tally: measured, metronome };
            drop(tokio::task::spawn_local(Driver::new(&settings, parts, latest).run()));
        })?;
        Ok(ClientHandle { orders, tally })
    }
}

/// The latest that a group was told.
#[derive(Debug, Clone)]
struct Orders {
    client: lab::Client,
    target: Target,
    hold: bool,
    /// Raised whenever the group begins anew.
    life: u32,
}

/// A client group under way. Dropping it stops the group and closes its connections.
#[derive(Debug)]
pub struct ClientHandle {
    orders: watch::Sender<Orders>,
    tally: Arc<Tally>,
}

impl ClientHandle {
    /// Puts new settings into force, from the next request on. Connections stay if they still lead there, cookies
    /// stay, and what is in flight ends as it began.
    pub fn retune(&self, client: lab::Client, target: Target) {
        self.orders.send_modify(|orders| {
            orders.client = client;
            orders.target = target;
        });
    }

    /// Requests that arrive while traffic is held wait, and go out in their order when it is released.
    pub fn hold(&self, hold: bool) {
        self.orders.send_modify(|orders| orders.hold = hold);
    }

    /// From the next request on the group has no cookies and no connections, and asks again what it asked first.
    pub fn begin_anew(&self) {
        self.orders.send_modify(|orders| orders.life = orders.life.wrapping_add(1));
    }

    /// False if its thread or its timer is gone, which only a lack of files or memory brings about.
    pub fn is_running(&self) -> bool {
        !self.orders.is_closed()
    }

    /// Requests as the client saw them, with latency from when they should have been sent.
    pub fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.tally.meter)
    }

    /// Latency from when requests were really sent. A stall that made others wait does not show here.
    pub fn latency_from_send(&self) -> LatencyReading {
        self.tally.from_send.read()
    }

    pub fn gauges(&self) -> Gauges {
        self.tally.gauges()
    }

    /// Answers by the server that names itself in them.
    pub fn answers(&self) -> Answers {
        let (by_server, unnamed) = self.tally.answers();
        Answers { by_server, unnamed }
    }

    /// Sessions that broke since this was asked the last time, the oldest first.
    pub fn lost_sessions(&self) -> Vec<LostSession> {
        self.tally.lost.drain().collect()
    }

    /// How identities show themselves, which may be another way than was asked for.
    pub fn shown(&self) -> Shown {
        self.tally.shown()
    }

    /// When the last request ended, counted from the beginning of the traffic.
    fn last_answer_ns(&self) -> u64 {
        self.tally.last_answer_ns.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Who answered how often.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// In the order of the first answers.
    pub by_server: Vec<(String, u64)>,
    /// By nobody who gave a name, or by one too many to be kept apart.
    pub unnamed: u64,
}
