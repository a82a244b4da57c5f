//! Runs in virtual time, seen from outside.

use super::*;
use crate::lab;

pub(super) fn lab(text: &str) -> Lab {
    match lab::load(text.as_bytes()) {
        Ok(loaded) => loaded.lab.into_lab(),
        Err(refused) => panic!("{}", lab::report("test.ron", &refused.source, &refused.problems)),
    }
}

/// A lab with one pool, from its servers and what else is in the pool, its client, and its cues.
pub(super) fn lab_of(servers: &str, pool: &str, client: &str, cues: &str) -> Lab {
    lab(&format!(
        r#"(
            listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [{servers}], {pool})],
            clients: [(name: "all", listener: "web", {client})],
            cues: [{cues}],
        )"#
    ))
}

pub(super) fn ten_seconds(lab: &Lab) -> Report {
    run(lab, 7, Period::from_secs(10))
}

pub(super) const TWO: &str = r#"(name: "a", mock: (latency: constant("10ms"))), (name: "b", mock: (latency: constant("10ms")))"#;
pub(super) const STEADY: &str = "arrivals: steady(per_second: 100)";

#[test]
fn the_same_lab_and_seed_give_the_same_run() {
    for preset in lab::PRESETS {
        let lab = lab(preset.text);
        assert_eq!(ten_seconds(&lab), ten_seconds(&lab), "{}", preset.file);
    }
}

#[test]
fn every_request_ends_or_is_under_way() {
    for preset in lab::PRESETS {
        let report = ten_seconds(&lab(preset.text));
        let together = report.overall.clients_together();
        let ended = together.counters.finished() + report.unfinished;
        assert_eq!(together.counters.started, ended, "{}", preset.file);
    }
}

#[test]
fn round_robin_asks_in_turn() {
    let report = ten_seconds(&lab_of(TWO, "", STEADY, ""));
    let [(_, a), (_, b)] = &report.overall.pools[0].servers[..] else { panic!("two servers") };
    assert!(a.counters.started.abs_diff(b.counters.started) <= 1);
    assert_eq!(report.overall.clients_together().latency.max_ns(), 10_000_000);
}

#[test]
fn all_algorithms_are_given_the_same_requests() {
    let lab = lab_of(TWO, "", "arrivals: poisson(per_second: 200)", "");
    let counts: Vec<u64> = compare::candidates(&lab)
        .iter()
        .map(|algorithm| compare::report(&lab, algorithm, 1, Period::from_secs(5)).unwrap())
        .map(|report| report.overall.clients_together().counters.started)
        .collect();
    assert!(counts.len() > 15 && counts.iter().all(|&count| count == counts[0]), "{counts:?}");
}

#[test]
fn a_dead_server_is_noticed_and_its_requests_go_elsewhere() {
    let kill = r#"(name: "dies", at: "5s", edits: [kill(server: "b")])"#;
    let pool = r#"health: (active: (probe: tcp, interval: "1s", rise: 2, fall: 3))"#;
    let report = ten_seconds(&lab_of(TWO, pool, STEADY, kill));
    let after = &report.windows[1].figures;
    let errors = report.overall.clients_together().counters.errors();
    // What b had when it died is reset, which is not tried again; refusals are.
    assert!(errors <= 1, "{errors}");
    let refused = after.pools[0].servers[1].1.counters.of(Outcome::Refused);
    assert!((1..100).contains(&refused), "{refused}");
}

#[test]
fn sessions_break_only_when_nothing_binds_the_client() {
    // A closed loop, because a client that asks twice at once can be led to two servers before it has a cookie.
    let client = r#"arrivals: closed(users: 9, think: constant("90ms")), identities: (count: 9)"#;
    let run = |stickiness: &str| {
        let pool = format!("mocks: (sessions: memory), stickiness: {stickiness}");
        ten_seconds(&lab_of(TWO, &pool, client, "")).overall.broken_sessions()
    };
    assert_eq!(run("inserted()"), 0);
    assert_eq!(run("source()"), 0);
    assert_eq!(run("application(name: \"sid\")"), 0);
    assert!(run("off") > 400);
}

#[test]
fn an_expired_bond_has_its_own_place_in_the_ledger() {
    let client = "arrivals: steady(per_second: 1), identities: (count: 1)";
    let pool = r#"mocks: (sessions: memory), stickiness: inserted(max_age: "3s")"#;
    let report = run(&lab_of(TWO, pool, client, ""), 1, Period::from_secs(60));
    let broken: Vec<&str> = report.overall.pools[0].broken_sessions.keys().copied().collect();
    assert_eq!(broken, ["bond_expired"]);
}

#[test]
fn a_full_pool_makes_requests_wait_in_line() {
    let servers = r#"(name: "a", concurrency: 1, mock: (latency: constant("10ms")))"#;
    let client = "arrivals: bursts(per_second: 10, size: 5)";
    let report = run(&lab_of(servers, "", client, ""), 1, Period::from_secs(10));
    let latency = report.overall.clients_together().latency;
    assert!(latency.max_ns().abs_diff(50_000_000) < 1_000_000, "{}", latency.max_ns());
    let refused = lab_of(servers, "queue: (limit: 2)", client, "");
    let refused = run(&refused, 1, Period::from_secs(10)).overall.clients_together();
    let full = refused.counters.of(Outcome::QueueFull);
    assert_eq!(full * 5, refused.counters.finished() * 2, "one served, two in line, two refused");
}

