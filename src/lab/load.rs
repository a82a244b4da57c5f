//! Bytes to a checked lab, or to every problem with its place. Never panics, never grows without bound.

use super::check::{Checked, check};
use super::decode::{Decoded, decode};
use super::faults;
use super::places::Places;
use super::problem::{Place, Problem};
use super::{Lab, syntax};

/// A lab that can run, with the text it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub lab: Checked,
    pub source: String,
    pub places: Places,
    /// What is odd and does not keep it from running.
    pub warnings: Vec<Problem>,
}

/// Why a file is no lab that could run: all of it, in the order of the file.
#[derive(Debug, Clone)]
pub struct Refused {
    pub problems: Vec<Problem>,
    /// The text, as far as it is text; what a report quotes.
    pub source: String,
}

/// What is in a file, whether it could run or not.
#[derive(Debug, Clone)]
pub struct Reading {
    /// With defaults where something could not be read; `None` where nothing could.
    pub lab: Option<Lab>,
    pub problems: Vec<Problem>,
    pub source: String,
    pub places: Places,
}

/// Reads and checks a lab file.
pub fn load(bytes: &[u8]) -> Result<Loaded, Refused> {
    let Reading { lab, problems, source, places } = read(bytes);
    match lab.map(Checked::new) {
        Some(Ok(lab)) if !problems.iter().any(Problem::is_error) => {
            Ok(Loaded { lab, source, places, warnings: problems })
        }
        _ => Err(Refused { problems, source }),
    }
}

/// Reads as much of a lab file as makes sense.
pub fn read(bytes: &[u8]) -> Reading {
    if bytes.len() > FILE_BYTES_MAX {
        // How many it has nobody knows: no more than this was read.
        let what = format!("the file has more than {FILE_BYTES_MAX} bytes");
        let problem = Problem::error("", what, "make the lab smaller")
            .with_limit(format!("{FILE_BYTES_MAX} bytes"));
        return unreadable(problem, String::new());
    }
    match std::str::from_utf8(bytes) {
        // Some editors put a mark in front of a file that they do not show or count.
        Ok(text) => read_text(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let source = String::from_utf8_lossy(bytes).into_owned();
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let problem = Problem::error("", "this is not UTF-8 text", "save the file as UTF-8")
                .with_place(Some(place_after(&valid)));
            unreadable(problem, source)
        }
    }
}

fn read_text(source: String) -> Reading {
    let text = source.as_str();
    if let Err(fault) = syntax::check_brackets(text) {
        let (at, problem) = faults::of_brackets(&fault);
        let place = place_after(&text[..at]);
        return unreadable(problem.with_place(Some(place)), source);
    }
    let places = Places::of(text);
    let Decoded { lab, mut problems, blanked } = decode(text, &places);
    if let Some(lab) = &lab {
        let found = check(lab).into_iter().filter(|problem| !follows(problem, &blanked));
        problems.extend(found.map(|problem| {
            let place = places.find(text, &problem.path);
            problem.with_place(place)
        }));
    }
    // Where there are too many to list, errors go first: no warning may hide why a lab cannot run.
    problems.sort_by_key(|problem| problem.severity);
    problems.truncate(PROBLEMS_MAX);
    problems.sort_by_key(|problem| (problem.place, problem.severity));
    Reading { lab, problems, source, places }
}

/// Whether a problem is there only because something could not be read.
fn follows(problem: &Problem, blanked: &[String]) -> bool {
    let Problem { path, what, remedy, .. } = problem;
    blanked.iter().any(|lost| {
        let name = lost.rsplit('.').next().unwrap_or(lost);
        let name = name.split('[').next().unwrap_or(name);
        let is_a_name = name == "name" || lost.ends_with(']');
        let names_nothing = what.contains("there is no") && is_a_name
            || what.contains("no listener leads") && lost.starts_with("listeners");
        // What is around the lost part may miss it, and then it says so.
        let misses_it = is_within(lost, path) && (remedy.contains(name) || what.contains(name));
        is_within(path, lost) || misses_it || names_nothing
    })
}

fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn unreadable(problem: Problem, source: String) -> Reading {
    Reading { lab: None, problems: vec![problem], source, places: Places::default() }
}

fn place_after(text: &str) -> Place {
    let line = text.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Place { line, column, length: 1 }
}

/// A lab with a thousand servers has about a tenth of it.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
const PROBLEMS_MAX: usize = 200;
