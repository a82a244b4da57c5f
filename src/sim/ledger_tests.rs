//! Random labs with random cues: nothing is lost, nothing is counted twice, and at the end nothing is left.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use super::flight::{Attempt, Fate, Flight};
use super::tests::lab;
use super::*;
use crate::lab;

/// A lab of one pool as text: everything that decides what happens in it.
#[derive(Debug, Clone)]
struct Scene {
    pool: String,
    servers: Vec<String>,
    client: String,
    route: String,
    cues: Vec<(u64, String)>,
    workers: u32,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_happens_every_request_is_accounted_for(scene in scenes(), seed in 0_u64..1_000) {
        let mut simulation = Simulation::new(&scene.lab(), seed, None);
        for now_ms in (100..=4_000).step_by(100) {
            simulation.run_until(now_ms * 1_000_000);
            check_ledger(&simulation);
        }
        // Clients stopped at 4 s, and nobody waits for longer than two more.
        simulation.run_until(20_000_000_000);
        check_ledger(&simulation);
        check_empty(&simulation);
    }
}

/// Everybody who is somewhere is on the books there, and nobody else is.
fn check_ledger(simulation: &Simulation) {
    let under_way: Vec<&Flight> = simulation.flights.iter().collect();
    let (mut started, mut finished) = (0, 0);
    for crowd in &simulation.crowds {
        let counters = crowd.meter.read().counters;
        started += counters.started;
        finished += counters.finished();
    }
    assert_eq!(started, finished + under_way.len() as u64, "requests");
    let attempts: Vec<&Attempt> = under_way.iter().filter_map(|flight| flight.stage.at()).collect();
    for (number, server) in simulation.servers.iter().enumerate() {
        let here = || attempts.iter().filter(|at| at.server as usize == number);
        let counters = server.meter.read().counters;
        assert_eq!(counters.started, counters.finished() + here().count() as u64, "tries");
        let waiting = here().filter(|at| !at.in_service && at.fate != Fate::Refused).count();
        assert!(server.station.n_waiting() <= waiting, "who waits is on its way");
        // Some in service were given up by their clients.
        let in_service = here().filter(|at| at.in_service).count();
        assert!(server.station.n_busy() >= in_service);
    }
    for front in &simulation.fronts {
        for pool in &front.pools {
            for (index, member) in pool.members().iter().enumerate() {
                let shares = |at: &&&Attempt| {
                    let theirs = &at.pool.members()[at.member as usize].load;
                    Arc::ptr_eq(theirs, &member.load)
                };
                let here = attempts.iter().filter(shares).count();
                assert_eq!(member.in_flight() as usize, here, "in flight at member {index}");
            }
        }
        let outside = under_way.iter().filter(|flight| flight.stage.at().is_none()).count();
        assert!(front.line.len() <= outside, "who is in line is nowhere else");
        let retries = under_way.iter().filter(|flight| flight.is_retry).count();
        assert_eq!(front.retries_under_way as usize, retries);
    }
}

fn check_empty(simulation: &Simulation) {
    assert_eq!(simulation.flights.under_way(), 0, "nobody is under way");
    for front in &simulation.fronts {
        assert_eq!((front.line.len(), front.retries_under_way), (0, 0));
    }
    assert!(simulation.servers.iter().all(|server| server.station.n_waiting() == 0));
}

impl Scene {
    fn lab(&self) -> Lab {
        let Self { cues, .. } = self;
        let mut kept = String::new();
        let mut cues: Vec<&(u64, String)> = cues.iter().collect();
        cues.sort_by_key(|(at_ms, _)| at_ms);
        for (index, (at_ms, edit)) in cues.into_iter().enumerate() {
            let cue = format!(r#"(name: "c{index}", at: "{at_ms}ms", edits: [{edit}]), "#);
            // What cannot be done at that time, such as removing what is gone, is left out.
            if lab::load(self.text(&format!("{kept}{cue}")).as_bytes()).is_ok() {
                kept += &cue;
            }
        }
        let mut lab = lab(&self.text(&kept));
        lab.state = if self.workers > 1 { WorkerState::PerWorker } else { WorkerState::Shared };
        lab.workers = Some(self.workers);
        lab
    }

    fn text(&self, cues: &str) -> String {
        let Self { pool, servers, client, route, .. } = self;
        format!(
            r#"(
                listeners: [(name: "web", address: "127.0.0.1:0", routes: [(name: "all", to: pool("web"), {route})])],
                pools: [(name: "web", servers: [{}], {pool})],
                clients: [(name: "all", listener: "web", {client}, timeout: "1500ms")],
                cues: [{cues} (name: "release", at: "4s", edits: [release_traffic, stop_client(client: "all")])],
            )"#,
            servers.join(", ")
        )
    }
}

