//! The course of a run: what was measured overall and from cue to cue, and what that says of the expectations.

use super::Lab;
use super::expectation::{Expectation, Window};
use super::figures::Figures;
use super::verdict::Verdict;

/// The time between two cues.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The cue that began it; nothing for the beginning of the run.
    pub since: Option<String>,
    pub from_ns: u64,
    pub until_ns: u64,
    pub figures: Figures,
}

/// What came of a lab's expectations. `spans` are in their order; a run without cues has one.
pub fn verdicts(lab: &Lab, overall: &Figures, spans: &[Span]) -> Vec<Verdict> {
    let judge = |expectation: &Expectation| match figures_of(&expectation.when, overall, spans) {
        Ok(figures) => expectation.judge(figures),
        Err(cue) => expectation.unjudged(cue),
    };
    lab.expectations.iter().map(judge).collect()
}

/// The figures of a time, or the cue that the run ended before.
fn figures_of<'a, 'w>(
    when: &'w Window,
    overall: &'a Figures,
    spans: &'a [Span],
) -> Result<&'a Figures, &'w str> {
    let (cue, before) = match when {
        Window::Overall => return Ok(overall),
        Window::Since(cue) => (cue, 0),
        Window::Until(cue) => (cue, 1),
    };
    let began = spans.iter().position(|span| span.since.as_ref() == Some(cue));
    let span = began.and_then(|place| place.checked_sub(before)).ok_or(cue.as_str())?;
    Ok(&spans[span].figures)
}
