//! What is said of a control to those who point at it, or who have it read.

use egui::{Response, Ui};

/// What it does, and what it is until somebody changes it.
pub(in crate::ui) fn tip(hint: &str, default: Option<&str>) -> String {
    let mut letters = hint.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let hint: String = first.chain(letters).collect();
    match default {
        Some(default) => format!("{hint}\nDefault {default}"),
        None => hint,
    }
}

/// The same words for a screen reader, where others point at the whole row of the control.
pub(in crate::ui) fn describe(ui: &Ui, response: &Response, tip: impl FnOnce() -> String) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(tip()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_is_a_sentence_and_the_default() {
        assert_eq!(tip("never answers", Some("0 %")), "Never answers\nDefault 0 %");
        assert_eq!(tip("5xx count", None), "5xx count");
    }
}
