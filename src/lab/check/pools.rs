//! Pools: an algorithm with settings that make sense, a key it looks at, servers to choose from.

use super::super::pool::{Key, MockProtocol};
use super::super::sticky::{InsertedCookie, SameSite, Stickiness};
use super::super::upstream::{UpstreamProtocol, UpstreamTls};
use super::super::{Lab, Listener, Pool, Probe, Protocol};
use super::findings::Findings;
use super::written::{is_host, is_path, is_token};
use super::{DAY, SHORTEST, algorithm, health, servers};
use crate::period::Period;

pub(super) fn check(findings: &mut Findings, lab: &Lab) {
    findings.names("pools", "pool", lab.pools.iter().map(|pool| pool.name.as_str()));
    for (index, pool) in lab.pools.iter().enumerate() {
        check_one(findings, index, pool, lab);
    }
}

pub(super) fn check_one(findings: &mut Findings, index: usize, pool: &Pool, lab: &Lab) {
    let at = format!("pools[{index}]");
    algorithm::check(findings, &format!("{at}.algorithm"), pool);
    key(findings, &at, pool);
    stickiness(findings, &format!("{at}.stickiness"), &pool.stickiness);
    wrapping(findings, &at, pool);
    health::check(findings, &format!("{at}.health"), &pool.health);
    grpc_probe(findings, &at, pool);
    upstream(findings, &at, pool);
    servers::check(findings, &at, pool);
    use_of(findings, &at, pool, lab);
}

/// gRPC is spoken over HTTP/2 only.
fn grpc_probe(findings: &mut Findings, at: &str, pool: &Pool) {
    let probe = pool.health.active.as_ref().map(|active| &active.probe);
    let is_grpc = matches!(probe, Some(Probe::Grpc { .. }));
    if is_grpc && pool.upstream.protocol == UpstreamProtocol::Http1 {
        findings.error(
            &format!("{at}.health.active.probe"),
            "a gRPC check needs HTTP/2, and this pool speaks HTTP/1.1 to its servers",
            "write upstream: (protocol: h2c), or another probe",
        );
    }
}

fn key(findings: &mut Findings, at: &str, pool: &Pool) {
    let path = format!("{at}.key");
    let about = pool.algorithm.about();
    key_name(findings, &path, &pool.key);
    if pool.key != Key::Address && !about.keyed {
        findings.warn(
            &path,
            format!("{} does not look at the key", about.name),
            "leave key out, or use a keyed algorithm such as ring",
        );
    } else if pool.key != Key::Address && about.name == "ip-hash" {
        findings.warn(
            &path,
            "ip-hash looks at the address and nothing else",
            "leave key out, or use a keyed algorithm such as ring",
        );
    }
}

/// That a header, cookie or query parameter that holds the key can be named so.
pub(super) fn key_name(findings: &mut Findings, path: &str, key: &Key) {
    if let Key::Header(name) | Key::Cookie(name) = key
        && !is_token(name)
    {
        let what = format!("`{name}` is no name for a header or cookie");
        findings.error(path, what, "write its name");
    }
    if matches!(key, Key::Query(name) if name.is_empty()) {
        findings.error(path, "the key is a query parameter without a name", "write its name");
    }
}

fn stickiness(findings: &mut Findings, at: &str, stickiness: &Stickiness) {
    let (expiry, size) = match stickiness {
        Stickiness::Off => return,
        Stickiness::Inserted(cookie) => return inserted(findings, at, cookie),
        Stickiness::Application(cookie) => {
            cookie_name(findings, at, &cookie.name);
            (cookie.expiry, cookie.size)
        }
        Stickiness::Source(table) => (table.expiry, table.size),
    };
    findings.period(&format!("{at}.expiry"), expiry, SHORTEST, Period::MAX);
    findings.range(&format!("{at}.size"), size, 1, 1_000_000);
}

/// A cookie that the proxy sets, for a server or for a side of a split. What stands in it becomes a header, in
/// which `;` would begin another attribute.
pub(super) fn inserted(findings: &mut Findings, at: &str, cookie: &InsertedCookie) {
    cookie_name(findings, at, &cookie.name);
    if !is_path(&cookie.path) || cookie.path.contains(';') {
        let what = format!("`{}` is no path", cookie.path);
        findings.error(&format!("{at}.path"), what, "begin it with /, without blanks and ;");
    }
    if let Some(domain) = cookie.domain.as_ref().filter(|domain| !is_host(domain)) {
        let what = format!("`{domain}` is no host name");
        findings.error(&format!("{at}.domain"), what, "write a name such as shop.example");
    }
    if cookie.same_site == SameSite::None && !cookie.secure {
        findings.warn(
            &format!("{at}.same_site"),
            "browsers take a cookie with same_site: none only if it is secure",
            "add secure: true, or write same_site: lax",
        );
    }
    for (name, period) in [("max_age", cookie.max_age), ("idle", cookie.idle)] {
        if let Some(period) = period {
            findings.period(&format!("{at}.{name}"), period, Period::from_secs(1), Period::MAX);
        }
    }
}

fn cookie_name(findings: &mut Findings, at: &str, name: &str) {
    if !is_token(name) {
        let what = format!("`{name}` is no name for a cookie");
        findings.error(&format!("{at}.name"), what, "write letters, digits, - and _");
    }
}

