//! The plan: the immutable thing in force. Every request looks at it once and keeps what it found.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;

use super::access_log::AccessLog;
use super::headers::Edits;
use super::pool::PoolInForce;
use crate::lab::{
    Facts, Forwarded, HttpSettings, InsertedCookie, Limits, Protocol, ProxyProtocolIn, Retries,
    Rewrite, Routing, TcpSettings, Timeouts, UdpSettings,
};
use crate::meter::Meter;

mod build;

pub use build::{Blueprint, ListenerParts};

#[derive(Default)]
pub struct Plan {
    /// Counts the plans.
    pub revision: u64,
    pub limits: Limits,
    /// By slot: a listener keeps its slot for as long as it is there.
    pub listeners: Vec<Option<Arc<ListenerPlan>>>,
    pub pools: BTreeMap<Arc<str>, Arc<PoolInForce>>,
}

/// What a listener does with what it accepts.
pub struct ListenerPlan {
    pub name: Arc<str>,
    pub slot: usize,
    pub protocol: Protocol,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub proxy_protocol: ProxyProtocolIn,
    pub http: HttpSettings,
    pub tcp: TcpSettings,
    pub udp: UdpSettings,
    pub forwarded: Forwarded,
    pub(super) routes: Vec<RoutePlan>,
    /// What leads to them.
    pub(super) routing: Routing,
    pub meter: Arc<Meter>,
    pub log: Option<Arc<AccessLog>>,
}

/// One route: the first whose condition holds decides.
pub struct RoutePlan {
    pub name: Arc<str>,
    pub(super) goal: Goal,
    pub(super) rewrite: Option<Rewrite>,
    /// What the rewrite of a prefix replaces.
    pub(super) prefix: Option<String>,
    pub(super) request_headers: Edits,
    pub(super) response_headers: Edits,
    pub(super) timeouts: Timeouts,
    pub(super) retries: Retries,
}

/// Where a route leads.
pub(super) enum Goal {
    Pool(Arc<PoolInForce>),
    /// Several pools with the running sums of their weights.
    Split {
        sides: Vec<(u64, Arc<PoolInForce>)>,
        sticky: Option<InsertedCookie>,
    },
    Redirect {
        location: String,
        status: u16,
    },
    Answer {
        status: u16,
        body: bytes::Bytes,
        content_type: Option<HeaderValue>,
    },
}

impl ListenerPlan {
    /// The first route whose condition holds.
    pub(super) fn route(&self, facts: &Facts<'_>) -> Option<&RoutePlan> {
        self.routes.get(self.routing.first(facts)?)
    }
}

impl Plan {
    pub fn listener(&self, slot: usize) -> Option<&Arc<ListenerPlan>> {
        self.listeners.get(slot)?.as_ref()
    }
}
