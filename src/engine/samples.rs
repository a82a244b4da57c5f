//! Measured latencies that a lab names by their files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lab::{Checked, Lab};
use crate::model::read_samples;

#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("the samples in {} cannot be used: {problem}", path.display())]
    Unusable { path: PathBuf, problem: String },
    #[error("the samples were not read, because everything stops")]
    Stopped,
}

/// Gives a lab the samples that it names, by their paths from a folder.
pub fn fill_samples(lab: &mut Lab, folder: &Path) -> Result<(), SamplesError> {
    lab.fill_samples(|path| samples(folder.join(path)))
}

/// The same lab with its samples, which change nothing that was checked.
pub(super) fn checked_with(lab: Checked, folder: &Path) -> Result<Checked, SamplesError> {
    let mut lab = lab.into_lab();
    fill_samples(&mut lab, folder)?;
    Checked::new(lab).map_err(|problems| SamplesError::Unusable {
        path: folder.to_owned(),
        problem: crate::lab::report("the lab", "", &problems),
    })
}

/// Measured times, from a file beside the lab's or from a path that is written out.
fn samples(path: PathBuf) -> Result<Arc<[u64]>, SamplesError> {
    let mut bytes = Vec::new();
    // One byte more than is allowed, so that a file that is too long is told from one that just fits.
    let read =
        File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    let usable = match read {
        Err(error) => return Err(SamplesError::Read { path, error }),
        Ok(_) if bytes.len() as u64 > FILE_BYTES_MAX => {
            let limit = FILE_BYTES_MAX >> 20;
            Err(format!("it has more than {limit} MiB: keep a random part of it"))
        }
        Ok(_) => parse(bytes),
    };
    usable.map_err(|problem| SamplesError::Unusable { path, problem })
}

fn parse(bytes: Vec<u8>) -> Result<Arc<[u64]>, String> {
    let text = String::from_utf8(bytes)
        .map_err(|_not_text| "it is not UTF-8: save it as UTF-8".to_owned())?;
    read_samples(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(|it| it.to_string())
}

/// A million samples, as many as are taken, with room for their digits.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
