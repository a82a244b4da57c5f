//! Evenkeel: a window, or a command.

use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use evenkeel::cli::{self, Done, Streams};
use evenkeel::ui;

/// Connections are served in bursts, all that have something to say one after the other, so what one request takes and
/// gives back, sixty-four take before the first is given back. The system's allocator keeps seven pieces of a size at hand
/// and searches for the others.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Not locked for good: access logs and panics of other threads are written, too.
    let mut out = BufWriter::new(io::stdout());
    let mut err = io::stderr();
    let shows_progress = err.is_terminal();
    let mut streams = Streams { out: &mut out, err: &mut err, shows_progress };
    match cli::run(std::env::args_os(), &mut streams) {
        Done::Exit(code) => ExitCode::from(code),
        Done::Window { lab } => open_window(lab),
    }
}

fn open_window(lab: Option<PathBuf>) -> ExitCode {
    match ui::open(&ui::Request { lab }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code has to say it.
            writeln!(io::stderr(), "evenkeel: {error}").ok();
            if let ui::WindowError::NoWindow(_) = error {
                let commands = cli::without_a_window();
                writeln!(io::stderr(), "these commands need none: {commands}").ok();
            }
            ExitCode::from(2)
        }
    }
}
