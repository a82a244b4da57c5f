//! Why a file is no lab that could run: every problem with its line, its column and the line itself.

use egui::{Context, CornerRadius, Frame, Margin, RichText, ScrollArea, Ui};

use crate::lab::{Place, Problem, Refused, report};
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::{modal_ui, note, number};

pub(super) struct Refusal {
    name: String,
    shown: Vec<Shown>,
    /// As a compiler would print it, to be copied.
    report: String,
}

/// A problem as it is shown.
struct Shown {
    what: String,
    place: String,
    /// The line with a mark under it.
    quote: String,
    remedy: String,
    is_error: bool,
}

pub(super) enum Pressed {
    Nothing,
    Close,
    Another,
}

impl Refusal {
    pub(super) fn new(name: String, refused: &Refused) -> Self {
        let Refused { problems, source } = refused;
        let shown = problems.iter().take(SHOWN_MAX).map(|problem| Shown::of(problem, source));
        Self { shown: shown.collect(), report: report(&name, source, problems), name }
    }

    pub(super) fn ui(&self, ctx: &Context) -> Pressed {
        let mut pressed = Pressed::Nothing;
        modal_ui(ctx, &format!("{} cannot be loaded", self.name), |ui| {
            note(ui, "Nothing has changed: the lab that was open goes on running");
            ui.add_space(4.0);
            let height = ui.ctx().content_rect().height() * 0.5;
            ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
                ui.set_max_width(ui.available_width() - 8.0);
                for (place, shown) in self.shown.iter().enumerate() {
                    // Two problems may quote the same line.
                    ui.push_id(place, |ui| shown.ui(ui));
                }
            });
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                if ui.button("Close").clicked() {
                    pressed = Pressed::Close;
                }
                if ui.button("Open another file…").clicked() {
                    pressed = Pressed::Another;
                }
                if ui.button("Copy problems").clicked() {
                    ui.ctx().copy_text(self.report.clone());
                }
            });
        });
        pressed
    }
}

impl Shown {
    fn of(problem: &Problem, source: &str) -> Self {
        let place = match problem.place {
            Some(Place { line, column, .. }) => format!("line {line}, column {column}"),
            None => problem.path.clone(),
        };
        Self {
            what: problem.what.clone(),
            place,
            quote: quote(problem, source),
            remedy: problem.remedy.clone(),
            is_error: problem.is_error(),
        }
    }

    fn ui(&self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        let colour = if self.is_error { theme.err } else { theme.warn };
        ui.horizontal_wrapped(|ui| {
            let sign = if self.is_error { "error" } else { "warning" };
            ui.label(RichText::new(sign).small().color(colour));
            ui.label(RichText::new(&self.what).text_style(theme::sentence()));
        });
        if !self.place.is_empty() {
            note(ui, &self.place);
        }
        if !self.quote.is_empty() {
            Frame::new()
                .fill(theme.raised)
                .corner_radius(CornerRadius::same(theme::CHIP_RADIUS))
                .inner_margin(Margin::symmetric(8, 4))
                .show(ui, |ui| {
                    ScrollArea::horizontal().show(ui, |ui| {
                        ui.add(egui::Label::new(number(&self.quote)).extend());
                    });
                });
        }
        if !self.remedy.is_empty() {
            ui.label(RichText::new(&self.remedy).color(theme.mute));
        }
        ui.add_space(8.0);
    }
}

/// The line that a problem is in, and a mark under the part that is meant, as a report prints them.
fn quote(problem: &Problem, source: &str) -> String {
    let Some(Place { line, .. }) = problem.place else { return String::new() };
    let one = Problem { remedy: String::new(), ..problem.clone() };
    let report = report("", source, &[one]);
    let mut quoted = report.lines().skip_while(|text| !text.starts_with(&format!("{line} |")));
    let [text, mark] = [quoted.next(), quoted.next()].map(|it| it.unwrap_or_default().trim_end());
    in_sight(text, mark)
}

/// Both, without what lies so far before the mark that it would push the mark out of the dialog.
fn in_sight(text: &str, mark: &str) -> String {
    let whole = || format!("{text}\n{mark}");
    let (Some(bar), Some(marked)) = (text.find("| "), mark.find('^')) else { return whole() };
    let begin = bar + 2;
    let Some(skipped) = marked.checked_sub(begin + BEFORE_MOST) else { return whole() };
    let skipped = skipped + BEFORE_MOST - BEFORE_LEFT;
    let rest: String = text.chars().skip(begin + skipped + 1).collect();
    format!("{}…{rest}\n{}{}", &text[..begin], &mark[..begin], &mark[begin + skipped..])
}

/// So many characters may stand before the mark, and so many are left of more.
const BEFORE_MOST: usize = 40;
const BEFORE_LEFT: usize = 24;
const SHOWN_MAX: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_quotes_its_line_with_a_mark_under_it() {
        let source = "(\n    pools: [(name: \"web\", servers: [(name: \"a\", weight: 70000)])],\n)";
        let refused = crate::lab::load(source.as_bytes()).unwrap_err();
        let refusal = Refusal::new("x.ron".to_owned(), &refused);
        let shown = refusal.shown.iter().find(|it| it.what.contains("70000")).unwrap();
        assert!(shown.place.starts_with("line 2, column "), "{}", shown.place);
        assert_eq!(meant(&shown.quote, 5), "70000");
    }

    /// What stands over the mark.
    fn meant(quote: &str, length: usize) -> String {
        let (line, mark) = quote.split_once('\n').unwrap();
        line.chars().skip(mark.find('^').unwrap()).take(length).collect()
    }

    #[test]
    fn a_mark_far_to_the_right_is_brought_into_sight() {
        let long = "ü".repeat(90);
        let source =
            format!("(pools: [(name: \"{long}\", servers: [(name: \"a\", weight: 70000)])])");
        let refused = crate::lab::load(source.as_bytes()).unwrap_err();
        let refusal = Refusal::new("x.ron".to_owned(), &refused);
        let shown = refusal.shown.iter().find(|it| it.what.contains("70000")).unwrap();
        assert!(shown.quote.starts_with("1 | …"), "{}", shown.quote);
        assert_eq!(meant(&shown.quote, 5), "70000", "{}", shown.quote);
        let mark = shown.quote.lines().last().unwrap();
        assert!(mark.find('^').unwrap() <= "1 | ".len() + BEFORE_MOST, "{}", shown.quote);
    }
}
