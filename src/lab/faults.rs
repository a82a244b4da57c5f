//! What the RON reader's errors mean to somebody who wrote a lab.

use ron::Error;

use super::places::Spot;
use super::problem::Problem;
use super::suggest::{among, nearest};
use super::syntax::BracketFault;

/// A fault in a field or an element.
pub(super) fn of_part(error: &Error, spot: &Spot, written: &str) -> Problem {
    let name = name_of(spot);
    let written = excerpt(written);
    match error {
        Error::NoSuchStructField { expected, found, outer } => {
            unknown_setting(expected, found, outer.as_deref())
        }
        Error::NoSuchEnumVariant { expected, found, .. } => Problem::error(
            "",
            format!("{name} cannot be `{}`", excerpt(found)),
            nearest(found, expected).unwrap_or_else(|| among(expected)),
        )
        .with_limit(expected.join(", ")),
        Error::MissingStructField { field, outer } => Problem::error(
            "",
            format!("`{}` needs `{field}`", outer.as_deref().unwrap_or(&name)),
            format!("add {field}: …"),
        ),
        Error::DuplicateStructField { field, .. } => {
            Problem::error("", format!("`{field}` is set twice"), "keep one of them")
        }
        Error::SuggestRawIdentifier(found) => Problem::error(
            "",
            format!("`{}` is not a name of a setting", excerpt(found)),
            "write names with letters, digits and _",
        ),
        Error::Message(message) => {
            let (what, remedy) = what_and_remedy(message);
            Problem::error("", what, remedy)
        }
        _ if spot.value.is_empty() => {
            Problem::error("", format!("{name} has no value"), "write one, or leave it out")
        }
        Error::IntegerOutOfBounds => out_of_bounds(&name, &written),
        Error::InvalidEscape(_) => Problem::error(
            "",
            format!("{name} has a `\\` that is not followed by what it can stand for"),
            "write \\\\ for a backslash, or r\"…\" around the text",
        ),
        Error::ExpectedStructLike | Error::ExpectedStructLikeEnd => Problem::error(
            "",
            format!("{name} is `{written}` without what belongs to it"),
            "write that in ( ) after it",
        ),
        Error::ExpectedDifferentLength { .. } => Problem::error(
            "",
            format!("{name} has too few or too many values"),
            "write its values in ( ), such as (200, 399)",
        ),
        error => wrong_kind(error, &name, &written),
    }
}

/// A fault that no part can be named for.
pub(super) fn of_form(error: &Error) -> Problem {
    let (what, remedy) = match error {
        Error::ExpectedNamedStructLike(_) | Error::ExpectedStructLike => {
            ("a lab begins with `(`", "write ( before the first setting and ) after the last")
        }
        Error::ExpectedComma => {
            ("something is wrong before this", "write a comma between settings")
        }
        Error::ExpectedMapColon => {
            ("a `:` is missing before this", "write a colon between name and value")
        }
        Error::SuggestRawIdentifier(_) | Error::ExpectedIdentifier => {
            ("the name of a setting is missing", "write settings as name: value")
        }
        Error::NoSuchExtension(_) => {
            ("there is no such extension", "leave the line with #! out, a lab needs none")
        }
        _ => ("this cannot be read", "write settings as name: value with commas between them"),
    };
    Problem::error("", what, remedy)
}

pub(super) fn missing_comma() -> Problem {
    Problem::error("", "a comma is missing before this", "write a comma between settings")
}

pub(super) fn after_the_end() -> Problem {
    Problem::error("", "the lab has ended before this", "take it away, or move it inside the ( )")
}

