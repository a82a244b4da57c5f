//! Lab files: opened, saved, watched. The disk and the system's dialogs are waited for by other threads.

mod problems;
mod question;
mod reading;
mod watching;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Context;

use super::chooser::{Chooser, Wanted};
use super::desk::Desk;
use super::errand::{Errand, fetch};
use super::verb::Verb;
use crate::lab::{Checked, Lab, Problem, save_over};
use problems::Refusal;
use question::Question;
use reading::{ReadFile, read_file, read_text};
use watching::Watched;

pub(super) use reading::folder_of;

#[derive(Default)]
pub(super) struct Files {
    chooser: Chooser<Choice>,
    reading: Option<Errand<ReadFile>>,
    saving: Option<Errand<Saved>>,
    watched: Option<Watched>,
    question: Option<Question>,
    refusal: Option<Refusal>,
    /// What is done once the lab is saved.
    after_saving: Option<Verb>,
    /// What was opened, whose comments are kept when it is saved.
    source: Arc<str>,
}

/// What a file is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Open,
    Save,
}

impl Choice {
    fn wanted(self, desk: &Desk) -> Wanted {
        let near = desk.file().map_or_else(|| PathBuf::from("lab.ron"), Path::to_owned);
        let (title, verb) = match self {
            Self::Open => ("Open a lab", "Open"),
            Self::Save => ("Save the lab as", "Save"),
        };
        let may_be_new = self == Self::Save;
        Wanted { title: title.to_owned(), verb, sort: ("Lab", "ron"), may_be_new, near }
    }

    fn verb(self, file: PathBuf) -> Verb {
        match self {
            Self::Open => Verb::OpenFile(file),
            Self::Save => Verb::SaveTo(file),
        }
    }
}

struct Saved {
    file: PathBuf,
    lab: Lab,
    text: String,
    result: io::Result<()>,
}

/// What came of something that was waited for.
pub(super) enum News {
    Opened(Box<Opened>),
    /// The draft was written; it may have been edited since.
    Saved {
        file: PathBuf,
        lab: Box<Lab>,
    },
    /// Something that cannot be opened any more.
    Gone {
        file: PathBuf,
        why: String,
    },
    Ask(Verb),
    Fail(String),
}

pub(super) struct Opened {
    pub(super) lab: Checked,
    pub(super) file: Option<PathBuf>,
    pub(super) source: String,
    /// What in it is odd.
    pub(super) warnings: Vec<Problem>,
}

impl Files {
    /// Reads a lab file and opens it when it is read.
    pub(super) fn open(&mut self, ctx: &Context, file: PathBuf) -> Result<(), String> {
        self.refusal = None;
        let reading = Errand::run("read lab", ctx, move || read_file(file));
        self.reading = Some(reading.map_err(|error| format!("Nothing can be read: {error}"))?);
        Ok(())
    }

    /// Reads a lab that is there as text.
    pub(super) fn open_text(
        &mut self,
        ctx: &Context,
        name: &str,
        text: String,
    ) -> Result<(), String> {
        let name = name.to_owned();
        let reading = Errand::run("read lab", ctx, move || read_text(name, &text));
        self.reading = Some(reading.map_err(|error| format!("Nothing can be read: {error}"))?);
        Ok(())
    }

    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    pub(super) fn choose_file(&mut self, ctx: &Context, desk: &Desk) {
        self.chooser.start(ctx, Choice::Open.wanted(desk), Choice::Open);
    }

    pub(super) fn choose_where_to_save(&mut self, ctx: &Context, desk: &Desk) {
        self.chooser.start(ctx, Choice::Save.wanted(desk), Choice::Save);
    }

    /// Writes a lab into a file. It replaces the file in one step.
    pub(super) fn save(&mut self, ctx: &Context, lab: &Lab, file: &Path) -> Result<(), String> {
        let lab = lab.clone();
        let (file, source) = (file.to_owned(), Arc::clone(&self.source));
        let saving = Errand::run("save lab", ctx, move || {
            let text = save_over(&source, &lab);
            let result = reading::write(&file, &text);
            Saved { file, lab, text, result }
        });
        self.saving = Some(saving.map_err(|error| format!("Nothing can be saved: {error}"))?);
        Ok(())
    }

    /// Asks before edits are lost that are in no file. `then` is what would lose them.
    pub(super) fn ask_about_edits(&mut self, then: Verb) {
        self.question = Some(Question::LoseEdits { then });
    }

