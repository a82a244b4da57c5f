//! Prequal on servers with queues: what it promises must come out of the whole, not only of its rules.
//!
//! The paper gives no closed form, so the yardsticks are random placement, for which there is one, and the better of
//! two random servers, whose information Prequal has and more. Both meet the same requests with the same work in
//! them, so the differences from seed to seed are the noise, and they are measured rather than guessed.

use super::*;
use crate::balance::Algorithm;
use crate::balance::power_of_choices::PowerOfChoices;
use crate::balance::prequal::Prequal;
use crate::balance::random::Random;
use crate::lab;

/// Servers that serve one request at a time, and what comes to them.
fn lab_of(servers: &str, per_second: u32) -> Lab {
    let text = format!(
        r#"(
            listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [{servers}])],
            clients: [(name: "all", listener: "web", arrivals: poisson(per_second: {per_second}))],
        )"#
    );
    lab::load(text.as_bytes()).expect("the lab is whole").lab.into_lab()
}

fn server(name: usize, mean_ms: u32) -> String {
    format!(
        r#"(name: "s{name}", mock: (latency: exponential(mean: "{mean_ms}ms"), concurrency_limit: 1)),"#
    )
}

fn ten_equal(load_percent: u32) -> Lab {
    lab_of(&(0..10).map(|name| server(name, 10)).collect::<String>(), 10 * load_percent)
}

fn mean_ms(lab: &Lab, algorithm: &Algorithm, seed: u64) -> f64 {
    let report = compare::report(lab, algorithm, seed, Period::from_secs(20)).unwrap();
    let together = report.overall.clients_together();
    assert_eq!(together.counters.errors(), 0, "{algorithm:?}");
    together.latency.mean_ns().unwrap() / 1e6
}

/// How much longer a request takes under Prequal than under `other`, and the standard error of that.
fn excess_ms(lab: &Lab, other: &Algorithm) -> (f64, f64) {
    let prequal = Prequal::default().into();
    let excess = |seed| mean_ms(lab, &prequal, seed) - mean_ms(lab, other, seed);
    let excesses: Vec<f64> = (0..SEEDS).map(excess).collect();
    let count = SEEDS as f64;
    let mean = excesses.iter().sum::<f64>() / count;
    let squares: f64 = excesses.iter().map(|one| (one - mean) * (one - mean)).sum();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

#[test]
fn at_four_fifths_load_waiting_is_far_below_that_of_random() {
    let lab = ten_equal(80);
    let mean = |algorithm: Algorithm| {
        (0..SEEDS).map(|seed| mean_ms(&lab, &algorithm, seed)).sum::<f64>() / SEEDS as f64
    };
    let (prequal, random) = (mean(Prequal::default().into()), mean(Random::default().into()));
    // Ten M/M/1 queues: 10 ms / (1 - 0.8).
    assert!((random / 50.0 - 1.0).abs() < 0.1, "{random}");
    assert!(prequal < random / 2.0, "{prequal} {random}");
}

#[test]
fn no_load_makes_it_worse_than_the_better_of_two() {
    for load_percent in [80, 95, 99] {
        let (mean, error) = excess_ms(&ten_equal(load_percent), &PowerOfChoices::default().into());
        assert!(mean <= 3.0 * error, "{load_percent} %: {mean} ms more, give or take {error}");
    }
}

#[test]
fn a_server_twenty_times_slower_is_left_alone() {
    let servers: String = (0..9).map(|name| server(name, 10)).chain([server(9, 200)]).collect();
    let per_second = 724;
    let lab = lab_of(&servers, per_second);
    let prequal = Prequal::default().into();
    // Random among the nine others would need 10 ms / (1 - 724 / 900).
    let by_chance_ms = 10.0 / (1.0 - f64::from(per_second) / 900.0);
    for seed in 0..SEEDS {
        let mean = mean_ms(&lab, &prequal, seed);
        assert!(mean < by_chance_ms / 1.5, "{mean} ms, by chance {by_chance_ms}");
        let report = compare::report(&lab, &prequal, seed, Period::from_secs(20)).unwrap();
        let share = report.overall.pools[0].shares()[9].1;
        // It can serve 5 of the 724 in a second.
        assert!(share < 2.0 * 5.0 / f64::from(per_second), "{share}");
    }
}

#[test]
fn few_servers_and_many_are_served_alike() {
    for count in [2, 3, 5, 30, 60] {
        let servers: String = (0..count).map(|name| server(name, 10)).collect();
        let lab = lab_of(&servers, 70 * count as u32);
        let mean = mean_ms(&lab, &Prequal::default().into(), 1);
        // By chance 10 ms / (1 - 0.7).
        assert!(mean < 0.8 * 33.3, "{count}: {mean}");
    }
}

const SEEDS: u64 = 8;
