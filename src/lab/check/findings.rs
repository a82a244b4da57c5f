//! Collecting problems, and the checks that every part of a lab needs.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::super::faults::{excerpt, what_and_remedy};
use super::super::problem::Problem;
use super::super::suggest::{among, nearest};
use crate::model::{Flaw, ModelError};
use crate::period::Period;

#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else if problem.is_error() && self.problems.iter().all(|known| !known.is_error()) {
            // However many warnings came before, a lab with an error must not pass.
            self.problems.pop();
            self.problems.push(problem);
        }
    }

    pub(super) fn error(&mut self, path: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.push(Problem::error(path, what, remedy));
    }

    pub(super) fn warn(&mut self, path: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.push(Problem::warning(path, what, remedy));
    }

    /// An error that comes as "what is wrong: what to do".
    pub(super) fn message(&mut self, path: &str, message: &str) {
        let (what, remedy) = what_and_remedy(message);
        self.error(path, what, remedy);
    }

    /// Values outside the range, "not a number" among them.
    pub(super) fn range<T: PartialOrd + Display + Copy>(
        &mut self,
        path: &str,
        value: T,
        least: T,
        most: T,
    ) {
        self.outside(path, &value, &least, &most, "a number");
    }

    pub(super) fn percent(&mut self, path: &str, value: f64) {
        self.outside(path, &value, &0.0, &100.0, "a percentage");
    }

    pub(super) fn period(&mut self, path: &str, value: Period, least: Period, most: Period) {
        self.outside(path, &value, &least, &most, "a period");
    }

    fn outside<T: PartialOrd + Display>(
        &mut self,
        path: &str,
        value: &T,
        least: &T,
        most: &T,
        kind: &str,
    ) {
        if value >= least && value <= most {
            return;
        }
        let name = label(path);
        let what = if value > most {
            format!("{name} {value} is above the limit of {most}")
        } else {
            format!("{name} {value} is below the limit of {least}")
        };
        let problem = Problem::error(path, what, format!("write {kind} from {least} to {most}"));
        self.push(problem.with_limit(format!("{least} to {most}")));
    }

    pub(super) fn text(&mut self, path: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least {
            self.error(path, format!("{} is empty", label(path)), "write something");
        } else if length > most {
            let what =
                format!("{} has {length} characters, above the limit of {most}", label(path));
            let problem = Problem::error(path, what, format!("write at most {most} characters"));
            self.push(problem.with_limit(format!("{least} to {most} characters")));
        }
    }

    pub(super) fn count(&mut self, path: &str, n: usize, most: usize) {
        if n > most {
            let what = format!("{n} entries in {} are above the limit of {most}", label(path));
            let problem = Problem::error(path, what, "take some away");
            self.push(problem.with_limit(format!("0 to {most}")));
        }
    }

    /// That a name is there among others of its kind.
    pub(super) fn reference(&mut self, path: &str, kind: &str, name: &str, names: &[&str]) {
        if names.contains(&name) {
            return;
        }
        if name.is_empty() {
            self.error(
                path,
                format!("no {kind} is named"),
                format!("write the name of {}", one(kind)),
            );
            return;
        }
        let remedy = match names {
            [] => format!("add {} with that name", one(kind)),
            names => nearest(name, names).unwrap_or_else(|| among(names)),
        };
        self.error(path, format!("there is no {kind} `{}`", excerpt(name)), remedy);
    }

    /// That names can be told apart and written in one line.
    pub(super) fn names<'a>(
        &mut self,
        list: &str,
        kind: &str,
        names: impl Iterator<Item = &'a str>,
    ) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, name) in names.enumerate() {
            let path = format!("{list}[{index}].name");
            if name.is_empty() {
                self.error(&path, format!("{} has no name", one(kind)), "add name: \"…\"");
            } else if !is_name(name) {
                self.error(
                    &path,
                    format!("`{}` cannot be the name of {}", excerpt(name), one(kind)),
                    "write up to 64 characters without blanks, quotes or /",
                );
            } else if let Some(first) = seen.insert(name, index) {
                self.error(
                    &path,
                    format!("{kind} `{name}` is there twice"),
                    format!("give it another name than {list}[{first}]"),
                );
            }
        }
    }

    /// What the pretend world says about its own settings.
    pub(super) fn flaws(&mut self, path: &str, flaws: Vec<Flaw>) {
        for Flaw { place, error } in flaws {
            let (path, name) = located(path, &place);
            if let ModelError::Range { value, least, most } = &error {
                let what = format!("{name} {value} is outside {least} to {most}");
                let remedy = format!("write a value from {least} to {most}");
                self.push(
                    Problem::error(&path, what, remedy).with_limit(format!("{least} to {most}")),
                );
                continue;
            }
            let (what, remedy) = what_and_remedy(&error.to_string());
            self.error(&path, format!("{name}: {what}"), remedy);
        }
    }
}

/// The path of a flaw, and what it is called in a sentence. An entry of a map has a number for its name.
fn located(path: &str, place: &str) -> (String, String) {
    match place.rsplit_once('.') {
        _ if place.is_empty() => (path.to_owned(), label(path)),
        Some((map, key)) if key.parse::<u32>().is_ok() => {
            (format!("{path}.{map}[{key}]"), format!("{} {key} at", label(map)))
        }
        _ => (format!("{path}.{place}"), label(place)),
    }
}

/// The last name of a path, as it is called in a sentence.
pub(super) fn label(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    last.split('[').next().unwrap_or(last).to_owned()
}

fn is_name(name: &str) -> bool {
    let fits =
        |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '/' | '"' | '\'' | '`');
    name.chars().all(fits) && name.chars().count() <= 64
}

/// A kind of thing with its article.
fn one(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// More than anyone reads; finding the place of each costs time.
const PROBLEMS_MAX: usize = 1_000;