    pub(super) fn is_asking(&self) -> bool {
        self.question.is_some() || self.refusal.is_some() || self.chooser.is_typing()
    }

    /// Watches the file of the lab that is open now, or none. `source` is its text, with its comments.
    pub(super) fn opened(&mut self, ctx: &Context, file: Option<&Path>, source: &str) {
        self.source = source.into();
        self.question = None;
        self.after_saving = None;
        self.watch(ctx, file);
    }

    fn watch(&mut self, ctx: &Context, file: Option<&Path>) {
        if self.watched.as_ref().map(Watched::file) != file {
            self.watched = file.and_then(|file| Watched::start(ctx, file).ok());
        }
    }

    /// What came about since the last frame.
    pub(super) fn news(&mut self, ctx: &Context, desk: &Desk) -> Vec<News> {
        let mut news = Vec::new();
        let chosen = self.chooser.fetch(ctx);
        news.extend(chosen.map(|(choice, file)| News::Ask(choice.verb(file))));
        if self.chooser.take_cancelled() {
            self.after_saving = None;
        }
        if let Some(read) = fetch(&mut self.reading) {
            news.extend(self.was_read(read));
        }
        if let Some(Saved { file, lab, text, result }) = fetch(&mut self.saving) {
            let then = self.after_saving.take();
            match result {
                Ok(()) => {
                    self.source = text.into();
                    self.watch(ctx, Some(&file));
                    news.push(News::Saved { file, lab: lab.into() });
                    news.extend(then.map(News::Ask));
                }
                Err(error) => {
                    news.push(News::Fail(format!("{} is not saved: {error}", file.display())));
                }
            }
        }
        let changed = self.watched.as_ref().and_then(Watched::changed);
        if let Some(read) = changed {
            news.extend(self.has_changed(read, desk));
        }
        news
    }

    fn was_read(&mut self, read: ReadFile) -> Option<News> {
        match read {
            ReadFile::Lab { lab, file, source, warnings } => {
                Some(News::Opened(Box::new(Opened { lab: *lab, file, source, warnings })))
            }
            ReadFile::Refused { name, refused } => {
                self.refusal = Some(Refusal::new(name, &refused));
                None
            }
            ReadFile::Unreadable { file, why } => {
                let why = format!("{} cannot be opened: {why}", file.display());
                Some(News::Gone { file, why })
            }
        }
    }

    /// The open file is different on disk.
    fn has_changed(&mut self, read: ReadFile, desk: &Desk) -> Option<News> {
        match read {
            ReadFile::Lab { lab, file: Some(file), source, .. } => {
                let lab = lab.into_lab();
                if desk.file() != Some(&*file) {
                    return None;
                }
                self.source = source.into();
                // What this window has saved is no news.
                if desk.is_kept_as(&lab) {
                    return None;
                }
                if !desk.has_unsaved_edits() {
                    return Some(News::Ask(Verb::Reload(lab.into())));
                }
                self.question = Some(Question::ChangedOnDisk { lab: lab.into() });
                None
            }
            ReadFile::Refused { name, refused } => {
                self.refusal = Some(Refusal::new(name, &refused));
                None
            }
            // Editors take a file away before they put another in its place.
            ReadFile::Lab { .. } | ReadFile::Unreadable { .. } => None,
        }
    }

    /// Shows what is asked, and why something could not be loaded. Returns what was decided.
    pub(super) fn ui(&mut self, ctx: &Context, desk: &Desk) -> Option<Verb> {
        if let Some((choice, file)) = self.chooser.ui(ctx) {
            return Some(choice.verb(file));
        }
        if let Some(refusal) = &self.refusal {
            match refusal.ui(ctx) {
                problems::Pressed::Nothing => {}
                problems::Pressed::Close => self.refusal = None,
                problems::Pressed::Another => {
                    self.refusal = None;
                    return Some(Verb::ChooseFile);
                }
            }
        }
        let question = self.question.as_ref()?;
        match question.ui(ctx, desk)? {
            question::Answer::Cancel => self.question = None,
            question::Answer::SaveFirst(then) => {
                self.question = None;
                self.after_saving = Some(Verb::Anyway(Box::new(then)));
                return Some(Verb::Save);
            }
            question::Answer::Do(verb) => {
                self.question = None;
                return Some(verb);
            }
        }
        None
    }

    /// Closes what is open, for Escape. False if nothing was.
    pub(super) fn close(&mut self) -> bool {
        let was_open = self.is_asking();
        self.question = None;
        self.refusal = None;
        self.chooser.close();
        was_open
    }
}
