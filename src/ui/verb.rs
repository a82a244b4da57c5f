//! The few things that can be asked for and are not edits of the lab.

use std::path::PathBuf;

/// Performed between two frames, by whoever owns what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// One of the labs that come with the program, by its place.
    OpenPreset(usize),
    OpenFile(PathBuf),
    Undo,
    Redo,
    /// The commands that wait for a yes may run.
    AllowCommands,
    /// Something to be told in passing.
    Tell(String),
}
