//! The line that a person at a terminal sees: how much, to whom, how fast, how many are well.

use crate::balance::Health;
use crate::cli::Streams;
use crate::cli::table::{grouped, milliseconds, percent};
use crate::engine::Observation;
use crate::meter::MeterReading;

/// Compares each look with the one before.
#[derive(Default)]
pub(super) struct StatusLine {
    before: Option<Observation>,
}

impl StatusLine {
    pub(super) fn show(&mut self, now: Observation, streams: &mut Streams<'_>) {
        if let Some(before) = &self.before {
            // A line that cannot be drawn is no reason to stop.
            write!(streams.err, "{}\x1b[K", line(before, &now)).ok();
            streams.err.flush().ok();
        }
        self.before = Some(now);
    }

    pub(super) fn clear(streams: &mut Streams<'_>) {
        write!(streams.err, "\r\x1b[K").ok();
        streams.err.flush().ok();
    }
}

fn line(before: &Observation, now: &Observation) -> String {
    let seconds = now.at_ns.saturating_sub(before.at_ns).max(1) as f64 / 1e9;
    let nothing = MeterReading::default();
    let listeners = now
        .listeners
        .iter()
        .map(|(name, reading)| reading.since(before.listeners.get(name).unwrap_or(&nothing)));
    let traffic = listeners.fold(MeterReading::default(), |sum, reading| sum.merge(&reading));
    let rate = (traffic.counters.finished() as f64 / seconds).round() as u64;
    let p99 = traffic.latency.quantile(0.99).map_or_else(|| "-".to_owned(), milliseconds);
    let figures = now.figures.since(&before.figures);
    let shares: Vec<String> = figures
        .pools
        .iter()
        .filter(|pool| pool.started() > 0)
        .flat_map(|pool| pool.shares().into_iter().take(SHARES))
        .map(|(name, share)| format!("{name} {}", percent(share)))
        .collect();
    let servers = || now.pools.iter().flat_map(|pool| &pool.servers);
    let healthy = servers().filter(|server| server.shown_health() == Health::Up).count();
    let errors = traffic.counters.errors();
    let errors = if errors == 0 { String::new() } else { format!("  {} errors", grouped(errors)) };
    let shares = if shares.is_empty() { String::new() } else { format!("  {}", shares.join(" ")) };
    format!(
        "{} requests/s{shares}  p99 {p99}{errors}  healthy {healthy}/{}",
        grouped(rate),
        servers().count()
    )
}

/// Shares that fit on a line.
const SHARES: usize = 6;
