//! Every cause over a story that was told for it: ten seconds of one pool, frame by frame.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::*;
use crate::balance::{Decision, Health, Rule};
use crate::engine::{Attempt, Dropped, Observation, Phases, PoolGauges, Record, ServerGauges};
use crate::lab::{Figures, Lab, PoolFigures};
use crate::meter::{Meter, Outcome, StatusClass};
use crate::ui::desk::Desk;
use crate::ui::view::View;

/// Three servers behind one listener, and what the test wants to be different.
fn lab(pool: &str, rest: &str) -> Lab {
    let text = format!(
        r#"(version: 1,
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [{}], {pool})],
            clients: [(name: "visitors", listener: "front", keys: uniform(count: 5000), key_in: header("x-user"))],
            {rest})"#,
        ["a", "b", "c"].map(|name| format!(r#"(name: "{name}", mock: ())"#)).join(",")
    );
    crate::lab::load(text.as_bytes()).expect("the lab is right").lab.into_lab()
}

/// What is told of each server for the whole time.
#[derive(Clone, Copy)]
struct Told {
    requests: u64,
    in_flight: u32,
    health: Health,
}

const UP: Told = Told { requests: 0, in_flight: 0, health: Health::Up };

fn got(requests: [u64; 3]) -> [Told; 3] {
    requests.map(|requests| Told { requests, ..UP })
}

/// Diagnoses ten seconds in which each server got so much, evenly over the time.
fn diagnosis(lab: Lab, told: [Told; 3], records: &[Record], workers: usize) -> Diagnosis {
    let weights: Vec<u32> = lab.pools[0].servers.iter().map(|server| server.weight).collect();
    let meters: [Meter; 3] = Default::default();
    let clients = Meter::default();
    let mut workbench = Workbench::new(Desk::new(lab.clone(), None), View::default());
    workbench.story.lab_changed(0, Arc::new(lab));
    for frame in 0..=100_u64 {
        for (meter, told) in meters.iter().zip(&told) {
            let due = told.requests * frame / 100;
            for _ in meter.counters.read().started..due {
                for meter in [meter, &clients] {
                    meter.counters.start();
                    meter.counters.finish(Outcome::Answered(StatusClass::Success));
                    meter.latency.record(20_000_000);
                }
            }
        }
        let names = ["a", "b", "c"];
        let gauge = |index: usize| ServerGauges {
            name: names[index].to_owned(),
            in_flight: told[index].in_flight,
            health: told[index].health,
            health_since_ns: 0,
            weight: weights[index],
            draining: weights[index] == 0,
            reachable: true,
            connections: 1,
            mock: None,
        };
        let read = |index: usize| (names[index].to_owned(), meters[index].read());
        let figures = Figures {
            clients: BTreeMap::from([("visitors".to_owned(), clients.read())]),
            pools: vec![PoolFigures {
                name: "web".to_owned(),
                servers: (0..3).map(read).collect(),
                broken_sessions: BTreeMap::new(),
            }],
            key_moves: Vec::new(),
        };
        let last = frame == 100;
        workbench.story.tell(Observation {
            at_ns: frame * 100_000_000,
            figures,
            listeners: BTreeMap::new(),
            pools: vec![PoolGauges {
                name: "web".to_owned(),
                waiting: 0,
                servers: (0..3).map(gauge).collect(),
            }],
            connections: 1,
            accepted: 1,
            turned_away: 0,
            in_line: 0,
            printed: Vec::new(),
            events: Vec::new(),
            requests: if last {
                records.iter().cloned().map(Arc::new).collect()
            } else {
                Vec::new()
            },
            begun: Vec::new(),
            dropped: Dropped::default(),
        });
    }
    workbench.now_ns = 10_000_000_000;
    let sight = Sight::of(&workbench, workers, &mut Expectations::default());
    causes::judge(&sight.expect("there is a pool"))
}

/// Requests as they are recorded, each with its number to tell it by.
fn records(n: u64, of: impl Fn(u64, Record) -> Record) -> Vec<Record> {
    let record = |number| Record {
        at_ns: 5_000_000_000 + number * 1_000_000,
        number,
        worker: 0,
        connection: number,
        listener: "front".into(),
        route: None,
        pool: Some("web".into()),
        client: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        method: "GET".to_owned(),
        target: "/".to_owned(),
        host: String::new(),
        version: "HTTP/1.1",
        status: Some(200),
        outcome: Outcome::Answered(StatusClass::Success),
        attempts: Vec::new(),
        phases: Phases::default(),
        bytes_in: 0,
        bytes_out: 0,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
    };
    (0..n).map(|number| of(number, record(number))).collect()
}

