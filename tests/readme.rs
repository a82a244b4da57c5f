//! What the README shows is what a person gets: its examples are run and compared.
//!
//! `UPDATE_README=1 cargo test --test readme` writes what the commands print now into the README.

#![expect(clippy::unwrap_used, reason = "a check that cannot read its files has failed")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_readmes_examples_print_what_it_shows() {
    let path = root().join("README.md");
    let shown = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let (actual, examples) = with_examples_run(&shown);
    assert!(examples >= 8, "the README shows {examples} examples only");
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &actual).unwrap();
        return;
    }
    for (line, (shown, actual)) in shown.lines().zip(actual.lines()).enumerate() {
        assert_eq!(shown, actual, "README.md:{}", line + 1);
    }
    assert_eq!(shown, actual);
}

#[test]
fn the_readmes_lab_is_one() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lab = readme.split("```ron\n").nth(1).unwrap().split("```").next().unwrap();
    let loaded = evenkeel::lab::load(lab.as_bytes());
    assert!(loaded.is_ok_and(|loaded| loaded.warnings.is_empty()));
}

#[test]
fn the_readme_names_every_preset() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for preset in evenkeel::lab::PRESETS {
        assert!(
            readme.contains(&format!("(presets/{})", preset.file)),
            "{} is missing",
            preset.file
        );
    }
}

/// The text with the output of every `$ evenkeel` line replaced by what it prints, and how many there were.
fn with_examples_run(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut examples = 0;
    let mut in_output = false;
    for line in text.lines() {
        let command = line.strip_prefix("$ evenkeel ");
        in_output &= !line.starts_with("```") && command.is_none();
        if in_output {
            continue;
        }
        out.push_str(line);
        out.push('\n');
        if let Some(command) = command {
            out.push_str(&run(command));
            examples += 1;
            in_output = true;
        }
    }
    (out, examples)
}

fn run(command: &str) -> String {
    let arguments = command.split(' ').map(|argument| argument.trim_matches('\''));
    let output = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
