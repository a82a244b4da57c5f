//! How a command ends.

use std::io;

use crate::engine::{EngineError, SamplesError};

/// The answer to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Holds,
    DoesNotHold,
}

impl Answer {
    pub(super) fn holds_if(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::DoesNotHold }
    }
}

/// Why it could not be asked. Sentences say what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    #[error("{option}: {problem}")]
    Option { option: &'static str, problem: String },
    #[error("cannot read {path}: {error}")]
    Read { path: String, error: io::Error },
    #[error("{0}")]
    Samples(SamplesError),
    /// The problems have been printed already.
    #[error("{path} is not a lab that can be run; `evenkeel check {path}` lists its problems")]
    Lab { path: String },
    #[error("{0}")]
    Engine(EngineError),
    /// What is wrong with each listener that is not open.
    #[error("{0}")]
    Shut(String),
    #[error("cannot write JSON: {0}")]
    Json(serde_json::Error),
}

impl From<serde_json::Error> for Failure {
    /// What kept JSON from being written is what counts: a reader that went away is no failure.
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Self::Output(error.into()) } else { Self::Json(error) }
    }
}

impl Failure {
    pub(super) fn option(option: &'static str, problem: impl Into<String>) -> Self {
        Self::Option { option, problem: problem.into() }
    }
}
