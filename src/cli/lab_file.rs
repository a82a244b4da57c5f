//! Reading files that people name on the command line.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::lab::{self, Lab, Loaded};

use super::Streams;
use super::outcome::Failure;

/// The lab in a file, checked. Its problems, and warnings, go to standard error.
pub(super) fn load(path: &Path, streams: &mut Streams<'_>) -> Result<Lab, Failure> {
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
