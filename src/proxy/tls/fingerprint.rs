//! Notices that a file changed without reading it.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use super::Surroundings;
use crate::lab::{Certificates, Tls, UpstreamTls};

/// The state of the files behind a TLS setting. When it differs, the setting is to be built again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprint {
    files: Vec<(PathBuf, Option<Stamp>)>,
}

/// Renewal tools replace a file or write it anew; either changes the time, and the length catches coarse clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Fingerprint {
    pub fn of_listener(tls: &Tls, surroundings: &Surroundings) -> Self {
        match &tls.certificates {
            Certificates::Local { .. } => Self::default(),
            Certificates::Files(files) => {
                Self::of(files.iter().flat_map(|pair| [&pair.certificate, &pair.key]), surroundings)
            }
        }
    }

    pub fn of_upstream(tls: &UpstreamTls, surroundings: &Surroundings) -> Self {
        Self::of(tls.authority_file.iter(), surroundings)
    }

    fn of<'a>(written: impl Iterator<Item = &'a String>, surroundings: &Surroundings) -> Self {
        let stamped = written.map(|path| {
            let path = surroundings.path(path);
            let stamp = fs::metadata(&path).ok().map(|metadata| Stamp {
                modified: metadata.modified().ok(),
                bytes: metadata.len(),
            });
            (path, stamp)
        });
        Self { files: stamped.collect() }
    }
}