fn check(diagnosis: &Diagnosis, cause: Cause, level: Level, sentence: &str) {
    assert_eq!(diagnosis.sentence, sentence);
    assert_eq!((diagnosis.cause, diagnosis.level), (cause, level), "{diagnosis:#?}");
    assert!(diagnosis.emphasis.iter().all(|part| sentence.contains(part.as_str())));
}

#[test]
fn even_shares_are_within_chance() {
    let seen = diagnosis(lab("", ""), got([130, 140, 133]), &[], 1);
    let sentence = "Shares are even: 32 / 35 / 33 %, within chance";
    check(&seen, Cause::WithinChance, Level::Ok, sentence);
    let band = seen.rows[0].band.expect("turns are due");
    assert!((band.expected - 1.0 / 3.0).abs() < 0.001 && (0.05..0.15).contains(&band.allowed));
}

#[test]
fn waiting_is_judged_where_shares_are_even() {
    let mut told = got([133, 133, 134]);
    (told[0].in_flight, told[1].in_flight) = (1, 9);
    let seen = diagnosis(lab("", ""), told, &[], 1);
    let sentence = "Shares are even: 33 / 33 / 34 %, within chance. Waiting is not: B holds 9 of 10 requests in flight";
    check(&seen, Cause::Waiting, Level::Warn, sentence);
}

