//! From a checked lab to the plan in force, taking over from the plan before what must survive the change.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use http::HeaderValue;

use super::super::access_log::AccessLog;
use super::super::headers::Edits;
use super::super::pool::{PoolInForce, PoolState};
use super::super::server::{Server, UpstreamTls, cookie_hash};
use super::super::shared::Shared;
use super::super::sticky::Sticky;
use super::super::tls::Origination;
use super::{Goal, ListenerPlan, Plan, RoutePlan};
use crate::balance::pool::Pool;
use crate::lab::{
    Action, HeaderEdit, InsertedCookie, Lab, Listener, PathCondition, Route, Routing, Stickiness,
    WorkerState,
};
use crate::meter::Meter;

/// A lab, and what had to be found out to run it.
pub struct Blueprint<'a> {
    pub lab: &'a Lab,
    pub workers: usize,
    pub seed: u64,
    /// What is open, by the listener's name. Others are not in the plan.
    pub listeners: BTreeMap<String, ListenerParts>,
    /// The slots of listeners that were closed and let their last requests finish: those stay as they were.
    pub closing: Vec<usize>,
    /// Where each server is, by pool and by server; a server without an address refuses all.
    pub addresses: BTreeMap<(String, String), Vec<SocketAddr>>,
    /// For pools that speak TLS to their servers.
    pub upstream_tls: BTreeMap<String, Arc<Origination>>,
}

/// What a listener brings to a plan.
#[derive(Clone)]
pub struct ListenerParts {
    pub slot: usize,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub meter: Arc<Meter>,
    pub log: Option<Arc<AccessLog>>,
}

impl Shared {
    /// Puts a new plan into force. Requests under way finish on the one they began with.
    pub fn publish(&self, blueprint: &Blueprint<'_>) -> Arc<Plan> {
        self.put_into_force(blueprint, false)
    }

    /// The same for balancing that begins anew: nothing is held against a server, nothing is known of how fast it is,
    /// and no client is bound to one. Only cookies that clients bring are still believed.
    pub fn publish_anew(&self, blueprint: &Blueprint<'_>) -> Arc<Plan> {
        self.plan.load().pools.values().for_each(|pool| pool.state.forgive());
        self.put_into_force(blueprint, true)
    }

    fn put_into_force(&self, blueprint: &Blueprint<'_>, anew: bool) -> Arc<Plan> {
        let before = self.plan.load_full();
        let plan = Arc::new(Build { shared: self, blueprint, before: &before, anew }.plan());
        self.plan.store(Arc::clone(&plan));
        for pool in plan.pools.values() {
            pool.come_into_force();
        }
        for pool in before.pools.values() {
            if !plan.pools.contains_key(&pool.name) {
                pool.state.current.store(Weak::new());
                pool.state.waiting.ask_again();
            }
            let kept = plan.pools.get(&pool.name).map_or(&[][..], |pool| &pool.servers[..]);
            let gone = |server: &&Arc<Server>| !kept.iter().any(|kept| Arc::ptr_eq(kept, server));
            pool.servers.iter().filter(gone).for_each(|server| server.retired.store(true, Relaxed));
        }
        self.bell.notify_one();
        plan
    }
}

struct Build<'a> {
    shared: &'a Shared,
    blueprint: &'a Blueprint<'a>,
    before: &'a Plan,
    /// Whether what the balancing before has learned is left behind.
    anew: bool,
}

