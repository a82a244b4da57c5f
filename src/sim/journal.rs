//! What a run that is followed tells of its requests, and of what happened to them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::balance::Decision;
use crate::balance::health::Change;
use crate::lab::Lab;
use crate::meter::Outcome;

use super::crowd::Crowd;
use super::flight::Flight;

/// How much a followed run writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Where every request was and when.
    Ways,
    /// Also what it asked for and why it was sent where it was.
    Reasons,
}

/// One request from its coming to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    /// Its number among the requests of the run: the same request has the same in every run with the same seed.
    pub number: u64,
    /// The place of its client group in the lab.
    pub client: u32,
    pub identity: u32,
    pub address: IpAddr,
    pub came_ns: u64,
    /// The places of its route among those of its listener and of its pool in the lab, once it was led there.
    pub way: Option<(u32, u32)>,
    pub worker: u32,
    pub tries: Vec<Try>,
    pub ended_ns: Option<u64>,
    pub outcome: Option<Outcome>,
    /// What a server answered last.
    pub status: Option<u16>,
    /// With [`Detail::Reasons`] only.
    pub asked: Option<Box<AskedFor>>,
}

/// One try at one server.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    /// As [`super::Run::server`] names it.
    pub server: u32,
    pub began_ns: u64,
    /// When the server began to work on it, if it did.
    pub served_from_ns: Option<u64>,
    pub ended_ns: Option<u64>,
    pub outcome: Option<Outcome>,
    /// With [`Detail::Reasons`] only, and not where it went to a place that came free.
    pub decision: Option<Box<Decision>>,
}

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskedFor {
    pub method: String,
    pub target: String,
    pub host: String,
    pub headers: Vec<(String, String)>,
}

/// Something that happened to the lab.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A cue came, and this lab is in force from here on.
    Cue { index: u32, lab: Arc<Lab> },
    /// A server of this pool changed its health.
    Health { pool: u32, server: u32, change: Change },
}

#[derive(Debug)]
pub(super) struct Journal {
    detail: Detail,
    under_way: BTreeMap<u64, Journey>,
    pub(super) ended: Vec<Journey>,
    /// Requests and which of their tries, as they began.
    pub(super) begun: Vec<(Journey, usize)>,
    pub(super) happened: Vec<(u64, Happening)>,
    /// Why the next try will go where it goes.
    decision: Option<Box<Decision>>,
}

impl Journal {
    pub(super) fn new(detail: Detail) -> Self {
        Self {
            detail,
            under_way: BTreeMap::new(),
            ended: Vec::new(),
            begun: Vec::new(),
            happened: Vec::new(),
            decision: None,
        }
    }

    pub(super) fn wants_reasons(&self) -> bool {
        self.detail == Detail::Reasons
    }

    pub(super) fn came(&mut self, flight: &Flight, crowd: &Crowd) {
        let asked = self.wants_reasons().then(|| {
            let kind = crowd.kind(flight.kind);
            let mut target = Vec::new();
            crowd.write_path(kind, flight.key, &mut target);
            Box::new(AskedFor {
                method: kind.method.clone(),
                target: String::from_utf8_lossy(&target).into_owned(),
                host: kind.host.clone().unwrap_or_default(),
                headers: kind.headers.clone().into_iter().collect(),
            })
        });
        let journey = Journey {
            number: flight.number,
            client: flight.crowd,
            identity: flight.identity,
            address: crowd.address(flight.identity).1,
            came_ns: flight.intended_ns,
            way: None,
            worker: 0,
            tries: Vec::new(),
            ended_ns: None,
            outcome: None,
            status: None,
            asked,
        };
        self.under_way.insert(flight.number, journey);
    }

    pub(super) fn led(&mut self, flight: &Flight) {
        if let Some(journey) = self.under_way.get_mut(&flight.number) {
            journey.way = Some((flight.way, flight.front));
            journey.worker = flight.worker;
        }
    }

    pub(super) fn decided(&mut self, decision: Option<Decision>) {
        self.decision = decision.filter(|it| it.choice.is_some()).map(Box::new);
    }

    pub(super) fn began(&mut self, number: u64, server: u32, now_ns: u64) {
        let decision = self.decision.take();
        let Some(journey) = self.under_way.get_mut(&number) else { return };
        journey.tries.push(Try {
            server,
            began_ns: now_ns,
            served_from_ns: None,
            ended_ns: None,
            outcome: None,
            decision,
        });
        if self.detail == Detail::Reasons {
            self.begun.push((journey.clone(), journey.tries.len() - 1));
        }
    }

    pub(super) fn in_service(&mut self, number: u64, now_ns: u64) {
        let journey = self.under_way.get_mut(&number);
        if let Some(last) = journey.and_then(|journey| journey.tries.last_mut()) {
            last.served_from_ns = Some(now_ns);
        }
    }

    pub(super) fn left(&mut self, number: u64, outcome: Outcome, now_ns: u64) {
        let journey = self.under_way.get_mut(&number);
        if let Some(last) = journey.and_then(|journey| journey.tries.last_mut()) {
            (last.ended_ns, last.outcome) = (Some(now_ns), Some(outcome));
        }
    }

    pub(super) fn answered(&mut self, number: u64, status: Option<u16>) {
        if let Some(journey) = self.under_way.get_mut(&number) {
            journey.status = status;
        }
    }

    pub(super) fn ended(&mut self, number: u64, outcome: Outcome, now_ns: u64) {
        if let Some(mut journey) = self.under_way.remove(&number) {
            (journey.ended_ns, journey.outcome) = (Some(now_ns), Some(outcome));
            self.ended.push(journey);
        }
    }

    /// Requests that have not ended, by their number.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &Journey> {
        self.under_way.values()
    }
}
