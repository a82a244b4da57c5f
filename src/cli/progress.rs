//! A bar for long work, on a terminal only.

use super::Streams;

/// How far a long piece of work has come. Shows nothing in a pipe.
pub(super) struct Progress {
    total: usize,
    done: usize,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// Draws the bar anew before the next step, which is called `step`.
    pub(super) fn show(&mut self, step: &str, streams: &mut Streams<'_>) {
        if streams.shows_progress {
            let filled = WIDTH * self.done / self.total.max(1);
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH - filled));
            // A bar that cannot be drawn is no reason to stop.
            write!(streams.err, "\r{bar} {}/{} {step}\x1b[K", self.done, self.total).ok();
            streams.err.flush().ok();
        }
        self.done += 1;
    }

    /// Takes the bar away.
    pub(super) fn end(streams: &mut Streams<'_>) {
        if streams.shows_progress {
            write!(streams.err, "\r\x1b[K").ok();
            streams.err.flush().ok();
        }
    }
}

const WIDTH: usize = 24;
