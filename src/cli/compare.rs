//! `evenkeel compare`: a lab under every algorithm, in one table.

use clap::Args;
use serde::Serialize;

use crate::balance::Algorithm;
use crate::lab::{Figures, PoolFigures, Problem};
use crate::sim::{Report, compare};

use super::Streams;
use super::lab_file::{self, LabToRun, ToRun};
use super::outcome::{Answer, Failure};
use super::progress::Progress;
use super::run_json::{NumbersJson, name_of};
use super::table::{Table, grouped, milliseconds, percent};

/// Run a lab under every algorithm in virtual time and compare
///
/// All algorithms see the same requests at the same times with the same work in them; only their choices
/// differ. The lab's own algorithms come first, as the lab sets them, then all others with their defaults. All pools
/// get the same one, and cues that switch the algorithm are left out.
#[derive(Debug, Args)]
pub(super) struct Compare {
    #[command(flatten)]
    lab: LabToRun,
    /// Print `{"algorithms": [{"algorithm", "requests", "shares", "errors", "latency_us", …}, …]}`
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    lab: &'a str,
    seconds: f64,
    seed: u64,
    algorithms: Vec<RowJson>,
}

#[derive(Serialize)]
struct RowJson {
    algorithm: String,
    #[serde(flatten)]
    numbers: Option<NumbersJson>,
    /// Why this algorithm cannot work in this lab, in place of the numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

impl Compare {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let ToRun { lab, seed, duration } = self.lab.load(streams)?;
        let candidates = compare::candidates(&lab);
        let mut progress = Progress::new(candidates.len());
        let mut rows = Vec::new();
        for algorithm in candidates {
            progress.show(algorithm.about().name, streams);
            let report = compare::report(&lab, &algorithm, seed, duration)
                .map_err(|problems| why(&problems));
            rows.push(Row { algorithm, report });
        }
        Progress::end(streams);
        if self.json {
            let row = |row: &Row| RowJson {
                algorithm: name_of(&row.algorithm),
                numbers: row.report.as_ref().ok().map(|report| NumbersJson::new(&report.overall)),
                refused: row.report.as_ref().err().cloned(),
            };
            let algorithms = rows.iter().map(row).collect();
            let json = Json { lab: &lab.name, seconds: duration.secs(), seed, algorithms };
            serde_json::to_writer(&mut *streams.out, &json)?;
            writeln!(streams.out)?;
        } else {
            let name = lab_file::title(&lab);
            writeln!(streams.out, "{name} for {duration} of virtual time, seed {seed}\n")?;
            for line in table(&rows).lines() {
                writeln!(streams.out, "{line}")?;
            }
        }
        Ok(Answer::Holds)
    }
}

/// One algorithm and its run, or why it cannot work in this lab.
struct Row {
    algorithm: Algorithm,
    report: Result<Report, String>,
}

fn why(problems: &[Problem]) -> String {
    let first = problems.iter().find(|problem| problem.is_error());
    first.map_or_else(String::new, |problem| format!("{}: {}", problem.what, problem.remedy))
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "algorithm",
        "shares",
        "mean",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "errors",
        "moved keys",
        "broken sessions",
    ]);
    for Row { algorithm, report } in rows {
        let report = match report {
            Ok(report) => report,
            Err(why) => {
                table.note(format!("{}: {why}", name_of(algorithm)));
                continue;
            }
        };
        let together = report.overall.clients_together();
        let at = |q: f64| together.latency.quantile(q).map_or_else(|| "-".to_owned(), milliseconds);
        table.row(vec![
            name_of(algorithm),
            shares_cell(&report.overall),
            together.latency.mean_ns().map_or_else(|| "-".to_owned(), |ns| milliseconds(ns as u64)),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            grouped(together.counters.errors()),
            moved_cell(&report.overall),
            grouped(report.overall.broken_sessions()),
        ]);
    }
    table
}

/// Shares in whole per cents, pool by pool; of many servers, the least and the greatest.
fn shares_cell(figures: &Figures) -> String {
    let pools = || figures.pools.iter().map(PoolFigures::shares);
    if pools().map(|shares| shares.len()).sum::<usize>() <= SHARES_SHOWN_MAX {
        let whole = |(_, share): &(&str, f64)| format!("{:.0}", share * 100.0);
        let pool =
            |shares: Vec<(&str, f64)>| shares.iter().map(whole).collect::<Vec<_>>().join(" ");
        return format!("{} %", pools().map(pool).collect::<Vec<_>>().join(" | "));
    }
    let shares = || pools().flatten().map(|(_, share)| share * 100.0);
    let least = shares().fold(f64::INFINITY, f64::min);
    format!("{least:.1} to {:.1} %", shares().fold(0.0, f64::max))
}

fn moved_cell(figures: &Figures) -> String {
    let keys: u64 = figures.key_moves.iter().map(|moves| moves.keys).sum();
    let moved: u64 = figures.key_moves.iter().map(|moves| moves.moved).sum();
    if keys == 0 { "-".to_owned() } else { percent(moved as f64 / keys as f64) }
}

const SHARES_SHOWN_MAX: usize = 8;
