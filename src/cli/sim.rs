//! `evenkeel sim`: a lab in virtual time.

use clap::Args;

use crate::lab::{Lab, Verdict};
use crate::sim::{self, Report};

use super::Streams;
use super::lab_file::{self, LabToRun, ToRun};
use super::outcome::{Answer, Failure};
use super::run_json::RunJson;
use super::table::{Table, grouped, milliseconds, percent};

/// Run a lab in virtual time
///
/// The same algorithms and servers as on real sockets, without any: a minute takes milliseconds, and the same
/// lab and seed give the same numbers on every machine. Ends with 1 if an expectation of the lab does not hold.
#[derive(Debug, Args)]
pub(super) struct Sim {
    #[command(flatten)]
    lab: LabToRun,
    /// Print requests, shares, errors, latencies in microseconds, moved keys, broken sessions, expectations
    #[arg(long)]
    json: bool,
}

impl Sim {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let ToRun { lab, seed, duration } = self.lab.load(streams)?;
        let report = sim::run(&lab, seed, duration);
        let verdicts = report.verdicts(&lab);
        if self.json {
            serde_json::to_writer(&mut *streams.out, &RunJson::new(&lab, &report, &verdicts))?;
            writeln!(streams.out)?;
        } else {
            write_text(&lab, &report, &verdicts, streams)?;
        }
        Ok(Answer::holds_if(verdicts.iter().all(|verdict| verdict.holds)))
    }
}

fn write_text(
    lab: &Lab,
    report: &Report,
    verdicts: &[Verdict],
    streams: &mut Streams<'_>,
) -> Result<(), Failure> {
    let out = &mut *streams.out;
    let Report { duration, seed, .. } = report;
    writeln!(out, "{} for {duration} of virtual time, seed {seed}\n", lab_file::title(lab))?;
    for line in clients_table(report).lines().into_iter().chain([String::new()]) {
        writeln!(out, "{line}")?;
    }
    for line in servers_table(lab, report).lines() {
        writeln!(out, "{line}")?;
    }
    for moves in &report.overall.key_moves {
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
    let broken = report.overall.pools.iter().flat_map(|pool| &pool.broken_sessions);
    let causes: Vec<String> = broken
        .map(|(cause, count)| format!("{} by {}", grouped(*count), cause.replace('_', " ")))
        .collect();
    if !causes.is_empty() {
        let all = grouped(report.overall.broken_sessions());
        writeln!(out, "\n{all} sessions broken: {}", causes.join(", "))?;
    }
    if !report.taken_for_mocks.is_empty() {
        let names = report.taken_for_mocks.join(", ");
        writeln!(out, "\nNot mocks, so taken for mocks with default settings: {names}")?;
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

fn clients_table(report: &Report) -> Table {
    let mut table =
        Table::new(&["clients", "requests", "errors", "mean", "p50", "p90", "p99", "p99.9"]);
    for (name, reading) in &report.overall.clients {
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

fn servers_table(lab: &Lab, report: &Report) -> Table {
    let mut table = Table::new(&["server", "share", "requests", "errors", "retries", "p50", "p99"]);
    for pool in &report.overall.pools {
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
