//! Labs for theory: one pool, one client group, a run cut into batches. Every run is held to Little's law.

use std::fmt::Write as _;

use evenkeel::lab::{self, Lab};
use evenkeel::period::Period;
use evenkeel::sim::{self, Report};

use super::batches::BATCHES;

/// The mean service time of all scenes, in nanoseconds: 10 ms.
pub(crate) const SERVICE_NS: f64 = 10_000_000.0;
pub(crate) const EXPONENTIAL: &str = r#"exponential(mean: "10ms")"#;

/// Who serves, who asks, and for how long.
pub(crate) struct Scene {
    pub(crate) algorithm: &'static str,
    /// The `servers` of the pool.
    pub(crate) servers: String,
    pub(crate) arrivals: String,
    /// In service times.
    pub(crate) batch_services: u64,
    pub(crate) seed: u64,
}

impl Scene {
    /// `n` servers that serve one request at a time, each busy this part of the time.
    pub(crate) fn of_queues(n: usize, algorithm: &'static str, latency: &str, load: f64) -> Self {
        let one = |number: usize| queue(number, latency);
        Self {
            algorithm,
            servers: (0..n).map(one).collect(),
            arrivals: poisson(n as f64 * load),
            batch_services: 1_000,
            seed: 1,
        }
    }

    /// Makes the batches long enough for about so many requests in all.
    pub(crate) fn with_requests(self, requests: f64, per_service: f64) -> Self {
        Self { batch_services: (requests / per_service / BATCHES as f64) as u64, ..self }
    }

    /// Runs it, lets everybody finish, and holds it to Little's law.
    pub(crate) fn run(&self) -> Report {
        let report = self.run_open(60_000);
        assert_eq!(report.unfinished, 0, "everybody had ten minutes to finish");
        report
    }

    /// The same for a scene in which not everybody will be done `drain_services` after the clients stopped.
    pub(crate) fn run_open(&self, drain_services: u64) -> Report {
        let end_services = self.batch_services * (BATCHES as u64 + 1) + drain_services;
        let duration = Period::from_millis(end_services * 10);
        let report = sim::run(&self.lab(duration), self.seed, duration);
        check_little(&report);
        report
    }

    fn lab(&self, duration: Period) -> Lab {
        let Self { algorithm, servers, arrivals, batch_services, .. } = self;
        let mut cues = String::new();
        for batch in 1..=BATCHES as u64 {
            let at_ms = batch * batch_services * 10;
            write!(cues, r#"(name: "b{batch}", at: "{at_ms}ms"), "#).unwrap();
        }
        let stop_ms = batch_services * (BATCHES as u64 + 1) * 10;
        lab(&format!(
            r#"(
                duration: "{duration}",
                limits: (connections: 1000000),
                listeners: [(
                    name: "web",
                    address: "127.0.0.1:0",
                    routes: [(name: "all", to: pool("web"), timeouts: (response: "1h"))],
                )],
                pools: [(
                    name: "web",
                    algorithm: "{algorithm}",
                    queue: (limit: 100000, timeout: "1h"),
                    servers: [{servers}],
                )],
                clients: [(name: "all", listener: "web", arrivals: {arrivals}, timeout: "1h")],
                cues: [
                    {cues}
                    (name: "stop", at: "{stop_ms}ms", edits: [stop_client(client: "all")]),
                ],
            )"#
        ))
    }
}

/// A server with one request in service and all others waiting.
pub(crate) fn queue(number: usize, latency: &str) -> String {
    format!(
        r#"(name: "s{number}", mock: (latency: {latency}, concurrency_limit: 1, queue_limit: 1000000)), "#
    )
}

/// So many requests per service time, independent of each other.
pub(crate) fn poisson(per_service: f64) -> String {
    format!("poisson(per_second: {})", per_service * 100.0)
}

pub(crate) fn lab(text: &str) -> Lab {
    match lab::load(text.as_bytes()) {
        Ok(loaded) => loaded.lab.into_lab(),
        Err(refused) => panic!("{}", lab::report("theory.ron", &refused.source, &refused.problems)),
    }
}

/// L = λ T, request by request: the time integral of the number in the system is the sum of all times in it.
///
/// Exact, up to the rounding of sums of doubles, once everybody is done. Who is not can have been there from
/// the start at most, and was there for no time at least.
pub(crate) fn check_little(report: &Report) {
    let duration_ns = report.duration.ns() as f64;
    let latency = report.overall.clients_together().latency;
    assert_eq!(latency.beyond(), 0);
    let finished_ns = latency.mean_ns().unwrap_or(0.0) * latency.count() as f64;
    let in_system_ns = report.in_system * duration_ns;
    let left_ns = in_system_ns - finished_ns;
    let rounding_ns = in_system_ns * 1e-12;
    let left_most_ns = report.unfinished as f64 * duration_ns;
    assert!(
        (-rounding_ns..=left_most_ns + rounding_ns).contains(&left_ns),
        "L = {}, but λ T = {}",
        report.in_system,
        finished_ns / duration_ns,
    );
}
