//! Where programs keep what is theirs, on each system in its own way.

use std::path::PathBuf;

/// What a program keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// What a person set.
    Settings,
    /// What the program made.
    Data,
}

/// Evenkeel's folder: by the XDG rules, by Apple's, or by Microsoft's.
pub fn own_folder(keeping: Keeping) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|it| !it.is_empty());
    let home = || PathBuf::from(variable("HOME").unwrap_or_else(|| ".".into()));
    let base = if cfg!(windows) {
        variable("APPDATA").map_or_else(home, PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().join("Library").join("Application Support")
    } else {
        let (name, usual) = match keeping {
            Keeping::Settings => ("XDG_CONFIG_HOME", ".config"),
            Keeping::Data => ("XDG_DATA_HOME", ".local/share"),
        };
        variable(name).map_or_else(|| home().join(usual), PathBuf::from)
    };
    base.join("evenkeel")
}
