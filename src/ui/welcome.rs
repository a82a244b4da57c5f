//! A slim strip for newcomers: the three arrangements, until it is closed for ever.

use egui::{Align, Button, Frame, Layout, Margin, Panel, RichText, Stroke, Ui, WidgetInfo};

use super::theme::{self, Theme};
use super::verb::Verb;
use super::view::Arrangement;
use super::widgets::icon_button;
use super::workbench::Workbench;

/// Whoever has chosen from it knows, and it goes as well.
pub(super) fn welcome_ui(ui: &mut Ui, workbench: &mut Workbench) {
    if workbench.view.welcome_closed {
        return;
    }
    let theme = Theme::of(ui);
    let frame = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(12, 0));
    Panel::top("welcome").frame(frame).exact_size(HEIGHT).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = icon_button(ui, "×", "Close the three arrangements");
            if close.on_hover_text("They stay in the menu at the right, and on F3 to F5").clicked()
            {
                workbench.view.welcome_closed = true;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(
                    RichText::new("Three ways to use it, all on what runs now:").color(theme.mute),
                );
                for (arrangement, what) in OFFERED {
                    offer_ui(ui, workbench, arrangement, what);
                }
            });
        });
        let line = ui.max_rect();
        let stroke = Stroke::new(theme::HAIRLINE, theme.line);
        ui.painter().hline(line.x_range(), line.bottom() - 0.5, stroke);
    });
}

fn offer_ui(ui: &mut Ui, workbench: &mut Workbench, arrangement: Arrangement, what: &str) {
    let theme = Theme::of(ui);
    let is_here = workbench.view.arrangement == arrangement;
    ui.add_space(10.0);
    let title = arrangement.title();
    let text = RichText::new(title).color(theme.accent);
    let button = ui.add_enabled(!is_here, Button::new(text).frame(false));
    button.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Button, !is_here, format!("{title}: {what}"))
    });
    if button.clicked() {
        workbench.view.welcome_closed = true;
        workbench.ask(Verb::Arrange(arrangement));
    }
    let what = if is_here { format!("{what} (here)") } else { what.to_owned() };
    ui.label(RichText::new(what).color(theme.mute));
}

const OFFERED: [(Arrangement, &str); 3] = [
    (Arrangement::Learn, "change something and see why"),
    (Arrangement::Serve, "balance your own servers"),
    (Arrangement::Present, "show it to a room"),
];
const HEIGHT: f32 = 30.0;
