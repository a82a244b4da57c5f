//! Which algorithm is better than which, and when that turns round.

use evenkeel::meter::CounterReading;
use evenkeel::sim::Report;

use super::batches::{Estimate, mean_response, mean_response_at};
use super::formulas::{in_turn, many_servers};
use super::scene::{EXPONENTIAL, SERVICE_NS, Scene, poisson, queue};

/// Ten servers, busy nine tenths of the time.
fn response(algorithm: &'static str, latency: &str, requests: f64) -> Estimate {
    let scene = Scene::of_queues(10, algorithm, latency, 0.9).with_requests(requests, 9.0);
    mean_response(&scene.run(), SERVICE_NS)
}

/// Nothing beats one line for all, whose mean is Erlang's; the shortest of ten queues beats the shorter of two;
/// that beats taking turns, and turns beat chance. The published means are 1.67, 1.92, 3.01, 5.66 and 10.
#[test]
fn the_more_a_choice_looks_at_the_less_exponential_requests_wait() {
    let shortest = response("least-connections", EXPONENTIAL, 200_000.0);
    let of_two = response("power-of-choices", EXPONENTIAL, 200_000.0);
    let turns = response("round-robin", EXPONENTIAL, 200_000.0);
    let chance = response("random", EXPONENTIAL, 400_000.0);
    let one_line = Estimate { mean: many_servers(10, 9.0), within: 0.0 };
    one_line.check_below(shortest, "one line, shortest queue");
    shortest.check_below(of_two, "shortest queue, shorter of two");
    of_two.check_below(turns, "shorter of two, turns");
    turns.check_below(chance, "turns, chance");
}

/// Where all services take the same time, the oldest assignment is the one that ends first, and turns find it;
/// a queue's length does not say it. The published means are 1.33, 1.47 and 1.94.
#[test]
fn turns_beat_the_shortest_queue_when_all_services_are_equal() {
    let latency = r#"constant("10ms")"#;
    let [turns, shortest, of_two] = ["round-robin", "least-connections", "power-of-choices"]
        .map(|algorithm| response(algorithm, latency, 200_000.0));
    turns.check_below(shortest, "turns, shortest queue");
    shortest.check_below(of_two, "shortest queue, shorter of two");
}

/// A long service makes a long queue, and turns do not look. A log-normal with a squared coefficient of
/// variation of 5.5 (sigma² = log 6.5) and the mean of the others; the published means are 3.7, 6.7 and 25.2.
#[test]
fn turns_lose_to_the_shortest_queue_when_services_differ_much() {
    let latency = r#"log_normal(median: "3922323ns", sigma: 1.3681272)"#;
    let [turns, shortest, of_two] = ["round-robin", "least-connections", "power-of-choices"]
        .map(|algorithm| response(algorithm, latency, 400_000.0));
    shortest.check_below(of_two, "shortest queue, shorter of two");
    of_two.check_below(turns, "shorter of two, turns");
}

/// One of ten servers is five times slower, and together they have work for three fifths of their time. A tenth
/// of it is more than twice what the slow one can do.
#[test]
fn turns_bury_a_slower_server_and_counting_requests_does_not() {
    let drown = one_slower("round-robin", 1).with_requests(800_000.0, ALL).run_open(0);
    let (given, done) = (ALL / 10.0 * services(&drown), services(&drown) / 5.0);
    // Every tenth of all arrivals, and services one after the other: variances of a Poisson over 100 and of a
    // Poisson. How often it was idle at the beginning is lost in them.
    let within = 4.5 * (ALL * services(&drown) / 100.0 + done).sqrt();
    let slow = at_the_slow_one(&drown);
    let waiting = Estimate { mean: (slow.started - slow.finished()) as f64, within };
    // What is wrong is a server that is slower still by 5 %.
    waiting.check("left at the slower server", given - done, given - done / 1.05);

    // Those that count requests give it less than it can do.
    for algorithm in ["least-connections", "power-of-choices"] {
        let report = one_slower(algorithm, 1).with_requests(600_000.0, ALL).run();
        let given = at_the_slow_one(&report).started as f64;
        let within = 4.5 * given.sqrt();
        let can_do = services(&report) / 5.0;
        Estimate { mean: given, within }
            .check_below(Estimate { mean: can_do, within: 0.0 }, algorithm);
    }
}

/// For how many service times the clients sent.
fn services(report: &Report) -> f64 {
    let stopped = report.windows.iter().find(|window| window.since.as_deref() == Some("stop"));
    stopped.map_or_else(|| report.duration.ns(), |window| window.from_ns) as f64 / SERVICE_NS
}

fn at_the_slow_one(report: &Report) -> &CounterReading {
    &report.overall.pools[0].servers[9].1.counters
}

/// With weights that say how fast they are the slow one gets every 46th request: `E_46/M/1` at a load of 0.6.
#[test]
fn the_right_weights_make_a_slower_server_an_erlang_queue() {
    let report = one_slower("weighted", 5).with_requests(700_000.0, ALL).run();
    let theory = 5.0 * in_turn(46, 0.6);
    let wrong = 5.0 * 1.05 * in_turn(46, 0.6 * 1.05);
    mean_response_at(&report, 9, SERVICE_NS).check("every 46th, E46/M/1", theory, wrong);
}

/// Requests per service time: three fifths of what nine servers and a fifth can do.
const ALL: f64 = 0.6 * 9.2;

fn one_slower(algorithm: &'static str, weight_of_others: u32) -> Scene {
    let others = (0..9).map(|number| {
        queue(number, EXPONENTIAL).replace("mock:", &format!("weight: {weight_of_others}, mock:"))
    });
    let slow = queue(9, r#"exponential(mean: "50ms")"#);
    let scene = Scene::of_queues(0, algorithm, EXPONENTIAL, 0.0);
    let servers = others.chain([slow]).collect();
    Scene { servers, arrivals: poisson(ALL), ..scene }.with_requests(200_000.0, ALL)
}
