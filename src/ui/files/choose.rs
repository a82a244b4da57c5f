//! Choosing a file: by the system's own dialog, or by typing a path where the system has none.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Wakeup, Poll, Wake, Waker};
use std::thread::Thread;

use egui::{Context, TextEdit};

use crate::ui::errand::{Errand, Progress};
use crate::ui::widgets::{modal_ui, note};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Open,
    Save,
}

pub(super) struct Chosen {
    pub(super) choice: Choice,
    pub(super) file: PathBuf,
}

#[derive(Default)]
pub(super) struct Chooser {
    dialog: Option<Dialog>,
    typing: Option<Typing>,
    /// Somebody thought better of it.
    cancelled: bool,
}

/// A dialog of the system, which lives in a thread of its own.
struct Dialog {
    choice: Choice,
    answer: Errand<Option<PathBuf>>,
    asked_at: f64,
    begin_with: PathBuf,
}

/// A path that is typed.
struct Typing {
    choice: Choice,
    path: String,
    is_new: bool,
}

impl Chooser {
    /// One dialog at a time.
    pub(super) fn start(&mut self, ctx: &Context, choice: Choice, near: Option<&Path>) {
        if self.dialog.is_some() {
            return;
        }
        let begin_with = near.map_or_else(|| PathBuf::from("lab.ron"), Path::to_owned);
        let asked_at = ctx.input(|input| input.time);
        match ask_system(ctx, choice, near) {
            Ok(answer) => self.dialog = Some(Dialog { choice, answer, asked_at, begin_with }),
            Err(_no_thread) => self.type_path(choice, &begin_with),
        }
    }

    pub(super) fn fetch(&mut self, ctx: &Context) -> Option<Chosen> {
        let answer = match self.dialog.as_ref()?.answer.progress() {
            Progress::UnderWay => return None,
            Progress::Done(answer) => answer,
            Progress::Lost => None,
        };
        let Dialog { choice, asked_at, begin_with, .. } = self.dialog.take()?;
        if let Some(file) = answer {
            return Some(Chosen { choice, file });
        }
        // Nobody cancels that fast: the system has no dialog to show.
        if ctx.input(|input| input.time) - asked_at < FASTER_THAN_ANYBODY_SECS {
            self.type_path(choice, &begin_with);
        } else {
            self.cancelled = true;
        }
        None
    }

    /// Whether nothing was chosen since the last call.
    pub(super) fn take_cancelled(&mut self) -> bool {
        std::mem::take(&mut self.cancelled)
    }

    fn type_path(&mut self, choice: Choice, begin_with: &Path) {
        let path = match choice {
            Choice::Open => begin_with.parent().map(|folder| folder.join("")).unwrap_or_default(),
            Choice::Save => begin_with.to_owned(),
        };
        let path = path.display().to_string();
        self.typing = Some(Typing { choice, path, is_new: true });
    }

    pub(super) fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    pub(super) fn close(&mut self) {
        self.cancelled |= self.typing.is_some();
        self.typing = None;
    }

    /// Shows the field for a path, if there is one.
    pub(super) fn ui(&mut self, ctx: &Context) -> Option<Chosen> {
        let typing = self.typing.as_mut()?;
        let (title, verb) = match typing.choice {
            Choice::Open => ("Open a lab file", "Open"),
            Choice::Save => ("Save the lab as", "Save"),
        };
        let mut done = false;
        let mut cancelled = false;
        modal_ui(ctx, title, |ui| {
            note(ui, "Path of the file; this system has no file dialog");
            let field = TextEdit::singleline(&mut typing.path).desired_width(f32::INFINITY);
            let field = ui.add(field.font(egui::TextStyle::Monospace));
            field.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path of the lab file")
            });
            if std::mem::take(&mut typing.is_new) {
                field.request_focus();
            }
            done = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                let is_a_path = !typing.path.trim().is_empty();
                done |= ui.add_enabled(is_a_path, egui::Button::new(verb)).clicked();
                cancelled = ui.button("Cancel").clicked();
            });
        });
        if cancelled {
            self.close();
            return None;
        }
        let Typing { choice, path, .. } = self.typing.take_if(|_| done)?;
        Some(Chosen { choice, file: PathBuf::from(path.trim()) })
    }
}

/// The dialog is made here, because macOS wants that on the first thread, and waited for elsewhere.
fn ask_system(
    ctx: &Context,
    choice: Choice,
    near: Option<&Path>,
) -> std::io::Result<Errand<Option<PathBuf>>> {
    let mut dialog = rfd::AsyncFileDialog::new().add_filter("Lab", &["ron"]);
    if let Some(folder) = near.and_then(Path::parent).filter(|it| !it.as_os_str().is_empty()) {
        dialog = dialog.set_directory(folder);
    }
    let name = near.and_then(Path::file_name).map(|it| it.to_string_lossy().into_owned());
    match choice {
        Choice::Open => {
            let answer = dialog.set_title("Open a lab").pick_file();
            Errand::run("file dialog", ctx, move || {
                wait_for(answer).map(|file| file.path().to_owned())
            })
        }
        Choice::Save => {
            let name = name.unwrap_or_else(|| "lab.ron".to_owned());
            let answer = dialog.set_title("Save the lab").set_file_name(name).save_file();
            Errand::run("file dialog", ctx, move || {
                wait_for(answer).map(|file| file.path().to_owned())
            })
        }
    }
}

/// Sleeps until a future is ready: all that is needed where there is only one.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Wakeup::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}

const FASTER_THAN_ANYBODY_SECS: f64 = 0.4;
