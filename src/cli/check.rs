//! `evenkeel check`: every problem of a lab file, with its place and a remedy.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::lab::{self, Problem};

use super::Streams;
use super::lab_file::read_lab;
use super::outcome::{Answer, Failure};

/// Check a lab file and print every problem with line and column
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The lab file
    #[arg(value_name = "LAB.ron")]
    lab: PathBuf,
    /// Print `{"problems": [{"severity", "path", "line", "column", "what", "limit", "remedy"}, …]}`
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    problems: Vec<JsonProblem<'a>>,
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    severity: &'static str,
    path: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    what: &'a str,
    limit: Option<&'a str>,
    remedy: &'a str,
}

impl Check {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let (problems, source, is_deaf) = match read_lab(&self.lab)? {
            Ok(loaded) => (loaded.warnings, loaded.source, loaded.lab.listeners.is_empty()),
            Err(refused) => (refused.problems, refused.source, false),
        };
        let holds = !problems.iter().any(Problem::is_error);
        let name = self.lab.display().to_string();
        if self.json {
            let json = Json { problems: problems.iter().map(JsonProblem::of).collect() };
            serde_json::to_writer(&mut *streams.out, &json)?;
            writeln!(streams.out)?;
        } else if problems.is_empty() {
            let deaf =
                if is_deaf { ", but no listener, so nobody can send it anything" } else { "" };
            writeln!(streams.out, "{name}: no problems{deaf}")?;
        } else {
            write!(streams.err, "{}", lab::report(&name, &source, &problems))?;
        }
        Ok(Answer::holds_if(holds))
    }
}

impl<'a> JsonProblem<'a> {
    fn of(problem: &'a Problem) -> Self {
        Self {
            severity: if problem.is_error() { "error" } else { "warning" },
            path: &problem.path,
            line: problem.place.map(|place| place.line),
            column: problem.place.map(|place| place.column),
            what: &problem.what,
            limit: problem.limit.as_deref(),
            remedy: &problem.remedy,
        }
    }
}
