//! A lab written over a file that people have written into: their comments stay where they belong.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Lab;
use super::places::{Places, Spot};
use super::save::save;
use super::syntax::{Tokens, comments_in};

/// The text of a lab file, with the comments of the text that it takes the place of. A comment stands by the field or
/// element that it stood by, found again by names. What a removed element was told goes with it; what a field was told
/// that is not written any more stands by what is around it.
pub fn save_over(before: &str, lab: &Lab) -> String {
    let text = save(lab);
    let remarks = remarks(before);
    if remarks.is_empty() {
        return text;
    }
    let (old, new) = (Outline::of(before), Outline::of(&text));
    let mut page = Page::of(&text);
    let mut sweep = Sweep::of(&old);
    let is_inside = |remark: &&Remark| {
        let inside = &old.whole;
        inside.start < remark.range.start && remark.range.end < inside.end
    };
    for remark in remarks.iter().filter(is_inside) {
        let side = sweep.side(remark);
        let (words, near) = (&before[remark.range.clone()], side.path(&old));
        match new.counterpart(&old, near) {
            Counterpart::Gone => {}
            Counterpart::Around(path) => {
                let line = page.line_of(new.range(&path).start);
                page.above(line.max(1), words);
            }
            Counterpart::Same(path) => {
                let (range, value) = (new.range(&path), new.value(&path));
                match side {
                    Side::Before(_) => page.above(page.line_of(range.start), words),
                    Side::After(_) => page.beside(page.line_of(range.end - 1), words),
                    Side::Begin(_) => page.beside(page.line_of(value.start), words),
                    Side::End(_) => {
                        page.at_end(page.line_of(range.start), page.line_of(range.end - 1), words);
                    }
                }
            }
        }
    }
    let mut out = String::new();
    // As it is, with its blank lines: it speaks for the whole file.
    if remarks.iter().any(|remark| remark.range.start < old.whole.start) {
        out.push_str(&before[..old.whole.start]);
    }
    page.write(&mut out);
    for remark in remarks.iter().filter(|remark| remark.range.start >= old.whole.end) {
        out.push_str(&before[remark.range.clone()]);
        out.push('\n');
    }
    out
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remark {
    range: Range<usize>,
    /// Stands behind something on the same line.
    trails: bool,
}

fn remarks(text: &str) -> Vec<Remark> {
    let remark = |range: Range<usize>| {
        let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let trails = !text[line..range.start].trim().is_empty();
        Remark { range, trails }
    };
    comments_in(text).into_iter().map(remark).collect()
}

/// Which part a comment stands by, as a place among the parts; nothing stands for the whole document.
#[derive(Debug, Clone, Copy)]
enum Side {
    /// On lines of its own, above it.
    Before(usize),
    /// Behind it, on its last line.
    After(usize),
    /// Behind its opening bracket.
    Begin(Option<usize>),
    /// Above its closing bracket.
    End(Option<usize>),
}

impl Side {
    fn path<'a>(&self, outline: &'a Outline) -> &'a str {
        match *self {
            Self::Before(part) | Self::After(part) => &outline.parts[part].path,
            Self::Begin(part) | Self::End(part) => {
                part.map_or("", |part| outline.parts[part].path.as_str())
            }
        }
    }
}

/// The parts of a text, by place and by path.
struct Outline {
    /// In the order in which they begin, what is around others first.
    parts: Vec<Spot>,
    by_path: BTreeMap<String, usize>,
    /// The elements of lists that have a name: the path of the list and the name, and where in the list.
    by_name: BTreeMap<(String, String), usize>,
    /// The names of such elements by their paths.
    names: BTreeMap<String, String>,
    /// The document from its first sign to its last.
    whole: Range<usize>,
}

/// What has become of a part.
enum Counterpart {
    /// It has this path.
    Same(String),
    /// It is not written any more, and this is around it.
    Around(String),
    /// An element that is no more.
    Gone,
}

impl Outline {
    fn of(text: &str) -> Self {
        let mut parts = Places::of(text).into_spots();
        parts.sort_by_key(|part| (part.whole().start, std::cmp::Reverse(part.whole().end)));
        let mut by_path = BTreeMap::new();
        for (place, part) in parts.iter().enumerate() {
            by_path.entry(part.path.clone()).or_insert(place);
        }
        let (mut by_name, mut names) = (BTreeMap::new(), BTreeMap::new());
        for part in &parts {
            let element = part.path.strip_suffix(".name").filter(|it| it.ends_with(']'));
            let Some((element, (list, index))) = element.zip(element.and_then(element_of)) else {
                continue;
            };
            let name = &text[part.value.clone()];
            by_name.entry((list.to_owned(), name.to_owned())).or_insert(index);
            names.insert(element.to_owned(), name.to_owned());
        }
        let (mut tokens, start) = (Tokens::new(text), text.len());
        let first = tokens.next().map_or(start..start, |token| token.range);
        let last = tokens.last().map_or(first.end, |token| token.range.end);
        Self { parts, by_path, by_name, names, whole: first.start..last }
    }

