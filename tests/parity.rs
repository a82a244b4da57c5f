//! The same lab on real sockets and in virtual time: the same shares, and the same order where nothing is left to chance.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use evenkeel::engine::{Engine, Settings};
use evenkeel::lab::{self, Checked, Lab, PoolFigures};
use evenkeel::period::Period;
use evenkeel::sim;

/// A lab whose servers differ in weight and in speed.
fn lab(algorithm: &str, more: &str, arrivals: &str, keys: &str) -> Lab {
    let text = format!(
        r#"(
            version: 1,
            seed: 7,
            {more}
            listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
            pools: [(
                name: "web",
                algorithm: "{algorithm}",
                key: header("x-user"),
                servers: [
                    (name: "a", weight: 5, mock: (latency: constant("30ms"))),
                    (name: "b", weight: 2, mock: (latency: constant("60ms"))),
                    (name: "c", weight: 1, mock: (latency: constant("120ms"))),
                ],
            )],
            clients: [(
                name: "all",
                listener: "front",
                arrivals: {arrivals},
                keys: {keys},
                key_in: header("x-user"),
            )],
        )"#
    );
    lab::load(text.as_bytes()).unwrap_or_else(|it| panic!("{algorithm}: {it:?}")).lab.into_lab()
}

fn engine(lab: &Lab) -> Engine {
    let engine = Engine::start(Checked::new(lab.clone()).unwrap(), Settings::default()).unwrap();
    assert_eq!(engine.status().all_troubles(), Vec::<String>::new());
    engine
}

/// Each server's requests, and all of them together.
fn counts(pool: &PoolFigures) -> (BTreeMap<String, f64>, f64) {
    let count = |(name, reading): &(String, evenkeel::meter::MeterReading)| {
        (name.clone(), reading.counters.started as f64)
    };
    let counts: BTreeMap<String, f64> = pool.servers.iter().map(count).collect();
    let all = counts.values().sum();
    (counts, all)
}

/// Where the shares of an algorithm differ by more than chance would let them.
fn differences(algorithm: &'static str) -> Vec<String> {
    let lab = lab(algorithm, "", "steady(per_second: 200)", "uniform(count: 2000)");
    let engine = engine(&lab);
    std::thread::sleep(TRAFFIC);
    let course = engine.course().unwrap();
    drop(engine);
    assert_eq!(course.overall.clients_together().counters.errors(), 0, "{algorithm}");
    let (real, n_real) = counts(course.overall.pool("web").unwrap());
    let report = sim::run(&lab, lab.seed, VIRTUAL);
    let (virtually, n_virtual) = counts(report.overall.pool("web").unwrap());
    // Every request was due, whatever the machine was busy with.
    assert!(n_real >= 0.5 * TRAFFIC.as_secs_f64() * 200.0, "{algorithm}: {n_real} requests");
    let compare = |(name, count): (&String, &f64)| {
        let (here, there) = (count / n_real, virtually[name] / n_virtual);
        let both = (count + virtually[name]) / (n_real + n_virtual);
        let error = (both * (1.0 - both) * (1.0 / n_real + 1.0 / n_virtual)).sqrt();
        let text = format!(
            "{algorithm}: {name} {here:.4} of {n_real} on sockets, {there:.4} of {n_virtual} in virtual time"
        );
        ((here - there).abs() > STANDARD_ERRORS * error).then_some(text)
    };
    real.iter().filter_map(compare).collect()
}

/// The servers in the order in which one user met them on real sockets, with one worker.
fn real_order(lab: &Lab) -> Vec<String> {
    let engine = engine(lab);
    let mut order: Vec<(u64, String)> = Vec::new();
    for _ in 0..DEADLINE_STEPS {
        let seen = engine.observe();
        assert_eq!(seen.dropped.unsampled, 0, "every request is recorded");
        order.extend(seen.requests.iter().map(|it| (it.at_ns, it.attempts[0].server.to_string())));
        if order.len() >= PICKS {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    order.sort();
    order.into_iter().map(|(_, server)| server).take(PICKS).collect()
}

/// The same in virtual time, where a run can be looked at after every moment: who has one request more than a
/// moment ago, got it.
fn virtual_order(lab: &Lab) -> Vec<String> {
    let mut order = Vec::new();
    let mut before: BTreeMap<String, f64> = BTreeMap::new();
    for moment in 0_u64.. {
        let report = sim::run(lab, lab.seed, Period::from_millis(1 + moment));
        let (now, _) = counts(report.overall.pool("web").unwrap());
        let grown: Vec<&String> = now
            .keys()
            .filter(|name| now[*name] > before.get(*name).copied().unwrap_or(0.0))
            .collect();
        assert!(grown.len() <= 1, "one user sends one request at a time");
        order.extend(grown.into_iter().cloned());
        if order.len() >= PICKS {
            break;
        }
        before = now;
    }
    order
}

fn orders(algorithm: &'static str) -> Vec<String> {
    let arrivals = r#"closed(users: 1, think: constant("2ms"))"#;
    let mut lab = lab(algorithm, "workers: 1,", arrivals, "uniform(count: 50)");
    for server in &mut lab.pools[0].servers {
        let behaviour = server.mock.as_mut().unwrap();
        behaviour.latency = evenkeel::model::Latency::Constant(Period::from_millis(2));
    }
    let (real, virtually) = (real_order(&lab), virtual_order(&lab));
    assert_eq!(real.len(), PICKS, "{algorithm}");
    let differs = real != virtually;
    let text = || format!("{algorithm}:\n{}\n{}", real.concat(), virtually.concat());
    differs.then(text).into_iter().collect()
}

/// What each algorithm has to say, all at the same time.
fn of_all(
    algorithms: &[&'static str],
    judge: impl Fn(&'static str) -> Vec<String> + Copy + Send + 'static,
) -> Vec<String> {
    let threads: Vec<_> = algorithms
        .iter()
        .map(|&algorithm| {
            let thread = std::thread::Builder::new().name(algorithm.to_owned());
            thread.spawn(move || judge(algorithm)).unwrap()
        })
        .collect();
    threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
}

#[test]
fn real_sockets_and_virtual_time_give_the_same_shares() {
    let algorithms =
        ["weighted", "least-connections", "random", "power-of-choices", "ring", "maglev"];
    let wrong = of_all(&algorithms, differences);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_worker_and_one_user_meet_the_servers_in_the_order_of_virtual_time() {
    let algorithms = [
        "round-robin",
        "smooth-weighted",
        "edf-weighted",
        "haproxy-weighted",
        "block-weighted",
        "first",
        "ring",
        "maglev",
    ];
    let wrong = of_all(&algorithms, orders);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const TRAFFIC: Duration = Duration::from_secs(4);
/// Longer than the real traffic, so that its own noise hardly counts.
const VIRTUAL: Period = Period::from_secs(60);
/// Six labs with three servers each: chance alone does this once in ten thousand runs.
const STANDARD_ERRORS: f64 = 4.5;
const PICKS: usize = 60;
const DEADLINE_STEPS: usize = 2_000;
