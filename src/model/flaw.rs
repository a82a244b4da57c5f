//! A setting that makes no sense: where it stands, what is wrong, the limit and the remedy.

use std::fmt;

use crate::period::PeriodError;

/// One bad value inside a settings type. The lab adds its own path in front with [`Flaw::within`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Field names from the outside in, such as `latency.sigma`.
    pub place: String,
    pub error: ModelError,
}

impl Flaw {
    pub fn new(place: &str, error: ModelError) -> Self {
        Self { place: place.to_owned(), error }
    }

    pub fn within(self, outer: &str) -> Self {
        let place = if self.place.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.place)
        };
        Self { place, ..self }
    }

    /// The flaw of a value that must lie in `least..=most`, if it does not.
    pub(super) fn outside(place: &str, value: f64, least: f64, most: f64) -> Option<Self> {
        // Written so that "not a number" lies outside as well.
        let inside = value >= least && value <= most;
        (!inside).then(|| Self::new(place, ModelError::range(value, least, most)))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.error)
    }
}

/// Why a value or a written form is refused, always with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("{value} is outside {least} to {most}: write a value between them")]
    Range { value: String, least: String, most: String },
    #[error("the low end {low} is above the high end {high}: swap them")]
    Order { low: String, high: String },
    #[error("the spell lasts {lasting} but one begins every {every}: make `for` the shorter one")]
    Spell { every: String, lasting: String },
    #[error(
        "the odds add up to {0}, and only one failure can befall a request: lower them to 1 in all"
    )]
    OddsSum(String),
    #[error("`{text}` is not {what}: write {form}")]
    Shape { text: String, what: &'static str, form: &'static str },
    #[error("line {line}: {error}")]
    Sample { line: usize, error: PeriodError },
    #[error("there is no sample in it: write one period on each line, such as 12.5ms")]
    NoSamples,
    #[error("it has more than {limit} samples: keep a random part of them")]
    ManySamples { limit: usize },
    #[error("it is empty: write at least one character")]
    Empty,
    #[error("it is longer than {limit} bytes: write a shorter one")]
    Long { limit: usize },
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl ModelError {
    pub(super) fn range(
        value: impl fmt::Display,
        least: impl fmt::Display,
        most: impl fmt::Display,
    ) -> Self {
        Self::Range { value: value.to_string(), least: least.to_string(), most: most.to_string() }
    }

    pub(super) fn shape(text: &str, what: &'static str, form: &'static str) -> Self {
        // Long input is cut so that a message stays one line.
        Self::Shape { text: text.chars().take(40).collect(), what, form }
    }
}
