//! Where each part of a lab stands in its file: document paths to stretches of text.
//!
//! The RON reader knows a place only for its own errors, so this reads the text a second time, for its
//! form alone. It is tolerant: where the text makes no sense, it keeps what it has.

use std::collections::BTreeMap;
use std::ops::Range;

use super::problem::Place;
use super::syntax::{DEPTH_MAX, Token, TokenKind, Tokens};

/// The places of one text.
#[derive(Debug, Clone, Default)]
pub struct Places {
    spots: Vec<Spot>,
    by_path: BTreeMap<String, usize>,
    /// Bytes at which lines begin.
    lines: Vec<usize>,
}

/// A field or an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) key: Option<Range<usize>>,
    pub(super) value: Range<usize>,
}

impl Spot {
    pub(super) fn whole(&self) -> Range<usize> {
        self.key.as_ref().map_or(self.value.start, |key| key.start)..self.value.end
    }
}

impl Places {
    pub fn of(text: &str) -> Self {
        let mut scan = Scan { text, tokens: Tokens::new(text).collect(), at: 0, spots: Vec::new() };
        let _complete = scan.value("", 0);
        let mut by_path = BTreeMap::new();
        for (index, spot) in scan.spots.iter().enumerate() {
            by_path.entry(spot.path.clone()).or_insert(index);
        }
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { spots: scan.spots, by_path, lines }
    }

    pub(super) fn into_spots(self) -> Vec<Spot> {
        self.spots
    }

