//! The numbers of a run for people: tables, moved keys, broken sessions, verdicts.

use crate::lab::{Figures, Lab, Verdict};

use super::Streams;
use super::lab_file;
use super::outcome::Failure;
use super::run_json::Ran;
use super::table::{Table, grouped, milliseconds, percent};

/// Writes the tables, what keys and sessions went through, and the verdicts. `time` says of what kind the
/// duration is.
pub(super) fn write(
    lab: &Lab,
    ran: &Ran<'_>,
    time: &str,
    verdicts: &[Verdict],
    note: Option<&str>,
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let out = &mut *streams.out;
    let Ran { duration, seed, overall } = ran;
    writeln!(out, "{} for {duration} {time}, seed {seed}\n", lab_file::title(lab))?;
    for line in clients_table(overall).lines().into_iter().chain([String::new()]) {
        writeln!(out, "{line}")?;
    }
    for line in servers_table(lab, overall).lines() {
        writeln!(out, "{line}")?;
    }
    for moves in &overall.key_moves {
        let share = |keys: u64| percent(keys as f64 / moves.keys.max(1) as f64);
        writeln!(
            out,
            "\n{}: {} of the keys of {} moved; {} had to, {} needlessly",
            moves.cue,
            share(moves.moved),
            moves.pool,
            percent(moves.unavoidable),
            if moves.needless == 0 { "none".to_owned() } else { share(moves.needless) },
        )?;
    }
    let broken = overall.pools.iter().flat_map(|pool| &pool.broken_sessions);
    let causes: Vec<String> = broken
        .map(|(cause, count)| format!("{} by {}", grouped(*count), cause.replace('_', " ")))
        .collect();
    if !causes.is_empty() {
        let all = grouped(overall.broken_sessions());
        writeln!(out, "\n{all} sessions broken: {}", causes.join(", "))?;
    }
    if let Some(note) = note {
        writeln!(out, "\n{note}")?;
    }
    if !verdicts.is_empty() {
        writeln!(out)?;
    }
    for verdict in verdicts {
        let mark = if verdict.holds { "holds" } else { "FAILS" };
        writeln!(out, "{mark}  {}: {}", verdict.name, verdict.seen)?;
    }
    Ok(())
}

fn clients_table(overall: &Figures) -> Table {
    let mut table =
        Table::new(&["clients", "requests", "errors", "mean", "p50", "p90", "p99", "p99.9"]);
    for (name, reading) in &overall.clients {
        let latency = &reading.latency;
        let at = |q: f64| latency.quantile(q).map_or_else(|| "-".to_owned(), milliseconds);
        table.row(vec![
            name.clone(),
            grouped(reading.counters.finished()),
            grouped(reading.counters.errors()),
            latency.mean_ns().map_or_else(|| "-".to_owned(), |ns| milliseconds(ns as u64)),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
        ]);
    }
    table
}

fn servers_table(lab: &Lab, overall: &Figures) -> Table {
    let mut table = Table::new(&["server", "share", "requests", "errors", "retries", "p50", "p99"]);
    for pool in &overall.pools {
        let one_pool = lab.pools.len() == 1;
        for ((name, reading), (_, share)) in pool.servers.iter().zip(pool.shares()) {
            let at =
                |q: f64| reading.latency.quantile(q).map_or_else(|| "-".to_owned(), milliseconds);
            table.row(vec![
                if one_pool { name.clone() } else { format!("{}/{name}", pool.name) },
                percent(share),
                grouped(reading.counters.started),
                grouped(reading.counters.errors()),
                grouped(reading.counters.retries),
                at(0.5),
                at(0.99),
            ]);
        }
    }
    table
}
