//! Performing what was asked for and is no edit of the lab.

use egui::{Context, ViewportCommand};

use super::app::App;
use super::running::{new_lab, preset};
use super::verb::{CueStep, Verb};
use super::view::{Arrangement, Tab};
use crate::lab::Checked;

impl App {
    pub(super) fn perform(&mut self, ctx: &Context, verb: &Verb) {
        if loses_edits(verb) && self.has_unsaved_edits() {
            return self.files.ask_about_edits(verb.clone());
        }
        self.perform_now(ctx, verb);
    }

    fn perform_now(&mut self, ctx: &Context, verb: &Verb) {
        let now_secs = ctx.input(|input| input.time);
        match verb {
            Verb::Cue(step) => self.go_to_cue(ctx, *step),
            Verb::Undo => self.workbench.desk.undo(),
            Verb::Redo => self.workbench.desk.redo(),
            Verb::AllowCommands(commands) => {
                if let Some(watch) = &self.watch {
                    watch.engine().allow_commands(commands.clone());
                }
            }
            Verb::Restart { pool, server } => {
                if let Some(watch) = &self.watch {
                    watch.engine().restart(pool, server);
                }
            }
            Verb::BeginAnew => {
                self.settle(ctx);
                match &self.watch {
                    Some(watch) => watch.engine().begin_anew(),
                    None => self.notices.tell("Nothing runs that could begin anew", now_secs),
                }
            }
            Verb::AllowWideListeners => {
                self.consents.allow_wide(&self.workbench.desk.draft);
                self.apply(ctx);
            }
            Verb::Retry => self.start(ctx),
            Verb::Show(overlay) => self.overlays.show(*overlay),
            Verb::Arrange(arrangement) => self.arrange(ctx, *arrangement),
            Verb::Tell(text) => self.notices.tell(text, now_secs),
            Verb::Fail(text) => self.notices.fail(text, None, now_secs),
            _ => self.perform_on_file(ctx, verb),
        }
    }

    fn perform_on_file(&mut self, ctx: &Context, verb: &Verb) {
        let now_secs = ctx.input(|input| input.time);
        let desk = &self.workbench.desk;
        let begun = match verb {
            Verb::OpenFile(file) => self.files.open(ctx, file.clone()),
            Verb::Paste(text) => self.files.open_text(ctx, "What was pasted", text.clone()),
            Verb::ChooseFile => {
                self.files.choose_file(ctx, desk);
                Ok(())
            }
            Verb::ChooseWhereToSave => {
                self.files.choose_where_to_save(ctx, desk);
                Ok(())
            }
            Verb::Save => {
                if let Some(file) = desk.file().map(ToOwned::to_owned) {
                    self.save_to(ctx, &file)
                } else {
                    self.files.choose_where_to_save(ctx, desk);
                    Ok(())
                }
            }
            Verb::SaveTo(file) => self.save_to(ctx, file),
            Verb::OpenPreset(index) => {
                if let Some((lab, text)) = preset(*index) {
                    self.open(ctx, lab, None, text);
                }
                Ok(())
            }
            Verb::New => {
                if let Ok(lab) = Checked::new(new_lab()) {
                    self.open(ctx, lab, None, "");
                }
                Ok(())
            }
            Verb::Reload(lab) => {
                self.workbench.desk.reload((**lab).clone());
                self.present.lab_changed(lab);
                self.notices.tell("Loaded the file as it is on disk now", now_secs);
                Ok(())
            }
            Verb::Anyway(verb) => {
                self.perform_now(ctx, verb);
                Ok(())
            }
            Verb::Quit => {
                self.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(why) = begun {
            self.notices.fail(why, None, now_secs);
        }
    }

    /// Writes what a person made of the lab. Cues that were played are no part of that.
    fn save_to(&mut self, ctx: &Context, file: &std::path::Path) -> Result<(), String> {
        let desk = &self.workbench.desk;
        if let Some(problem) = desk.problems().iter().find(|problem| problem.is_error()) {
            return Err(format!(
                "Not saved, because it could not be opened again: {}",
                problem.what
            ));
        }
        let lab = self.present.document(&desk.draft);
        self.files.save(ctx, lab, file)
    }

    /// What is told a second time begins as it did the first time: nobody ejected, no client bound.
    fn go_to_cue(&mut self, ctx: &Context, step: CueStep) {
        let goes_on = self.present.step(&mut self.workbench, step);
        if step != CueStep::Next {
            self.perform_now(ctx, &Verb::BeginAnew);
        } else if !goes_on {
            self.notices.tell("That was the last cue", ctx.input(|input| input.time));
        }
    }

    /// However Present is left, its colours, its text and what its cues did go with it.
    fn arrange(&mut self, ctx: &Context, arrangement: Arrangement) {
        let presents = self.workbench.view.arrangement == Arrangement::Present;
        if presents {
            self.present.leave(ctx, &mut self.workbench);
        }
        let view = &mut self.workbench.view;
        match arrangement {
            Arrangement::Learn => view.arrangement = arrangement,
            Arrangement::Serve => (view.arrangement, view.tab) = (arrangement, Tab::Requests),
            Arrangement::Present if presents => {}
            Arrangement::Present => {
                self.overlays.close();
                self.present.enter(ctx, &mut self.workbench);
            }
        }
    }
}

/// Whether another lab would take the place of this one.
fn loses_edits(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::OpenPreset(_) | Verb::OpenFile(_) | Verb::Paste(_) | Verb::New | Verb::Quit
    )
}
