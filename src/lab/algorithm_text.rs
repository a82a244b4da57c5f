//! An algorithm as one piece of text: `ring(dialect: nginx, points: 40)`, the same in lab files and
//! on the command line.

use serde::{Deserializer, Serializer, de};

use super::save::{on_one_line, without_defaults};
use super::suggest::{among, nearest};
use super::tree::{Node, Record};
use crate::balance::Algorithm;
use crate::period::Period;

/// The algorithm that a text names.
pub fn parse(text: &str) -> Result<Algorithm, AlgorithmError> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(AlgorithmError::Long);
    }
    let (name, settings) = text.split_at(text.find('(').unwrap_or(text.len()));
    let name = name.trim_end();
    let settings = if settings.is_empty() { "()" } else { settings };
    let names = names();
    if names.contains(&name) {
        return parse_settings(name, settings);
    }
    with_dialect_in_front(name, settings, &names)
        .unwrap_or_else(|| Err(AlgorithmError::unknown(name, &names)))
}

/// `smooth-weighted` is short for `weighted(dialect: smooth)`, and so with every dialect. `None` if there is
/// no such dialect; what is wrong with the settings beside it is worth saying.
fn with_dialect_in_front(
    name: &str,
    settings: &str,
    names: &[&str],
) -> Option<Result<Algorithm, AlgorithmError>> {
    let (dialect, name) = name.split_once('-').filter(|(_, name)| names.contains(name))?;
    let with_dialect =
        |settings: &str| parse_settings(name, &format!("(dialect: {dialect}, {settings}"));
    let _exists = with_dialect(")").ok()?;
    let settings = settings.strip_prefix('(')?;
    Some(with_dialect(settings))
}

fn parse_settings(name: &str, settings: &str) -> Result<Algorithm, AlgorithmError> {
    if !settings.ends_with(')') || settings.matches(['(', '[', '{']).count() > DEPTH_MAX {
        return Err(AlgorithmError::Shape(name.to_owned()));
    }
    super::syntax::options()
        .from_str(&format!("r#{name}{}", with_quoted_periods(settings)))
        .map_err(|error| AlgorithmError::settings(name, error.code))
}

/// The words that would have been right where a text has a wrong one.
pub(super) fn variants(text: &str) -> &'static [&'static str] {
    let settings = text.find('(').map_or("()", |at| &text[at..]);
    let name = &text[..text.len() - settings.len()];
    let read: Result<Algorithm, _> =
        super::syntax::options().from_str(&format!("r#{name}{}", with_quoted_periods(settings)));
    match read {
        Err(ron::error::SpannedError {
            code: ron::Error::NoSuchEnumVariant { expected, .. },
            ..
        }) => expected,
        _ => &[],
    }
}

/// The shortest text that gives this algorithm again: only what differs from the defaults.
pub fn print(algorithm: &Algorithm) -> String {
    let name = algorithm.about().name;
    let defaults: Vec<Record> = Algorithm::all()
        .iter()
        .filter(|other| other.about().name == name)
        .filter_map(|other| Node::of(other)?.as_record().cloned())
        .collect();
    let node = Node::of(algorithm).map(|node| without_defaults(node, &defaults));
    let Some(Node::Struct(Record { fields, .. })) = node else {
        return name.to_owned();
    };
    let mut out = name.to_owned();
    for (index, (field, value)) in fields.iter().enumerate() {
        let before = if index == 0 { "(" } else { ", " };
        out.extend([before, field, ": ", &bare(value)]);
    }
    if !fields.is_empty() {
        out.push(')');
    }
    out
}

/// All names, in the order in which people meet the algorithms.
pub fn names() -> Vec<&'static str> {
    Algorithm::all().iter().map(|algorithm| algorithm.about().name).collect()
}

pub(super) fn serialize<S: Serializer>(algorithm: &Algorithm, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&print(algorithm))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Algorithm, D::Error> {
    struct Text;
    impl de::Visitor<'_> for Text {
        type Value = Algorithm;
        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("an algorithm such as \"least-connections\"")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Algorithm, E> {
            parse(text).map_err(E::custom)
        }
    }
    from.deserialize_str(Text)
}

/// Why a text names no algorithm. What is wrong, then a colon, then what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlgorithmError {
    #[error("there is no algorithm `{name}`: {remedy}")]
    Unknown { name: String, remedy: String },
    #[error("the settings of `{0}` are not written well: write them as in {0}(setting: value)")]
    Shape(String),
    #[error("{what}: {remedy}")]
    Setting { what: String, remedy: String },
    #[error(
        "an algorithm takes at most {TEXT_CHARS_MAX} characters: leave out settings that have \
         their default"
    )]
    Long,
}

impl AlgorithmError {
    fn unknown(name: &str, names: &[&str]) -> Self {
        let remedy = nearest(name, names).unwrap_or_else(|| among(names));
        Self::Unknown { name: shown(name), remedy }
    }

