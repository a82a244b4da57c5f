//! The outer form of RON text: tokens, and whether brackets fit together and are not too deep.

use std::ops::Range;

use ron::extensions::Extensions;

/// How lab files are read: `Some` and the names of structs may be left out.
pub(super) fn options() -> ron::Options {
    ron::Options::default().with_default_extension(
        Extensions::IMPLICIT_SOME
            | Extensions::UNWRAP_NEWTYPES
            | Extensions::UNWRAP_VARIANT_NEWTYPES,
    )
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Open(u8),
    Close(u8),
    /// Text, bytes or a character in quotes.
    Quoted,
    /// A name or a number.
    Word,
    Colon,
    Comma,
    Other,
}

/// The tokens of a text, without blanks and comments. Never fails: what is odd is `Other`.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    comments: Vec<Range<usize>>,
    comment_never_closed: Option<usize>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, comments: Vec::new(), comment_never_closed: None }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let trimmed = self.rest().trim_start_matches(is_blank);
            self.at = self.text.len() - trimmed.len();
            let start = self.at;
            if trimmed.starts_with("//") {
                let line = trimmed.lines().next().unwrap_or(trimmed);
                self.at += line.len();
                self.comments.push(start..start + line.trim_end().len());
            } else if trimmed.starts_with("/*") {
                let length = block_comment_len(trimmed);
                self.comment_never_closed = length.is_none().then_some(self.at);
                self.at += length.unwrap_or(trimmed.len());
                self.comments.push(start..self.at);
            } else if trimmed.starts_with("#!") {
                self.at += trimmed.find(']').map_or(trimmed.len(), |end| end + 1);
            } else {
                return;
            }
        }
    }

    fn token_len(&self) -> Option<(TokenKind, usize)> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        Some(match first {
            '(' | '[' | '{' => (TokenKind::Open(first as u8), 1),
            ')' | ']' | '}' => (TokenKind::Close(first as u8), 1),
            ':' => (TokenKind::Colon, 1),
            ',' => (TokenKind::Comma, 1),
            '"' => (TokenKind::Quoted, quoted_len(rest, '"')),
            '\'' => (TokenKind::Quoted, quoted_len(rest, '\'')),
            _ => match raw_text_len(rest) {
                Some(len) => (TokenKind::Quoted, len),
                None => match word_len(rest) {
                    0 => (TokenKind::Other, first.len_utf8()),
                    len => (TokenKind::Word, len),
                },
            },
        })
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        let (kind, len) = self.token_len()?;
        let range = self.at..self.at + len;
        self.at = range.end;
        Some(Token { kind, range })
    }
}

/// Where the comments of a text are.
pub(super) fn comments_in(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Tokens::new(text);
    tokens.by_ref().for_each(drop);
    tokens.comments
}

/// Where brackets stop making sense, if they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BracketFault {
    TooDeep { at: usize },
    NeverClosed { at: usize, bracket: u8 },
    NeverOpened { at: usize, bracket: u8 },
    Mismatch { at: usize, opened: u8, closed: u8 },
    TextNeverClosed { at: usize },
    CommentNeverClosed { at: usize },
}

/// Must hold before anything recursive reads the text: depth is stack.
pub(super) fn check_brackets(text: &str) -> Result<(), BracketFault> {
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut tokens = Tokens::new(text);
    for Token { kind, range } in tokens.by_ref() {
        match kind {
            TokenKind::Quoted if range.end == text.len() && is_unclosed(&text[range.clone()]) => {
                return Err(BracketFault::TextNeverClosed { at: range.start });
            }
            TokenKind::Open(_) if open.len() == DEPTH_MAX => {
                return Err(BracketFault::TooDeep { at: range.start });
            }
            TokenKind::Open(bracket) => open.push((bracket, range.start)),
            TokenKind::Close(closed) => match open.pop() {
                None => {
                    return Err(BracketFault::NeverOpened { at: range.start, bracket: closed });
                }
                Some((opened, _)) if closing(opened) != closed => {
                    return Err(BracketFault::Mismatch { at: range.start, opened, closed });
                }
                Some(_) => {}
            },
            _ => {}
        }
    }
    if let Some(at) = tokens.comment_never_closed {
        return Err(BracketFault::CommentNeverClosed { at });
    }
    match open.pop() {
        Some((bracket, at)) => Err(BracketFault::NeverClosed { at, bracket }),
        None => Ok(()),
    }
}

pub(super) fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// What RON counts as blank.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '\n'
            | '\r'
            | '\u{b}'
            | '\u{c}'
            | '\u{85}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

/// Block comments nest. `None` for one that never ends.
fn block_comment_len(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
    None
}

/// Text that runs into the end of the file: nothing of its own closes it.
fn is_unclosed(quoted: &str) -> bool {
    let quote =
        if quoted.trim_start_matches(['b', 'r', '#']).starts_with('\'') { '\'' } else { '"' };
    let is_raw = quoted.trim_start_matches('b').starts_with('r');
    if is_raw {
        let hashes =
            quoted.trim_start_matches(['b', 'r']).bytes().take_while(|&b| b == b'#').count();
        let end = format!("\"{}", "#".repeat(hashes));
        return !quoted.ends_with(&end) || quoted.matches('"').count() < 2;
    }
    let mut escaped = false;
    let mut quotes = 0;
    for c in quoted.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => quotes += 1,
            _ => {}
        }
    }
    quotes < 2
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#`, and the same and plain quotes after `b`.
fn raw_text_len(text: &str) -> Option<usize> {
    let unprefixed = text.strip_prefix('b').unwrap_or(text);
    let prefix = text.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let opening = text.len() - body.len();
        return Some(body.find(&end).map_or(text.len(), |at| opening + at + end.len()));
    }
    let quote = unprefixed.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    (prefix == 1).then(|| prefix + quoted_len(unprefixed, quote))
}

fn word_len(text: &str) -> usize {
    let raw = if text.starts_with("r#") { 2 } else { 0 };
    let word = text[raw..].find(|c: char| !is_word(c)).unwrap_or(text.len() - raw);
    if word == 0 { 0 } else { raw + word }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-')
}

/// Brackets within brackets; the document itself needs about a third of it.
pub(super) const DEPTH_MAX: usize = 32;