#[test]
fn load_driven_algorithms_owe_nobody_a_share() {
    let by_load = || lab(r#"algorithm: "least-connections""#, "");
    let mut told = got([198, 199, 3]);
    let seen = diagnosis(by_load(), told, &[], 1);
    let sentence = "Least connections shares out by load: 50 / 50 / 0 %, and what is in flight is even: 0 / 0 / 0";
    assert_eq!(seen.rows[0].band, None);
    assert_eq!(seen.cause, Cause::ByLoad, "{}", seen.sentence);
    assert_eq!(seen.sentence.replace("49 / 50 / 1", "50 / 50 / 0"), sentence);
    told[2].in_flight = 12;
    assert_eq!(diagnosis(by_load(), told, &[], 1).cause, Cause::Waiting);
}

#[test]
fn weights_are_a_reason() {
    let mut weighted = lab(r#"algorithm: "weighted""#, "");
    for (server, weight) in weighted.pools[0].servers.iter_mut().zip([3, 2, 1]) {
        server.weight = weight;
    }
    let seen = diagnosis(weighted, got([198, 135, 67]), &[], 1);
    let sentence = "Shares fit the weights 3 : 2 : 1: 49 / 34 / 17 %, within chance";
    check(&seen, Cause::Weights, Level::Ok, sentence);
}

#[test]
fn weights_that_nobody_heeds_are_no_reason() {
    let mut weighted = lab("", "");
    weighted.pools[0].servers[0].weight = 8;
    let seen = diagnosis(weighted, got([130, 140, 133]), &[], 1);
    let sentence = "Round robin ignores weights, so shares are even: 32 / 35 / 33 %, within chance";
    check(&seen, Cause::WeightsIgnored, Level::Ok, sentence);
}

#[test]
fn who_is_out_is_named_beside_even_shares() {
    let mut told = got([0, 200, 203]);
    told[0].health = Health::Ejected;
    let seen = diagnosis(lab("", ""), told, &[], 1);
    let sentence = "A is ejected; the shares of the others are even: 50 / 50 %, within chance";
    check(&seen, Cause::WithinChance, Level::Ok, sentence);
}

#[test]
fn one_healthy_server_takes_everything() {
    let mut told = got([400, 0, 0]);
    (told[1].health, told[2].health) = (Health::Down, Health::Ejected);
    let seen = diagnosis(lab("", ""), told, &[], 1);
    let sentence = "Only A can serve: B is down, C is ejected";
    check(&seen, Cause::OneServes, Level::Warn, sentence);
    told[0].health = Health::Down;
    assert_eq!(diagnosis(lab("", ""), told, &[], 1).cause, Cause::NobodyServes);
}

#[test]
fn a_reserve_that_nothing_is_due_to_is_no_reason_to_talk_of_weights() {
    let behind = |n_behind: usize| {
        let mut lab = lab("", "");
        let servers = lab.pools[0].servers.iter_mut().rev().take(n_behind);
        servers.for_each(|server| server.priority = 1);
        lab
    };
    let seen = diagnosis(behind(1), got([200, 203, 0]), &[], 1);
    let sentence = "C is in reserve; the shares of the others are even: 50 / 50 %, within chance";
    check(&seen, Cause::WithinChance, Level::Ok, sentence);
    let seen = diagnosis(behind(2), got([400, 0, 0]), &[], 1);
    let sentence = "A gets everything: B is in reserve, C is in reserve";
    check(&seen, Cause::OneServes, Level::Ok, sentence);
}

#[test]
fn few_samples_prove_nothing() {
    let seen = diagnosis(lab("", ""), got([5, 1, 0]), &[], 1);
    let sentence = "Too few requests to tell chance from cause: 6 in the last 10 s";
    check(&seen, Cause::TooFew, Level::Quiet, sentence);
    let seen = diagnosis(lab("", ""), got([0, 0, 0]), &[], 1);
    check(&seen, Cause::NothingSent, Level::Quiet, "No request came here in the last 10 s");
}

#[test]
fn a_sticky_cookie_holds_clients() {
    let mut sticky = lab("", "");
    sticky.pools[0].stickiness = crate::lab::Stickiness::Inserted(Default::default());
    let held = records(60, |number, record| {
        let decision = Decision { rule: Some(Rule::Stuck), ..Decision::default() };
        let attempt = Attempt {
            server: "a".into(),
            decision: Some(Box::new(decision)),
            began_ns: record.at_ns,
            outcome: None,
            reused_connection: true,
        };
        let client = SocketAddr::from(([127, 0, 0, 1 + (number % 3) as u8], 40_000));
        Record { client, attempts: vec![attempt], ..record }
    });
    let seen = diagnosis(sticky, got([300, 100, 0]), &held, 1);
    let sentence =
        "A sticky cookie holds 3 clients where they are, 100 % of the requests: 75 / 25 / 0 %";
    check(&seen, Cause::Sticky, Level::Warn, sentence);
}

fn keyed() -> Lab {
    lab(r#"algorithm: "ring", key: header("x-user")"#, "")
}

fn with_keys(n: u64) -> Vec<Record> {
    records(60, |number, record| {
        let header = ("X-User".to_owned(), format!("user-{}", number % n));
        Record { request_headers: vec![header], ..record }
    })
}

#[test]
fn one_key_is_one_server() {
    let seen = diagnosis(keyed(), got([0, 400, 0]), &with_keys(1), 1);
    let sentence = "One header value, user-0, is in 100 % of the requests, and it belongs to B";
    check(&seen, Cause::OneKey, Level::Warn, sentence);
}

#[test]
fn few_keys_cannot_be_spread() {
    let seen = diagnosis(keyed(), got([300, 100, 0]), &with_keys(4), 1);
    let sentence =
        "Only 4 different header values for 3 servers are too few to spread: 75 / 25 / 0 %";
    check(&seen, Cause::FewKeys, Level::Warn, sentence);
}

#[test]
fn many_keys_fall_as_the_ring_lets_them() {
    let lab = keyed();
    let standing =
        |name: &str| Standing { name: name.into(), health: Health::Up, weight: 1, draining: false };
    let standings = ["a", "b", "c"].map(standing);
    let sent = [("visitors", 1_000)];
    let shares = Expectations::default().of_clients(&lab, &lab.pools[0], &standings, &sent);
    let shares = shares.expect("keys are known");
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let told = [0, 1, 2].map(|index| (shares[index] * 3_000.0) as u64);
    let seen = diagnosis(lab, got(told), &with_keys(60), 1);
    assert!([Cause::WithinChance, Cause::KeySpread].contains(&seen.cause), "{}", seen.sentence);
    let turned = [told[2] + 400, told[1], told[0].saturating_sub(400)];
    assert_eq!(diagnosis(keyed(), got(turned), &with_keys(60), 1).cause, Cause::Unknown);
}

fn weighted_keyed(algorithm: &str) -> Lab {
    let mut lab = lab(&format!(r#"algorithm: "{algorithm}", key: header("x-user")"#), "");
    lab.pools[0].servers[0].weight = 3;
    lab
}

/// What the keys of the clients give each server of 4,000 requests.
fn told_by_keys(lab: &Lab) -> [Told; 3] {
    let standing = |server: &crate::lab::Server| Standing {
        name: server.name.as_str().into(),
        health: Health::Up,
        weight: server.weight,
        draining: false,
    };
    let standings: Vec<Standing> = lab.pools[0].servers.iter().map(standing).collect();
    let sent = [("visitors", 1_000)];
    let shares = Expectations::default().of_clients(lab, &lab.pools[0], &standings, &sent);
    let shares = shares.expect("keys are known");
    got([0, 1, 2].map(|index| (shares[index] * 4_000.0) as u64))
}

#[test]
fn weights_are_the_reason_also_where_keys_decide() {
    for algorithm in ["maglev", "rendezvous", "modulo"] {
        let lab = weighted_keyed(algorithm);
        let told = told_by_keys(&lab);
        let seen = diagnosis(lab, told, &with_keys(60), 1);
        assert_eq!((seen.cause, seen.level), (Cause::Weights, Level::Ok), "{}", seen.sentence);
        let begins = "Shares fit the weights 3 : 1 : 1: ";
        assert!(seen.sentence.starts_with(begins), "{algorithm}: {}", seen.sentence);
        let share = seen.rows[0].share;
        assert!((share - 0.6).abs() < 0.03, "{algorithm}: {}", seen.sentence);
    }
}

#[test]
fn only_a_ring_is_told_to_have_more_points() {
    let hot = |algorithm: &str| {
        let mut lab = lab(&format!(r#"algorithm: "{algorithm}", key: header("x-user")"#), "");
        lab.clients[0].keys = crate::model::Keys::Zipf { count: 5_000, exponent: 1.4 };
        let told = told_by_keys(&lab);
        diagnosis(lab, told, &with_keys(60), 1)
    };
    for (algorithm, is_ring) in [("ring", true), ("maglev", false), ("jump", false)] {
        let seen = hot(algorithm);
        assert_eq!(seen.cause, Cause::KeySpread, "{algorithm}: {}", seen.sentence);
        assert_eq!(seen.remedy.is_some_and(|it| it.contains("ring")), is_ring, "{algorithm}");
    }
}

#[test]
fn one_connection_carries_everything_where_connections_are_balanced() {
    let mut tcp = lab("", "");
    tcp.listeners[0].protocol = crate::lab::Protocol::Tcp;
    let mut told = got([0, 0, 0]);
    told[1].in_flight = 1;
    let seen = diagnosis(tcp, told, &[], 1);
    let sentence = "1 kept-alive connection carries everything to B: without HTTP a connection is balanced once, when it opens";
    check(&seen, Cause::OneConnection, Level::Warn, sentence);
}

#[test]
fn one_connection_shows_no_load_to_those_who_look_at_it() {
    let one = records(60, |_, record| Record { connection: 7, ..record });
    let seen = diagnosis(lab(r#"algorithm: "first""#, ""), got([400, 0, 0]), &one, 1);
    let sentence = "One kept-alive connection carries 100 % of the requests, one after the other: First sees idle servers only";
    check(&seen, Cause::OneConnection, Level::Warn, sentence);
}

#[test]
fn several_balancers_do_not_see_each_other() {
    let apart = || lab("", "state: per_worker");
    let seen = diagnosis(apart(), got([140, 130, 130]), &[], 4);
    let sentence = "4 workers count for themselves: 35 / 33 / 32 %; one count would be exact";
    assert_eq!((seen.cause, seen.level), (Cause::SeveralBalancers, Level::Ok));
    assert_eq!(seen.sentence.replace("32 / 33", "33 / 32"), sentence.replace("32 / 33", "33 / 32"));
    let seen = diagnosis(apart(), got([300, 60, 40]), &[], 4);
    let sentence = "4 workers balance for themselves and do not see each other: 75 / 15 / 10 % is more than chance";
    check(&seen, Cause::SeveralBalancers, Level::Warn, sentence);
    assert_eq!(diagnosis(apart(), got([140, 130, 130]), &[], 1).cause, Cause::WithinChance);
}

#[test]
fn what_is_unknown_is_said_to_be() {
    let seen = diagnosis(lab("", ""), got([300, 60, 40]), &[], 1);
    let sentence =
        "Shares are 75 / 15 / 10 %, where 34 / 33 / 33 % was due, and no known cause explains it";
    assert_eq!(seen.cause, Cause::Unknown);
    assert_eq!(seen.sentence, sentence);
}
