//! Lab files: what is good is read and kept, what is bad is answered, and nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use evenkeel::lab::{FILE_BYTES_MAX, Lab, PRESETS, load, read, report, save};
use proptest::prelude::*;

#[test]
fn every_preset_loads_without_a_problem_and_is_kept_when_saved() {
    for preset in PRESETS {
        let loaded = load(preset.text.as_bytes()).unwrap_or_else(|refused| {
            panic!("{}", report(preset.file, &refused.source, &refused.problems))
        });
        let warnings = report(preset.file, &loaded.source, &loaded.warnings);
        assert_eq!(warnings, "", "{}", preset.file);
        assert_eq!(loaded.lab.name, preset.name);
        assert_kept(&loaded.lab);
    }
}

#[test]
fn every_preset_opens_with_what_to_watch_and_what_to_try() {
    for preset in PRESETS {
        let comment: String =
            preset.text.lines().take_while(|line| line.starts_with("//")).collect();
        assert!(comment.contains("Watch: ") && comment.contains("Try: "), "{}", preset.file);
        assert!(!preset.text.lines().any(|line| line.ends_with(' ')), "{}", preset.file);
    }
    let files = files_in(&root().join("presets"), "ron").len();
    assert_eq!(files, PRESETS.len(), "each file in presets/ is a preset");
}

#[test]
fn every_bad_lab_is_answered_with_exactly_its_text() {
    let bad = files_in(&root().join("tests/bad-labs"), "ron");
    assert!(bad.len() >= 20, "{}", bad.len());
    for file in bad {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let reading = read(&fs::read(&file).unwrap());
        let answer = report(&name, &reading.source, &reading.problems);
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE_BAD_LABS").is_some() {
            fs::write(&expected, &answer).unwrap();
        }
        assert_eq!(answer, fs::read_to_string(&expected).unwrap(), "{name}");
    }
}

#[test]
fn the_smallest_useful_lab_is_ten_lines() {
    let text = r#"(
        listeners: [(name: "front", address: "127.0.0.1:8080", pool: "web")],
        pools: [(
            name: "web",
            servers: [
                (name: "a", address: "127.0.0.1:3000"),
                (name: "b", address: "127.0.0.1:3001"),
            ],
        )],
    )"#;
    assert_eq!(load(text.as_bytes()).unwrap().warnings, []);
}

#[test]
fn every_file_of_the_corpus_is_answered() {
    let corpus = files_in(&root().join("tests/corpus/lab"), "");
    assert!(corpus.len() >= 20, "{}", corpus.len());
    for file in corpus {
        assert_answered(&fs::read(file).unwrap());
    }
}

