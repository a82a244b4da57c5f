//! What is different in the plan, for people: the event log and the marks in the plots say it in these words.

use std::fmt;

use crate::lab::{Lab, Listener, Pool, Server, algorithm_text};

/// One difference between two plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    PoolAdded {
        pool: String,
    },
    PoolRemoved {
        pool: String,
    },
    Algorithm {
        pool: String,
        from: String,
        to: String,
    },
    ServerAdded {
        pool: String,
        server: String,
    },
    ServerRemoved {
        pool: String,
        server: String,
    },
    Weight {
        pool: String,
        server: String,
        from: u32,
        to: u32,
    },
    Drained {
        pool: String,
        server: String,
    },
    Undrained {
        pool: String,
        server: String,
    },
    /// A server whose other settings differ.
    Server {
        pool: String,
        server: String,
        what: &'static str,
    },
    /// A pool whose other settings differ.
    Pool {
        pool: String,
        what: &'static str,
    },
    ListenerAdded {
        listener: String,
    },
    ListenerRemoved {
        listener: String,
    },
    Listener {
        listener: String,
        what: &'static str,
    },
    Limits,
    State,
}

/// Everything that differs, in the order of the document.
pub(super) fn changes(before: &Lab, now: &Lab) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.limits != now.limits {
        changes.push(Change::Limits);
    }
    if before.state != now.state || before.workers != now.workers {
        changes.push(Change::State);
    }
    of_listeners(before, now, &mut changes);
    for pool in &now.pools {
        match before.pool(&pool.name) {
            None => changes.push(Change::PoolAdded { pool: pool.name.clone() }),
            Some(before) => of_pool(before, pool, &mut changes),
        }
    }
    let gone = before.pools.iter().filter(|pool| now.pool(&pool.name).is_none());
    changes.extend(gone.map(|pool| Change::PoolRemoved { pool: pool.name.clone() }));
    changes
}

fn of_listeners(before: &Lab, now: &Lab, changes: &mut Vec<Change>) {
    let enabled = |lab: &Lab| -> Vec<Listener> {
        lab.listeners.iter().filter(|listener| listener.enabled).cloned().collect()
    };
    let (before, now) = (enabled(before), enabled(now));
    for listener in &now {
        let name = || listener.name.clone();
        match before.iter().find(|before| before.name == listener.name) {
            None => changes.push(Change::ListenerAdded { listener: name() }),
            Some(before) => {
                let what = what_of_listener(before, listener);
                let what = what.into_iter();
                changes.extend(what.map(|what| Change::Listener { listener: name(), what }));
            }
        }
    }
    let is_gone = |listener: &&Listener| !now.iter().any(|now| now.name == listener.name);
    changes.extend(
        before
            .iter()
            .filter(is_gone)
            .map(|listener| Change::ListenerRemoved { listener: listener.name.clone() }),
    );
}

fn what_of_listener(before: &Listener, now: &Listener) -> Vec<&'static str> {
    // Named one by one, so that a new setting cannot be forgotten here.
    let Listener {
        name: _,
        enabled: _,
        address,
        exposed: _,
        protocol,
        tls,
        proxy_protocol,
        pool,
        routes,
        http,
        tcp,
        udp,
        forwarded,
        access_log,
    } = now;
    let differs = [
        (before.address != *address, "address"),
        (before.protocol != *protocol, "protocol"),
        (before.tls != *tls, "certificates"),
        (before.proxy_protocol != *proxy_protocol, "PROXY protocol"),
        (before.pool != *pool || before.routes != *routes, "routes"),
        (before.http != *http || before.tcp != *tcp || before.udp != *udp, "protocol settings"),
        (before.forwarded != *forwarded, "forwarded headers"),
        (before.access_log != *access_log, "access log"),
    ];
    differs.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what).collect()
}