    fn settings(name: &str, error: ron::Error) -> Self {
        match error {
            ron::Error::NoSuchStructField { expected: [], found, .. } => Self::Setting {
                what: format!("`{name}` has no setting `{}`", shown(&found)),
                remedy: format!("`{name}` takes no settings, write it alone"),
            },
            ron::Error::NoSuchStructField { expected, found, .. } => Self::Setting {
                what: format!("`{name}` has no setting `{}`", shown(&found)),
                remedy: nearest(&found, expected).unwrap_or_else(|| among(expected)),
            },
            ron::Error::NoSuchEnumVariant { expected, found, .. } => Self::Setting {
                what: format!("`{name}` has no `{}`", shown(&found)),
                remedy: nearest(&found, expected).unwrap_or_else(|| among(expected)),
            },
            ron::Error::DuplicateStructField { field, .. } => Self::Setting {
                what: format!("`{name}` is given `{field}` twice"),
                remedy: "keep one of them".to_owned(),
            },
            ron::Error::Message(message) => match message.split_once(": ") {
                Some((what, remedy)) => {
                    Self::Setting { what: what.to_owned(), remedy: remedy.to_owned() }
                }
                None => Self::Shape(name.to_owned()),
            },
            ron::Error::ExpectedInteger | ron::Error::IntegerOutOfBounds => Self::Setting {
                what: format!("`{name}` is given something that is not a number it can use"),
                remedy: "write a whole number that is not too large".to_owned(),
            },
            ron::Error::ExpectedBoolean => Self::Setting {
                what: format!("`{name}` is given something else where true or false belongs"),
                remedy: "write true or false".to_owned(),
            },
            ron::Error::ExpectedFloat => Self::Setting {
                what: format!("`{name}` is given something else where a number belongs"),
                remedy: "write a number, such as 1.25".to_owned(),
            },
            ron::Error::ExpectedString => Self::Setting {
                what: format!("`{name}` is given something else where a period belongs"),
                remedy: "write a number and a unit, such as 20ms, 1.5s or 2m".to_owned(),
            },
            _ => Self::Shape(name.to_owned()),
        }
    }
}

/// `10s` stands for `"10s"`: periods need no quotes here, because the text is already in some.
fn with_quoted_periods(settings: &str) -> String {
    let mut out = String::with_capacity(settings.len() + 8);
    let mut rest = settings;
    let mut in_quotes = false;
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let taken = if word == 0 { c.len_utf8() } else { word };
        let (token, tail) = rest.split_at(taken);
        in_quotes ^= c == '"';
        let is_period = c.is_ascii_digit()
            && token.ends_with(|c: char| c.is_ascii_alphabetic())
            && token.parse::<Period>().is_ok();
        if is_period && !in_quotes {
            out.extend(["\"", token, "\""]);
        } else {
            out.push_str(token);
        }
        rest = tail;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '.' || c == '_'
}

pub(super) fn bare(node: &Node) -> String {
    match node {
        Node::Text(text) if text.parse::<Period>().is_ok() => text.clone(),
        _ => on_one_line(node),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

const TEXT_CHARS_MAX: usize = 200;
const DEPTH_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_read_back_from_what_is_printed() {
        for algorithm in Algorithm::all() {
            let text = print(&algorithm);
            assert_eq!(text, algorithm.about().name);
            assert_eq!(parse(&text).unwrap(), algorithm);
            assert_eq!(parse(&format!(" {text} ( ) ")).unwrap(), algorithm);
        }
    }

    #[test]
    fn a_dialect_may_stand_in_front() {
        for (short, long) in [
            ("smooth-weighted", "weighted"),
            ("edf-weighted", "weighted(dialect: edf)"),
            ("haproxy-least-connections()", "least-connections(dialect: haproxy)"),
            ("envoy-ring(points: 40)", "ring(dialect: envoy, points: 40)"),
        ] {
            assert_eq!(parse(short).unwrap(), parse(long).unwrap(), "{short}");
        }
        for wrong in ["fast-weighted", "nginx-random", "nginx-", "-ring"] {
            assert!(matches!(parse(wrong), Err(AlgorithmError::Unknown { .. })), "{wrong}");
        }
    }

    #[test]
    fn only_what_differs_from_the_defaults_is_printed() {
        for text in [
            "ring(dialect: haproxy, points: 40)",
            "peak-ewma(decay: 1s)",
            "power-of-choices(choices: 3, replacement: true)",
            "rendezvous(load_bound: 1.25)",
        ] {
            assert_eq!(print(&parse(text).unwrap()), text);
        }
        assert_eq!(print(&parse("peak-ewma(decay: 10s, seed: \"30ms\")").unwrap()), "peak-ewma");
    }

    #[test]
    fn a_wrong_text_is_answered_with_a_remedy() {
        for (text, answer) in [
            (
                "least-conections",
                "there is no algorithm `least-conections`: did you mean `least-connections`?",
            ),
            ("ring(dialekt: nginx)", "`ring` has no setting `dialekt`: did you mean `dialect`?"),
            ("ring(dialect: nginz)", "`ring` has no `nginz`: did you mean `nginx`?"),
            ("envoy-ring(dialect: nginx)", "`ring` is given `dialect` twice: keep one of them"),
            ("nginx-ring(pionts: 4)", "`ring` has no setting `pionts`: did you mean `points`?"),
            (
                "power-of-choices(replacement: 1)",
                "`power-of-choices` is given something else where true or false belongs: write true or false",
            ),
            (
                "first(x: 1)",
                "`first` has no setting `x`: `first` takes no settings, write it alone",
            ),
            (
                "ring(points: 1",
                "the settings of `ring` are not written well: write them as in ring(setting: value)",
            ),
            (
                "peak-ewma(decay: \"10\")",
                "`10` is not a period: write a number and a unit, such as 20ms, 1.5s or 2m",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), answer);
        }
    }
}
