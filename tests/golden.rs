//! Replays what the real NGINX and HAProxy chose, and compares every pick. `golden/README.md` has the format.

#![expect(clippy::unwrap_used, reason = "a recording that cannot be read has failed")]

#[path = "golden/recording.rs"]
mod recording;
#[path = "golden/replay.rs"]
mod replay;

use std::fs;
use std::path::{Path, PathBuf};

use self::recording::Recording;

#[test]
fn every_pick_is_the_one_nginx_made() {
    check("nginx", 60);
}

#[test]
fn every_pick_is_the_one_haproxy_made() {
    check("haproxy", 80);
}

/// Replays a program's recordings, of which there must be so many at least.
fn check(program: &str, files_min: usize) {
    let files = recordings(program);
    assert!(files.len() >= files_min, "only {} recordings of {program}", files.len());
    let findings: Vec<String> = files.iter().filter_map(|file| differs(file)).collect();
    assert!(
        findings.is_empty(),
        "{} of {} differ:\n{}",
        findings.len(),
        files.len(),
        findings.join("\n")
    );
}

fn recordings(program: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(program);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

fn differs(file: &Path) -> Option<String> {
    let name = file.file_stem().unwrap().to_string_lossy();
    let finding = match serde_json::from_str::<Recording>(&fs::read_to_string(file).unwrap()) {
        Ok(recording) => replay::finding(&recording)?,
        Err(error) => format!("cannot be read: {error}"),
    };
    Some(format!("{name}: {finding}"))
}
