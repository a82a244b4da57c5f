//! An algorithm's settings one by one, for whoever edits them without knowing which algorithm it is.

use super::algorithm_text::{AlgorithmError, bare, parse, variants};
use super::tree::{Node, Record};
use crate::balance::Algorithm;
use crate::period::Period;

/// What one setting is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingValue {
    pub name: &'static str,
    /// As it is written: `160`, `nginx`, `10s`, `true`; nothing where it is left to the algorithm.
    pub text: Option<String>,
    /// As it is where nobody set it.
    pub default: Option<String>,
    pub sort: SettingSort,
    /// Whether it may be left to the algorithm.
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingSort {
    Number,
    Flag,
    Period,
    /// One of these.
    Word(&'static [&'static str]),
}

/// Every setting with its value, in the order of the algorithm's own list.
pub fn settings_of(algorithm: &Algorithm) -> Vec<SettingValue> {
    let defaults = default_of(algorithm);
    let written = |node: &Node| Some(bare(node)).filter(|text| text != NOTHING);
    let value = |(name, node): &(&'static str, Node)| {
        let text = written(node);
        let default = defaults.iter().find(|(known, _)| known == name);
        let default = default.and_then(|(_, node)| written(node));
        let takes = |text: &str| with_setting(algorithm, name, text).is_ok();
        let sort = match &text {
            Some(text) => sort_of(text),
            None => ["1", "true", "1s"].into_iter().find(|it| takes(it)).and_then(sort_of),
        };
        let sort = sort.unwrap_or_else(|| SettingSort::Word(options(algorithm, name)));
        SettingValue { name, text, default, sort, optional: takes(NOTHING) }
    };
    fields_of(algorithm).iter().map(value).collect()
}

/// Nothing for a word, which only its setting knows.
fn sort_of(text: &str) -> Option<SettingSort> {
    match text {
        "true" | "false" => Some(SettingSort::Flag),
        _ if text.parse::<f64>().is_ok() => Some(SettingSort::Number),
        _ if text.parse::<Period>().is_ok() => Some(SettingSort::Period),
        _ => None,
    }
}

/// The same algorithm with one setting changed.
pub fn with_setting(
    algorithm: &Algorithm,
    name: &str,
    text: &str,
) -> Result<Algorithm, AlgorithmError> {
    parse(&written_with(algorithm, name, text))
}

fn written_with(algorithm: &Algorithm, name: &str, text: &str) -> String {
    let fields = fields_of(algorithm);
    let written: Vec<String> = fields
        .iter()
        .map(|(field, node)| {
            let value = if *field == name { text.to_owned() } else { bare(node) };
            format!("{field}: {value}")
        })
        .collect();
    format!("{}({})", algorithm.about().name, written.join(", "))
}

/// The settings of an algorithm of its kind that nobody has set.
fn default_of(algorithm: &Algorithm) -> Vec<(&'static str, Node)> {
    let name = algorithm.about().name;
    let default = Algorithm::all().into_iter().find(|it| it.about().name == name);
    default.as_ref().map(fields_of).unwrap_or_default()
}

fn fields_of(algorithm: &Algorithm) -> Vec<(&'static str, Node)> {
    match Node::of(algorithm) {
        Some(Node::Struct(Record { fields, .. })) => fields,
        _ => Vec::new(),
    }
}

/// The words that a setting may be, as the document itself knows them.
fn options(algorithm: &Algorithm, name: &str) -> &'static [&'static str] {
    variants(&written_with(algorithm, name, "no_such_word"))
}

/// How a setting is written that is left to the algorithm.
const NOTHING: &str = "None";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_every_algorithm_can_be_set_to_what_it_is() {
        for algorithm in Algorithm::all() {
            let about = algorithm.about();
            let settings = settings_of(&algorithm);
            let names: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
            let told: Vec<&str> = about.settings.iter().map(|setting| setting.name).collect();
            assert_eq!(names, told, "{}", about.name);
            for SettingValue { name, text, default, sort, optional } in settings {
                assert_eq!(default, text, "{} {name}", about.name);
                let written = text.as_deref().unwrap_or(NOTHING);
                let same = with_setting(&algorithm, name, written);
                assert_eq!(same.as_ref(), Ok(&algorithm), "{} {name}: {written}", about.name);
                assert!(optional || text.is_some(), "{} {name}", about.name);
                if let SettingSort::Word(options) = sort {
                    let known = text.as_deref().is_none_or(|text| options.contains(&text));
                    assert!(known && options.len() > 1, "{} {name}: {options:?}", about.name);
                }
            }
        }
    }

    #[test]
    fn another_word_makes_another_dialect() {
        let ring = parse("ring").unwrap();
        let haproxy = with_setting(&ring, "dialect", "haproxy").unwrap();
        let dialect = |algorithm| settings_of(algorithm).swap_remove(0);
        assert_ne!(dialect(&haproxy).text, dialect(&haproxy).default, "a default stays");
        assert_eq!(dialect(&haproxy).default, dialect(&ring).text);
        assert_eq!(haproxy, parse("ring(dialect: haproxy)").unwrap());
        let bounded = with_setting(&haproxy, "load_bound", "1.25").unwrap();
        assert_eq!(bounded, parse("ring(dialect: haproxy, load_bound: 1.25)").unwrap());
        assert_eq!(with_setting(&bounded, "load_bound", "None").unwrap(), haproxy);
        assert!(with_setting(&ring, "dialect", "nobody").is_err());
    }
}
