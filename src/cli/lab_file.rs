//! Reading files that people name on the command line.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::engine;
use crate::lab::{self, Lab, Loaded};
use crate::period::Period;

use super::Streams;
use super::outcome::Failure;

/// Which lab to run, for how long, with which chance.
#[derive(Debug, Args)]
pub(super) struct LabToRun {
    /// The lab file
    #[arg(value_name = "LAB.ron")]
    pub(super) lab: PathBuf,
    /// For how long; without it, as long as the lab says
    #[arg(long = "for", value_name = "PERIOD", allow_hyphen_values = true)]
    duration: Option<Period>,
    /// The number all chance comes from; without it, the lab's own
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
}

/// What those arguments come to.
pub(super) struct ToRun {
    pub(super) lab: Lab,
    pub(super) seed: u64,
    pub(super) duration: Period,
}

impl LabToRun {
    pub(super) fn load(&self, streams: &mut Streams<'_>) -> Result<ToRun, Failure> {
        if let Some(duration) = self.duration.filter(|&duration| duration < DURATION_MIN) {
            let problem =
                format!("{duration} is too short for a run: write {DURATION_MIN} or more");
            return Err(Failure::option("--for", problem));
        }
        let mut lab = load(&self.lab, streams)?;
        if lab.clients.is_empty() {
            let name = self.lab.display();
            let remedy = "add clients: […] so that something is sent";
            writeln!(streams.err, "evenkeel: {name} has no clients of its own: {remedy}")?;
        }
        fill_samples(&mut lab, &self.lab)?;
        let seed = self.seed.unwrap_or(lab.seed);
        let duration = self.duration.unwrap_or(lab.duration);
        Ok(ToRun { lab, seed, duration })
    }
}

/// The lab in a file, checked. Its problems, and warnings, go to standard error.
fn load(path: &Path, streams: &mut Streams<'_>) -> Result<Lab, Failure> {
    let name = path.display().to_string();
    match read_lab(path)? {
        Ok(loaded) => {
            write!(streams.err, "{}", lab::report(&name, &loaded.source, &loaded.warnings))?;
            Ok(loaded.lab.into_lab())
        }
        Err(refused) => {
            write!(streams.err, "{}", lab::report(&name, &refused.source, &refused.problems))?;
            Err(Failure::Lab { path: name })
        }
    }
}

/// Gives a lab the samples that it names, by their paths from the lab's own file.
pub(super) fn fill_samples(lab: &mut Lab, path: &Path) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    engine::fill_samples(lab, folder).map_err(Failure::Samples)
}

/// Where relative paths in a lab begin.
pub(super) fn folder_of(lab: &Path) -> PathBuf {
    match lab.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The outer result is about the file, the inner one about the lab in it.
pub(super) fn read_lab(path: &Path) -> Result<Result<Loaded, lab::Refused>, Failure> {
    // One byte more than is allowed, so that the lab itself can say that there is too much.
    let bytes = read_bounded(path, lab::FILE_BYTES_MAX as u64 + 1)?;
    Ok(lab::load(&bytes))
}

/// What a lab is called in a headline.
pub(super) fn title(lab: &Lab) -> &str {
    if lab.name.is_empty() { "The lab" } else { &lab.name }
}

/// What is in a file, but no more than `bytes_max`.
pub(super) fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let failure = |error| Failure::Read { path: path.display().to_string(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failure)?;
    file.take(bytes_max).read_to_end(&mut bytes).map_err(failure)?;
    Ok(bytes)
}

/// As short as a lab's own duration may be.
const DURATION_MIN: Period = Period::from_millis(1);
