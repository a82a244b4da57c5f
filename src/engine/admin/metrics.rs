//! Metrics in Prometheus' text form, version 0.0.4.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering::Relaxed;

use super::super::board::{Board, lost_lines};
use super::super::observation::gauges;
use crate::balance::Health;
use crate::meter::{LatencyReading, MeterReading, Outcome};

pub(super) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn text(board: &Board) -> String {
    let mut page = Page::default();
    of_listeners(&mut page, board);
    of_servers(&mut page, board);
    of_pools(&mut page, board);
    of_the_whole(&mut page, board);
    page.text
}

fn of_listeners(page: &mut Page, board: &Board) {
    let instruments = board.instruments();
    let readings: Vec<(Labels, MeterReading)> = instruments
        .listeners
        .iter()
        .map(|(name, meter)| (Labels::new("listener", name), meter.read()))
        .collect();
    page.head("evenkeel_requests_total", "counter", "Requests that ended, by how they ended");
    for (labels, reading) in &readings {
        for (outcome, count) in reading.counters.outcomes() {
            page.sample("", &labels.and("outcome", outcome.name()), count);
        }
    }
    page.head("evenkeel_limit_hits_total", "counter", "Requests that met a limit or a timeout");
    for (labels, reading) in &readings {
        // All of them, also those that were never met: an alert needs something to look at.
        let limits = Outcome::ALL.into_iter().filter(|outcome| {
            matches!(outcome, Outcome::LimitHit(_) | Outcome::TimedOut(_) | Outcome::QueueFull)
        });
        for outcome in limits {
            let count = reading.counters.of(outcome);
            page.sample("", &labels.and("limit", outcome.name()), count);
        }
    }
    let each = |read: fn(&MeterReading) -> u64| {
        readings.iter().map(move |(labels, reading)| (labels.clone(), read(reading)))
    };
    page.table(
        "evenkeel_received_bytes_total",
        "counter",
        "Bytes of bodies from clients",
        each(|it| it.counters.bytes_in),
    );
    page.table(
        "evenkeel_sent_bytes_total",
        "counter",
        "Bytes of bodies to clients",
        each(|it| it.counters.bytes_out),
    );
    page.table(
        "evenkeel_retries_total",
        "counter",
        "Tries after the first",
        each(|it| it.counters.retries),
    );
    page.head(
        "evenkeel_request_duration_seconds",
        "histogram",
        "Time from a request's head to its end",
    );
    for (labels, reading) in &readings {
        page.histogram(labels, &reading.latency);
    }
}

fn of_servers(page: &mut Page, board: &Board) {
    let figures = board.figures();
    let servers = || {
        figures.pools.iter().flat_map(|pool| {
            let labels = Labels::new("pool", &pool.name);
            pool.servers.iter().map(move |(name, reading)| (labels.and("server", name), reading))
        })
    };
    page.head("evenkeel_server_requests_total", "counter", "Tries at a server, by how they ended");
    for (labels, reading) in servers() {
        for (outcome, count) in reading.counters.outcomes() {
            page.sample("", &labels.and("outcome", outcome.name()), count);
        }
    }
    page.head("evenkeel_server_request_duration_seconds", "histogram", "Time of a try at a server");
    for (labels, reading) in servers() {
        page.histogram(&labels, &reading.latency);
    }
}

fn of_pools(page: &mut Page, board: &Board) {
    let pools = gauges(&board.shared.plan(), &board.status().lab, &board.instruments());
    let waiting = pools.iter().map(|pool| (Labels::new("pool", &pool.name), pool.waiting as u64));
    page.table("evenkeel_pool_waiting", "gauge", "Requests that wait for a server", waiting);
    let servers: Vec<_> = pools
        .iter()
        .flat_map(|pool| {
            let labels = Labels::new("pool", &pool.name);
            pool.servers.iter().map(move |server| (labels.and("server", &server.name), server))
        })
        .collect();
    let each = |read: fn(&super::super::ServerGauges) -> u64| {
        servers.iter().map(move |(labels, server)| (labels.clone(), read(server)))
    };
    page.table(
        "evenkeel_server_up",
        "gauge",
        "Whether a server is taken for well",
        each(|it| u64::from(it.shown_health() == Health::Up)),
    );
    page.table(
        "evenkeel_server_in_flight",
        "gauge",
        "Requests under way at a server",
        each(|it| it.in_flight.into()),
    );
    page.table("evenkeel_server_weight", "gauge", "A server's weight", each(|it| it.weight.into()));
    page.table(
        "evenkeel_server_connections",
        "gauge",
        "Connections to a server",
        each(|it| it.connections.into()),
    );
}

