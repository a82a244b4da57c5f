//! Flow.

use egui::Ui;

use super::empty_ui;
use crate::ui::workbench::Workbench;

#[derive(Default)]
pub(super) struct Flow {}

/// What stands at the right of the tabs.
pub(super) fn head_ui(_ui: &mut Ui, _flow: &mut Flow, _workbench: &mut Workbench) {}

pub(super) fn flow_ui(ui: &mut Ui, _flow: &mut Flow, _workbench: &mut Workbench) {
    empty_ui(ui, "Nothing to see yet", "");
}
