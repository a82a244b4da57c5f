//! Evenkeel: a window, or a command.

use std::io::{self, BufWriter, IsTerminal as _};
use std::process::ExitCode;

use evenkeel::cli::{self, Streams};

fn main() -> ExitCode {
    // Not locked for good: access logs and panics of other threads are written, too.
    let mut out = BufWriter::new(io::stdout());
    let mut err = io::stderr();
    let shows_progress = err.is_terminal();
    let mut streams = Streams { out: &mut out, err: &mut err, shows_progress };
    ExitCode::from(cli::run(std::env::args_os(), &mut streams))
}
