//! Compare.

use egui::Ui;

use super::empty_ui;
use crate::ui::workbench::Workbench;

#[derive(Default)]
pub(super) struct Compare {}

/// What stands at the right of the tabs.
pub(super) fn head_ui(_ui: &mut Ui, _compare: &mut Compare, _workbench: &mut Workbench) {}

pub(super) fn compare_ui(ui: &mut Ui, _compare: &mut Compare, _workbench: &mut Workbench) {
    empty_ui(ui, "Nothing to see yet", "");
}
