//! What was changed between two labs, in a few words: `B latency 20 → 400 ms`.
//!
//! The labs are compared field by field as they would be saved, so that nothing a person can set changes without a word.
//! What people change most has words of its own.

use serde_json::{Map, Value};

use crate::lab::{Lab, algorithm_text};
use crate::period::Period;
use crate::ui::badges::Badges;
use crate::ui::widgets::Unit;

/// One for each change, in the order of the document. Equal labs have none.
pub(super) fn edits(before: &Lab, after: &Lab, badges: &Badges) -> Vec<String> {
    let value = |lab: &Lab| serde_json::to_value(lab).unwrap_or_default();
    let mut changes = Vec::new();
    compare(&value(before), &value(after), &mut Vec::new(), &mut changes);
    let several_pools = before.pools.len().max(after.pools.len()) > 1;
    let words = Words { badges, several_pools };
    changes.iter().map(|change| words.of(change)).collect()
}

/// The few words for a mark: the first changes, and how many more there are.
pub(super) fn in_short(edits: &[String]) -> String {
    match edits {
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second} and {} more", rest.len())
        }
        edits => edits.join(", "),
    }
}

/// A place in the document, with what was there and what is.
#[derive(Debug)]
struct Change {
    path: Vec<String>,
    before: Option<Value>,
    after: Option<Value>,
}

fn compare(before: &Value, after: &Value, path: &mut Vec<String>, out: &mut Vec<Change>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) if is_struct(before, after, path) => {
            for (name, was) in before {
                path.push(name.clone());
                compare(was, &after[name], path, out);
                path.pop();
            }
        }
        (Value::Array(before), Value::Array(after)) if are_named(before) && are_named(after) => {
            compare_named(before, after, path, out);
        }
        _ => out.push(Change {
            path: path.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

/// Two of the same struct have the same fields. What has not is a choice, and is told whole; so are a few others that
/// make sense only whole.
fn is_struct(before: &Map<String, Value>, after: &Map<String, Value>, path: &[String]) -> bool {
    let whole = path.last().is_some_and(|name| WHOLE.contains(&name.as_str()));
    !whole && before.keys().eq(after.keys())
}

/// Parts of lists are known by their names, so that one that goes does not change all that follow.
fn compare_named(before: &[Value], after: &[Value], path: &mut Vec<String>, out: &mut Vec<Change>) {
    let find = |list: &[Value], name: &str| list.iter().find(|it| name_of(it) == name).cloned();
    for was in before {
        path.push(name_of(was).to_owned());
        match find(after, name_of(was)) {
            Some(is) => compare(was, &is, path, out),
            None => {
                out.push(Change { path: path.clone(), before: Some(was.clone()), after: None });
            }
        }
        path.pop();
    }
    let added = after.iter().filter(|is| find(before, name_of(is)).is_none());
    let n_before = out.len();
    for is in added {
        path.push(name_of(is).to_owned());
        out.push(Change { path: path.clone(), before: None, after: Some(is.clone()) });
        path.pop();
    }
    let same_members = out.len() == n_before && before.len() == after.len();
    let names = |list: &[Value]| list.iter().map(|it| name_of(it).to_owned()).collect::<Vec<_>>();
    if same_members && names(before) != names(after) {
        let order = |list| Some(Value::from(names(list)));
        let mut path = path.clone();
        path.push("order".to_owned());
        out.push(Change { path, before: order(before), after: order(after) });
    }
}

fn are_named(list: &[Value]) -> bool {
    let mut names: Vec<&str> = list.iter().map(name_of).collect();
    names.sort_unstable();
    names.iter().all(|name| !name.is_empty()) && names.windows(2).all(|pair| pair[0] != pair[1])
}

fn name_of(value: &Value) -> &str {
    value.get("name").and_then(Value::as_str).unwrap_or_default()
}

struct Words<'a> {
    badges: &'a Badges,
    several_pools: bool,
}

impl Words<'_> {
    fn of(&self, change: &Change) -> String {
        let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["hold"] if change.is(true) => "traffic held".to_owned(),
            ["hold"] => "traffic released".to_owned(),
            // The names in their order, where nothing else has changed.
            [.., list, "order"] if matches!(change.before, Some(Value::Array(_))) => {
                format!("{list} order changed")
            }
            ["pools", pool, "servers", server, rest @ ..] => {
                let letter = self.badges.of(pool, server).letter();
                of_server(&letter, rest, change)
            }
            ["pools", pool, "algorithm"] => {
                let named = format!("{}algorithm", self.of_pool(pool));
                format!("{named}: {}", algorithm_of(change))
            }
            ["pools", pool, rest @ ..] => with_subject(&self.of_pool(pool), pool, rest, change),
            ["clients", client, "enabled"] if change.is(true) => format!("{client} started"),
            ["clients", client, "enabled"] => format!("{client} stopped"),
            ["clients", client, "arrivals"] => arrivals(client, change),
            ["clients", client, rest @ ..] => {
                with_subject(&format!("{client} "), client, rest, change)
            }
            ["listeners" | "cues" | "expectations", name, rest @ ..] => {
                with_subject(&format!("{name} "), name, rest, change)
            }
            rest => with_subject("", "lab", rest, change),
        }
    }

    /// A pool is named only where there are several.
    fn of_pool(&self, pool: &str) -> String {
        if self.several_pools { format!("{pool} ") } else { String::new() }
    }
}

