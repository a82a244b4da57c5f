//! Where a connection leads: by what is known of it without a look into it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::super::plan::{Goal, ListenerPlan, RoutePlan};
use super::super::pool::PoolInForce;
use super::super::sticky::Found;
use crate::dice::Dice;
use crate::lab::{Facts, Key, Stickiness};

/// Who connects, and for what.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) address: SocketAddr,
    pub(super) sni: Option<Arc<str>>,
}

impl Caller {
    /// The first route whose condition holds.
    pub(super) fn route<'a>(&self, listener: &'a ListenerPlan) -> Option<&'a RoutePlan> {
        listener.route(&Facts {
            host: "",
            path: "",
            query: "",
            method: "",
            source: Some(self.ip()),
            sni: self.sni.as_deref(),
            header: &|_| None,
        })
    }

    /// The bytes that decide where a key-driven algorithm leads the caller. Empty where there is no such thing.
    pub(super) fn key(&self, pool: &PoolInForce) -> Vec<u8> {
        match &pool.settings.key {
            _ if !pool.keyed => Vec::new(),
            Key::Address => self.name(),
            Key::Sni => self.sni.as_deref().map_or_else(Vec::new, Into::into),
            Key::Header(_) | Key::Cookie(_) | Key::Query(_) | Key::Path | Key::Uri => Vec::new(),
        }
    }

    /// The server that the caller is bound to, if the pool remembers sources.
    pub(super) fn own(&self, pool: &PoolInForce, now_ns: u64) -> Option<Arc<str>> {
        let Stickiness::Source(_) = pool.settings.stickiness else { return None };
        match pool.sticky.find(&self.name(), now_ns) {
            Found::Bound(server) => Some(server),
            Found::Nothing | Found::Expired => None,
        }
    }

    pub(super) fn bind(&self, pool: &PoolInForce, server: &Arc<str>, now_ns: u64) {
        if let Stickiness::Source(_) = pool.settings.stickiness {
            pool.sticky.bind(&self.name(), server, now_ns);
        }
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    fn name(&self) -> Vec<u8> {
        self.ip().to_string().into_bytes()
    }
}

/// The pool a route leads to. Of a split, the dice choose the side; a listener without HTTP has no cookies to stay on it.
pub(super) fn pool_of(route: &RoutePlan, dice: &mut Dice) -> Option<Arc<PoolInForce>> {
    match &route.goal {
        Goal::Pool(pool) => Some(Arc::clone(pool)),
        Goal::Split { sides, .. } => {
            let total = sides.last().map_or(0, |(total, _)| *total);
            let drawn = dice.below(total.max(1));
            let side = sides.iter().find(|(up_to, _)| drawn < *up_to);
            side.map(|(_, pool)| Arc::clone(pool))
        }
        Goal::Redirect { .. } | Goal::Answer { .. } => None,
    }
}

pub(super) fn is_strict(pool: &PoolInForce) -> bool {
    matches!(&pool.settings.stickiness, Stickiness::Source(table) if table.strict)
}