#[test]
fn workers_that_count_for_themselves_do_not_take_turns_together() {
    let mut lab = lab_of(TWO, "", "arrivals: steady(per_second: 100), keep_alive: false", "");
    lab.state = WorkerState::PerWorker;
    lab.workers = Some(4);
    let report = run(&lab, 1, Period::from_millis(100));
    let shares = report.overall.pools[0].shares();
    assert_ne!(shares, [("a", 0.5), ("b", 0.5)], "four first turns go to a");
}

#[test]
fn held_traffic_waits_and_is_not_lost() {
    let cues = r#"(name: "hold", at: "2s", edits: [hold_traffic]), (name: "go", at: "4s", edits: [release_traffic])"#;
    let report = ten_seconds(&lab_of(TWO, "", STEADY, cues));
    let together = report.overall.clients_together();
    assert_eq!(together.counters.errors(), 0);
    assert!(together.latency.max_ns() > 1_900_000_000);
    assert_eq!(together.counters.started, together.counters.finished() + report.unfinished);
}

#[test]
fn users_without_a_thought_do_not_stop_time_at_a_dead_server() {
    let servers = r#"(name: "a", enabled: false, mock: ())"#;
    let client = r#"arrivals: closed(users: 3, think: constant("0s"))"#;
    let report = run(&lab_of(servers, "", client, ""), 1, Period::from_secs(1));
    let together = report.overall.clients_together().counters;
    assert!(together.finished() > 0 && together.finished() == together.errors());
}

#[test]
fn a_pool_that_cannot_keep_up_meets_the_limit_of_connections() {
    let servers = r#"(name: "a", mock: (latency: constant("1h")))"#;
    let client = r#"arrivals: steady(per_second: 1000), timeout: "1h""#;
    let mut lab = lab_of(servers, "", client, "");
    lab.limits.connections = 100;
    let report = run(&lab, 1, Period::from_secs(1));
    let counters = report.overall.clients_together().counters;
    assert_eq!(report.unfinished, 100);
    assert_eq!(counters.of(Outcome::LimitHit(LimitKind::Connections)), counters.started - 100);
}

/// The supermarket model: with two choices the share of servers with `i` requests and more is
/// `load ^ (2^i - 1)` (Vvedenskaya, Dobrushin and Karpelevich 1996; Mitzenmacher 2001).
///
/// Looked at every ten service times, eight times in a row one batch. Batches are as good as independent, since
/// queues of this load forget in about a dozen; the limit is 4.5 standard errors, which Student's t with 19
/// degrees of freedom passes once in 4,000 fresh seeds. For `n` servers instead of infinitely many each share is
/// off by about `1 / n` (50 servers: 2.70 instead of 2.61 for all together), which is allowed for on top.
#[test]
fn two_choices_leave_a_doubly_exponential_tail_of_queues() {
    let (load, n) = (0.9_f64, 400_u32);
    let servers: Vec<String> = (0..n)
        .map(|i| format!(r#"(name: "s{i}", mock: (latency: exponential(mean: "10ms"), concurrency_limit: 1))"#))
        .collect();
    let client = format!("arrivals: poisson(per_second: {})", f64::from(n) * load * 100.0);
    let lab = lab_of(&servers.join(","), r#"algorithm: "power-of-choices""#, &client, "");
    let mut simulation = Simulation::new(&lab, 5, None);
    let mut looked = vec![[0.0; 7]; 20];
    simulation.run_until(1_000_000_000);
    for look in 0..160 {
        simulation.run_until(1_000_000_000 + look * 100_000_000);
        for server in &simulation.servers {
            let queue = server.station.n_busy() + server.station.n_waiting();
            for tail in &mut looked[look as usize / 8][..=queue.min(6)] {
                *tail += 1.0 / (8.0 * f64::from(n));
            }
        }
    }
    for i in 1..=6 {
        let mean = looked.iter().map(|batch| batch[i]).sum::<f64>() / 20.0;
        let squares = looked.iter().map(|batch| (batch[i] - mean) * (batch[i] - mean));
        let within = 4.5 * (squares.sum::<f64>() / (19.0 * 20.0)).sqrt() + 1.0 / f64::from(n);
        let expected = libm::pow(load, libm::pow(2.0, i as f64) - 1.0);
        assert!((mean - expected).abs() <= within, "{i}: {mean}, expected {expected} ± {within}");
        // One choice would leave a plain exponential tail, and a server 5 % slower a longer one.
        let slower = libm::pow(load * 1.05, libm::pow(2.0, i as f64) - 1.0);
        let one_choice = libm::pow(load, i as f64);
        assert!((mean - slower).abs() > within, "{i}: {mean} ± {within} may be {slower}");
        assert!(i == 1 || (mean - one_choice).abs() > within, "{i}: {mean} may be {one_choice}");
    }
}

#[test]
fn a_run_gives_the_same_whoever_follows_it_and_however_often_it_stops() {
    for preset in crate::lab::PRESETS {
        let lab = crate::lab::load(preset.text.as_bytes()).unwrap().lab.into_lab();
        let duration = Period::from_secs(22);
        let alone = run(&lab, 3, duration);
        for detail in [Detail::Ways, Detail::Reasons] {
            let mut followed = Run::followed(&lab, 3, detail);
            for step in 1..=100 {
                followed.advance(duration.ns() * step / 100);
            }
            let n_ended = followed.take_ended().len() as u64;
            let n_under_way = followed.under_way().count() as u64;
            let report = followed.report(duration);
            assert!(report == alone, "{}", preset.file);
            let finished = report.overall.clients_together().counters.finished();
            assert_eq!((n_ended, n_under_way), (finished, report.unfinished), "{}", preset.file);
        }
    }
}
