//! Problems as a compiler prints them: what, where, the line, and a caret with the remedy.

use super::problem::{Place, Problem, Severity};

/// All problems and a line that counts them. Empty if there are none.
pub fn report(file: &str, source: &str, problems: &[Problem]) -> String {
    if problems.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = source.lines().collect();
    let gutter = problems.iter().filter_map(|problem| problem.place).map(|place| place.line).max();
    let gutter = gutter.unwrap_or(0).to_string().len();
    let mut out = String::new();
    for problem in problems {
        out.push_str(&one(file, &lines, gutter, problem));
        out.push('\n');
    }
    out.push_str(&summary(file, problems));
    out
}

fn one(file: &str, lines: &[&str], gutter: usize, problem: &Problem) -> String {
    let word = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (what, file) = (visible(&problem.what), visible(file));
    let remedy = visible(&problem.remedy);
    let head = format!("{word}: {what}\n{:gutter$}--> {file}", "");
    let quoted = problem.place.and_then(|place| Some((place, *lines.get(place.line - 1)?)));
    let Some((place, line)) = quoted else {
        let at = match (problem.place, problem.path.as_str()) {
            (Some(Place { line, column, .. }), _) => format!(":{line}:{column}"),
            (None, "") => String::new(),
            (None, path) => format!(": {}", visible(path)),
        };
        return format!("{head}{at}\n{:gutter$} = {remedy}\n", "");
    };
    let Window { text, before, marked } = Window::of(line, &place);
    let Place { line, column, .. } = place;
    let bar = format!("{:gutter$} |", "");
    let carets = "^".repeat(marked);
    format!(
        "{head}:{line}:{column}\n{bar}\n{line:gutter$} | {text}\n{bar} {:before$}{carets} {remedy}\n",
        ""
    )
}

fn summary(file: &str, problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let warnings = problems.len() - errors;
    let count = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let counts: Vec<String> =
        [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    format!("{}: {}\n", visible(file), counts.join(", "))
}

/// The part of a line that is shown, and where in it the carets stand, in columns of a terminal.
struct Window {
    text: String,
    before: usize,
    marked: usize,
}

impl Window {
    fn of(line: &str, place: &Place) -> Self {
        let wanted = place.column - 1;
        // A line may be as long as the file, so only what is near is looked at.
        let skipped = if wanted > NEAR_CHARS { wanted - NEAR_CHARS / 2 } else { 0 };
        let near = line.trim_end().chars().skip(skipped).take(2 * NEAR_CHARS);
        let cells: Vec<Cell> = near.map(Cell::of).collect();
        let from = (wanted - skipped).min(cells.len());
        let to = (from + place.length).min(cells.len());
        let width = |cells: &[Cell]| cells.iter().map(|cell| cell.width).sum::<usize>();
        let fits = skipped == 0 && width(&cells) <= WINDOW_WIDTH;
        let first = if fits { 0 } else { start_of_window(&cells, from) };
        let cut_before = skipped + first > 0;
        let mut text = String::from(if cut_before { "…" } else { "" });
        let mut used = usize::from(cut_before);
        let before = used + width(&cells[first..from]);
        for (index, cell) in cells.iter().enumerate().skip(first) {
            if used + cell.width > WINDOW_WIDTH && index < cells.len() {
                text.push('…');
                break;
            }
            text.push_str(&cell.text);
            used += cell.width;
        }
        let marked = width(&cells[from..to]).min((WINDOW_WIDTH + 1).saturating_sub(before)).max(1);
        Self { text, before, marked }
    }
}

/// Enough before the carets to see what they are in.
fn start_of_window(cells: &[Cell], from: usize) -> usize {
    let mut first = from;
    let mut used = 0;
    while first > 0 && used + cells[first - 1].width <= CONTEXT_WIDTH {
        first -= 1;
        used += cells[first].width;
    }
    first
}

/// A character as it is shown.
struct Cell {
    text: String,
    width: usize,
}

impl Cell {
    fn of(c: char) -> Self {
        match c {
            '\t' => Self { text: " ".repeat(TAB_WIDTH), width: TAB_WIDTH },
            c if is_hidden(c) => {
                let text = c.escape_unicode().to_string();
                Self { width: text.len(), text }
            }
            c => Self { text: c.to_string(), width: width_of(c) },
        }
    }
}

/// With everything escaped that would act on a terminal instead of being seen.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if is_hidden(c) { c.escape_unicode().to_string() } else { c.into() })
        .collect()
}

/// Control characters, and marks that turn the direction of text (UAX #9), which can make a line
/// read as something it is not.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Columns a character takes in a terminal: the wide blocks of UAX #11 take two, marks that sit on
/// the character before them none.
fn width_of(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x200b..=0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

const TAB_WIDTH: usize = 4;
const WINDOW_WIDTH: usize = 100;
const CONTEXT_WIDTH: usize = 40;
/// More characters than fit into a window, even where most of them have no width.
const NEAR_CHARS: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, line: usize, column: usize, length: usize) -> String {
        let problem = Problem::error("x", "it is wrong", "do this").with_place(Some(Place {
            line,
            column,
            length,
        }));
        report("a.ron", source, &[problem])
    }

    #[test]
    fn a_problem_is_shown_with_its_line_and_a_caret() {
        let shown = shown("(\n    weight: 70000,\n)", 2, 13, 5);
        assert_eq!(
            shown,
            "error: it is wrong\n --> a.ron:2:13\n  |\n2 |     weight: 70000,\n  |             ^^^^^ do this\n\na.ron: 1 error\n"
        );
    }

    #[test]
    fn tabs_and_wide_characters_do_not_misplace_the_caret() {
        let shown = shown("\t名x: \u{1b}5", 1, 7, 1);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[3], "1 |     名x: \\u{1b}5");
        assert_eq!(lines[4], format!("  | {}^ do this", " ".repeat(4 + 2 + 3 + 6)));
    }

    #[test]
    fn a_long_line_is_shown_around_the_caret() {
        let source = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let shown = shown(&source, 1, 501, 4);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[3].chars().count() < 110, "{}", lines[3]);
        let caret = lines[4].chars().position(|c| c == '^').unwrap();
        let under: String = lines[3].chars().skip(caret).take(4).collect();
        assert_eq!(under, "HERE");
    }

    #[test]
    fn a_place_outside_the_text_is_still_reported() {
        assert!(shown("", 7, 3, 1).contains("a.ron:7:3\n  = do this"));
        assert!(shown("ab", 1, 90, 9).contains("^ do this"));
    }
}
