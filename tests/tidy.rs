//! Holds the rooms apart and the files small, so that a newcomer finds things where they belong.

#![expect(clippy::unwrap_used, reason = "a check that cannot read its files has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may import. A room not named here is a finding.
const ROOMS: [(&str, &[&str]); 16] = [
    ("dice", &[]),
    ("hash", &["dice"]),
    ("period", &[]),
    ("balance", PURE),
    ("model", PURE),
    ("meter", PURE),
    ("lab", &["dice", "hash", "period", "balance", "model", "meter"]),
    ("sim", ABOVE_LAB),
    ("proxy", ABOVE_LAB),
    ("world", ABOVE_LAB),
    ("engine", &["dice", "hash", "period", "balance", "model", "meter", "lab", "proxy", "world"]),
    ("peers", &["dice", "hash", "period", "balance", "model", "meter", "lab", "engine"]),
    ("cli", TOP),
    ("ui", TOP),
    ("lib", &[]),
    ("main", &["cli", "ui"]),
];
const PURE: &[&str] = &["dice", "hash", "period"];
const ABOVE_LAB: &[&str] = &["dice", "hash", "period", "balance", "model", "meter", "lab"];
const TOP: &[&str] =
    &["dice", "hash", "period", "balance", "model", "meter", "lab", "sim", "engine", "peers"];

