//! The stage: one of four tabs.

mod compare;
mod flow;
mod keys;
mod logs;
mod requests;
pub(super) use requests::request_columns;
#[cfg(test)]
pub(super) use requests::specimen;

use egui::{Align, Layout, Rect, RichText, Sense, Ui, WidgetInfo, vec2};

use super::doctor::doctor_ui;
use super::theme::{self, Theme};
use super::view::{Arrangement, Tab};
use super::workbench::Workbench;

/// What each tab remembers for itself.
#[derive(Default)]
pub(super) struct Stage {
    flow: flow::Flow,
    keys: keys::Keys,
    compare: compare::Compare,
    requests: requests::Requests,
    logs: logs::Logs,
}

impl Stage {
    /// Whether a tab waits for something that is being computed.
    pub(super) fn is_computing(&self) -> bool {
        self.compare.is_computing() || self.keys.is_computing()
    }
}

pub(super) fn stage_ui(ui: &mut Ui, stage: &mut Stage, workbench: &mut Workbench) {
    if workbench.view.arrangement != Arrangement::Present {
        tabs_ui(ui, stage, workbench);
        let serves = workbench.view.arrangement == Arrangement::Serve;
        if serves && workbench.view.tab == Tab::Requests {
            logs::logs_ui(ui, &mut stage.logs, workbench);
        } else if matches!(workbench.view.tab, Tab::Flow | Tab::Requests) {
            // Who gets how much is what these two tabs show, so the doctor's line stands below them.
            egui::Panel::bottom("doctor")
                .frame(egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 10)))
                .show_separator_line(false)
                .show(ui, |ui| doctor_ui(ui, workbench));
        }
    }
    match workbench.view.tab {
        Tab::Flow => flow::flow_ui(ui, &mut stage.flow, workbench),
        Tab::Keys => keys::keys_ui(ui, &mut stage.keys, workbench),
        Tab::Compare => compare::compare_ui(ui, &mut stage.compare, workbench),
        Tab::Requests => requests::requests_ui(ui, &mut stage.requests, workbench),
    }
}

/// The tabs, and at the right what the open tab has to say or to set.
fn tabs_ui(ui: &mut Ui, stage: &mut Stage, workbench: &mut Workbench) {
    let size = vec2(ui.available_width(), theme::TABS_HEIGHT);
    let row = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.add_space(8.0);
        ui.spacing_mut().item_spacing.x = 2.0;
        for tab in Tab::ALL {
            if tab_ui(ui, tab, workbench.view.tab == tab) {
                workbench.view.tab = tab;
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(16.0);
            match workbench.view.tab {
                Tab::Flow => flow::head_ui(ui, &stage.flow, workbench),
                Tab::Keys => keys::head_ui(ui, &mut stage.keys, workbench),
                Tab::Compare => compare::head_ui(ui, &mut stage.compare, workbench),
                Tab::Requests => requests::head_ui(ui, &mut stage.requests, workbench),
            }
        });
    });
    let line = row.response.rect;
    let stroke = egui::Stroke::new(theme::HAIRLINE, Theme::of(ui).line);
    ui.painter().hline(line.x_range(), line.bottom(), stroke);
}

fn tab_ui(ui: &mut Ui, tab: Tab, open: bool) -> bool {
    let theme = Theme::of(ui);
    let colour = if open { theme.text } else { theme.mute };
    let text = ui.painter().layout_no_wrap(
        tab.title().to_owned(),
        egui::TextStyle::Body.resolve(ui.style()),
        colour,
    );
    let size = vec2(text.size().x + 16.0, theme::TABS_HEIGHT);
    let (area, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Tab, true, open, tab.title()));
    let at = area.center() - text.size() / 2.0;
    let colour = if response.hovered() { theme.text } else { colour };
    ui.painter().galley_with_override_text_color(at, text, colour);
    if open || response.has_focus() {
        let under = Rect::from_min_max(
            egui::pos2(area.left() + 8.0, area.bottom() - 2.0),
            egui::pos2(area.right() - 8.0, area.bottom()),
        );
        ui.painter().rect_filled(under, 1.0, theme.accent);
    }
    response.clicked()
}

/// A sentence in the middle of an empty stage: what would be here, and what to do.
fn empty_ui(ui: &mut Ui, what: &str, remedy: &str) {
    let theme = Theme::of(ui);
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.38);
        ui.label(RichText::new(what).text_style(theme::sentence()));
        ui.label(RichText::new(remedy).color(theme.mute));
    });
}
