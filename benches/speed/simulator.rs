//! The cost of a request in virtual time. The column of items is requests.

use divan::Bencher;
use divan::counter::ItemsCount;
use evenkeel::lab::{self, Lab};
use evenkeel::period::Period;
use evenkeel::sim;

/// An open loop: Poisson arrivals, exponential service, one request at a time, servers busy to 80 %.
#[divan::bench(args = ["round-robin", "least-connections", "power-of-choices"], consts = [1, 10, 100], sample_count = 30)]
fn poisson<const SERVERS: usize>(bencher: Bencher<'_, '_>, algorithm: &str) {
    let rate = SERVERS * 800;
    run(bencher, algorithm, SERVERS, "", &format!("arrivals: poisson(per_second: {rate})"));
}

/// A thousand users who wait for their answers and think.
#[divan::bench(args = ["round-robin", "least-connections"], sample_count = 30)]
fn closed_loop(bencher: Bencher<'_, '_>, algorithm: &str) {
    let client = r#"arrivals: closed(users: 1000, think: exponential(mean: "100ms"))"#;
    run(bencher, algorithm, 10, "", client);
}

/// Cookies bind a thousand clients, whose sessions servers keep in memory.
#[divan::bench(args = ["round-robin"], sample_count = 30)]
fn sticky(bencher: Bencher<'_, '_>, algorithm: &str) {
    let pool = "stickiness: inserted(name: \"cookie\"), mocks: (sessions: memory)";
    let client = "arrivals: poisson(per_second: 8000), identities: (count: 1000)";
    run(bencher, algorithm, 10, pool, client);
}

/// Each request carries one of ten thousand keys in its path, a few of them hot.
#[divan::bench(args = ["ring", "maglev", "ring(load_bound: 1.25)"], sample_count = 30)]
fn zipf_keys(bencher: Bencher<'_, '_>, algorithm: &str) {
    let client = "arrivals: poisson(per_second: 6000), \
                  keys: zipf(count: 10000, exponent: 0.8), key_in: path, \
                  requests: [(path: \"/item/{key}\")]";
    run(bencher, algorithm, 10, "key: path", client);
}

fn run(bencher: Bencher<'_, '_>, algorithm: &str, servers: usize, pool: &str, client: &str) {
    let lab = lab(algorithm, servers, pool, client);
    let second = sim::run(&lab, 1, Period::from_secs(1)).overall.clients_together();
    let seconds = (REQUESTS / second.counters.finished().max(1)).max(1);
    let duration = Period::from_secs(seconds);
    let report = sim::run(&lab, 1, duration).overall.clients_together();
    let finished = report.counters.finished();
    assert!(report.counters.errors() * 20 < finished, "this lab measures failures");
    bencher.counter(ItemsCount::new(finished)).bench_local(|| sim::run(&lab, 1, duration));
}

fn lab(algorithm: &str, servers: usize, pool: &str, client: &str) -> Lab {
    let mock = r#"mock: (latency: exponential(mean: "1ms"), concurrency_limit: 1)"#;
    let server = |index| format!("(name: \"s{index}\", {mock})");
    let servers = (0..servers).map(server).collect::<Vec<String>>().join(", ");
    let text = format!(
        r#"(
            listeners: [(name: "web", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", algorithm: "{algorithm}", servers: [{servers}], {pool})],
            clients: [(name: "all", listener: "web", {client})],
        )"#
    );
    match lab::load(text.as_bytes()) {
        Ok(loaded) => loaded.lab.into_lab(),
        Err(refused) => panic!("{}", lab::report("bench.ron", &refused.source, &refused.problems)),
    }
}

const REQUESTS: u64 = 100_000;
