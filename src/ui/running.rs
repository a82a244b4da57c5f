//! The engine behind the window: started, told the latest lab, asked what it sees.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Context;

use super::app::{App, Panes};
use super::desk::{Desk, Settled};
use super::files::{News, Opened, folder_of};
use super::ignition::Ignition;
use super::selection::Selection;
use super::workbench::Workbench;
use crate::engine::{EngineError, Trouble};
use crate::lab::{Checked, Lab, Problem};

impl App {
    pub(super) fn start(&mut self, ctx: &Context) {
        if !self.runs {
            return;
        }
        let before = (self.watch.take(), self.ignition.take());
        self.workbench.status = None;
        self.failed = None;
        let good = Arc::clone(self.workbench.desk.good());
        let Some(checked) = self.consents.narrowed(&good) else {
            let what = self.workbench.desk.problems().first().map(|problem| problem.what.clone());
            let remedy = "open another lab".to_owned();
            return self.failed = what.map(|what| Trouble { what, remedy, cure: None });
        };
        match Ignition::begin(ctx, before, good, checked, self.settings.clone()) {
            Ok(ignition) => self.ignition = Some(ignition),
            Err(error) => self.failed = Some(trouble_of(&error)),
        }
    }

    /// Takes over the engine that was started, once it runs.
    pub(super) fn take_over(&mut self, ctx: &Context) {
        let Some(started) = self.ignition.as_ref().and_then(Ignition::poll) else { return };
        let Some(ignition) = self.ignition.take() else { return };
        let watch = match started {
            Ok(watch) => watch,
            Err(error) => return self.failed = Some(trouble_of(&error)),
        };
        self.workbench.story.lab_changed(watch.engine().now_ns(), Arc::clone(&ignition.lab));
        self.workbench.began_local_ns = watch.engine().began_local_ns();
        if ignition.outdated {
            watch.engine().move_to(self.settings.folder.clone());
        }
        self.watch = Some(watch);
        if ignition.outdated {
            self.apply(ctx);
        }
    }

    /// Hands the engine what was edited, if it is right.
    pub(super) fn settle(&mut self, ctx: &Context) {
        let busy = ctx.egui_is_using_pointer() || ctx.text_edit_focused();
        let settled = self.workbench.desk.settle(busy);
        let dropped = self.workbench.desk.take_dropped();
        if !dropped.is_empty() {
            let text = format!(
                "No longer fits and was dropped: {}. Undo brings it back",
                dropped.join(", ")
            );
            self.notices.tell(text, ctx.input(|input| input.time));
        }
        let Settled::Good(checked) = settled else { return };
        self.workbench.badges.learn(&checked);
        self.apply(ctx);
    }

    /// Puts the last draft that was without errors into force, as far as it is allowed to be.
    pub(super) fn apply(&mut self, ctx: &Context) {
        if let Some(ignition) = &mut self.ignition {
            ignition.outdated = true;
        }
        let Some(watch) = &self.watch else { return };
        let good = Arc::clone(self.workbench.desk.good());
        if let Some(checked) = self.consents.narrowed(&good) {
            self.workbench.story.lab_changed(watch.engine().now_ns(), good);
            watch.engine().apply(checked);
            ctx.request_repaint();
        }
    }

    /// What files, dialogs and the system have brought since the last frame.
    pub(super) fn take_what_came(&mut self, ctx: &Context) {
        let now_secs = ctx.input(|input| input.time);
        for news in self.files.news(ctx, &self.workbench.desk) {
            match news {
                News::Opened(opened) => {
                    let Opened { lab, file, source, warnings } = *opened;
                    self.open(ctx, lab, file.as_deref(), &source);
                    if let [first, others @ ..] = warnings.as_slice() {
                        self.notices.tell(odd_words(first, others.len()), now_secs);
                    }
                }
                News::Saved { file, lab } => {
                    let mut told = format!("Saved {}", name_of(&file));
                    let folder = folder_of(&file);
                    if self.workbench.desk.file().map(folder_of).is_some_and(|it| it != folder) {
                        told += ". Files that it names are looked for beside it now";
                    }
                    self.notices.tell(told, now_secs);
                    self.move_to(folder);
                    self.note_opened(&file);
                    self.workbench.desk.kept_in(file, *lab);
                }
                News::Gone { file, why } => {
                    self.notices.fail(why, None, now_secs);
                    if let Some(memory) = &mut self.memory {
                        memory.kept.forget(&file);
                        self.workbench.recent.clone_from(&memory.kept.recent);
                    }
                }
                News::Ask(verb) => self.workbench.ask(verb),
                News::Fail(why) => self.notices.fail(why, None, now_secs),
            }
        }
        let dropped =
            ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
        if let Some(file) = dropped {
            self.workbench.ask(super::verb::Verb::OpenFile(file));
        }
        if ctx.input(|input| input.viewport().close_requested())
            && !self.may_close
            && self.has_unsaved_edits()
        {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.files.ask_about_edits(super::verb::Verb::Quit);
        }
    }

