//! What an engine is started with, beside the lab.

use std::path::PathBuf;

use super::admin::AdminSettings;

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

/// Whether the commands of a lab may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// They wait until somebody says yes.
    #[default]
    Ask,
    Given,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("."),
            authority_folder: own_folder().join("authority"),
            consent: Consent::Ask,
            seed: None,
            plays_script: false,
            admin: None,
        }
    }
}

/// Where programs keep what is theirs: by the XDG rules, by Apple's, or by Microsoft's.
fn own_folder() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
    let home = || PathBuf::from(variable("HOME").unwrap_or_else(|| ".".into()));
    let base = if cfg!(windows) {
        variable("APPDATA").map_or_else(home, PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().join("Library").join("Application Support")
    } else {
        variable("XDG_DATA_HOME").map_or_else(|| home().join(".local/share"), PathBuf::from)
    };
    base.join("evenkeel")
}
