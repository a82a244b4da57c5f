//! The same lab and seed give the same run: for every preset and every algorithm, and on every system.

use std::fs;
use std::path::Path;

use evenkeel::cli::{self, Done, Streams};
use evenkeel::lab;
use evenkeel::period::Period;
use evenkeel::sim::compare;

#[test]
fn every_preset_runs_the_same_twice_under_every_algorithm() {
    for preset in lab::PRESETS {
        let lab = lab::load(preset.text.as_bytes()).expect("presets are right").lab.into_lab();
        let duration = Period::from_secs(25);
        for algorithm in compare::candidates(&lab) {
            let run = |seed| compare::report(&lab, &algorithm, seed, duration).unwrap();
            let (once, again, otherwise) = (run(7), run(7), run(8));
            assert!(once == again, "{} under {algorithm:?}", preset.file);
            // Steady arrivals at servers of constant speed leave nothing to chance but what the algorithm draws.
            let chance = preset.text.contains("exponential");
            assert!(
                !chance || once.overall != otherwise.overall,
                "{}: no chance in it",
                preset.file
            );
        }
    }
}

/// The file was written by `evenkeel sim presets/starter.ron --json --seed 7 --for 60s` and is to be compared
/// byte for byte on every system. Where a change is meant to change runs, run that again into the file.
#[test]
fn the_starter_lab_gives_on_every_system_what_was_recorded() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, shows_progress: false };
    let preset = here.join("presets/starter.ron").into_os_string();
    let flags = ["--json", "--seed", "7", "--for", "60s"].map(Into::into);
    let arguments = ["evenkeel".into(), "sim".into(), preset].into_iter().chain(flags);
    let Done::Exit(code) = cli::run(arguments, &mut streams) else {
        panic!("no window was asked for")
    };
    assert_eq!((code, String::from_utf8_lossy(&err).as_ref()), (0, ""));
    let recorded = fs::read(here.join("tests/golden/sim/starter.json")).expect("it is checked in");
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&recorded));
}