    fn part(&self, path: &str) -> Option<&Spot> {
        self.by_path.get(path).map(|&place| &self.parts[place])
    }

    fn range(&self, path: &str) -> Range<usize> {
        self.part(path).map_or_else(|| self.whole.clone(), Spot::whole)
    }

    fn value(&self, path: &str) -> Range<usize> {
        self.part(path).map_or_else(|| self.whole.clone(), |part| part.value.clone())
    }

    /// Where in this outline a part of another one is.
    fn counterpart(&self, old: &Self, path: &str) -> Counterpart {
        let (mut old_path, mut own) = (String::new(), String::new());
        for step in steps(path) {
            old_path = joined(&old_path, step);
            let next = match old.names.get(&old_path) {
                Some(name) => match self.same_element(&own, old, &old_path, name) {
                    Some(index) => format!("{own}[{index}]"),
                    None => return Counterpart::Gone,
                },
                None => joined(&own, step),
            };
            if self.part(&next).is_none() {
                let is_element = step.starts_with('[');
                return if is_element { Counterpart::Gone } else { Counterpart::Around(own) };
            }
            own = next;
        }
        Counterpart::Same(own)
    }

    /// By its name; or by its place, if what stands there has a name that is new.
    fn same_element(&self, list: &str, old: &Self, old_path: &str, name: &str) -> Option<usize> {
        if let Some(&index) = self.by_name.get(&(list.to_owned(), name.to_owned())) {
            return Some(index);
        }
        let (old_list, index) = element_of(old_path)?;
        let renamed = self.names.get(&format!("{list}[{index}]"))?.clone();
        (!old.by_name.contains_key(&(old_list.to_owned(), renamed))).then_some(index)
    }
}

/// `pools[0]` as `pools` and 0.
fn element_of(path: &str) -> Option<(&str, usize)> {
    let (list, index) = path.strip_suffix(']')?.rsplit_once('[')?;
    Some((list, index.parse().ok()?))
}

fn joined(path: &str, step: &str) -> String {
    if path.is_empty() { step.trim_start_matches('.').to_owned() } else { format!("{path}{step}") }
}

/// `pools[0].name` as `pools`, `[0]`, `.name`.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = if first == '[' {
            rest.find(']').map_or(rest.len(), |at| at + 1)
        } else {
            let name = rest.get(1..).and_then(|it| it.find(['.', '[']));
            name.map_or(rest.len(), |at| at + 1)
        };
        let (step, after) = rest.split_at(end);
        rest = after;
        Some(step)
    })
}

/// Goes through the parts once, together with the comments.
struct Sweep<'a> {
    parts: &'a [Spot],
    next: usize,
    /// Around where it is, with the part that ended last in each.
    open: Vec<(Option<usize>, Option<usize>)>,
}

impl<'a> Sweep<'a> {
    fn of(outline: &'a Outline) -> Self {
        Self { parts: &outline.parts, next: 0, open: vec![(None, None)] }
    }

    fn side(&mut self, remark: &Remark) -> Side {
        self.go_to(remark.range.start);
        let (around, ended) = self.open.last().copied().unwrap_or_default();
        if remark.trails {
            return ended.map_or(Side::Begin(around), Side::After);
        }
        let end = around.map_or(usize::MAX, |around| self.parts[around].whole().end);
        let follows = self.parts.get(self.next).is_some_and(|next| next.whole().start < end);
        if follows { Side::Before(self.next) } else { Side::End(around) }
    }

    fn go_to(&mut self, at: usize) {
        loop {
            let begins = self.parts.get(self.next).map(|part| part.whole().start);
            let ends =
                self.open.last().and_then(|(around, _)| Some(self.parts[(*around)?].whole().end));
            match (begins, ends) {
                (_, Some(end)) if end <= at && begins.is_none_or(|begin| end <= begin) => {
                    let ended = self.open.pop().and_then(|(part, _)| part);
                    if let Some((_, last)) = self.open.last_mut() {
                        *last = ended;
                    }
                }
                (Some(begin), _) if begin < at => {
                    self.open.push((Some(self.next), None));
                    self.next += 1;
                }
                _ => return,
            }
        }
    }
}

/// Lines, and what is written above and behind them.
struct Page<'a> {
    lines: Vec<Line<'a>>,
    starts: Vec<usize>,
}

