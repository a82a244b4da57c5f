//! What commands printed: the last lines, bounded by their number and by their size.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::Printed;

/// Lines keep their number for good, so that whoever chose some of them can go on from there.
#[derive(Debug, Default)]
pub struct Lines {
    kept: VecDeque<Arc<Printed>>,
    n_bytes: usize,
    /// Lines that made room for newer ones.
    forgotten: u64,
    /// Lines that never came, because too many came at once.
    missed: u64,
}

impl Lines {
    pub(super) fn add(&mut self, line: Arc<Printed>) {
        let line = match plain(&line.text) {
            Some(text) => Arc::new(Printed { text, ..Printed::clone(&line) }),
            None => line,
        };
        self.n_bytes += line.text.len();
        self.kept.push_back(line);
        while self.kept.len() > LINES_MAX || self.n_bytes > BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.n_bytes -= oldest.text.len();
            self.forgotten += 1;
        }
    }

    pub(super) fn note_missed(&mut self, missed: u64) {
        self.missed = missed;
    }

    pub fn get(&self, number: u64) -> Option<&Arc<Printed>> {
        self.kept.get(number.checked_sub(self.forgotten)? as usize)
    }

    /// The number of the oldest line there is, and the one that the next will have.
    pub fn reach(&self) -> (u64, u64) {
        (self.forgotten, self.forgotten + self.kept.len() as u64)
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many lines are not here any more, or never were.
    pub fn n_lost(&self) -> u64 {
        self.forgotten + self.missed
    }
}

/// Text without what terminals take for colours and movements; nothing if it has none of that.
fn plain(text: &str) -> Option<String> {
    if !text.contains(char::is_control) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            // ECMA-48, section 5.4: a control sequence goes on to a character from @ to ~.
            (ESCAPE, Some('[')) => {
                chars.next();
                chars.find(|char| ('@'..='~').contains(char));
            }
            // A string for the terminal itself, such as a title or a link, goes on to its own end.
            (ESCAPE, Some(']')) => {
                let mut before = ' ';
                chars.find(|&char| {
                    let ends = char == BELL || (before == ESCAPE && char == '\\');
                    before = char;
                    ends
                });
            }
            (ESCAPE, _) => {
                chars.next();
            }
            ('\t', _) => plain.push_str("    "),
            (char, _) if char.is_control() => {}
            (char, _) => plain.push(char),
        }
    }
    Some(plain)
}

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';
const LINES_MAX: usize = 10_000;
const BYTES_MAX: usize = 8 * 1_024 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::LogStream;

    fn line(text: &str) -> Arc<Printed> {
        Arc::new(Printed {
            at_ns: 0,
            pool: "web".into(),
            server: "a".to_owned(),
            stream: LogStream::Output,
            text: text.to_owned(),
        })
    }

    #[test]
    fn colours_are_left_out_and_tabs_are_spaces() {
        let texts = [
            ("\u{1b}[32m➜\u{1b}[39m  Local:", "➜  Local:"),
            ("\u{1b}[1;31mno\u{1b}[0m\ttab", "no    tab"),
            ("\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{1b}\\ end", "link end"),
            ("cut \u{1b}[3", "cut "),
        ];
        for (raw, expected) in texts {
            assert_eq!(plain(raw).unwrap(), expected);
        }
        assert_eq!(plain("plain already"), None);
    }

    #[test]
    fn the_oldest_lines_go_first_and_are_counted() {
        let mut lines = Lines::default();
        (0..LINES_MAX + 3).for_each(|number| lines.add(line(&number.to_string())));
        assert_eq!(lines.reach(), (3, LINES_MAX as u64 + 3));
        assert_eq!((lines.get(3).unwrap().text.as_str(), lines.get(2)), ("3", None));
        lines.note_missed(2);
        assert_eq!(lines.n_lost(), 5);
        let long = "x".repeat(BYTES_MAX);
        lines.add(line(&long));
        assert_eq!(lines.reach().1 - lines.reach().0, 1, "a long line takes the room of many");
    }
}
