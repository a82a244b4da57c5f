//! `evenkeel run`: a lab on real sockets for a while, judged by its own expectations.

use std::time::Duration;

use clap::Args;

use crate::engine::{Consent, Engine, News, Settings, Watcher};
use crate::lab::Checked;
use crate::period::Period;

use super::Streams;
use super::lab_file::{LabToRun, ToRun, folder_of};
use super::outcome::{Answer, Failure};
use super::progress::Progress;
use super::run_json::{Ran, RunJson};
use super::run_text;

/// Run a lab on real sockets for a while and judge its expectations
///
/// Real servers, clients and connections on this machine; it takes as long as it says. Ends with 1 if an
/// expectation of the lab does not hold.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    lab: LabToRun,
    /// Run the commands that the lab names
    #[arg(long)]
    allow_commands: bool,
    /// Let listeners take any free port instead of the one in the lab
    #[arg(long)]
    free_ports: bool,
    /// Print requests, shares, errors, latencies in microseconds, moved keys, broken sessions, expectations
    #[arg(long)]
    json: bool,
}

impl Run {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let ToRun { mut lab, seed, duration } = self.lab.load(streams)?;
        if self.free_ports {
            lab.take_free_ports();
        }
        let path = self.lab.lab.display().to_string();
        let lab = Checked::new(lab).map_err(|_problems| Failure::Lab { path })?;
        let settings = Settings {
            folder: folder_of(&self.lab.lab),
            consent: if self.allow_commands { Consent::Given } else { Consent::Ask },
            seed: Some(seed),
            plays_script: true,
            ..Settings::default()
        };
        let watcher = Watcher::start().map_err(Failure::Engine)?;
        let engine = Engine::start(lab.clone(), settings).map_err(Failure::Engine)?;
        let troubles = engine.status().all_troubles();
        if !troubles.is_empty() {
            return Err(Failure::Shut(troubles.join("; ")));
        }
        if let [command, ..] = engine.status().commands_waiting()[..] {
            let what = format!("the lab wants to run `{command}`: --allow-commands lets it");
            return Err(Failure::Shut(what));
        }
        let ran_for = wait(&watcher, duration, streams);
        let Some(course) = engine.course() else { return Err(Failure::Shut(GONE.to_owned())) };
        // What is still under way is not part of the run.
        drop(engine);
        let verdicts = course.verdicts(&lab);
        let ran = Ran { seed, duration: ran_for, overall: &course.overall };
        if self.json {
            serde_json::to_writer(&mut *streams.out, &RunJson::new(&lab, &ran, &verdicts))?;
            writeln!(streams.out)?;
        } else {
            run_text::write(&lab, &ran, "on real sockets", &verdicts, None, streams)?;
        }
        Ok(Answer::holds_if(verdicts.iter().all(|verdict| verdict.holds)))
    }
}

/// Waits for the end of the run, or until somebody interrupts it. Returns how long that was.
fn wait(watcher: &Watcher, duration: Period, streams: &mut Streams<'_>) -> Period {
    let mut progress = Progress::new((duration.ns() / SECOND.as_nanos() as u64) as usize);
    let mut left = Duration::from(duration);
    while !left.is_zero() {
        let pause = left.min(SECOND);
        progress.show(&format!("{} s left", left.as_secs()), streams);
        if watcher.next(Some(pause)) == Some(News::Interrupted) {
            break;
        }
        left -= pause;
    }
    Progress::end(streams);
    Period::from_ns(duration.ns() - left.as_nanos() as u64)
}

const SECOND: Duration = Duration::from_secs(1);
const GONE: &str = "the lab has stopped by itself before its time was over";