struct Line<'a> {
    text: &'a str,
    above: Vec<String>,
    behind: Vec<&'a str>,
}

impl<'a> Page<'a> {
    fn of(text: &'a str) -> Self {
        let line = |text| Line { text, above: Vec::new(), behind: Vec::new() };
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { lines: text.lines().map(line).collect(), starts }
    }

    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte).saturating_sub(1)
    }

    fn above(&mut self, line: usize, words: &str) {
        let Some(line) = self.lines.get_mut(line) else { return };
        line.above.push(format!("{}{words}", indent_of(line.text)));
    }

    fn beside(&mut self, line: usize, words: &'a str) {
        if let Some(line) = self.lines.get_mut(line) {
            line.behind.push(words);
        }
    }

    /// Inside the bracket that closes on the last line.
    fn at_end(&mut self, first: usize, last: usize, words: &str) {
        let Some(line) = self.lines.get_mut(last) else { return };
        let deeper = if first == last { "" } else { "    " };
        line.above.push(format!("{}{deeper}{words}", indent_of(line.text)));
    }

    fn write(&self, out: &mut String) {
        for line in &self.lines {
            for above in &line.above {
                out.extend([above, "\n"]);
            }
            out.push_str(line.text);
            for behind in &line.behind {
                out.extend([" ", behind]);
            }
            out.push('\n');
        }
    }
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lab::{PRESETS, load};

    fn edited(text: &str, edit: impl FnOnce(&mut Lab)) -> String {
        let mut lab = load(text.as_bytes()).unwrap().lab.into_lab();
        edit(&mut lab);
        save_over(text, &lab)
    }

    #[test]
    fn comments_stay_by_what_they_are_about_while_the_lab_changes() {
        let text = r#"// My shop.

(
    hold: false, // let them come
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")], // the door
    pools: [
        (
            name: "web",
            servers: [ // all three
                // the old one
                (name: "a", address: "127.0.0.1:3000", weight: 2), // slow
                /* to be
                   replaced */
                (name: "b", address: "127.0.0.1:3001"),
                (name: "c", address: "127.0.0.1:3002"), // mine
                // no more
            ],
        ),
    ],
)
// the end
"#;
        let saved = edited(text, |lab| {
            let servers = &mut lab.pools[0].servers;
            servers.remove(1);
            servers.swap(0, 1);
            servers[1].weight = 1;
            lab.pools[0].name = "shop".to_owned();
            lab.listeners[0].pool = Some("shop".to_owned());
        });
        let expected = r#"// My shop.

(
    // let them come
    version: 1,
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "shop")], // the door
    pools: [
        (
            name: "shop",
            servers: [ // all three
                (name: "c", address: "127.0.0.1:3002"), // mine
                // the old one
                (name: "a", address: "127.0.0.1:3000"), // slow
                // no more
            ],
        ),
    ],
)
// the end
"#;
        assert_eq!(saved, expected);
    }

    #[test]
    fn a_comment_alone_makes_no_difference_to_a_file_without_one() {
        for preset in PRESETS {
            let lab = load(preset.text.as_bytes()).unwrap().lab.into_lab();
            assert_eq!(save_over(&save(&lab), &lab), save(&lab));
        }
    }

    proptest! {
        #[test]
        fn no_comment_is_lost_or_changes_what_a_file_says(
            preset in 0..PRESETS.len(),
            spots in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize), 1..6),
        ) {
            let lab = load(PRESETS[preset].text.as_bytes()).unwrap().lab.into_lab();
            let plain = save(&lab);
            let tokens: Vec<_> = Tokens::new(&plain).collect();
            let mut marks: Vec<(usize, String)> = spots.iter().enumerate().map(|(number, (spot, form))| {
                let at = tokens[spot.index(tokens.len())].range.start;
                let comment = match form {
                    0 => format!("// <{number}>\n"),
                    1 => format!("\n// <{number}>\n"),
                    2 => format!("/* <{number}> */ "),
                    _ => format!("\n/* <{number}>\n (( */\n"),
                };
                (at, comment)
            }).collect();
            marks.sort();
            let mut text = plain.clone();
            for (at, comment) in marks.iter().rev() {
                text.insert_str(*at, comment);
            }
            let saved = save_over(&text, &lab);
            for number in 0..spots.len() {
                prop_assert_eq!(saved.matches(&format!("<{number}>")).count(), 1, "{}", saved);
            }
            let words = |text: &str| Tokens::new(text).map(|it| text[it.range].to_owned()).collect::<Vec<_>>();
            prop_assert_eq!(words(&saved), words(&plain));
            prop_assert_eq!(save_over(&saved, &lab), saved);
        }
    }
}
