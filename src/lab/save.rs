//! A lab as text: what differs from the defaults, in a layout that people read and tools compare.

use serde::Serialize;

use super::tree::{Node, Record};
use super::{
    AccessLog, ActiveCheck, AppCookie, Backoff, Budget, CertificateFiles, Client, Command,
    Condition, Cue, Expectation, FieldCondition, Forwarded, Health, Hedge, HttpSettings,
    Identities, InsertedCookie, Lab, Limits, Listener, Mocks, Pool, Question, Queue, RequestKind,
    Retries, Route, Server, SourceTable, Split, SplitPart, TcpSettings, Timeouts, Tls, UdpSettings,
    Upstream, UpstreamTls,
};
use crate::balance::health::{Breaker, Ejection, FailureRate, Passive, SuccessRate};
use crate::balance::pool::SlowStart;
use crate::model::{Behaviour, Failures};

/// The text of a lab file. Loading it gives the same lab again.
pub fn save(lab: &Lab) -> String {
    text_of(lab)
}

/// Any part of a lab as it would stand in a file.
pub fn text_of<T: Serialize>(part: &T) -> String {
    let Some(node) = Node::of(part) else {
        unreachable!("every type of the document has a form in RON")
    };
    let mut out = String::new();
    write_broken(&without_defaults(node, &defaults()), 0, &mut out);
    out.push('\n');
    out
}

/// What each struct of the document is when nothing is said.
fn defaults() -> Vec<Record> {
    fn of<T: Serialize + Default>() -> Option<Node> {
        Node::of(&T::default())
    }
    [
        of::<Lab>(),
        of::<Question>(),
        of::<Limits>(),
        of::<Listener>(),
        of::<Tls>(),
        of::<CertificateFiles>(),
        of::<HttpSettings>(),
        of::<TcpSettings>(),
        of::<UdpSettings>(),
        of::<Forwarded>(),
        of::<AccessLog>(),
        of::<Route>(),
        of::<Condition>(),
        of::<FieldCondition>(),
        of::<Split>(),
        of::<SplitPart>(),
        of::<Timeouts>(),
        of::<Retries>(),
        of::<Budget>(),
        of::<Backoff>(),
        of::<Hedge>(),
        of::<Pool>(),
        of::<SlowStart>(),
        of::<Queue>(),
        of::<Mocks>(),
        of::<InsertedCookie>(),
        of::<AppCookie>(),
        of::<SourceTable>(),
        of::<Health>(),
        of::<ActiveCheck>(),
        of::<Passive>(),
        of::<FailureRate>(),
        of::<SuccessRate>(),
        of::<Ejection>(),
        of::<Breaker>(),
        of::<Upstream>(),
        of::<UpstreamTls>(),
        of::<Server>(),
        of::<Command>(),
        of::<Client>(),
        of::<Identities>(),
        of::<RequestKind>(),
        of::<Cue>(),
        of::<Expectation>(),
        of::<Behaviour>(),
        of::<Failures>(),
    ]
    .into_iter()
    .filter_map(|node| node?.as_record().cloned())
    .collect()
}

/// Leaves out every field that has its default, except those a reader expects to see.
pub(super) fn without_defaults(node: Node, defaults: &[Record]) -> Node {
    match node {
        Node::Struct(whole) => {
            let known = defaults.iter().find(|known| known.type_name == whole.type_name);
            let said = |name: &str, node: &Node| {
                (whole.type_name == "Lab" && name == "version")
                    || !known.is_some_and(|known| {
                        known
                            .fields
                            .iter()
                            .any(|(field, default)| *field == name && default == node)
                    })
            };
            let fields = whole.fields.iter().filter(|(name, node)| said(name, node)).cloned();
            let fields =
                fields.map(|(name, node)| (name, without_defaults(node, defaults))).collect();
            Node::Struct(Record { fields, ..whole })
        }
        Node::List(items) => Node::List(each(items, defaults)),
        Node::Call(head, items) => Node::Call(head, each(items, defaults)),
        Node::Map(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, without_defaults(value, defaults)))
                .collect(),
        ),
        Node::Plain(_) | Node::Text(_) => node,
    }
}

