//! What a command prints: the last lines, and how many there were.

use std::collections::VecDeque;
use std::sync::Arc;
#[expect(
    clippy::disallowed_types,
    reason = "held for one line, never across an await, far from any request"
)]
use std::sync::Mutex;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A ring of lines. The oldest are lost when it is full, and counted.
pub(super) struct Log {
    #[expect(clippy::disallowed_types, reason = "see above")]
    ring: Mutex<Ring>,
    limit: usize,
    /// Who is told of every line, and as whose.
    told: Option<(String, Listener)>,
}

/// Is told every line when it is written, with the name of the copy that wrote it.
pub type Listener = Arc<dyn Fn(&str, &LogLine) + Send + Sync>;

#[derive(Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    /// The number of the next line.
    next: u64,
}

/// One line that a command printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counted from 0, and never again.
    pub number: u64,
    pub stream: LogStream,
    /// Without the line's end. What is not UTF-8 is replaced.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    Output,
    Errors,
    /// Written by the lab itself: started, ended.
    Lab,
}

/// The lines since some number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogReading {
    pub lines: Vec<LogLine>,
    /// Lines that were asked for and are no longer there.
    pub lost: u64,
    /// Where to read on.
    pub next: u64,
}

impl Log {
    pub(super) fn new(limit: usize) -> Self {
        Self { ring: Default::default(), limit: limit.clamp(1, LINES_MAX), told: None }
    }

    /// Lets somebody else know of every line, too.
    pub(super) fn telling(self, copy: &str, listener: Option<Listener>) -> Self {
        Self { told: listener.map(|listener| (copy.to_owned(), listener)), ..self }
    }

    pub(super) fn write(&self, stream: LogStream, text: String) {
        let line = self.look(|ring| {
            if ring.lines.len() == self.limit {
                ring.lines.pop_front();
            }
            let line = LogLine { number: ring.next, stream, text };
            ring.next += 1;
            ring.lines.push_back(line.clone());
            line
        });
        if let Some((copy, listener)) = &self.told {
            listener(copy, &line);
        }
    }

    pub(super) fn read(&self, since: u64) -> LogReading {
        self.look(|ring| {
            let first = ring.next - ring.lines.len() as u64;
            let skipped = since.saturating_sub(first) as usize;
            LogReading {
                lines: ring.lines.iter().skip(skipped).cloned().collect(),
                lost: first.saturating_sub(since),
                next: ring.next,
            }
        })
    }

    /// Takes down what comes, line by line, to the end.
    pub(super) async fn take_down(&self, stream: LogStream, mut source: impl AsyncRead + Unpin) {
        let mut line = Vec::new();
        let mut bytes = vec![0; 8 * 1_024];
        loop {
            // A pipe that breaks has ended.
            let n_read = source.read(&mut bytes).await.unwrap_or(0);
            for piece in bytes[..n_read].split_inclusive(|&byte| byte == b'\n') {
                line.extend_from_slice(piece);
                // A line that never ends would grow for ever, so a long one becomes several.
                if line.ends_with(b"\n") || line.len() >= LINE_BYTES_MAX {
                    self.write(stream, text_of(&line));
                    line.clear();
                }
            }
            if n_read == 0 {
                break;
            }
        }
        if !line.is_empty() {
            self.write(stream, text_of(&line));
        }
    }

    fn look<T>(&self, look: impl FnOnce(&mut Ring) -> T) -> T {
        let mut ring = self.ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        look(&mut ring)
    }
}

fn text_of(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

const LINES_MAX: usize = 100_000;
const LINE_BYTES_MAX: usize = 8 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_stay_and_the_lost_are_counted() {
        let log = Log::new(3);
        for number in 0..5 {
            log.write(LogStream::Output, format!("line {number}"));
        }
        let texts = |reading: &LogReading| {
            reading.lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>()
        };
        let reading = log.read(0);
        assert_eq!(texts(&reading), ["line 2", "line 3", "line 4"]);
        assert_eq!((reading.lost, reading.next), (2, 5));
        let reading = log.read(4);
        assert_eq!((texts(&reading), reading.lost), (vec!["line 4".to_owned()], 0));
        assert_eq!(log.read(9).lines, []);
    }

    #[test]
    fn whoever_listens_is_told_every_line_and_whose_it_is() {
        let told = Arc::new(crate::meter::Recent::new(8));
        let ears = Arc::clone(&told);
        let listener: Listener = Arc::new(move |copy: &str, line: &LogLine| {
            ears.push(format!("{copy} {} {}", line.number, line.text));
        });
        let log = Log::new(1).telling("web-2", Some(listener));
        for text in ["one", "two"] {
            log.write(LogStream::Output, text.to_owned());
        }
        assert_eq!(told.drain().collect::<Vec<_>>(), ["web-2 0 one", "web-2 1 two"]);
    }

    #[test]
    fn text_is_taken_down_line_by_line() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let log = Log::new(10);
        let long = [vec![b'x'; LINE_BYTES_MAX + 1], b"\n".to_vec()].concat();
        let text = [&b"one\r\n\ntwo\xff\n"[..], &long, b"no end"].concat();
        runtime.block_on(log.take_down(LogStream::Errors, &text[..]));
        let lines: Vec<String> = log.read(0).lines.into_iter().map(|line| line.text).collect();
        assert_eq!(lines[..3], ["one", "", "two\u{fffd}"]);
        let lengths: Vec<usize> = lines[3..].iter().map(String::len).collect();
        assert_eq!(lengths.iter().sum::<usize>(), LINE_BYTES_MAX + 1 + "no end".len());
    }
}
