//! Reading and writing lab files, by whichever thread has time for it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::engine::fill_samples;
use crate::lab::{Checked, FILE_BYTES_MAX, Loaded, Problem, Refused, load};

/// What is in a file.
pub(super) enum ReadFile {
    Lab { lab: Box<Checked>, file: Option<PathBuf>, source: String, warnings: Vec<Problem> },
    Refused { name: String, refused: Refused },
    Unreadable { file: PathBuf, why: String },
}

pub(super) fn read_file(file: PathBuf) -> ReadFile {
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that the lab itself can say that there is too much.
    let read = File::open(&file)
        .and_then(|opened| opened.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return ReadFile::Unreadable { file, why: error.to_string() };
    }
    let name = file.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = folder_of(&file);
    match loaded(&bytes, &folder) {
        Ok(Ok((lab, source, warnings))) => {
            ReadFile::Lab { lab: lab.into(), file: Some(file), source, warnings }
        }
        Ok(Err(refused)) => ReadFile::Refused { name, refused },
        Err(why) => ReadFile::Unreadable { file, why },
    }
}

pub(super) fn read_text(name: String, text: &str) -> ReadFile {
    match loaded(text.as_bytes(), Path::new(".")) {
        Ok(Ok((lab, source, warnings))) => {
            ReadFile::Lab { lab: lab.into(), file: None, source, warnings }
        }
        Ok(Err(refused)) => ReadFile::Refused { name, refused },
        Err(why) => ReadFile::Unreadable { file: PathBuf::from(name), why },
    }
}

type Read = (Checked, String, Vec<Problem>);

/// The outer result is about the files that the lab names, the inner one about the lab.
fn loaded(bytes: &[u8], folder: &Path) -> Result<Result<Read, Refused>, String> {
    let Loaded { lab, source, warnings, .. } = match load(bytes) {
        Ok(loaded) => loaded,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut lab = lab.into_lab();
    fill_samples(&mut lab, folder).map_err(|error| error.to_string())?;
    Ok(match Checked::new(lab) {
        Ok(lab) => Ok((lab, source, warnings)),
        Err(problems) => Err(Refused { problems, source }),
    })
}

/// Replaces a file in one step, so that a crash leaves the old one.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = folder_of(file).join(format!(".{name}.new"));
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // What is half written is of no use; if it was never begun there is nothing to remove.
        fs::remove_file(&beside).ok();
    }
    written
}

/// Where relative paths in a lab begin.
pub(in crate::ui) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