    /// Where the part with this path stands, or else the nearest part around it.
    pub fn find(&self, text: &str, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(&index) = self.by_path.get(path) {
                return Some(self.place(text, self.spots[index].value.clone()));
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// The place of a stretch of bytes; of its first line, if it has several.
    pub(super) fn place(&self, text: &str, range: Range<usize>) -> Place {
        let line = self.lines.partition_point(|&start| start <= range.start).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let stretch = text.get(range.clone()).unwrap_or("");
        let first_line = stretch.lines().next().unwrap_or("");
        Place {
            line,
            column: text.get(start..range.start).map_or(0, |before| before.chars().count()) + 1,
            length: first_line.trim_end().chars().count().max(1),
        }
    }

    /// The byte at a line and column as the RON reader counts them: both from 1, in characters.
    pub(super) fn byte_at(&self, text: &str, line: usize, column: usize) -> usize {
        let Some(&start) = self.lines.get(line.saturating_sub(1)) else { return text.len() };
        let rest = text.get(start..).unwrap_or("");
        let column = column.saturating_sub(1);
        rest.char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
    }

    /// What an error of the reader at this byte is about: the field whose name is there, or else the
    /// innermost field or element around it that still stands.
    pub(super) fn about(&self, byte: usize, stands: impl Fn(&Spot) -> bool) -> Option<&Spot> {
        let touches = |range: &Range<usize>| range.start <= byte && byte <= range.end;
        let named = self.spots.iter().find(|spot| spot.key.as_ref().is_some_and(touches));
        named.or_else(|| self.smallest(|spot| touches(&spot.value) && stands(spot)))
    }

    /// The innermost part that goes on after this byte.
    pub(super) fn around(&self, byte: usize, stands: impl Fn(&Spot) -> bool) -> Option<&Spot> {
        let inside = |spot: &Spot| spot.value.start < byte && byte < spot.value.end;
        self.smallest(|spot| inside(spot) && stands(spot))
    }

    pub(super) fn begins_at(&self, byte: usize) -> bool {
        self.spots.iter().any(|spot| spot.whole().start == byte)
    }

    fn smallest(&self, fits: impl Fn(&Spot) -> bool) -> Option<&Spot> {
        self.spots.iter().filter(|spot| fits(spot)).min_by_key(|spot| spot.value.len())
    }
}

struct Scan<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    spots: Vec<Spot>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    /// The stretch of one value, with everything below it recorded; an empty one where it is missing.
    /// `None` where the text breaks off.
    fn value(&mut self, path: &str, depth: usize) -> Option<Range<usize>> {
        if matches!(self.peek()?, TokenKind::Comma | TokenKind::Close(_)) {
            let start = self.tokens[self.at].range.start;
            return Some(start..start);
        }
        let first = self.take()?;
        let end = match first.kind {
            TokenKind::Open(_) if depth > DEPTH_MAX => return None,
            TokenKind::Open(b'(') => self.body(path, depth)?,
            TokenKind::Open(b'[') => self.list(path, depth)?,
            TokenKind::Open(_) => self.map(path, depth)?,
            TokenKind::Word if self.peek() == Some(TokenKind::Open(b'(')) => {
                self.at += 1;
                self.body(path, depth)?
            }
            _ => first.range.end,
        };
        Some(first.range.start..end)
    }

    /// After `(`: fields with names, or values in order. One value alone is as good as what is
    /// around it, so that `prefix("/cart")` has no path of its own.
    fn body(&mut self, path: &str, depth: usize) -> Option<usize> {
        let mut position = 0;
        while !self.at_close()? {
            let named = matches!(self.peek(), Some(TokenKind::Word))
                && self.tokens.get(self.at + 1).map(|token| token.kind) == Some(TokenKind::Colon);
            if named {
                let key = self.take()?.range;
                self.at += 1;
                let dot = if path.is_empty() { "" } else { "." };
                let field = format!("{path}{dot}{}", self.name_at(&key));
                self.entry(field, Some(key), depth)?;
            } else if position == 0 {
                self.value(path, depth + 1)?;
            } else {
                self.entry(format!("{path}[{position}]"), None, depth)?;
            }
            position += 1;
            self.comma();
        }
        Some(self.take()?.range.end)
    }

    fn list(&mut self, path: &str, depth: usize) -> Option<usize> {
        let mut position = 0;
        while !self.at_close()? {
            self.entry(format!("{path}[{position}]"), None, depth)?;
            position += 1;
            self.comma();
        }
        Some(self.take()?.range.end)
    }

    fn map(&mut self, path: &str, depth: usize) -> Option<usize> {
        while !self.at_close()? {
            let key = self.value(path, depth + 1)?;
            if self.peek() == Some(TokenKind::Colon) {
                self.at += 1;
            }
            let field = format!("{path}[{}]", self.name_at(&key));
            self.entry(field, Some(key), depth)?;
            self.comma();
        }
        Some(self.take()?.range.end)
    }

    /// Recorded before what is below it, and completed after: where the text breaks off, an entry
    /// that was begun is forgotten.
    fn entry(&mut self, path: String, key: Option<Range<usize>>, depth: usize) -> Option<()> {
        let value = self.value(&path, depth + 1)?;
        if self.spots.len() < SPOTS_MAX && path.len() <= PATH_BYTES_MAX {
            self.spots.push(Spot { path, key, value });
        }
        Some(())
    }

    /// A name as it stands in a path: cut, because a path holds many and a file may hold any name.
    fn name_at(&self, key: &Range<usize>) -> String {
        self.text[key.clone()].chars().take(NAME_CHARS_MAX).collect()
    }

    fn at_close(&self) -> Option<bool> {
        Some(matches!(self.peek()?, TokenKind::Close(_)))
    }

    fn comma(&mut self) {
        if self.peek() == Some(TokenKind::Comma) {
            self.at += 1;
        }
    }
}

/// Ten thousand servers with five settings each. Further parts have the place of what is around them.
const SPOTS_MAX: usize = 50_000;
const PATH_BYTES_MAX: usize = 400;
const NAME_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, path: &str) -> String {
        let places = Places::of(text);
        let Place { line, column, length } = places.find(text, path).unwrap();
        let line_text = text.lines().nth(line - 1).unwrap();
        line_text.chars().skip(column - 1).take(length).collect()
    }

    const TEXT: &str = r##"
        // pools: [(name: "wrong")]
        Lab(
            name: "a \" (b", /* note: { /* */ */ note: r#"("("#,
            pools: [
                (name: "web", servers: [(weight: 1), (name: "ü", weight: 70_000,)]),
            ],
            listeners: [(routes: [(when: (path: prefix("/cart")), to: split(parts: [(pool: "x")]))])],
            expectations: [(claim: shares(percent: {"a": 50, "b": 51}))],
            status: (200, 399),
        )"##;

    #[test]
    fn every_part_of_a_lab_has_its_place() {
        assert_eq!(shown(TEXT, "name"), r#""a \" (b""#);
        assert_eq!(shown(TEXT, "pools[0].name"), r#""web""#);
        assert_eq!(shown(TEXT, "pools[0].servers[1].weight"), "70_000");
        assert_eq!(shown(TEXT, "listeners[0].routes[0].to.parts[0].pool"), r#""x""#);
        assert_eq!(shown(TEXT, "listeners[0].routes[0].when.path"), r#"prefix("/cart")"#);
        assert_eq!(shown(TEXT, r#"expectations[0].claim.percent["b"]"#), "51");
        assert_eq!(shown(TEXT, "status[1]"), "399");
    }

    #[test]
    fn what_is_not_there_has_the_place_of_what_is_around_it() {
        assert_eq!(shown(TEXT, "pools[0].servers[0].mock.latency"), "(weight: 1)");
        assert_eq!(Places::of(TEXT).find(TEXT, "limits"), None);
    }

    #[test]
    fn a_text_that_breaks_off_keeps_what_came_before() {
        let text = r#"(name: "a", pools: [(name: "b", servers: "#;
        assert_eq!(shown(text, "name"), r#""a""#);
        assert_eq!(shown(text, "pools[0].name"), r#""b""#);
    }
}