    /// Cues that were played are no edits of a person.
    pub(super) fn has_unsaved_edits(&self) -> bool {
        let desk = &self.workbench.desk;
        desk.has_unsaved_edits() && !self.present.is_as_scripted(&desk.draft)
    }

    /// Another lab takes the place of the one there is: what runs stops, and the new one starts. `source` is its text.
    pub(super) fn open(&mut self, ctx: &Context, lab: Checked, file: Option<&Path>, source: &str) {
        let view = self.workbench.view.clone();
        let recent = std::mem::take(&mut self.workbench.recent);
        self.settings.folder = file.map_or_else(|| PathBuf::from("."), folder_of);
        self.files.opened(ctx, file, source);
        self.workbench = Workbench::new(Desk::new(lab.into_lab(), file.map(Path::to_owned)), view);
        self.workbench.recent = recent;
        self.workbench.view.question_closed = false;
        self.workbench.selection = Selection::Nothing;
        self.panes = Panes::default();
        self.consents.forget();
        self.present.lab_changed(&self.workbench.desk.draft);
        match file {
            Some(file) => self.note_opened(file),
            None => {
                if let Some(memory) = &mut self.memory {
                    memory.kept.open = None;
                }
            }
        }
        self.start(ctx);
    }

    /// The lab's file lies in this folder now.
    fn move_to(&mut self, folder: PathBuf) {
        if folder == self.settings.folder {
            return;
        }
        if let Some(ignition) = &mut self.ignition {
            ignition.outdated = true;
        }
        if let Some(watch) = &self.watch {
            watch.engine().move_to(folder.clone());
        }
        self.settings.folder = folder;
    }

    fn note_opened(&mut self, file: &Path) {
        if let Some(memory) = &mut self.memory {
            memory.kept.opened(file);
            self.workbench.recent.clone_from(&memory.kept.recent);
        }
    }
}

fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is odd in a lab that runs.
fn odd_words(first: &Problem, n_others: usize) -> String {
    let at = first.place.map_or(String::new(), |place| format!(", line {}", place.line));
    let more = match n_others {
        0 => String::new(),
        n => format!(". `evenkeel check` lists {n} more"),
    };
    format!("Odd{at}: {}{more}", first.what)
}

/// Why an engine did not start, and what to do.
fn trouble_of(error: &EngineError) -> Trouble {
    let remedy = match error {
        EngineError::Thread(_) | EngineError::Ended | EngineError::Workers(_) => {
            "Close programs that use many threads or files, then try again"
        }
        EngineError::Admin { .. } | EngineError::AdminNeedsToken { .. } => {
            "Choose another address for metrics, then try again"
        }
        EngineError::Watch(_) => "Try again",
    };
    Trouble { what: format!("Nothing runs: {error}"), remedy: remedy.to_owned(), cure: None }
}

/// A lab to begin with: one address, two servers, a little traffic.
pub(super) fn new_lab() -> Lab {
    let text = r#"(
        listeners: [(name: "front", address: "127.0.0.1:8080", pool: "web")],
        pools: [(name: "web", servers: [(name: "a", mock: ()), (name: "b", mock: ())])],
        clients: [(name: "visitors", listener: "front", arrivals: poisson(per_second: 5))],
    )"#;
    crate::lab::load(text.as_bytes()).map(|loaded| loaded.lab.into_lab()).unwrap_or_default()
}

/// The lab with a preset's place, and its text.
pub(super) fn preset(index: usize) -> Option<(Checked, &'static str)> {
    let preset = crate::lab::PRESETS.get(index)?;
    crate::lab::load(preset.text.as_bytes()).ok().map(|loaded| (loaded.lab, preset.text))
}
