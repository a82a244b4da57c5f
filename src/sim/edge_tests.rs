//! Runs in virtual time where two things meet: changes and users, lines and drains, checks and ejections.

use super::tests::{STEADY, TWO, lab, lab_of, ten_seconds};
use super::*;
use crate::meter::TimeoutKind;

const SLOW: &str = r#"(name: "a", mock: (latency: constant("1s")))"#;

#[test]
fn users_of_a_closed_loop_stay_as_many_as_the_lab_says() {
    let ten = r#"arrivals: closed(users: 10, think: constant("0s"))"#;
    let to_ten =
        r#"set_arrivals(client: "all", arrivals: closed(users: 10, think: constant("0s")))"#;
    for (client, edits, users) in [
        (ten, r#"set_users(client: "all", users: 12)"#.to_owned(), 12),
        (ten, r#"set_users(client: "all", users: 3)"#.to_owned(), 3),
        (ten, r#"stop_client(client: "all")"#.to_owned(), 0),
        (STEADY, to_ten.to_owned(), 10),
    ] {
        let cues = format!(r#"(name: "now", at: "2500ms", edits: [{edits}])"#);
        let report = ten_seconds(&lab_of(SLOW, "", client, &cues));
        assert_eq!(report.unfinished, users, "{client} {edits}");
    }
    let cues = r#"(name: "stop", at: "2500ms", edits: [stop_client(client: "all")]),
        (name: "start", at: "2600ms", edits: [start_client(client: "all")])"#;
    assert_eq!(ten_seconds(&lab_of(SLOW, "", ten, cues)).unfinished, 10);
}

#[test]
fn a_change_of_the_pool_gives_nobody_more_time_in_line() {
    let servers = r#"(name: "a", concurrency: 1, mock: (latency: constant("20s"))), (name: "b", weight: 0, mock: ())"#;
    let change = r#"(name: "now", at: "3500ms", edits: [drain(server: "b")])"#;
    let client = r#"arrivals: steady(per_second: 1), timeout: "1m""#;
    let lab = lab_of(servers, r#"queue: (timeout: "2s")"#, client, change);
    let latency = ten_seconds(&lab).overall.clients_together().latency;
    assert_eq!(latency.max_ns(), 2_000_000_000);
}

#[test]
fn who_is_bound_to_a_drained_server_gets_its_turn_there() {
    let servers = r#"(name: "a", concurrency: 1, mock: (latency: constant("10ms")))"#;
    let client = r#"arrivals: closed(users: 3, think: constant("0s")), identities: (count: 1)"#;
    let drain = r#"(name: "now", at: "1s", edits: [drain(server: "a")])"#;
    let report = ten_seconds(&lab_of(servers, "stickiness: inserted()", client, drain));
    let together = report.overall.clients_together();
    assert_eq!(together.counters.errors(), 0);
    assert_eq!(together.latency.max_ns(), 30_000_000, "each waits for the two others");
}

#[test]
fn in_a_panic_the_line_moves_on() {
    let servers = r#"(name: "a", concurrency: 1, mock: (latency: constant("100ms"), failures: (wrong_health: 1)))"#;
    let pool = r#"panic_below: 50, health: (active: (probe: http(path: "/"), interval: "100ms", timeout: "50ms"))"#;
    let client = r#"arrivals: closed(users: 3, think: constant("0s"))"#;
    let report = ten_seconds(&lab_of(servers, pool, client, ""));
    let together = report.overall.clients_together();
    assert_eq!((together.counters.errors(), together.latency.max_ns()), (0, 300_000_000));
}

#[test]
fn each_worker_keeps_its_own_line_and_its_own_bound() {
    let servers = r#"(name: "a", concurrency: 1, mock: (latency: constant("10ms")))"#;
    let client = "arrivals: bursts(per_second: 80, size: 8), identities: (count: 8)";
    let mut lab = lab_of(servers, "", client, "");
    lab.state = WorkerState::PerWorker;
    lab.workers = Some(2);
    let mut simulation = Simulation::new(&lab, 1, None);
    for now_ms in 1..1_000 {
        simulation.run_until(now_ms * 1_000_000);
        let pools = &simulation.fronts[0].pools;
        let in_flight = pools.iter().map(|pool| pool.members()[0].in_flight());
        assert!(in_flight.into_iter().all(|count| count <= 1), "at {now_ms} ms");
    }
    assert_eq!(simulation.servers[0].meter.read().counters.errors(), 0);
}

#[test]
fn a_server_that_left_and_came_back_is_checked_as_often_as_before() {
    let remove = r#"remove_server(server: "b")"#;
    let add = r#"add_server(pool: "web", server: (name: "b", mock: ()))"#;
    let mut cues: Vec<String> = (1..=10)
        .map(|number| (number, if number % 2 == 1 { remove } else { add }))
        .map(|(number, edit)| {
            format!(r#"(name: "edit{number}", at: "{number}0ms", edits: [{edit}])"#)
        })
        .collect();
    cues.push(r#"(name: "dies", at: "2s", edits: [kill(server: "b")])"#.to_owned());
    cues.push(r#"(name: "later", at: "5s")"#.to_owned());
    let pool = r#"health: (active: (interval: "1s", fall: 4), passive: (consecutive_failures: 0))"#;
    let report = ten_seconds(&lab_of(TWO, pool, STEADY, &cues.join(", ")));
    let dying = &report.windows[11].figures.pools[0].servers[1].1;
    // Four checks in a row take three intervals and more, less a tenth of each by jitter.
    let refused = dying.counters.of(Outcome::Refused);
    assert!(refused >= 130, "{refused} of 150 were sent there before anybody noticed");
}

#[test]
fn an_ejection_that_began_behind_a_failed_check_ends_in_time() {
    let servers = r#"(name: "a", mock: ()), (name: "b", mock: (latency: constant("2s")))"#;
    let pool = r#"health: (
        active: (probe: http(path: "/"), interval: "100ms", timeout: "50ms"),
        ejection: (base: "1s"),
    )"#;
    let cues = r#"
        (name: "breaks", at: "3s", edits: [set_failures(server: "b", failures: (reset: 1))]),
        (name: "is-mended", at: "6s", edits: [set_failures(server: "b", failures: ())]),
        (name: "later", at: "8s"),
    "#;
    let report = ten_seconds(&lab_of(servers, pool, STEADY, cues));
    let started =
        |window: usize| report.windows[window].figures.pools[0].servers[1].1.counters.started;
    assert!(started(1) < 30, "checks find it within half a second: {}", started(1));
    assert!(started(3) >= 99, "it is back: {}", started(3));
}

#[test]
fn a_connection_is_all_that_a_check_by_connection_asks_for() {
    let servers = r#"(name: "a", mock: (failures: (status: {500: 1}))), (name: "b", mock: (failures: (refuse: 1)))"#;
    let run = |probe: &str| {
        let active = format!(r#"active: (probe: {probe}, interval: "100ms", timeout: "50ms")"#);
        let pool = format!("health: ({active}, passive: (consecutive_failures: 0))");
        let cue = r#"(name: "found", at: "5s")"#;
        let report = ten_seconds(&lab_of(servers, &pool, STEADY, cue));
        let window = &report.windows[1].figures.pools[0];
        [0, 1].map(|server| window.servers[server].1.counters.started > 0)
    };
    assert_eq!(run("tcp"), [true, false]);
    assert_eq!(run(r#"http(path: "/")"#), [false, false]);
    assert_eq!(run(r#"http(path: "/", status: (200, 599))"#), [true, false]);
}

#[test]
fn an_answer_that_broke_off_in_the_middle_is_not_tried_again() {
    let of = |failure: &str| {
        let servers = format!(r#"(name: "a", mock: (failures: ({failure}: 1)))"#);
        let lab = format!(
            r#"(
                listeners: [(name: "web", address: "127.0.0.1:0", routes: [
                    (name: "all", to: pool("web"), retries: (on: [reset], attempts: 2)),
                ])],
                pools: [(name: "web", servers: [{servers}, (name: "b", mock: ())])],
                clients: [(name: "all", listener: "web", {STEADY})],
            )"#
        );
        ten_seconds(&super::tests::lab(&lab)).overall.clients_together().counters.of(Outcome::Reset)
    };
    assert_eq!(of("reset"), 0);
    assert!(of("close_mid_body") > 0);
}

#[test]
fn a_route_s_own_end_of_time_holds() {
    let text = r#"(
        listeners: [(name: "web", address: "127.0.0.1:0", routes: [
            (name: "all", to: pool("web"), timeouts: (total: "300ms")),
        ])],
        pools: [(name: "web", servers: [(name: "a", mock: (latency: constant("1s")))])],
        clients: [(name: "all", listener: "web", arrivals: steady(per_second: 10))],
    )"#;
    let report = ten_seconds(&lab(text));
    let together = report.overall.clients_together();
    assert_eq!(together.latency.max_ns(), 300_000_000);
    let total = Outcome::TimedOut(TimeoutKind::Total);
    assert_eq!(together.counters.of(total), together.counters.finished());
    assert_eq!(
        report.overall.pools[0].servers[0].1.counters.of(total),
        together.counters.finished()
    );
}

#[test]
fn a_killed_server_forgets_work_that_nobody_waits_for() {
    let servers =
        r#"(name: "a", mock: (latency: constant("1h"), concurrency_limit: 1, queue_limit: 0))"#;
    let client = r#"arrivals: steady(per_second: 1), timeout: "500ms""#;
    let cues = r#"
        (name: "stop", at: "1500ms", edits: [stop_client(client: "all"), set_latency(server: "a", latency: constant("1ms"))]),
        (name: "dies", at: "3s", edits: [kill(server: "a")]),
        (name: "is-back", at: "4s", edits: [revive(server: "a"), start_client(client: "all")]),
    "#;
    let report = ten_seconds(&lab_of(servers, "", client, cues));
    let back = report.windows.last().expect("a run has windows").figures.clients_together();
    assert_eq!((back.counters.finished(), back.counters.errors()), (5, 0));
}

#[test]
fn keys_that_cannot_reach_a_pool_do_not_move_in_it() {
    let text = r#"(
        listeners: [
            (name: "one", address: "127.0.0.1:0", pool: "one"),
            (name: "two", address: "127.0.0.1:0", pool: "two"),
        ],
        pools: [
            (name: "one", algorithm: "modulo", key: header("k"), servers: [(name: "a", mock: ()), (name: "b", mock: ())]),
            (name: "two", servers: [(name: "x", mock: ())]),
        ],
        clients: [
            (name: "few", listener: "one", keys: uniform(count: 100), key_in: header("k")),
            (name: "many", listener: "two", keys: uniform(count: 900), key_in: header("k")),
        ],
        cues: [(name: "now", at: "1s", edits: [remove_server(server: "b")])],
    )"#;
    assert_eq!(ten_seconds(&lab(text)).overall.key_moves[0].keys, 100);
}
