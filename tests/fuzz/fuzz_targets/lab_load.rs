//! No bytes make loading a lab panic, and what was read is kept when it is saved.
#![no_main]

use evenkeel::lab::{FILE_BYTES_MAX, read, report, save};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reading = read(bytes);
    let _answer = report("fuzz.ron", &reading.source, &reading.problems);
    let Some(lab) = reading.lab else { return };
    let text = save(&lab);
    if text.len() <= FILE_BYTES_MAX {
        // As text, because "not a number" equals nothing, itself included.
        let again = read(text.as_bytes()).lab;
        assert_eq!(again.as_ref().map(save), Some(text));
    }
});