fn scenes() -> impl Strategy<Value = Scene> {
    let mocks = prop::collection::vec(servers(), 2..5);
    let cues = prop::collection::vec((1_u64..40, edits()), 0..12);
    (pools(), mocks, clients(), select(ROUTES), cues, 1_u32..3).prop_map(
        |(pool, mocks, client, route, cues, workers)| Scene {
            pool,
            servers: mocks
                .into_iter()
                .zip(["a", "b", "c", "d"])
                .map(|(mock, name)| format!(r#"(name: "{name}", {mock})"#))
                .collect(),
            client: client.to_owned(),
            route: route.to_owned(),
            cues: cues.into_iter().map(|(at, edit)| (at * 100, edit)).collect(),
            workers,
        },
    )
}

fn pools() -> impl Strategy<Value = String> {
    (select(ALGORITHMS), select(WRAPPINGS), select(HEALTHS), select(QUEUES)).prop_map(
        |(algorithm, wrapping, health, queue)| {
            format!(r#"algorithm: "{algorithm}", {wrapping} health: ({health}), queue: ({queue})"#)
        },
    )
}

fn servers() -> impl Strategy<Value = String> {
    (
        select(LATENCIES),
        select(LIMITS),
        select(FAILURES),
        select(&["", "concurrency: 1,", "concurrency: 3,", "weight: 3,"][..]),
    )
        .prop_map(|(latency, limits, failures, terms)| {
            format!("{terms} mock: (latency: {latency}, {limits} failures: ({failures}))")
        })
}

fn clients() -> impl Strategy<Value = &'static str> {
    select(CLIENTS)
}

fn edits() -> impl Strategy<Value = String> {
    let server = select(&["a", "b"][..]);
    let one = (select(SERVER_EDITS), server).prop_map(|(edit, name)| edit.replace('$', name));
    prop_oneof![3 => one, 2 => select(LAB_EDITS).prop_map(str::to_owned)]
}

const ALGORITHMS: &[&str] = &[
    "round-robin",
    "weighted",
    "random",
    "least-connections",
    "least-time",
    "peak-ewma",
    "power-of-choices",
    "prequal",
    "first",
    "modulo",
    "ring",
    "maglev",
    "rendezvous",
    "anchor",
];
const WRAPPINGS: &[&str] = &[
    "",
    "stickiness: inserted(idle: \"1s\"), mocks: (sessions: memory),",
    "stickiness: source(strict: true), mocks: (sessions: memory),",
    "panic_below: 60,",
    "slow_start: (window: \"1s\"),",
];
const HEALTHS: &[&str] = &[
    "",
    "active: (interval: \"100ms\", timeout: \"50ms\", rise: 1, fall: 2), ejection: (base: \"300ms\")",
    "active: (probe: http(path: \"/\"), interval: \"70ms\", timeout: \"50ms\"), passive: (consecutive_failures: 2), ejection: (base: \"200ms\")",
    "breaker: (min_requests: 4, window: \"1s\", open: \"300ms\", trials: 2)",
];
const QUEUES: &[&str] = &["", "limit: 0", "limit: 3, timeout: \"200ms\""];
const ROUTES: &[&str] = &[
    "",
    "timeouts: (total: \"700ms\")",
    "retries: (on: [connect, reset, timeout, server_error], attempts: 4, per_try_timeout: \"150ms\")",
    "timeouts: (response: \"100ms\")",
];
const LATENCIES: &[&str] = &[
    "constant(\"0s\")",
    "constant(\"10ms\")",
    "exponential(mean: \"30ms\")",
    "pareto(least: \"5ms\", shape: 1.1)",
];
const LIMITS: &[&str] = &["", "concurrency_limit: 1, queue_limit: 2,", "concurrency_limit: 2,"];
const FAILURES: &[&str] = &[
    "",
    "",
    "status: {500: 0.3}, wrong_health: 0.3",
    "hang: 0.2, reset: 0.2",
    "refuse: 0.4, close_mid_body: 0.2",
    "slow_body: 0.3",
];
const CLIENTS: &[&str] = &[
    "arrivals: poisson(per_second: 100), identities: (count: 5)",
    "arrivals: closed(users: 8, think: exponential(mean: \"20ms\")), identities: (count: 8)",
    "arrivals: closed(users: 5, think: constant(\"0s\"))",
    "arrivals: bursts(per_second: 100, size: 20), identities: (count: 20), keep_alive: false",
];
const SERVER_EDITS: &[&str] = &[
    r#"kill(server: "$")"#,
    r#"revive(server: "$")"#,
    r#"drain(server: "$")"#,
    r#"undrain(server: "$")"#,
    r#"set_weight(server: "$", weight: 0)"#,
    r#"set_weight(server: "$", weight: 4)"#,
    r#"set_concurrency(server: "$", concurrency: 1)"#,
    r#"set_latency(server: "$", latency: constant("200ms"))"#,
    r#"set_failures(server: "$", failures: (hang: 0.5))"#,
    r#"set_failures(server: "$", failures: ())"#,
    r#"set_behaviour(server: "$", mock: (concurrency_limit: 2, queue_limit: 0))"#,
];
const LAB_EDITS: &[&str] = &[
    r#"add_server(pool: "web", server: (name: "a", mock: ()))"#,
    r#"remove_server(server: "a")"#,
    r#"add_server(pool: "web", server: (name: "e", mock: (latency: constant("50ms"))))"#,
    r#"remove_server(server: "e")"#,
    r#"remove_server(server: "b"), add_server(pool: "web", server: (name: "b", mock: (latency: constant("50ms"))))"#,
    r#"remove_server(server: "a"), add_server(pool: "web", server: (name: "a", mock: ()))"#,
    r#"set_algorithm(pool: "web", algorithm: "least-connections")"#,
    r#"set_algorithm(pool: "web", algorithm: "ring")"#,
    "hold_traffic",
    "release_traffic",
    r#"set_arrivals(client: "all", arrivals: closed(users: 3, think: constant("5ms")))"#,
    r#"set_arrivals(client: "all", arrivals: steady(per_second: 50))"#,
    r#"stop_client(client: "all")"#,
    r#"start_client(client: "all")"#,
];
