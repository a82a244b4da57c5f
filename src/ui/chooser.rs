//! Choosing a file: by the system's own dialog, or by typing a path where the system has none.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Wakeup, Poll, Wake, Waker};
use std::thread::Thread;

use egui::{Context, TextEdit};

use super::errand::{Errand, Progress};
use super::widgets::{modal_ui, note};

/// What is chosen, and what for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) title: String,
    /// What is done with the file then, in one word.
    pub(super) verb: &'static str,
    /// A sort of files: its name, and the end of their names.
    pub(super) sort: (&'static str, &'static str),
    /// Whether there need not be such a file yet.
    pub(super) may_be_new: bool,
    /// A file that is likely, or one beside it.
    pub(super) near: PathBuf,
}

/// One choice at a time. `For` goes with it and comes back with the file.
pub(super) struct Chooser<For> {
    dialog: Option<Dialog<For>>,
    typing: Option<Typing<For>>,
    /// Somebody thought better of it.
    cancelled: bool,
}

/// A dialog of the system, which lives in a thread of its own.
struct Dialog<For> {
    wanted: Wanted,
    purpose: For,
    answer: Errand<Option<PathBuf>>,
    asked_at: f64,
}

/// A path that is typed.
struct Typing<For> {
    wanted: Wanted,
    purpose: For,
    path: String,
    /// Whether such a file is there.
    exists: bool,
    is_new: bool,
}

impl<For> Default for Chooser<For> {
    fn default() -> Self {
        Self { dialog: None, typing: None, cancelled: false }
    }
}

impl<For> Chooser<For> {
    pub(super) fn start(&mut self, ctx: &Context, wanted: Wanted, purpose: For) {
        if self.dialog.is_some() {
            return;
        }
        let asked_at = ctx.input(|input| input.time);
        match ask_system(ctx, &wanted) {
            Ok(answer) => self.dialog = Some(Dialog { wanted, purpose, answer, asked_at }),
            Err(_no_thread) => self.type_path(wanted, purpose),
        }
    }

    /// What the dialog gave, once it is closed.
    pub(super) fn fetch(&mut self, ctx: &Context) -> Option<(For, PathBuf)> {
        let answer = match self.dialog.as_ref()?.answer.progress() {
            Progress::UnderWay => return None,
            Progress::Done(answer) => answer,
            Progress::Lost => None,
        };
        let Dialog { wanted, purpose, asked_at, .. } = self.dialog.take()?;
        if let Some(file) = answer {
            return Some((purpose, file));
        }
        // Nobody cancels that fast: the system has no dialog to show.
        if ctx.input(|input| input.time) - asked_at < FASTER_THAN_ANYBODY_SECS {
            self.type_path(wanted, purpose);
        } else {
            self.cancelled = true;
        }
        None
    }

    /// Whether nothing was chosen since the last call.
    pub(super) fn take_cancelled(&mut self) -> bool {
        std::mem::take(&mut self.cancelled)
    }

    fn type_path(&mut self, wanted: Wanted, purpose: For) {
        let path = if wanted.may_be_new {
            wanted.near.clone()
        } else {
            wanted.near.parent().map(|folder| folder.join("")).unwrap_or_default()
        };
        let exists = path.is_file();
        let path = path.display().to_string();
        self.typing = Some(Typing { wanted, purpose, path, exists, is_new: true });
    }

    pub(super) fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    pub(super) fn close(&mut self) {
        self.cancelled |= self.typing.is_some();
        self.typing = None;
    }

    /// Shows the field for a path, if there is one.
    pub(super) fn ui(&mut self, ctx: &Context) -> Option<(For, PathBuf)> {
        let typing = self.typing.as_mut()?;
        let pressed = modal_ui(ctx, &typing.wanted.title.clone(), |ui| typing.ui(ui));
        match pressed? {
            Pressed::Done => {
                let Typing { purpose, path, .. } = self.typing.take()?;
                Some((purpose, PathBuf::from(path.trim())))
            }
            Pressed::Cancel => {
                self.close();
                None
            }
        }
    }
}