impl Build<'_> {
    fn plan(&self) -> Plan {
        let lab = self.blueprint.lab;
        let mut slots = Slots::new(self.before);
        let pools: BTreeMap<Arc<str>, Arc<PoolInForce>> = lab
            .pools
            .iter()
            .map(|settings| {
                let pool = self.pool(settings, &mut slots);
                (Arc::clone(&pool.name), pool)
            })
            .collect();
        let mut listeners = Vec::new();
        for listener in &lab.listeners {
            let Some(parts) = self.blueprint.listeners.get(&listener.name) else { continue };
            if listeners.len() <= parts.slot {
                listeners.resize_with(parts.slot + 1, || None);
            }
            listeners[parts.slot] = Some(Arc::new(listener_plan(listener, parts, &pools)));
        }
        for &slot in &self.blueprint.closing {
            if listeners.len() <= slot {
                listeners.resize_with(slot + 1, || None);
            }
            listeners[slot] = self.before.listener(slot).map(Arc::clone);
        }
        let revision = self.before.revision + 1;
        Plan { revision, limits: lab.limits.clone(), listeners, pools }
    }

    fn pool(&self, settings: &crate::lab::Pool, slots: &mut Slots) -> Arc<PoolInForce> {
        let Blueprint { lab, workers, seed, .. } = self.blueprint;
        let before = self.before.pools.get(settings.name.as_str());
        let servers = self.servers(settings, before, slots);
        let n_shares = match lab.state {
            WorkerState::Shared => 1,
            WorkerState::PerWorker => *workers,
        };
        let learned = before.filter(|_| !self.anew);
        if let Some(before) = learned
            && *before.settings == *settings
            && before.shares.len() == n_shares
            && before.servers.len() == servers.len()
            && before.servers.iter().zip(&servers).all(|(before, now)| Arc::ptr_eq(before, now))
        {
            return Arc::clone(before);
        }
        let now_ns = self.shared.clock.now_ns();
        let (mut terms, around) = (settings.terms(), settings.settings());
        // A server that is nowhere, such as one whose program still starts, is not picked, to be found missing.
        for (terms, server) in terms.iter_mut().zip(&servers) {
            terms.drained |= server.addresses.is_empty();
        }
        let share = |worker: usize| {
            let before = learned.map(|before| before.share(worker.min(before.shares.len() - 1)));
            Arc::new(match before {
                Some(before) => before.followed_by(&settings.algorithm, &around, &terms, now_ns),
                None => Pool::new(&settings.algorithm, &around, &terms, seed ^ worker as u64),
            })
        };
        Arc::new(PoolInForce {
            name: before
                .map_or_else(|| settings.name.as_str().into(), |pool| Arc::clone(&pool.name)),
            shares: (0..n_shares).map(share).collect(),
            keyed: settings.algorithm.about().keyed,
            sticky: learned
                .filter(|before| before.settings.stickiness == settings.stickiness)
                .map_or_else(
                    || Arc::new(Sticky::new(&settings.stickiness)),
                    |before| Arc::clone(&before.sticky),
                ),
            state: before.map_or_else(
                || Arc::new(PoolState::new(settings, self.shared)),
                |before| Arc::clone(&before.state),
            ),
            settings: Arc::new(settings.clone()),
            servers,
        })
    }

    fn servers(
        &self,
        settings: &crate::lab::Pool,
        before: Option<&Arc<PoolInForce>>,
        slots: &mut Slots,
    ) -> Vec<Arc<Server>> {
        let copies = settings.servers.iter().flat_map(|server| {
            let cookie = server.cookie.clone();
            server.copy_names().into_iter().map(move |name| (name, cookie.clone()))
        });
        copies
            .map(|(name, cookie)| {
                let known = before
                    .and_then(|pool| pool.servers.iter().find(|server| *server.name == *name));
                let key = (settings.name.clone(), name);
                let addresses = self.blueprint.addresses.get(&key).cloned().unwrap_or_default();
                let tls = self.blueprint.upstream_tls.get(&settings.name);
                let new = Server {
                    tls: upstream_tls(settings, &key.1, tls),
                    slot: 0,
                    serial: 0,
                    addresses,
                    upstream: settings.upstream.clone(),
                    meter: known.map_or_else(Arc::default, |known| Arc::clone(&known.meter)),
                    cookie_hash: cookie_hash(cookie.as_deref().unwrap_or(&key.1)),
                    connections: AtomicU32::new(0),
                    retired: AtomicBool::new(false),
                    name: key.1.as_str().into(),
                };
                match known.filter(|known| is_the_same(known, &new)) {
                    Some(known) => Arc::clone(known),
                    None => slots.give(new, &self.shared.serials),
                }
            })
            .collect()
    }
}

fn upstream_tls(
    settings: &crate::lab::Pool,
    server: &str,
    origination: Option<&Arc<Origination>>,
) -> Option<Arc<UpstreamTls>> {
    let origination = Arc::clone(origination?);
    let written = settings.servers.iter().find(|it| it.name == server)?.address.as_deref();
    let host = written.and_then(|address| address.rsplit_once(':')).map(|(host, _)| host);
    let name = origination.server_name(host.unwrap_or("localhost")).ok()?;
    Some(Arc::new(UpstreamTls { origination, name }))
}

