//! The workloads: what the proxies are set up to do, and what the clients then ask of them.

use crate::load::{Ask, Kind, Load, Pace, Request, Security};
use crate::proxies::Proxy;
use crate::servers::{HUGE_BYTES, LARGE_BYTES, SMALL_BYTES};
use crate::setup::{Choice, Front, Routes, Setup};

#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) setup: Setup,
    pub(crate) load: Load,
    pub(crate) kind: Measured,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measured {
    /// As many requests as go through.
    Cost,
    /// Times, at half the rate that the slowest proxy can bear.
    Latency,
    /// What it costs that a window is open, at a rate that leaves time to draw.
    Drawing,
    /// What an idle connection holds, while others are active.
    IdleMemory,
    /// From the start of the process to the first answer.
    StartUp,
    /// How often an idle proxy wakes up.
    WakeUps,
}

impl Workload {
    /// Whether there is anything to learn from how this proxy does.
    pub(crate) fn is_for(&self, proxy: Proxy) -> bool {
        match proxy {
            Proxy::Carried => self.can_be_carried(),
            Proxy::Drawn => self.kind == Measured::Drawing,
            _ => self.kind != Measured::Drawing || proxy.is_ours(),
        }
    }

    /// Whether it is of use to know what carrying the same bytes unread would cost. Each connection is two then, and
    /// of thousands the servers would run out of files.
    fn can_be_carried(&self) -> bool {
        let few = self.load.connections <= 512 && self.load.idle == 0;
        self.kind == Measured::Cost && self.setup == Setup::default() && few
    }

    /// Whether one of these words begins its name; no word means all.
    pub(crate) fn is_meant_by(&self, words: &[String]) -> bool {
        words.is_empty() || words.iter().any(|word| self.name.starts_with(word.as_str()))
    }
}

/// All of them; in the short form, curves have their ends only.
pub(crate) fn all(short: bool) -> Vec<Workload> {
    let mut all = http();
    all.extend(tls());
    all.extend(others());
    all.extend(choosing());
    all.extend(latency());
    all.extend(special(short));
    all.extend(curves(short));
    all
}

fn http() -> Vec<Workload> {
    let plain = Setup::default();
    let mut all: Vec<Workload> = [1, 64, 512]
        .map(|n| cost(&format!("small-{n}"), &small_title(n), &plain, load(get(), n)))
        .into();
    let bare = Setup { forwarded: false, ..Setup::default() };
    let title = "GET of 128 B, 64 connections, no proxy adds a header";
    all.push(cost("small-bare", title, &bare, load(get(), 64)));
    let fresh = Ask { fresh: true, ..get() };
    all.push(cost("fresh", "GET of 128 B, a new connection each", &plain, load(fresh, 64)));
    let body = |path, answer_bytes| Ask { request: Request::Get(path), answer_bytes, fresh: false };
    let large = load(body("/large", LARGE_BYTES), 32);
    all.push(cost("body-100k", "GET of 100 KiB, 32 connections", &plain, large));
    let huge = load(body("/huge", HUGE_BYTES), 8);
    all.push(cost("body-10m", "GET of 10 MiB, 8 connections", &plain, huge));
    let post = |bytes| Ask { request: Request::Post(bytes), ..get() };
    let upload = load(post(100 * 1024), 32);
    all.push(cost("upload-100k", "POST of 100 KiB, 32 connections", &plain, upload));
    let upload = load(post(10 * 1024 * 1024), 8);
    all.push(cost("upload-10m", "POST of 10 MiB, 8 connections", &plain, upload));
    all
}