enum Pressed {
    Done,
    Cancel,
}

impl<For> Typing<For> {
    fn ui(&mut self, ui: &mut egui::Ui) -> Option<Pressed> {
        note(ui, "Path of the file; this system has no file dialog");
        let field = TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY);
        let field = ui.add(field.font(egui::TextStyle::Monospace));
        field.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path of the file")
        });
        if std::mem::take(&mut self.is_new) {
            field.request_focus();
        }
        let path = Path::new(self.path.trim());
        if field.changed() {
            self.exists = path.is_file();
        }
        let replaces = self.wanted.may_be_new && self.exists;
        if replaces {
            note(ui, "There is such a file: it is replaced");
        }
        let is_done = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let mut pressed = is_done.then_some(Pressed::Done);
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let is_a_path = !path.as_os_str().is_empty();
            if ui.add_enabled(is_a_path, egui::Button::new(self.wanted.verb)).clicked() {
                pressed = Some(Pressed::Done);
            }
            if ui.button("Cancel").clicked() {
                pressed = Some(Pressed::Cancel);
            }
        });
        pressed
    }
}

/// The dialog is made here, because macOS wants that on the first thread, and waited for elsewhere.
fn ask_system(ctx: &Context, wanted: &Wanted) -> std::io::Result<Errand<Option<PathBuf>>> {
    let Wanted { title, verb: _, sort: (sort, end), may_be_new, near } = wanted;
    let mut dialog = rfd::AsyncFileDialog::new().set_title(title).add_filter(*sort, &[end]);
    if let Some(folder) = near.parent().filter(|it| !it.as_os_str().is_empty()) {
        dialog = dialog.set_directory(folder);
    }
    if *may_be_new {
        let name = near.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let answer = dialog.set_file_name(name).save_file();
        Errand::run("file dialog", ctx, move || wait_for(answer).map(|file| file.path().to_owned()))
    } else {
        let answer = dialog.pick_file();
        Errand::run("file dialog", ctx, move || wait_for(answer).map(|file| file.path().to_owned()))
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

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::ui::theme;

    type Seen = (Chooser<u8>, Option<(u8, PathBuf)>);

    fn asked(wanted: Wanted) -> Harness<'static, Seen> {
        let mut chooser = Chooser::default();
        chooser.type_path(wanted, 7);
        let ui = |ui: &mut egui::Ui, (chooser, chosen): &mut Seen| {
            let now_chosen = chooser.ui(ui.ctx());
            *chosen = chosen.take().or(now_chosen);
        };
        let builder = Harness::builder().with_context_setup(theme::apply);
        let mut window = builder.build_ui_state(ui, (chooser, None));
        window.run_steps(3);
        window
    }

    fn wanted(may_be_new: bool, near: &str) -> Wanted {
        let title = "Export as CSV".to_owned();
        Wanted { title, verb: "Export", sort: ("CSV", "csv"), may_be_new, near: near.into() }
    }

    #[test]
    fn a_path_is_typed_where_the_system_has_no_dialog() {
        let mut window = asked(wanted(true, "share"));
        window.get_by_label("Path of the file").type_text("-2.csv");
        window.run_steps(2);
        window.get_by_label("Export").click();
        window.run_steps(2);
        let (chooser, chosen) = window.state();
        assert_eq!(*chosen, Some((7, PathBuf::from("share-2.csv"))));
        assert!(!chooser.is_typing());
    }

    #[test]
    fn who_would_replace_a_file_is_told() {
        let there = asked(wanted(true, "Cargo.toml"));
        assert!(there.query_by_label_contains("it is replaced").is_some());
        let new = asked(wanted(true, "no-such-file"));
        assert!(new.query_by_label_contains("it is replaced").is_none());
    }
}
