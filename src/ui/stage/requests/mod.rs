//! Requests.

use egui::Ui;

use super::empty_ui;
use crate::ui::workbench::Workbench;

#[derive(Default)]
pub(super) struct Requests {}

/// What stands at the right of the tabs.
pub(super) fn head_ui(_ui: &mut Ui, _requests: &mut Requests, _workbench: &mut Workbench) {}

pub(super) fn requests_ui(ui: &mut Ui, _requests: &mut Requests, _workbench: &mut Workbench) {
    empty_ui(ui, "Nothing to see yet", "");
}
