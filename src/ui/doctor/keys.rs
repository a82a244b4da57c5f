//! The key that a recorded request had, as its pool looked at it.

use crate::engine::Record;
use crate::lab::Key;

/// Nothing where the record does not hold it: a name that was asked for in a TLS greeting is not kept.
pub(super) fn key_of(record: &Record, source: &Key) -> Option<String> {
    let header = |name: &str| {
        let headers = record.request_headers.iter();
        headers.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    };
    let (path, query) = record.target.split_once('?').unwrap_or((&record.target, ""));
    match source {
        Key::Address => Some(record.client.ip().to_string()),
        Key::Header(name) => header(name).cloned(),
        Key::Cookie(name) => value_in(header("cookie")?, ';', name),
        Key::Query(name) => value_in(query, '&', name),
        Key::Path => Some(path.to_owned()),
        Key::Uri => Some(record.target.clone()),
        Key::Sni => None,
    }
}

fn value_in(text: &str, between: char, name: &str) -> Option<String> {
    let pairs = text.split(between).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next()
}
