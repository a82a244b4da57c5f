//! A problem of a lab: where it is, what is wrong, what the limit is and what to do.

use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub severity: Severity,
    /// The part of the document: `pools[0].servers[1].weight`.
    pub path: String,
    /// Where that is in the file, when there is one.
    pub place: Option<Place>,
    /// What is wrong, as a sentence without a full stop.
    pub what: String,
    /// What would be allowed: `0 to 65535`.
    pub limit: Option<String>,
    /// What to do.
    pub remedy: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The lab cannot run.
    Error,
    /// The lab runs, but does not do what it seems to say.
    Warning,
}

/// A stretch of one line, counted in characters; lines and columns begin with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub line: usize,
    pub column: usize,
    pub length: usize,
}

impl Problem {
    pub(super) fn error(path: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            path: path.to_owned(),
            place: None,
            what: what.into(),
            limit: None,
            remedy: remedy.into(),
        }
    }

    pub(super) fn warning(path: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, what, remedy) }
    }

    pub(super) fn with_limit(self, limit: impl Into<String>) -> Self {
        Self { limit: Some(limit.into()), ..self }
    }

    pub(super) fn with_place(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
