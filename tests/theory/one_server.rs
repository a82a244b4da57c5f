//! One server: M/M/1, M/G/1, the closed loop, and what a stall costs.

use super::batches::{check_exponential_quantiles, mean_response, throughput};
use super::formulas::{closed_loop, one_server};
use super::scene::{EXPONENTIAL, SERVICE_NS, Scene, check_little, lab};
use evenkeel::period::Period;
use evenkeel::sim;

/// What a service time that is 5 % too long does to a load, and to a time made of services.
const SLOWER: f64 = 1.05;

#[test]
fn poisson_arrivals_at_one_exponential_server_wait_as_in_m_m_1() {
    for (load, requests) in [(0.5, 300_000.0), (0.8, 1_000_000.0)] {
        let scene = Scene::of_queues(1, "round-robin", EXPONENTIAL, load);
        let scene = Scene { seed: (load * 10.0) as u64, ..scene };
        let report = scene.with_requests(requests, load).run();
        let theory = one_server(load, 1.0);
        let wrong = SLOWER * one_server(load * SLOWER, 1.0);
        mean_response(&report, SERVICE_NS).check(&format!("M/M/1 at {load}"), theory, wrong);
        // The response of M/M/1 is exponential.
        let what = format!("M/M/1 at {load}");
        check_exponential_quantiles(&report, SERVICE_NS, &what, theory, wrong);
    }
}

#[test]
fn any_service_time_makes_requests_wait_as_pollaczek_and_khinchine_say() {
    let load = 0.7;
    for (name, latency, variation) in SERVICES {
        let scene = Scene::of_queues(1, "round-robin", latency, load);
        let report = scene.with_requests(300_000.0, load).run();
        let wrong = SLOWER * one_server(load * SLOWER, variation);
        let theory = one_server(load, variation);
        mean_response(&report, SERVICE_NS).check(&format!("M/G/1, {name}"), theory, wrong);
    }
}

/// Service times with a mean of 10 ms and their squared coefficients of variation. The fourth moments are
/// finite, without which batch means of waiting times would not be as good as normal.
const SERVICES: [(&str, &str, f64); 4] = [
    ("constant", r#"constant("10ms")"#, 0.0),
    ("uniform", r#"uniform(low: "0ms", high: "20ms")"#, 1.0 / 3.0),
    // The mean is the median times exp(sigma² / 2), the variation exp(sigma²) - 1.
    ("log-normal", r#"log_normal(median: "6065307ns", sigma: 1)"#, std::f64::consts::E - 1.0),
    // The mean is least · shape / (shape - 1), the variation 1 / (shape · (shape - 2)).
    ("pareto", r#"pareto(least: "7777778ns", shape: 4.5)"#, 1.0 / 11.25),
];

#[test]
fn users_of_a_closed_loop_get_what_the_machine_repairman_gets() {
    for users in [2, 6, 12] {
        let mut scene = Scene::of_queues(1, "round-robin", EXPONENTIAL, 0.5);
        scene.arrivals = format!(r#"closed(users: {users}, think: exponential(mean: "50ms"))"#);
        let per_service = closed_loop(users, 5.0);
        let report = scene.with_requests(200_000.0, per_service).run();
        let what = format!("M/M/1//{users}");
        let wrong = closed_loop(users, 5.0 / SLOWER) / SLOWER;
        throughput(&report).times(0.01).check(&what, per_service, wrong);
        // Who does not think waits or is served: the response time law.
        let response = |throughput: f64| f64::from(users) / throughput - 5.0;
        let slower = response(closed_loop(users, 5.0 / SLOWER) / SLOWER);
        mean_response(&report, SERVICE_NS).check(&what, response(per_service), slower);
    }
}

/// A server stalls for a second. An open loop sends on, and each request is as late as it is from when it
/// should have been sent; a closed loop of one user sees one slow request and no more.
#[test]
fn a_stall_is_counted_from_when_requests_should_have_been_sent() {
    let report = stalled("steady(per_second: 100)");
    let (mut free_at_ms, mut sum_ms) = (0, 0);
    for sent_ms in (10..10_000).step_by(10) {
        // Lindley's recursion: the next begins when it is there and the one before is done.
        let begins_ms = free_at_ms.max(sent_ms);
        let stall = (STALL_FROM_MS..STALL_UNTIL_MS).contains(&begins_ms);
        free_at_ms = begins_ms + if stall { 1_000 } else { 1 };
        sum_ms += free_at_ms - sent_ms;
    }
    let latency = report.overall.clients_together().latency;
    assert_eq!((latency.count(), latency.mean_ns()), (999, Some(sum_ms as f64 * 1e6 / 999.0)));
    assert!(latency.quantile(0.95).unwrap() > 400_000_000, "a tenth of all waited");

    let closed = stalled(r#"closed(users: 1, think: constant("9ms"))"#);
    let latency = closed.overall.clients_together().latency;
    assert!(latency.quantile(0.998).unwrap() <= 1_010_000, "all but one took a millisecond");
    assert_eq!(latency.max_ns(), 1_000_000_000);
}

const STALL_FROM_MS: u64 = 5_000;
const STALL_UNTIL_MS: u64 = 5_010;

fn stalled(arrivals: &str) -> sim::Report {
    let lab = lab(&format!(
        r#"(
            duration: "10s",
            listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
            pools: [(
                name: "web",
                servers: [(name: "a", mock: (latency: constant("1ms"), concurrency_limit: 1))],
            )],
            clients: [(name: "all", listener: "web", arrivals: {arrivals})],
            cues: [
                (name: "stall", at: "{STALL_FROM_MS}ms", edits: [set_latency(server: "a", latency: constant("1s"))]),
                (name: "over", at: "{STALL_UNTIL_MS}ms", edits: [set_latency(server: "a", latency: constant("1ms"))]),
            ],
        )"#
    ));
    let report = sim::run(&lab, 1, Period::from_secs(10));
    check_little(&report);
    report
}