/// Each foreign crate with the rooms it may be named in. A crate not named here is a finding.
const CRATES: [(&str, &[&str]); 40] = [
    ("arc_swap", &["proxy", "engine"]),
    ("bytes", LIVE),
    ("clap", &["cli"]),
    ("crc32fast", &["hash"]),
    ("crossbeam_queue", &["meter", "proxy"]),
    ("eframe", &["ui"]),
    ("egui", &["ui"]),
    ("egui_kittest", &["ui"]),
    ("egui_plot", &["ui"]),
    ("futures_util", &["world"]),
    ("h2", &["proxy", "world"]),
    ("http", LIVE),
    ("http_body", LIVE),
    ("http_body_util", LIVE),
    ("hyper", LIVE),
    ("hyper_util", LIVE),
    ("jiff", &["engine"]),
    ("libm", &["balance", "model", "meter", "period", "sim", "lab", "ui"]),
    ("log", &[]),
    ("md5", &["hash"]),
    ("mimalloc", &["main"]),
    ("notify", &["engine"]),
    ("png", &["ui"]),
    ("rcgen", &["proxy"]),
    ("rfd", &["ui"]),
    ("ring", &["proxy"]),
    ("ron", &["lab"]),
    ("rustix", &["proxy", "world"]),
    ("rustls", &["proxy", "world", "engine"]),
    ("rustls_native_certs", &["proxy"]),
    ("serde", &["balance", "model", "lab", "period", "engine", "cli", "ui"]),
    ("serde_json", &["world", "engine", "cli", "ui"]),
    ("socket2", &["proxy", "world"]),
    ("strsim", &["lab"]),
    ("tokio", LIVE),
    ("tokio_rustls", &["proxy", "world"]),
    ("tokio_tungstenite", &["world"]),
    ("tracing", &[]),
    ("webpki", &["proxy"]),
    ("xxhash_rust", &["hash"]),
];
/// The rooms that meet real sockets.
const LIVE: &[&str] = &["proxy", "world", "engine"];
/// Allowed everywhere: the language's own, errors, and `proptest`, which the compiler keeps to tests.
const CRATES_EVERYWHERE: [&str; 5] = ["std", "core", "alloc", "thiserror", "proptest"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn rooms_import_only_what_stands_below_them() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut findings = Vec::new();
    for file in sources("src") {
        let room = room_of(&file.path);
        let Some(allowed) = allowed.get(room.as_str()) else {
            findings.push(format!("{}: `{room}` is not a room of the design", file.path.display()));
            continue;
        };
        for (line, other) in named_after(&file, &["crate::", "evenkeel::"]) {
            let is_room = ROOMS.iter().any(|(name, _)| *name == other);
            if is_room && other != room && !allowed.contains(&other.as_str()) {
                findings.push(format!(
                    "{}:{line}: `{room}` may not import `{other}`",
                    file.path.display()
                ));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let rooms_of: BTreeMap<&str, &[&str]> = CRATES.into_iter().collect();
    let mut findings = Vec::new();
    for file in sources("src") {
        let room = room_of(&file.path);
        let modules = modules_of(&file);
        for (line, name) in imported_roots(&file) {
            let own = ["crate", "super", "self", "Self", "evenkeel"].contains(&name.as_str())
                || modules.contains(&name)
                || CRATES_EVERYWHERE.contains(&name.as_str());
            let allowed =
                rooms_of.get(name.as_str()).is_some_and(|rooms| rooms.contains(&room.as_str()));
            if !own && !allowed {
                findings
                    .push(format!("{}:{line}: `{room}` may not use `{name}`", file.path.display()));
            }
        }
        for (name, rooms) in &rooms_of {
            for (line, text) in file.code_lines() {
                // Some of our modules have a crate's name: only imports tell which of them is meant.
                let ours = ["ring", "log"].contains(name);
                if !ours && names_root(text, name) && !rooms.contains(&room.as_str()) {
                    findings.push(format!(
                        "{}:{line}: `{room}` may not use `{name}`",
                        file.path.display()
                    ));
                }
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// Whether `name::` stands in the text as the first part of a path.
fn names_root(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}::")).any(|(at, _)| {
        !text[..at].ends_with(|before: char| before.is_alphanumeric() || ":_".contains(before))
    })
}

#[test]
fn every_dependency_has_its_rooms() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let names =
        section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim());
    for name in names.filter(|name| !name.starts_with('#')) {
        let in_code = match name {
            "md-5" => "md5".to_owned(),
            name => name.replace('-', "_"),
        };
        let known = CRATES.iter().any(|(known, _)| *known == in_code)
            || CRATES_EVERYWHERE.contains(&in_code.as_str());
        assert!(known, "no room is named for the dependency `{name}`");
    }
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = [sources("src"), sources("tests"), sources("benches")]
        .concat()
        .iter()
        .filter(|file| file.text.lines().count() > FILE_LINES_MAX)
        .map(|file| format!("{}: {} lines", file.path.display(), file.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "files over {FILE_LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn functions_stay_small() {
    let mut long = Vec::new();
    for file in [sources("src"), sources("tests"), sources("benches")].concat() {
        for (line, length) in function_lengths(&file) {
            if length > FUNCTION_LINES_MAX {
                long.push(format!("{}:{line}: {length} lines", file.path.display()));
            }
        }
    }
    assert!(long.is_empty(), "functions over {FUNCTION_LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for file in [sources("src"), sources("tests"), sources("benches")].concat() {
        assert!(file.text.starts_with("//! "), "{} does not open with `//!`", file.path.display());
    }
}

#[test]
fn the_checks_find_what_they_are_for() {
    let file = Source {
        path: PathBuf::from("src/balance/x.rs"),
        text: "use tokio::net;\n// use hyper::x;\nfn long() {\n    crate::lab::load();\n}\n"
            .to_owned(),
    };
    assert_eq!(named_after(&file, &["crate::"]), [(4, "lab".to_owned())]);
    assert_eq!(imported_roots(&file), [(1, "tokio".to_owned())]);
    assert_eq!(function_lengths(&file), [(3, 3)]);
    assert_eq!(room_of(&file.path), "balance");
}

#[derive(Clone)]
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Lines that are not comments, with their numbers.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder, with its path from the root. Crates of their own are left out.
fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        if folder != root().join("src") && folder.join("Cargo.toml").exists() {
            continue;
        }
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(root()).unwrap().to_owned(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix("src").unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The words that follow one of these paths, with their lines.
fn named_after(file: &Source, starts: &[&str]) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (line, text) in file.code_lines() {
        for start in starts {
            for (place, _) in text.match_indices(start) {
                named.push((line, word_at(&text[place + start.len()..])));
            }
        }
    }
    named
}

/// The first segment of every `use`, with its line.
fn imported_roots(file: &Source) -> Vec<(usize, String)> {
    let uses = file.code_lines().filter_map(|(line, text)| {
        let text = text.trim_start();
        let text = text.strip_prefix("pub ").unwrap_or(text);
        let text = text.strip_prefix("pub(super) ").unwrap_or(text);
        Some((line, word_at(text.strip_prefix("use ")?)))
    });
    uses.collect()
}

/// Modules that the file itself declares, whose names may start a `use`.
fn modules_of(file: &Source) -> Vec<String> {
    let declared = file.code_lines().filter_map(|(_, text)| {
        let text = text.trim_start();
        let text = text.strip_prefix("pub ").unwrap_or(text);
        Some(word_at(text.strip_prefix("mod ")?))
    });
    // Enums are imported by their name where their variants are listed.
    let types = file.code_lines().filter_map(|(_, text)| {
        let text = text.trim_start();
        let text = text.strip_prefix("pub ").unwrap_or(text);
        Some(word_at(text.strip_prefix("enum ")?))
    });
    declared.chain(types).collect()
}

fn word_at(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Each function's line and length. rustfmt closes a function at the indentation where it opened it.
fn function_lengths(file: &Source) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut lengths = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(super) fn ",
            "pub(crate) fn ",
            "async fn ",
            "pub async fn ",
            "const fn ",
            "pub const fn ",
        ]
        .iter()
        .any(|opening| code.starts_with(opening));
        if !is_function || code.ends_with('}') || code.ends_with(';') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - code.len()]);
        if let Some(length) = lines[start..].iter().position(|line| *line == close) {
            lengths.push((start + 1, length + 1));
        }
    }
    lengths
}