/// Whether connections to the one are connections to the other.
fn is_the_same(a: &Server, b: &Server) -> bool {
    let same_tls = match (&a.tls, &b.tls) {
        (None, None) => true,
        (Some(a), Some(b)) => Arc::ptr_eq(&a.origination, &b.origination) && a.name == b.name,
        _ => false,
    };
    a.addresses == b.addresses
        && a.upstream == b.upstream
        && a.cookie_hash == b.cookie_hash
        && same_tls
}

/// Places in the workers' stores of idle connections, given again when a server is gone.
struct Slots {
    taken: Vec<bool>,
}

impl Slots {
    fn new(before: &Plan) -> Self {
        let mut slots = Self { taken: Vec::new() };
        for server in before.pools.values().flat_map(|pool| &pool.servers) {
            if slots.taken.len() <= server.slot {
                slots.taken.resize(server.slot + 1, false);
            }
            slots.taken[server.slot] = true;
        }
        slots
    }

    fn give(&mut self, server: Server, serials: &AtomicU64) -> Arc<Server> {
        let slot = self.taken.iter().position(|taken| !taken).unwrap_or_else(|| {
            self.taken.push(false);
            self.taken.len() - 1
        });
        self.taken[slot] = true;
        Arc::new(Server { slot, serial: serials.fetch_add(1, Relaxed), ..server })
    }
}

fn listener_plan(
    listener: &Listener,
    parts: &ListenerParts,
    pools: &BTreeMap<Arc<str>, Arc<PoolInForce>>,
) -> ListenerPlan {
    let in_force = listener.routes_in_force();
    let routes = in_force.iter().enumerate().map(|(index, route)| route_plan(index, route, pools));
    ListenerPlan {
        name: listener.name.as_str().into(),
        slot: parts.slot,
        protocol: listener.protocol,
        tls: parts.tls.clone(),
        proxy_protocol: listener.proxy_protocol,
        http: listener.http.clone(),
        tcp: listener.tcp.clone(),
        udp: listener.udp.clone(),
        forwarded: listener.forwarded.clone(),
        routes: routes.collect(),
        routing: Routing::new(in_force.iter().map(|route| route.when.clone()).collect()),
        meter: Arc::clone(&parts.meter),
        log: parts.log.clone(),
    }
}

fn route_plan(
    index: usize,
    route: &Route,
    pools: &BTreeMap<Arc<str>, Arc<PoolInForce>>,
) -> RoutePlan {
    let name = if route.name.is_empty() { (index + 1).to_string() } else { route.name.clone() };
    let prefix = match &route.when.path {
        Some(PathCondition::Prefix(prefix)) => Some(prefix.clone()),
        _ => None,
    };
    RoutePlan {
        name: name.into(),
        goal: goal(&route.to, pools),
        rewrite: route.rewrite.clone(),
        prefix,
        request_headers: edits(&route.request_headers),
        response_headers: edits(&route.response_headers),
        timeouts: route.timeouts.clone(),
        retries: route.retries.clone(),
    }
}

fn edits(edits: &[HeaderEdit]) -> Edits {
    Edits::compile(edits)
        .expect("a checked lab's edits are names and values that a header may have")
}

fn goal(action: &Action, pools: &BTreeMap<Arc<str>, Arc<PoolInForce>>) -> Goal {
    let pool = |name: &str| Arc::clone(&pools[name]);
    match action {
        Action::Pool(name) => Goal::Pool(pool(name)),
        Action::Split(split) => {
            let mut total = 0;
            let sides = split.parts.iter().map(|part| {
                total += u64::from(part.weight);
                (total, pool(&part.pool))
            });
            let sides: Vec<(u64, Arc<PoolInForce>)> = sides.collect();
            let sticky = split.sticky.clone().map(|sticky| apart(sticky, &sides));
            Goal::Split { sides, sticky }
        }
        Action::Redirect { location, status } => {
            Goal::Redirect { location: location.clone(), status: *status }
        }
        Action::Answer { status, body, content_type } => Goal::Answer {
            status: *status,
            body: body.clone().into(),
            content_type: content_type.as_deref().and_then(|it| HeaderValue::from_str(it).ok()),
        },
    }
}

/// A client may have a cookie for its side and one for its server there: they must not overwrite each other.
fn apart(sticky: InsertedCookie, sides: &[(u64, Arc<PoolInForce>)]) -> InsertedCookie {
    let clashes = sides.iter().any(|(_, pool)| {
        matches!(&pool.settings.stickiness, Stickiness::Inserted(own) if own.name == sticky.name)
    });
    let name = if clashes { format!("{}-side", sticky.name) } else { sticky.name };
    InsertedCookie { name, ..sticky }
}