fn of_pool(before: &Pool, now: &Pool, changes: &mut Vec<Change>) {
    let Pool {
        name,
        algorithm,
        key,
        servers,
        stickiness,
        over_provisioning,
        panic_below,
        own_zone,
        slow_start,
        queue,
        health,
        upstream,
        mocks,
    } = now;
    let pool = || name.clone();
    if before.algorithm != *algorithm {
        let (from, to) =
            (algorithm_text::print(&before.algorithm), algorithm_text::print(algorithm));
        changes.push(Change::Algorithm { pool: pool(), from, to });
    }
    let around = before.over_provisioning != *over_provisioning
        || before.panic_below != *panic_below
        || before.own_zone != *own_zone;
    let differs = [
        (before.key != *key, "key"),
        (before.stickiness != *stickiness, "stickiness"),
        (around, "failover"),
        (before.slow_start != *slow_start, "slow start"),
        (before.queue != *queue, "queue"),
        (before.health != *health, "health checks"),
        (before.upstream != *upstream, "connections to servers"),
        (before.mocks != *mocks, "mocks"),
    ];
    let differing = differs.into_iter().filter(|(differs, _)| *differs);
    changes.extend(differing.map(|(_, what)| Change::Pool { pool: pool(), what }));
    for server in servers {
        match before.server(&server.name) {
            None => changes.push(Change::ServerAdded { pool: pool(), server: server.name.clone() }),
            Some(before) => of_server(name, before, server, changes),
        }
    }
    let gone = before.servers.iter().filter(|server| now.server(&server.name).is_none());
    changes.extend(
        gone.map(|server| Change::ServerRemoved { pool: pool(), server: server.name.clone() }),
    );
    let order = |pool: &Pool, other: &Pool| -> Vec<String> {
        let both = pool.servers.iter().filter(|server| other.server(&server.name).is_some());
        both.map(|server| server.name.clone()).collect()
    };
    if order(before, now) != order(now, before) {
        changes.push(Change::Pool { pool: pool(), what: "order of servers" });
    }
}

fn of_server(pool: &str, before: &Server, now: &Server, changes: &mut Vec<Change>) {
    let Server {
        name,
        id,
        cookie,
        enabled,
        weight,
        drain,
        priority,
        zone,
        concurrency,
        address,
        mock,
        command,
    } = now;
    let (pool, server) = (|| pool.to_owned(), || name.clone());
    if before.weight != *weight {
        let (from, to) = (before.weight, *weight);
        changes.push(Change::Weight { pool: pool(), server: server(), from, to });
    }
    match (before.drain, *drain) {
        (false, true) => changes.push(Change::Drained { pool: pool(), server: server() }),
        (true, false) => changes.push(Change::Undrained { pool: pool(), server: server() }),
        _ => {}
    }
    let copies = before.n_copies() != now.n_copies();
    let is_another = match (&before.command, command) {
        (Some(before), Some(now)) => !before.does_the_same(now),
        (before, now) => before.is_some() != now.is_some(),
    };
    let source =
        before.address != *address || before.mock.is_some() != mock.is_some() || is_another;
    let differs = [
        (before.id != *id || before.cookie != *cookie, "identity"),
        (before.enabled != *enabled, if *enabled { "life (revived)" } else { "life (killed)" }),
        (before.priority != *priority, "priority"),
        (before.zone != *zone, "zone"),
        (before.concurrency != *concurrency, "concurrency limit"),
        (source, "address"),
        (copies && !source, "number of copies"),
    ];
    let differing = differs.into_iter().filter(|(differs, _)| *differs);
    changes.extend(differing.map(|(_, what)| Change::Server {
        pool: pool(),
        server: server(),
        what,
    }));
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PoolAdded { pool } => write!(out, "pool {pool} is added"),
            Self::PoolRemoved { pool } => write!(out, "pool {pool} is removed"),
            Self::Algorithm { pool, from, to } => write!(out, "{pool}: {from} becomes {to}"),
            Self::ServerAdded { pool, server } => write!(out, "{server} joins {pool}"),
            Self::ServerRemoved { pool, server } => write!(out, "{server} leaves {pool}"),
            Self::Weight { pool, server, from, to } => {
                write!(out, "{pool}/{server}: weight {from} becomes {to}")
            }
            Self::Drained { pool, server } => write!(out, "{pool}/{server} drains"),
            Self::Undrained { pool, server } => write!(out, "{pool}/{server} drains no more"),
            Self::Server { pool, server, what } => {
                write!(out, "{pool}/{server}: the {what} changes")
            }
            Self::Pool { pool, what } => write!(out, "{pool}: the {what} change"),
            Self::ListenerAdded { listener } => write!(out, "listener {listener} is added"),
            Self::ListenerRemoved { listener } => write!(out, "listener {listener} is removed"),
            Self::Listener { listener, what } => {
                write!(out, "listener {listener}: the {what} change")
            }
            Self::Limits => out.write_str("the limits change"),
            Self::State => out.write_str("the workers change"),
        }
    }
}
