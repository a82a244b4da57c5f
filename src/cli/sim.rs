//! `evenkeel sim`: a lab in virtual time.

use clap::Args;

use crate::sim::{self, Report};

use super::Streams;
use super::lab_file::{LabToRun, ToRun};
use super::outcome::{Answer, Failure};
use super::run_json::{Ran, RunJson};
use super::run_text;

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
        let ran = Ran { seed, duration, overall: &report.overall };
        if self.json {
            serde_json::to_writer(&mut *streams.out, &RunJson::new(&lab, &ran, &verdicts))?;
            writeln!(streams.out)?;
        } else {
            let note = taken_for_mocks(&report);
            run_text::write(&lab, &ran, "of virtual time", &verdicts, note.as_deref(), streams)?;
        }
        Ok(Answer::holds_if(verdicts.iter().all(|verdict| verdict.holds)))
    }
}

fn taken_for_mocks(report: &Report) -> Option<String> {
    let names = &report.taken_for_mocks;
    let note =
        || format!("Not mocks, so taken for mocks with default settings: {}", names.join(", "));
    (!names.is_empty()).then(note)
}