impl Change {
    fn is(&self, after: bool) -> bool {
        self.after == Some(Value::Bool(after))
    }
}

fn of_server(letter: &str, rest: &[&str], change: &Change) -> String {
    match rest {
        [] => format!("{} {letter}", if change.before.is_none() { "added" } else { "removed" }),
        ["enabled"] if change.is(true) => format!("revived {letter}"),
        ["enabled"] => format!("killed {letter}"),
        ["drain"] if change.is(true) => format!("draining {letter}"),
        ["drain"] => format!("{letter} takes new clients again"),
        ["mock", rest @ ..] if !rest.is_empty() => {
            let rest = rest.strip_prefix(&["failures"]).unwrap_or(rest);
            with_subject(&format!("{letter} "), letter, rest, change)
        }
        rest => with_subject(&format!("{letter} "), letter, rest, change),
    }
}

/// `visitors rate 40 → 80 /s`, `visitors users 5 → 10`, or the two kinds.
fn arrivals(client: &str, change: &Change) -> String {
    let field = |value: &Option<Value>, name: &str| {
        let kind = value.as_ref()?.as_object()?.values().next()?;
        kind.get(name)?.as_f64()
    };
    let both = |name| Some((field(&change.before, name)?, field(&change.after, name)?));
    if let Some((before, after)) = both("per_second").filter(|(before, after)| before != after) {
        return format!("{client} rate {} → {} /s", plain(before), plain(after));
    }
    if let Some((before, after)) = both("users").filter(|(before, after)| before != after) {
        return format!("{client} users {} → {}", plain(before), plain(after));
    }
    with_subject(&format!("{client} "), client, &["arrivals"], change)
}

