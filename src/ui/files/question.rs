//! What is asked before edits are lost.

use egui::{Context, Ui};

use crate::lab::Lab;
use crate::ui::desk::Desk;
use crate::ui::verb::Verb;
use crate::ui::widgets::{modal_ui, note};

pub(super) enum Question {
    /// Something would take the place of edits that are in no file.
    LoseEdits { then: Verb },
    /// The file has changed, and so has the draft.
    ChangedOnDisk { lab: Box<Lab> },
}

pub(super) enum Answer {
    Cancel,
    SaveFirst(Verb),
    Do(Verb),
}

impl Question {
    pub(super) fn ui(&self, ctx: &Context, desk: &Desk) -> Option<Answer> {
        match self {
            Self::LoseEdits { then } => lose_edits_ui(ctx, desk, then),
            Self::ChangedOnDisk { lab } => changed_ui(ctx, desk, lab),
        }
    }
}

fn lose_edits_ui(ctx: &Context, desk: &Desk, then: &Verb) -> Option<Answer> {
    let title = format!("Save the changes to {}?", name_of(desk));
    let mut answer = None;
    modal_ui(ctx, &title, |ui| {
        note(ui, "Without saving they are lost");
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            choice_ui(ui, "Save", &mut answer, || Answer::SaveFirst(then.clone()));
            choice_ui(ui, "Do not save", &mut answer, || {
                Answer::Do(Verb::Anyway(Box::new(then.clone())))
            });
            choice_ui(ui, "Cancel", &mut answer, || Answer::Cancel);
        });
    });
    answer
}

fn changed_ui(ctx: &Context, desk: &Desk, lab: &Lab) -> Option<Answer> {
    let mut answer = None;
    modal_ui(ctx, &format!("{} has changed on disk", name_of(desk)), |ui| {
        note(ui, "There are edits here that are not saved. Undo brings them back after loading");
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            choice_ui(ui, "Load what is on disk", &mut answer, || {
                Answer::Do(Verb::Reload(Box::new(lab.clone())))
            });
            choice_ui(ui, "Keep mine", &mut answer, || Answer::Cancel);
        });
    });
    answer
}

fn choice_ui(ui: &mut Ui, name: &str, answer: &mut Option<Answer>, make: impl FnOnce() -> Answer) {
    if ui.button(name).clicked() {
        *answer = Some(make());
    }
}

fn name_of(desk: &Desk) -> String {
    let file = desk.file().and_then(|file| file.file_name());
    match file {
        Some(name) => name.to_string_lossy().into_owned(),
        None if desk.draft.name.is_empty() => "the lab".to_owned(),
        None => desk.draft.name.clone(),
    }
}
