//! The strip above the picture: the lab's question, what the learner predicts, and what the run shows.

use egui::{
    Align, Button, CornerRadius, Frame, Label, Layout, Margin, RichText, Stroke, Ui, WidgetInfo,
};

use crate::lab::Question;
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::icon_button;
use crate::ui::workbench::Workbench;

/// What the learner said, and of which question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prediction {
    question: String,
    choice: Option<String>,
}

pub(super) fn question_ui(ui: &mut Ui, prediction: &mut Prediction, workbench: &mut Workbench) {
    let Some(question) = workbench.desk.draft.question.clone() else { return };
    if workbench.view.question_closed || question.text.is_empty() {
        return;
    }
    if prediction.question != question.text {
        *prediction = Prediction { question: question.text.clone(), choice: None };
    }
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(theme::HAIRLINE, theme.line))
        .corner_radius(CornerRadius::same(theme::CARD_RADIUS))
        .inner_margin(Margin::symmetric(12, 6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if icon_button(ui, "×", "Close the question").clicked() {
                    workbench.view.question_closed = true;
                }
                ui.with_layout(Layout::top_down(Align::Min), |ui| {
                    ui.add(
                        Label::new(RichText::new(&question.text).text_style(theme::sentence()))
                            .wrap(),
                    );
                    answer_ui(ui, prediction, &question);
                });
            });
        });
}

/// The choices until one is taken, and then the answer.
fn answer_ui(ui: &mut Ui, prediction: &mut Prediction, question: &Question) {
    let theme = Theme::of(ui);
    if let Some(choice) = &prediction.choice {
        if !choice.is_empty() {
            let said = RichText::new(format!("You said: {choice}")).color(theme.mute);
            ui.add(Label::new(said).wrap());
        }
        ui.add(Label::new(&question.answer).wrap());
        return;
    }
    ui.horizontal_wrapped(|ui| {
        if question.choices.is_empty() {
            let show = ui.add(
                Button::new(RichText::new("Show the answer").color(theme.accent)).frame(false),
            );
            if !question.answer.is_empty() && show.clicked() {
                prediction.choice = Some(String::new());
            }
        } else {
            ui.label(RichText::new("Your guess").color(theme.mute));
        }
        for choice in &question.choices {
            let button =
                ui.add(Button::new(choice).stroke(Stroke::new(theme::HAIRLINE, theme.line)));
            button.widget_info(|| {
                WidgetInfo::labeled(egui::Role::Button, true, format!("Predict {choice}"))
            });
            if button.clicked() {
                prediction.choice = Some(choice.clone());
            }
        }
    });
}