/// The title where another was chosen, and what is set where it was not.
fn algorithm_of(change: &Change) -> String {
    let text = |value: &Option<Value>| {
        value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (before, after) = (text(&change.before), text(&change.after));
    let about = |text: &str| algorithm_text::parse(text).ok().map(|algorithm| algorithm.about());
    match (about(&before), about(&after)) {
        (Some(before), Some(after)) if before.name != after.name => after.title.to_lowercase(),
        _ => format!("{before} → {after}"),
    }
}

fn with_subject(subject: &str, name: &str, rest: &[&str], change: &Change) -> String {
    let Change { before, after, .. } = change;
    match (before, after) {
        (None, Some(_)) if rest.is_empty() => format!("added {name}"),
        (Some(_), None) if rest.is_empty() => format!("removed {name}"),
        _ => {
            let what = rest.join(" ").replace('_', " ");
            let change = from_to(before.as_ref(), after.as_ref());
            format!("{subject}{what}{change}").trim().to_owned()
        }
    }
}

/// ` 20 → 400 ms` where both can be said shortly; nothing where not.
fn from_to(before: Option<&Value>, after: Option<&Value>) -> String {
    let unset = Value::Null;
    let texts = (text_of(before.unwrap_or(&unset)), text_of(after.unwrap_or(&unset)));
    let (Some(before), Some(after)) = texts else { return " changed".to_owned() };
    match (before.split_once(' '), after.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same && !unit.contains(' ') => {
            format!(" {number} → {after}")
        }
        _ => format!(" {before} → {after}"),
    }
}

/// A value in a word or two, or nothing if it takes more.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("none".to_owned()),
        Value::Bool(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        Value::Number(number) => number.as_f64().map(plain),
        Value::String(text) => {
            let period: Result<Period, _> = text.parse();
            let begins_with_digit = text.starts_with(|first: char| first.is_ascii_digit());
            Some(match period {
                Ok(period) if begins_with_digit => Unit::Time.text(period.secs()),
                _ if text.chars().count() > TEXT_MAX => return None,
                _ if text.is_empty() => "nothing".to_owned(),
                _ => text.replace('_', " "),
            })
        }
        // A choice: its name, and what it holds if that is short.
        Value::Object(map) if map.len() == 1 => {
            let (name, content) = map.iter().next()?;
            let name = name.replace('_', " ");
            let content = match content {
                Value::Object(fields) => fields.values().next().and_then(text_of),
                other => text_of(other),
            };
            Some(match content {
                Some(content) if name == "constant" => content,
                Some(content) => format!("{name} {content}"),
                None => name,
            })
        }
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn plain(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What is told as a whole although its form stayed the same.
const WHOLE: [&str; 6] = ["latency", "arrivals", "think", "algorithm", "stickiness", "key_in"];
const TEXT_MAX: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Edit, PRESETS};

    fn starter() -> Lab {
        crate::lab::load(PRESETS[0].text.as_bytes()).expect("presets load").lab.into_lab()
    }

    fn words(change: impl FnOnce(&mut Lab)) -> Vec<String> {
        let before = starter();
        let mut after = before.clone();
        change(&mut after);
        let mut badges = Badges::default();
        badges.learn(&before);
        badges.learn(&after);
        edits(&before, &after, &badges)
    }

    fn edit(text: &str) -> Vec<String> {
        let cue = format!("(version: 1, cues: [(name: \"x\", edits: [{text}])])");
        let reading = crate::lab::read(cue.as_bytes());
        let lab = reading.lab.unwrap_or_else(|| panic!("{text}: {:?}", reading.problems));
        let edit: &Edit = &lab.cues[0].edits[0];
        words(|lab| edit.apply(lab).expect("the starter has what is edited"))
    }

    #[test]
    fn equal_labs_have_no_edits() {
        for preset in PRESETS {
            let lab =
                crate::lab::load(preset.text.as_bytes()).expect("presets load").lab.into_lab();
            assert!(edits(&lab, &lab.clone(), &Badges::default()).is_empty());
        }
    }

    #[test]
    fn each_kind_of_edit_has_one_line() {
        let cases = [
            (
                r#"set_algorithm(pool: "web", algorithm: "least-connections")"#,
                "algorithm: least connections",
            ),
            (r#"set_key(pool: "web", key: path)"#, "key address → path"),
            (
                r#"set_stickiness(pool: "web", stickiness: source())"#,
                "stickiness off → source 10 min",
            ),
            (r#"set_weight(server: "b", weight: 3)"#, "B weight 1 → 3"),
            (r#"set_concurrency(server: "b", concurrency: Some(8))"#, "B concurrency none → 8"),
            (
                r#"set_latency(server: "b", latency: constant("400ms"))"#,
                "B latency exponential 600 ms → 400 ms",
            ),
            (r#"set_failures(server: "b", failures: (refuse: 0.5))"#, "B refuse 0 → 0.5"),
            (r#"kill(server: "b")"#, "killed B"),
            (r#"drain(server: "b")"#, "draining B"),
            (r#"add_server(pool: "web", server: (name: "d", mock: ()))"#, "added D"),
            (r#"remove_server(server: "c")"#, "removed C"),
            (r#"set_rate(client: "visitors", per_second: 80)"#, "visitors rate 12 → 80 /s"),
            (
                r#"set_arrivals(client: "visitors", arrivals: closed(users: 3, think: constant("1s")))"#,
                "visitors arrivals poisson 12 → closed 1 s",
            ),
            (r#"stop_client(client: "visitors")"#, "visitors stopped"),
            ("hold_traffic", "traffic held"),
        ];
        for (text, expected) in cases {
            assert_eq!(edit(text), [expected], "{text}");
        }
    }

    #[test]
    fn a_dragged_latency_is_told_in_one_unit() {
        let before = crate::model::Latency::Constant(Period::from_millis(20));
        let mut lab = starter();
        lab.pools[0].servers[1].mock =
            Some(crate::model::Behaviour { latency: before, ..Default::default() });
        let mut after = lab.clone();
        let latency = crate::model::Latency::Constant(Period::from_millis(400));
        after.pools[0].servers[1].mock =
            Some(crate::model::Behaviour { latency, ..Default::default() });
        let mut badges = Badges::default();
        badges.learn(&lab);
        assert_eq!(edits(&lab, &after, &badges), ["B latency 20 → 400 ms"]);
    }

    #[test]
    fn what_has_no_words_of_its_own_is_told_by_its_place() {
        assert_eq!(words(|lab| lab.pools[0].queue.limit = 7), ["queue limit 1024 → 7"]);
        assert_eq!(words(|lab| lab.seed = 2), ["seed 1 → 2"]);
        assert_eq!(words(|lab| lab.listeners[0].enabled = false), ["front enabled on → off"]);
        assert_eq!(words(|lab| lab.pools[0].servers.swap(0, 2)), ["servers order changed"]);
        let three = ["a".to_owned(), "b".to_owned(), "c".to_owned(), "d".to_owned()];
        assert_eq!(in_short(&three), "a, b and 2 more");
    }
}