/// What stands around every algorithm.
fn wrapping(findings: &mut Findings, at: &str, pool: &Pool) {
    if let Some(factor) = pool.over_provisioning {
        findings.range(&format!("{at}.over_provisioning"), factor, 100, 1_000);
    }
    findings.range(&format!("{at}.panic_below"), pool.panic_below, 0, 100);
    if let Some(zone) = &pool.own_zone {
        let nobody = pool.servers.iter().all(|server| server.zone.as_ref() != Some(zone));
        if nobody && !pool.servers.is_empty() {
            findings.warn(
                &format!("{at}.own_zone"),
                format!("no server stands in zone `{zone}`"),
                "write zone at the servers that do",
            );
        }
    }
    if let Some(slow_start) = &pool.slow_start {
        let at = format!("{at}.slow_start");
        findings.period(&format!("{at}.window"), slow_start.window, SHORTEST, DAY);
        findings.range(&format!("{at}.aggression"), slow_start.aggression, 0.1, 10.0);
        findings.range(&format!("{at}.floor"), slow_start.floor, 0.0, 1.0);
    }
    findings.range(&format!("{at}.queue.limit"), pool.queue.limit, 0, 1_000_000);
    findings.period(&format!("{at}.queue.timeout"), pool.queue.timeout, SHORTEST, DAY);
}

fn upstream(findings: &mut Findings, at: &str, pool: &Pool) {
    let upstream = &pool.upstream;
    let at_upstream = format!("{at}.upstream");
    let at = &at_upstream;
    findings.period(&format!("{at}.connect_timeout"), upstream.connect_timeout, SHORTEST, DAY);
    findings.period(&format!("{at}.idle_timeout"), upstream.idle_timeout, Period::ZERO, DAY);
    findings.range(&format!("{at}.idle_connections"), upstream.idle_connections, 0, 10_000);
    if let Some(connections) = upstream.connections {
        findings.range(&format!("{at}.connections"), connections, 1, 1_000_000);
    }
    if let Some(requests) = upstream.requests_per_connection {
        findings.range(&format!("{at}.requests_per_connection"), requests, 1, 1_000_000_000);
    }
    let tls = upstream.protocol == UpstreamProtocol::Https;
    if !tls && upstream.tls != UpstreamTls::default() {
        findings.warn(
            &format!("{at}.tls"),
            "TLS settings do nothing without TLS",
            "leave tls out, or write protocol: https",
        );
    }
    let has_mocks = pool.servers.iter().any(|server| server.mock.is_some());
    if has_mocks
        && pool.mocks.protocol == MockProtocol::Grpc
        && upstream.protocol == UpstreamProtocol::Http1
    {
        findings.error(
            &format!("{at}.protocol"),
            "gRPC needs HTTP/2 to the servers",
            "add upstream: (protocol: h2c)",
        );
    }
}

/// How listeners use the pool: whether they do, and whether they can see what it asks for.
fn use_of(findings: &mut Findings, at: &str, pool: &Pool, lab: &Lab) {
    let leads_here = |listener: &&Listener| {
        listener.pool.as_ref() == Some(&pool.name)
            || listener.routes.iter().any(|route| route.to.pools().contains(&pool.name.as_str()))
    };
    if !lab.listeners.is_empty() && !lab.listeners.iter().any(|listener| leads_here(&listener)) {
        findings.warn(
            &format!("{at}.name"),
            format!("no listener leads to pool `{}`", pool.name),
            "name it in a listener or a route",
        );
    }
    understood(findings, at, pool, lab.listeners.iter().filter(leads_here));
    let blind = lab.listeners.iter().filter(leads_here).find(|one| one.protocol != Protocol::Http);
    let Some(listener) = blind else { return };
    let by_http =
        matches!(pool.key, Key::Header(_) | Key::Cookie(_) | Key::Query(_) | Key::Path | Key::Uri);
    if by_http && pool.algorithm.about().keyed {
        findings.error(
            &format!("{at}.key"),
            format!("listener `{}` speaks no HTTP, so it cannot see this key", listener.name),
            "write key: address, or protocol: http at the listener",
        );
    }
    if matches!(pool.stickiness, Stickiness::Inserted(_) | Stickiness::Application(_)) {
        findings.error(
            &format!("{at}.stickiness"),
            format!("listener `{}` speaks no HTTP, so there are no cookies", listener.name),
            "write stickiness: source(), or protocol: http at the listener",
        );
    }
}

/// That mocks speak what comes from the listeners. What is led on unopened may be anything that stands on TCP.
fn understood<'a>(
    findings: &mut Findings,
    at: &str,
    pool: &Pool,
    listeners: impl Iterator<Item = &'a Listener>,
) {
    if pool.servers.iter().all(|server| server.mock.is_none()) {
        return;
    }
    let speaks = |protocol: Protocol| match pool.mocks.protocol {
        MockProtocol::Http | MockProtocol::Grpc | MockProtocol::Websocket => {
            protocol != Protocol::Udp
        }
        MockProtocol::TcpEcho => matches!(protocol, Protocol::Tcp | Protocol::TlsPassthrough),
        MockProtocol::UdpEcho => protocol == Protocol::Udp,
    };
    for listener in listeners.filter(|listener| !speaks(listener.protocol)).take(1) {
        findings.error(
            &format!("{at}.mocks.protocol"),
            format!("the mocks do not speak what listener `{}` leads to them", listener.name),
            "write mocks: (protocol: …) with http for HTTP, tcp_echo for TCP or udp_echo for UDP",
        );
    }
}
