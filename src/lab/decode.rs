//! RON text to a lab, with every fault of form at once.
//!
//! The RON reader stops at its first error. So the part that the error is about is blanked out, which
//! makes it a default, and the text is read again, until it can be read or too much was wrong.

use std::ops::Range;

use super::faults;
use super::places::{Places, Spot};
use super::problem::Problem;
use super::syntax::Tokens;
use super::{Lab, syntax};

/// What could be read, and what could not.
#[derive(Debug)]
pub(super) struct Decoded {
    /// `None` where even blanking did not help.
    pub(super) lab: Option<Lab>,
    pub(super) problems: Vec<Problem>,
    /// Paths of the parts that have their defaults because what was written could not be read.
    pub(super) blanked: Vec<String>,
}

pub(super) fn decode(text: &str, places: &Places) -> Decoded {
    let mut reading =
        Reading { text, places, left: text.to_owned(), problems: Vec::new(), blanked: Vec::new() };
    let lab = reading.rounds();
    let Reading { problems, blanked, .. } = reading;
    let blanked = blanked.into_iter().map(|(path, _)| path).collect();
    Decoded { lab, problems, blanked }
}

struct Reading<'a> {
    text: &'a str,
    places: &'a Places,
    /// The text with blanks where faults were. As long as the text, so that all places hold.
    left: String,
    problems: Vec<Problem>,
    blanked: Vec<(String, Range<usize>)>,
}

impl Reading<'_> {
    fn rounds(&mut self) -> Option<Lab> {
        for _ in 0..ROUNDS_MAX {
            match syntax::options().from_str(&self.left) {
                Ok(lab) => return Some(lab),
                Err(error) => self.put_right(&error)?,
            }
        }
        None
    }

    /// Notes the error and makes the text readable beyond it. `None` if that cannot be done.
    fn put_right(&mut self, error: &ron::error::SpannedError) -> Option<()> {
        let byte = self.places.byte_at(&self.left, error.span.end.line, error.span.end.col);
        match &error.code {
            ron::Error::ExpectedComma if self.places.begins_at(byte) => {
                self.note_at(byte..byte, faults::missing_comma());
                self.put_before(byte, ",")
            }
            ron::Error::ExpectedMapColon => {
                self.note_at(byte..byte, faults::of_form(&error.code));
                self.put_before(byte, ":")
            }
            ron::Error::TrailingCharacters => {
                self.note_at(byte..self.text.trim_end().len(), faults::after_the_end());
                self.blank(byte..self.text.len());
                Some(())
            }
            code => {
                let Some(spot) = self.spot_of(code, byte) else {
                    self.note_at(byte..byte, faults::of_form(code));
                    return None;
                };
                self.note(code, &spot, byte);
                self.blank(self.with_comma(spot.whole()));
                self.blanked.push((spot.path.clone(), spot.whole()));
                Some(())
            }
        }
    }

    fn spot_of(&self, code: &ron::Error, byte: usize) -> Option<Spot> {
        let stands =
            |spot: &Spot| !self.blanked.iter().any(|(_, range)| contains(range, &spot.whole()));
        match code {
            ron::Error::MissingStructField { .. } | ron::Error::ExpectedComma => {
                self.places.around(byte, stands)
            }
            _ => self.places.about(byte, stands),
        }
        .filter(|spot| stands(spot))
        .cloned()
    }

    /// A part that is faulty only because something inside it was blanked is not worth a word.
    fn note(&mut self, code: &ron::Error, spot: &Spot, byte: usize) {
        let follows = self.blanked.iter().any(|(_, range)| contains(&spot.whole(), range));
        if follows {
            return;
        }
        let range = self.stretch(code, spot, byte);
        let written = self.text.get(range.clone()).unwrap_or("");
        let fault = faults::of_part(code, spot, written);
        self.note_at(range, Problem { path: spot.path.clone(), ..fault });
    }

    /// What the carets stand under: the name, the value, or what in a value is of the wrong kind.
    fn stretch(&self, code: &ron::Error, spot: &Spot, byte: usize) -> Range<usize> {
        let is_inside = spot.value.start < byte && byte < spot.value.end;
        match (code, &spot.key) {
            (
                ron::Error::NoSuchStructField { .. }
                | ron::Error::DuplicateStructField { .. }
                | ron::Error::SuggestRawIdentifier(_),
                Some(key),
            ) => key.clone(),
            (
                ron::Error::ExpectedString
                | ron::Error::ExpectedInteger
                | ron::Error::ExpectedFloat
                | ron::Error::ExpectedBoolean,
                _,
            ) if is_inside => {
                let token = Tokens::new(self.text.get(byte..).unwrap_or("")).next();
                token.map_or_else(|| spot.value.clone(), |token| byte..byte + token.range.end)
            }
            _ if spot.value.is_empty() => spot.whole(),
            _ => spot.value.clone(),
        }
    }

    fn note_at(&mut self, range: Range<usize>, problem: Problem) {
        let place = self.places.place(self.text, range);
        self.problems.push(problem.with_place(Some(place)));
    }

    /// What is missing goes where a blank was. `None` if there was none.
    fn put_before(&mut self, byte: usize, missing: &str) -> Option<()> {
        let before = byte.checked_sub(1)?;
        let is_blank = self.left.as_bytes().get(before).is_some_and(u8::is_ascii_whitespace);
        let gap = is_blank.then_some(before..byte)?;
        self.left.replace_range(gap, missing);
        Some(())
    }

    fn with_comma(&self, range: Range<usize>) -> Range<usize> {
        let after = self.left.get(range.end..).unwrap_or("");
        let comma =
            after.find(|c: char| !c.is_whitespace()).filter(|&at| after[at..].starts_with(','));
        range.start..comma.map_or(range.end, |at| range.end + at + 1)
    }

    fn blank(&mut self, range: Range<usize>) {
        let blanks: String =
            self.left.get(range.clone()).unwrap_or("").chars().map(blank).collect();
        self.left.replace_range(range, &blanks);
    }
}

/// As many bytes as the character had, and the same lines.
fn blank(c: char) -> &'static str {
    match (c, c.len_utf8()) {
        ('\n', _) => "\n",
        (_, 1) => " ",
        (_, 2) => "  ",
        (_, 3) => "   ",
        _ => "    ",
    }
}

fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// More faults than anyone reads at once.
const ROUNDS_MAX: usize = 64;