fn of_the_whole(page: &mut Page, board: &Board) {
    let tallies = &board.shared.tallies;
    let (status, plan) = (board.status(), board.shared.plan());
    for (name, kind, help, value) in [
        (
            "evenkeel_connections",
            "gauge",
            "Client connections that are open",
            tallies.connections.load(Relaxed) as u64,
        ),
        (
            "evenkeel_connections_accepted_total",
            "counter",
            "Client connections that came",
            tallies.accepted.load(Relaxed),
        ),
        (
            "evenkeel_connections_turned_away_total",
            "counter",
            "Client connections beyond the limit",
            tallies.turned_away.load(Relaxed),
        ),
        (
            "evenkeel_requests_unsampled_total",
            "counter",
            "Requests measured but not recorded",
            tallies.unsampled.load(Relaxed),
        ),
        (
            "evenkeel_log_lines_lost_total",
            "counter",
            "Lines that the access logs could not take",
            lost_lines(&plan),
        ),
        ("evenkeel_workers", "gauge", "Worker threads", status.workers as u64),
        ("evenkeel_revision", "gauge", "The revision of the lab in force", status.revision),
    ] {
        page.table(name, kind, help, std::iter::once((Labels::default(), value)));
    }
}

/// Names and values of a sample, as they are written.
#[derive(Debug, Clone, Default)]
struct Labels {
    text: String,
}

impl Labels {
    fn new(name: &str, value: &str) -> Self {
        Self::default().and(name, value)
    }

    fn and(&self, name: &str, value: &str) -> Self {
        let mut text = self.text.clone();
        if !text.is_empty() {
            text.push(',');
        }
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        // Writing to a string does not fail.
        write!(text, "{name}=\"{value}\"").ok();
        Self { text }
    }
}

#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    fn head(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        // Writing to a string does not fail.
        write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n").ok();
    }

    fn table(
        &mut self,
        name: &'static str,
        kind: &str,
        help: &str,
        samples: impl Iterator<Item = (Labels, u64)>,
    ) {
        self.head(name, kind, help);
        samples.for_each(|(labels, value)| self.sample("", &labels, value));
    }

    fn sample(&mut self, suffix: &str, labels: &Labels, value: impl Display) {
        let (name, labels) = (self.name, &labels.text);
        if labels.is_empty() {
            writeln!(self.text, "{name}{suffix} {value}").ok();
        } else {
            writeln!(self.text, "{name}{suffix}{{{labels}}} {value}").ok();
        }
    }

    fn histogram(&mut self, labels: &Labels, latency: &LatencyReading) {
        let count = latency.count();
        for bound in BOUNDS_SECS {
            let ns = (bound * 1e9) as u64;
            let within = latency.share_within(ns).map_or(0.0, |share| share * count as f64);
            self.sample("_bucket", &labels.and("le", &bound.to_string()), within.round() as u64);
        }
        self.sample("_bucket", &labels.and("le", "+Inf"), count);
        let sum = latency.mean_ns().map_or(0.0, |mean| mean * count as f64 / 1e9);
        self.sample("_sum", labels, sum);
        self.sample("_count", labels, count);
    }
}

/// From what a cache answers to what nobody waits for.
const BOUNDS_SECS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Histogram;

    #[test]
    fn a_histogram_counts_upwards_to_all() {
        let histogram = Histogram::default();
        for ns in [100_000, 2_000_000, 2_000_000, 60_000_000_000] {
            histogram.record(ns);
        }
        let mut page = Page::default();
        page.head("x", "histogram", "y");
        page.histogram(&Labels::new("a", "\"b\\\n"), &histogram.read());
        let lines: Vec<&str> = page.text.lines().collect();
        assert_eq!(lines[2], r#"x_bucket{a="\"b\\\n",le="0.0005"} 1"#);
        assert_eq!(lines[4], r#"x_bucket{a="\"b\\\n",le="0.0025"} 3"#);
        assert_eq!(lines[17], r#"x_bucket{a="\"b\\\n",le="+Inf"} 4"#);
        assert_eq!(lines[19], r#"x_count{a="\"b\\\n"} 4"#);
    }
}
