//! The few things that can be asked for and are not edits of the lab.

use std::path::PathBuf;

use super::view::Arrangement;
use crate::lab::{Command, Lab};

/// Performed between two frames, by whoever owns what it is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// One of the labs that come with the program, by its place.
    OpenPreset(usize),
    OpenFile(PathBuf),
    /// A lab as text, from the clipboard.
    Paste(String),
    New,
    /// Asks the person which file to open.
    ChooseFile,
    Save,
    SaveTo(PathBuf),
    /// Asks the person where to save.
    ChooseWhereToSave,
    /// The lab as it is in its file now takes the place of the draft.
    Reload(Box<Lab>),
    /// Performs what a question kept from being performed, whatever it costs.
    Anyway(Box<Self>),
    Quit,
    Undo,
    Redo,
    /// These commands may run.
    AllowCommands(Vec<Command>),
    /// A copy of a command ends and starts anew on its port.
    Restart {
        pool: String,
        server: String,
    },
    /// The listeners that other machines can reach may open.
    AllowWideListeners,
    /// Once what was edited is in force, balancer and clients forget what they have learned.
    BeginAnew,
    /// Tries to start an engine that did not start.
    Retry,
    Show(Overlay),
    /// Present, where that is so already, means back to where one was before.
    Arrange(Arrangement),
    /// To another cue of the talk.
    Cue(CueStep),
    /// Something to be told in passing.
    Tell(String),
    /// Something that went wrong, which stays until it is closed.
    Fail(String),
}

/// Which way through a talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CueStep {
    Next,
    Back,
    First,
}

/// What may lie over the regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    Palette,
    Sheet,
    Gallery,
}
