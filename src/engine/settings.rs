//! What an engine is started with, beside the lab.

use std::path::PathBuf;

use super::admin::AdminSettings;
use super::folders::{Keeping, own_folder};
use crate::lab;

/// How an engine runs a lab.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where relative paths in the lab begin.
    pub folder: PathBuf,
    /// Where the local authority lives, the same for all labs of a person, so that it is trusted once.
    pub authority_folder: PathBuf,
    pub consent: Consent,
    /// The number all chance comes from; without it, the lab's own.
    pub seed: Option<u64>,
    /// Plays the lab's cues at their times.
    pub plays_script: bool,
    /// Where metrics and the lab can be asked for.
    pub admin: Option<AdminSettings>,
}

/// Whether the commands of a lab may run, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// Each waits until somebody says yes to it.
    #[default]
    Ask,
    Given,
}

/// The commands that may run. A yes is a yes to what was shown, so a command that comes later, or becomes another
/// one, is asked about again.
#[derive(Debug, Default)]
pub(super) struct Agreed {
    all: bool,
    commands: Vec<lab::Command>,
}

impl Agreed {
    pub(super) fn cover(&self, command: &lab::Command) -> bool {
        self.all || self.commands.iter().any(|agreed| agreed.does_the_same(command))
    }

    pub(super) fn add(&mut self, commands: Vec<lab::Command>) {
        for command in commands {
            if !self.cover(&command) && self.commands.len() < AGREED_MAX {
                self.commands.push(command);
            }
        }
    }
}

impl From<Consent> for Agreed {
    fn from(consent: Consent) -> Self {
        Self { all: consent == Consent::Given, commands: Vec::new() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("."),
            authority_folder: own_folder(Keeping::Data).join("authority"),
            consent: Consent::Ask,
            seed: None,
            plays_script: false,
            admin: None,
        }
    }
}

/// More commands than anybody agrees to one by one. Those beyond it wait.
const AGREED_MAX: usize = 10_000;
