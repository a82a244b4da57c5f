//! Every lab that comes with the program does on real sockets what it claims.

use std::time::Duration;

use evenkeel::engine::{Engine, Settings};
use evenkeel::lab::{self, Checked, PRESETS, Preset};

/// What of a preset's claims does not hold.
fn failures(preset: &Preset) -> Vec<String> {
    let loaded = lab::load(preset.text.as_bytes());
    let mut lab = loaded.unwrap_or_else(|it| panic!("{}: {it:?}", preset.file)).lab.into_lab();
    lab.take_free_ports();
    let duration = Duration::from(lab.duration);
    let lab = Checked::new(lab).unwrap_or_else(|it| panic!("{}: {it:?}", preset.file));
    let settings = Settings { plays_script: true, ..Settings::default() };
    let engine = Engine::start(lab.clone(), settings);
    let engine = engine.unwrap_or_else(|error| panic!("{}: {error}", preset.file));
    assert_eq!(engine.status().all_troubles(), Vec::<String>::new(), "{}", preset.file);
    std::thread::sleep(duration);
    let course = engine.course().expect("the engine runs until it is stopped");
    drop(engine);
    let verdicts = course.verdicts(&lab).into_iter().filter(|verdict| !verdict.holds);
    verdicts.map(|it| format!("{}: {}: {}", preset.file, it.name, it.seen)).collect()
}

#[test]
fn every_preset_holds_on_real_sockets() {
    let threads: Vec<_> = PRESETS
        .iter()
        .map(|preset| {
            let thread = std::thread::Builder::new().name(preset.file.to_owned());
            thread.spawn(move || failures(preset))
        })
        .collect();
    let joined = threads.into_iter().map(|thread| {
        let thread = thread.expect("a thread for each preset starts");
        thread.join().expect("a preset runs without a panic")
    });
    let together: Vec<Vec<String>> = joined.collect();
    // Eight labs on two cores may wait for a processor so long that a claim about time misses. Alone it must hold.
    let missed = PRESETS.iter().zip(together).filter(|(_, failures)| !failures.is_empty());
    let failed: Vec<String> = missed.flat_map(|(preset, _)| failures(preset)).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