fn each(items: Vec<Node>, defaults: &[Record]) -> Vec<Node> {
    items.into_iter().map(|item| without_defaults(item, defaults)).collect()
}

/// On one line where it fits and nothing in it wants its own lines, else one entry per line.
fn write_node(node: &Node, indent: usize, column: usize, out: &mut String) {
    let line = on_one_line(node);
    if !wants_lines(node) && column + line.chars().count() <= LINE_WIDTH {
        out.push_str(&line);
    } else {
        write_broken(node, indent, out);
    }
}

fn write_broken(node: &Node, indent: usize, out: &mut String) {
    let entry = |out: &mut String, label: &str, node: &Node| {
        let inner = indent + INDENT;
        out.extend([" ".repeat(inner).as_str(), label]);
        write_node(node, inner, inner + label.chars().count() + 1, out);
        out.push_str(",\n");
    };
    let (open, close) = brackets(node);
    match node {
        Node::Plain(_) | Node::Text(_) => return out.push_str(&on_one_line(node)),
        Node::Struct(Record { head, .. }) | Node::Call(head, _) => out.push_str(head),
        Node::List(_) | Node::Map(_) => {}
    }
    out.push_str(open);
    out.push('\n');
    match node {
        Node::Struct(Record { fields, .. }) => {
            for (name, node) in fields {
                entry(out, &format!("{name}: "), node);
            }
        }
        Node::Call(_, items) | Node::List(items) => {
            for node in items {
                entry(out, "", node);
            }
        }
        Node::Map(entries) => {
            for (key, node) in entries {
                entry(out, &format!("{}: ", on_one_line(key)), node);
            }
        }
        Node::Plain(_) | Node::Text(_) => {}
    }
    out.extend([" ".repeat(indent).as_str(), close]);
}

/// A list of structs gets a line for each, so that a change of one is a change of one line.
fn wants_lines(node: &Node) -> bool {
    match node {
        Node::Plain(_) | Node::Text(_) => false,
        Node::List(items) => {
            items.len() > 1 && items.iter().any(|item| item.as_record().is_some())
                || items.iter().any(wants_lines)
        }
        Node::Call(_, items) => items.iter().any(wants_lines),
        Node::Map(entries) => entries.iter().any(|(_, value)| wants_lines(value)),
        Node::Struct(Record { fields, .. }) => fields.iter().any(|(_, value)| wants_lines(value)),
    }
}

pub(super) fn on_one_line(node: &Node) -> String {
    let join = |parts: Vec<String>| {
        let (open, close) = brackets(node);
        format!("{open}{}{close}", parts.join(", "))
    };
    match node {
        Node::Plain(text) => text.clone(),
        Node::Text(text) => quoted(text),
        Node::List(items) => join(items.iter().map(on_one_line).collect()),
        Node::Call(head, items) => {
            format!("{head}{}", join(items.iter().map(on_one_line).collect()))
        }
        Node::Map(entries) => {
            let entry = |(key, value): &(Node, Node)| {
                format!("{}: {}", on_one_line(key), on_one_line(value))
            };
            join(entries.iter().map(entry).collect())
        }
        Node::Struct(Record { head, fields, .. }) => {
            let field = |(name, value): &(&str, Node)| format!("{name}: {}", on_one_line(value));
            format!("{head}{}", join(fields.iter().map(field).collect()))
        }
    }
}

fn brackets(node: &Node) -> (&'static str, &'static str) {
    match node {
        Node::List(_) => ("[", "]"),
        Node::Map(_) => ("{", "}"),
        _ => ("(", ")"),
    }
}

/// Text in quotes, with everything escaped that could not be seen.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

const LINE_WIDTH: usize = 96;
const INDENT: usize = 4;