#[test]
fn a_file_that_nests_too_deep_is_refused_before_it_is_read() {
    for bracket in ["(", "[", "{", "(a:", "[(", "Some("] {
        let problems = assert_answered(bracket.repeat(100_000).as_bytes());
        assert!(problems.contains("nested too deep"), "{problems}");
    }
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let problems = assert_answered(&vec![b' '; FILE_BYTES_MAX + 1]);
    assert!(problems.contains("more than 1048576 bytes"), "{problems}");
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_the_place() {
    let problems = assert_answered(b"(\n  name: \"\xff\xfe\",\n)");
    assert!(problems.contains("a.ron:2:10"), "{problems}");
}

#[test]
fn a_lab_that_is_large_in_every_way_is_answered_soon() {
    let name = "n".repeat(300_000);
    let list = "1,".repeat(300_000);
    assert_said(&format!("({name}: [{list}])"));
    assert_said(&format!("(pools: [{}])", "(),".repeat(200_000)));
    assert_said(&format!("(pools: [{}])", "3,".repeat(400_000)));
    assert_said(&format!("(name: \"{}\")", "\\u{1}".repeat(100_000)));
    let routes = "(to: pool(\"b\")),".repeat(30_000);
    let pools = "(name: \"a\"),".repeat(30_000);
    assert_said(&format!("(listeners: [(routes: [{routes}])], pools: [{pools}])"));
    let servers = "(name: \"a\", weight: 70000),".repeat(4_000);
    assert_said(&format!("(pools: [(servers: [{servers}])])"));
    let pools = entries(256, &|n| {
        let servers = entries(4, &|server| format!("(name: \"s{server}\", mock: ()),"));
        format!("(name: \"p{n}\", servers: [{servers}]),")
    });
    let route =
        "(when: (path: prefix(\"/a\")), to: split(parts: [(pool: \"p0\"), (pool: \"p1\")])),";
    let listeners = entries(64, &|n| {
        let routes = route.repeat(16);
        format!("(name: \"l{n}\", address: \"127.0.0.1:0\", routes: [{routes}]),")
    });
    let cues = entries(256, &|n| {
        let edits = entries(4, &|s| format!("set_weight(server: \"p{n}/s{s}\", weight: {n}),"));
        format!("(name: \"c{n}\", at: \"{n}ms\", edits: [{edits}]),")
    });
    assert_said(&format!("(listeners: [{listeners}], pools: [{pools}], cues: [{cues}])"));
}

#[test]
fn no_number_of_warnings_hides_an_error() {
    let unused = entries(255, &|n| format!("(name: \"p{n}\"),"));
    let retries = "(to: pool(\"p0\"), retries: (attempts: 2, on: [])),".repeat(1_000);
    for routes in ["(to: pool(\"p0\"))", retries.as_str()] {
        let answer = assert_answered(
            format!(
                "(listeners: [(name: \"front\", address: \"127.0.0.1:0\", routes: [{routes}])],
                pools: [{unused}], clients: [(name: \"all\", listener: \"nowhere\")])"
            )
            .as_bytes(),
        );
        assert!(answer.contains("error: there is no listener `nowhere`"), "{answer}");
    }
}

#[test]
fn a_cue_that_makes_a_lab_too_large_is_refused() {
    let server =
        "add_server(pool: \"web\", server: (name: \"NAME\", command: (line: \"x\", copies: 64))),";
    let edits = entries(100, &|n| server.replace("NAME", &format!("s{n}")));
    let answer = assert_answered(
        format!(
            "(listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\")],
            pools: [(name: \"web\", servers: [(name: \"a\", mock: ())])],
            cues: [(name: \"grow\", at: \"1s\", edits: [{edits}])])"
        )
        .as_bytes(),
    );
    assert!(answer.contains("after cue `grow`: 6401 entries in pools are above"), "{answer}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        assert_answered(&bytes);
    }

    #[test]
    fn arbitrary_ron_never_panics(text in "[()\\[\\]{}:,\"'a-z0-9#r/*\\\\ \n.-]{0,200}") {
        assert_answered(text.as_bytes());
    }

    #[test]
    fn a_preset_with_something_changed_never_panics(
        preset in 0..PRESETS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..12_usize, any::<u8>()), 1..6),
    ) {
        let mut bytes = PRESETS[preset].text.as_bytes().to_vec();
        for (at, cut, byte) in changes {
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, [byte]);
        }
        assert_answered(&bytes);
    }

    #[test]
    fn a_preset_with_pieces_swapped_never_panics(
        preset in 0..PRESETS.len(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        len in 1..80_usize,
    ) {
        let mut bytes = PRESETS[preset].text.as_bytes().to_vec();
        let from = from.index(bytes.len());
        let piece = bytes[from..(from + len).min(bytes.len())].to_vec();
        let to = to.index(bytes.len());
        bytes.splice(to..to, piece);
        assert_answered(&bytes);
    }
}

/// Every answer names each problem.
fn entries(n: usize, entry: &dyn Fn(usize) -> String) -> String {
    (0..n).map(entry).collect()
}

fn assert_said(text: &str) {
    let reading = read(text.as_bytes());
    assert!(!report("a.ron", &reading.source, &reading.problems).is_empty());
}

/// Every answer names each problem, and what could be read is kept when it is saved.
fn assert_answered(bytes: &[u8]) -> String {
    let reading = read(bytes);
    let answer = report("a.ron", &reading.source, &reading.problems);
    let complete =
        reading.problems.iter().all(|one| !one.what.is_empty() && !one.remedy.is_empty());
    assert!(complete, "{:?}", reading.problems);
    assert!(reading.lab.is_some() || !reading.problems.is_empty(), "nothing was said");
    // What is too large to be checked may also be too large to be saved.
    if let Some(lab) = reading.lab.filter(|lab| save(lab).len() <= FILE_BYTES_MAX) {
        assert_kept(&lab);
    }
    answer
}

fn assert_kept(lab: &Lab) {
    let text = save(lab);
    let again = read(text.as_bytes()).lab.unwrap_or_else(|| panic!("not read again: {text}"));
    assert_eq!(save(&again), text);
    // "Not a number" equals nothing, itself included.
    if !text.contains("NaN") {
        assert_eq!(again, *lab, "{text}");
    }
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path());
    let fits = |path: &PathBuf| path.extension().unwrap_or_default() == extension;
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.is_file() && (extension.is_empty() || fits(path))).collect();
    files.sort();
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