fn tls() -> Vec<Workload> {
    let setup = Setup { front: Front::Https, ..Setup::default() };
    let secure = |load| Load { security: Security::Tls, ..load };
    let fresh = Ask { fresh: true, ..get() };
    let large = Ask { request: Request::Get("/large"), answer_bytes: LARGE_BYTES, fresh: false };
    let streams = Load { kind: Kind::Http2 { streams: 100 }, ..load(get(), 1) };
    vec![
        cost("tls-small", "TLS 1.3, GET of 128 B, 64 connections", &setup, secure(load(get(), 64))),
        cost("tls-fresh", "TLS 1.3, a full handshake each", &setup, secure(load(fresh, 32))),
        cost(
            "tls-100k",
            "TLS 1.3, GET of 100 KiB, 32 connections",
            &setup,
            secure(load(large, 32)),
        ),
        cost("h2-100", "HTTP/2 over TLS, 100 streams on a connection", &setup, secure(streams)),
    ]
}

fn others() -> Vec<Workload> {
    let tcp = Setup { front: Front::Tcp, ..Setup::default() };
    let udp = Setup { front: Front::Udp, ..Setup::default() };
    let websocket = Load { kind: Kind::WebSocket, ..load(get(), 64) };
    let datagrams = Load { kind: Kind::Udp, ..load(get(), 64) };
    let huge = Ask { request: Request::Get("/huge"), answer_bytes: HUGE_BYTES, fresh: false };
    let fresh = Ask { fresh: true, ..get() };
    let plain = Setup::default();
    vec![
        cost("websocket", "WebSocket echo of 64 B, 64 connections", &plain, websocket),
        cost("tcp-small", "TCP carried: GET of 128 B, 64 connections", &tcp, load(get(), 64)),
        cost("tcp-fresh", "TCP carried: a new connection each", &tcp, load(fresh, 64)),
        cost("tcp-bulk", "TCP carried: GET of 10 MiB, 8 connections", &tcp, load(huge, 8)),
        cost("udp", "UDP echo of 64 B, 64 flows", &udp, datagrams),
    ]
}

fn choosing() -> Vec<Workload> {
    let by = |algorithm| Setup { n_servers: 8, algorithm, ..Setup::default() };
    let many = Setup { n_servers: 64, ..Setup::default() };
    let sticky = Setup { sticky: true, n_servers: 8, ..Setup::default() };
    let health = Setup { health: true, n_servers: 8, ..Setup::default() };
    let two = Setup { workers: 2, ..Setup::default() };
    let paths = Ask { request: Request::OneOfPaths(1000), ..get() };
    let least = by(Choice::LeastConnections);
    vec![
        cost("servers-64", "64 servers, 64 connections", &many, load(get(), 64)),
        cost("least-connections", "least connections, 8 servers", &least, load(get(), 64)),
        cost("peak-ewma", "peak EWMA, 8 servers", &by(Choice::PeakEwma), load(get(), 64)),
        cost("maglev", "Maglev by path, 8 servers", &by(Choice::Maglev), load(paths, 64)),
        cost("sticky", "sticky cookie, 8 servers", &sticky, load(get(), 64)),
        cost("health", "health checks on, 8 servers", &health, load(get(), 64)),
        cost("workers-two", "two workers on both cores, 64 connections", &two, load(get(), 64)),
    ]
}

fn latency() -> Vec<Workload> {
    let open = |name: &str, title: &str, setup: &Setup, load| Workload {
        kind: Measured::Latency,
        ..cost(name, title, setup, load)
    };
    let tls = Setup { front: Front::Https, ..Setup::default() };
    let secure = Load { security: Security::Tls, ..load(get(), 64) };
    let plain = Setup::default();
    let title = "GET of 128 B at half the rate that the slowest can bear";
    let small = open("latency-small", title, &plain, load(get(), 64));
    let title = "the same with a window drawing beside it, and without";
    vec![
        small.clone(),
        open("latency-tls", "the same over TLS 1.3", &tls, secure),
        Workload {
            name: "drawing".to_owned(),
            title: title.to_owned(),
            kind: Measured::Drawing,
            ..small
        },
    ]
}