/// Brackets that do not fit, and the byte it is about.
pub(super) fn of_brackets(fault: &BracketFault) -> (usize, Problem) {
    let shown = |bracket: u8| char::from(bracket);
    match *fault {
        BracketFault::TooDeep { at } => (
            at,
            Problem::error(
                "",
                "brackets are nested too deep here",
                "nothing in a lab needs more than a dozen, take some away",
            )
            .with_limit(super::syntax::DEPTH_MAX.to_string()),
        ),
        BracketFault::NeverClosed { at, bracket } => (
            at,
            Problem::error(
                "",
                format!("this `{}` is never closed", shown(bracket)),
                format!("write {} where it ends", shown(super::syntax::closing(bracket))),
            ),
        ),
        BracketFault::NeverOpened { at, bracket } => (
            at,
            Problem::error(
                "",
                format!("this `{}` closes nothing", shown(bracket)),
                "take it away, or open it before",
            ),
        ),
        BracketFault::TextNeverClosed { at } => {
            (at, Problem::error("", "this text is never closed", "write the quote that ends it"))
        }
        BracketFault::CommentNeverClosed { at } => {
            (at, Problem::error("", "this comment is never closed", "write */ where it ends"))
        }
        BracketFault::Mismatch { at, opened, closed } => (
            at,
            Problem::error(
                "",
                format!("this `{}` closes a `{}`", shown(closed), shown(opened)),
                format!("write {}", shown(super::syntax::closing(opened))),
            ),
        ),
    }
}

/// Splits "what is wrong: what to do" at the first colon that is not inside backticks.
pub(super) fn what_and_remedy(message: &str) -> (String, String) {
    let mut in_ticks = false;
    for (at, c) in message.char_indices() {
        in_ticks ^= c == '`';
        if !in_ticks && message[at..].starts_with(": ") {
            return (message[..at].to_owned(), message[at + 2..].to_owned());
        }
    }
    (message.to_owned(), "write something else".to_owned())
}

/// Enough of what was written to know it again.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.lines().next().unwrap_or("").trim();
    let short: String = line.chars().take(EXCERPT_CHARS).collect();
    if short.len() < text.trim().len() { format!("{short}…") } else { short }
}

fn unknown_setting(expected: &[&str], found: &str, outer: Option<&str>) -> Problem {
    let owner = outer.map_or_else(|| "this".to_owned(), |outer| format!("`{}`", noun(outer)));
    let remedy = match expected {
        [] => "take it away, there is nothing to set".to_owned(),
        expected => nearest(found, expected).unwrap_or_else(|| among(expected)),
    };
    Problem::error("", format!("{owner} has no setting `{}`", excerpt(found)), remedy)
        .with_limit(expected.join(", "))
}

fn out_of_bounds(name: &str, written: &str) -> Problem {
    let (limit, remedy) = if written.starts_with('-') {
        ("0 and above", "write a number from 0 up")
    } else {
        ("what the setting can hold", "write a smaller number")
    };
    Problem::error("", format!("{name} cannot be {written}"), remedy).with_limit(limit)
}

fn wrong_kind(error: &Error, name: &str, written: &str) -> Problem {
    let is_number = written.starts_with(|c: char| c.is_ascii_digit());
    let (wanted, remedy) = match error {
        Error::ExpectedString if is_number => {
            ("text in quotes", "write it in quotes, and a period with its unit: \"20ms\"")
        }
        Error::ExpectedString => ("text in quotes", "write it in quotes"),
        Error::ExpectedBoolean => ("true or false", "write true or false"),
        Error::ExpectedFloat => ("a number", "write a number"),
        Error::ExpectedInteger | Error::InvalidIntegerDigit { .. } => {
            ("a whole number", "write a whole number")
        }
        Error::ExpectedComma if is_number => ("a whole number", "write a whole number"),
        Error::ExpectedArray => ("a list", "write a list in [ ]"),
        Error::ExpectedMap => ("entries with names", "write them in { }"),
        Error::ExpectedComma => ("something else", "take away what is too much"),
        _ => ("settings in ( )", "write settings in ( )"),
    };
    Problem::error("", format!("{name} takes {wanted}, not {written}"), remedy).with_limit(wanted)
}

/// The last name of the path: `weight`, or `pools` for one of them.
fn name_of(spot: &Spot) -> String {
    let last = spot.path.rsplit('.').next().unwrap_or("");
    match last.split_once('[') {
        Some((list, _)) => format!("an entry of `{list}`"),
        None => format!("`{last}`"),
    }
}

/// A type's name as people say it: `ActiveCheck` is an `active check`.
fn noun(type_name: &str) -> String {
    let mut out = String::new();
    for c in type_name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

const EXCERPT_CHARS: usize = 40;