fn special(short: bool) -> Vec<Workload> {
    let of = |name: &str, title: &str, kind, setup: &Setup, load| Workload {
        kind,
        ..cost(name, title, setup, load)
    };
    let plain = Setup::default();
    let tls = Setup { front: Front::Https, ..Setup::default() };
    let health = Setup { health: true, ..Setup::default() };
    let (idle, active) = if short { (50, 10) } else { (10_000, 1_000) };
    let many = Load { idle, ..load(get(), active) };
    let many_tls = Load { security: Security::Tls, ..many.clone() };
    let title = format!("{idle} idle connections, {active} active");
    let tcp = Setup { front: Front::Tcp, ..Setup::default() };
    let carried = Load { idle: idle / 4, ..load(get(), active) };
    let title_tcp = format!("TCP carried, {} idle connections, {active} active", idle / 4);
    let first = load(get(), 1);
    vec![
        of("idle-memory", &title, Measured::IdleMemory, &plain, many),
        of("idle-memory-tls", &format!("{title}, TLS"), Measured::IdleMemory, &tls, many_tls),
        of("idle-memory-tcp", &title_tcp, Measured::IdleMemory, &tcp, carried),
        of("start-up", "start to first answer", Measured::StartUp, &plain, first.clone()),
        of("wake-ups", "nothing to do", Measured::WakeUps, &plain, first.clone()),
        of("wake-ups-health", "nothing to do but checks", Measured::WakeUps, &health, first),
    ]
}

/// How cost grows.
fn curves(short: bool) -> Vec<Workload> {
    let ends = |points: &[usize]| match (short, points) {
        (true, &[first, .., last]) => vec![first, last.min(100)],
        _ => points.to_vec(),
    };
    let mut all = Vec::new();
    for n in ends(&[1, 2]) {
        let setup = Setup { workers: n as u32, ..Setup::default() };
        let name = format!("curve-workers-{n}");
        all.push(cost(&name, &format!("{n} workers"), &setup, load(get(), 64)));
    }
    for n in ends(&[2, 8, 64, 256, 1000]) {
        let setup = Setup { n_servers: n, ..Setup::default() };
        let name = format!("curve-servers-{n}");
        all.push(cost(&name, &format!("{n} servers"), &setup, load(get(), 64)));
    }
    for n in ends(&[1, 10, 100, 1000]) {
        let setup = Setup { n_listeners: n, ..Setup::default() };
        let name = format!("curve-listeners-{n}");
        all.push(cost(&name, &format!("{n} listeners"), &setup, load(get(), 64)));
        let of = |routes| Setup { routes, ..Setup::default() };
        let (hosts, paths) = (of(Routes::Hosts(n)), of(Routes::Paths(n)));
        let by_host = Ask { request: Request::OneOfHosts(n), ..get() };
        let by_path = Ask { request: Request::OneOfPaths(n), ..get() };
        let name = format!("curve-hosts-{n}");
        all.push(cost(&name, &format!("{n} hosts"), &hosts, load(by_host, 64)));
        let name = format!("curve-paths-{n}");
        all.push(cost(&name, &format!("{n} exact paths"), &paths, load(by_path, 64)));
    }
    for n in ends(&[1, 10, 100, 1000, 10_000]) {
        let name = format!("curve-connections-{n}");
        let title = format!("{n} connections");
        all.push(cost(&name, &title, &Setup::default(), load(get(), n)));
    }
    all
}

fn cost(name: &str, title: &str, setup: &Setup, load: Load) -> Workload {
    Workload {
        name: name.to_owned(),
        title: title.to_owned(),
        setup: setup.clone(),
        load,
        kind: Measured::Cost,
    }
}

fn small_title(connections: usize) -> String {
    let plural = if connections == 1 { "connection" } else { "connections" };
    format!("GET of 128 B, {connections} {plural} kept alive")
}

fn load(ask: Ask, connections: usize) -> Load {
    Load {
        kind: Kind::Http1(ask),
        security: Security::Plain,
        connections,
        idle: 0,
        pace: Pace::Closed,
    }
}

fn get() -> Ask {
    Ask { request: Request::Get("/"), fresh: false, answer_bytes: SMALL_BYTES }
}
