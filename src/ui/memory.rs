//! What the window remembers from one start to the next: a small file in the person's own folder.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use egui::Context;
use serde::{Deserialize, Serialize};

use super::errand::{Errand, Progress};
use super::theme;
use super::view::{Arrangement, View};

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    pub view: View,
    /// Lab files, the newest first.
    pub recent: Vec<PathBuf>,
    /// The lab file that was open last; none if it was a lab without a file.
    pub open: Option<PathBuf>,
    pub window: Option<WindowSize>,
    pub zoom: Option<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WindowSize {
    pub width: f32,
    pub height: f32,
    pub maximised: bool,
}

impl Kept {
    /// Notes that a lab file was opened or saved.
    pub fn opened(&mut self, file: &Path) {
        self.recent.retain(|known| known != file);
        self.recent.insert(0, file.to_owned());
        self.recent.truncate(RECENT_MAX);
        self.open = Some(file.to_owned());
    }

    pub fn forget(&mut self, file: &Path) {
        self.recent.retain(|known| known != file);
        self.open.take_if(|open| open == file);
    }

    /// Whatever was in the file, nothing of it may keep the window from being usable.
    fn sane(mut self) -> Self {
        self.recent.truncate(RECENT_MAX);
        let fits = |side: f32| (320.0..=16_384.0).contains(&side);
        self.window = self.window.filter(|it| fits(it.width) && fits(it.height));
        self.zoom = self.zoom.filter(|zoom| (ZOOM_LEAST..=ZOOM_MOST).contains(zoom));
        let usual = View::default();
        let view = &mut self.view;
        if !(5.0..=600.0).contains(&view.span_secs) {
            view.span_secs = usual.span_secs;
        }
        if !theme::TIME_HEIGHTS.contains(&view.time_height) {
            view.time_height = usual.time_height;
        }
        if !theme::WHY_WIDTHS.contains(&view.why_width) {
            view.why_width = usual.why_width;
        }
        // Nobody wants to begin on a stage without menus.
        if self.view.arrangement == Arrangement::Present {
            self.view.arrangement = Arrangement::Learn;
        }
        self
    }
}

/// The file, and who writes it.
#[derive(Debug)]
pub struct Memory {
    file: PathBuf,
    pub kept: Kept,
    written: Kept,
    written_at: f64,
    writing: Option<Errand<io::Result<()>>>,
}

impl Memory {
    /// What is remembered in a folder. A file that is missing or broken is as good as none.
    pub fn read(folder: &Path) -> Self {
        let file = folder.join(FILE_NAME);
        let kept = read(&file).unwrap_or_default();
        Self { file, written: kept.clone(), kept, written_at: 0.0, writing: None }
    }

    /// Writes what has changed, by a thread of its own and not more often than is useful. Says why it could not.
    pub(super) fn keep_up(&mut self, ctx: &Context, now_secs: f64) -> Option<io::Error> {
        let failed = match self.writing.as_ref().map(Errand::progress) {
            Some(Progress::UnderWay) => return None,
            Some(Progress::Done(Err(error))) => Some(error),
            Some(Progress::Done(Ok(())) | Progress::Lost) | None => None,
        };
        self.writing = None;
        if failed.is_none()
            && self.kept != self.written
            && now_secs - self.written_at >= WRITE_EVERY_SECS
        {
            self.written_at = now_secs;
            self.write(ctx);
        }
        failed
    }

    /// Writes what is left to be written, and waits for it: for the end of the window.
    pub(super) fn finish(&mut self, ctx: &Context) {
        if let Some(writing) = self.writing.take() {
            drop(writing.wait());
        }
        if self.kept != self.written {
            self.write(ctx);
            // Nobody is left to be told why it failed.
            drop(self.writing.take().and_then(Errand::wait));
        }
    }

    fn write(&mut self, ctx: &Context) {
        self.written = self.kept.clone();
        let (file, kept) = (self.file.clone(), self.kept.clone());
        // Without a thread it is not remembered, and nothing else suffers.
        self.writing = Errand::run("memory", ctx, move || write(&file, &kept)).ok();
    }
}

fn read(file: &Path) -> Option<Kept> {
    let mut text = String::new();
    File::open(file).ok()?.take(BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str::<Kept>(&text).ok().map(Kept::sane)
}

/// In two steps, so that a crash leaves the old file.
fn write(file: &Path, kept: &Kept) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = file.with_extension("json.new");
    fs::write(&beside, serde_json::to_vec_pretty(kept)?)?;
    fs::rename(&beside, file)
}

const FILE_NAME: &str = "window.json";
pub const RECENT_MAX: usize = 10;
const BYTES_MAX: u64 = 64 * 1024;
const WRITE_EVERY_SECS: f64 = 1.0;
pub const ZOOM_LEAST: f32 = 0.5;
pub const ZOOM_MOST: f32 = 3.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("evenkeel-memory-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_was_arranged_is_there_at_the_next_start() {
        let folder = folder("kept");
        let mut memory = Memory::read(&folder);
        memory.kept.view.reduced_motion = true;
        (0..12).for_each(|number| memory.kept.opened(Path::new(&format!("{number}.ron"))));
        memory.finish(&Context::default());
        let again = Memory::read(&folder).kept;
        assert!(again.view.reduced_motion);
        assert_eq!((again.recent.len(), again.recent[0].to_str()), (RECENT_MAX, Some("11.ron")));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_broken_file_is_as_good_as_none() {
        let folder = folder("broken");
        for text in ["", "{", "[1]", "{\"view\": 7}", "\u{0}\u{1}"] {
            fs::write(folder.join(FILE_NAME), text).unwrap();
            assert_eq!(Memory::read(&folder).kept, Kept::default(), "{text:?}");
        }
        let odd = r#"{"window": {"width": 1e30, "height": -1, "maximised": false}, "zoom": 900,
            "view": {"arrangement": "present", "span_secs": -4}}"#;
        fs::write(folder.join(FILE_NAME), odd).unwrap();
        assert_eq!(Memory::read(&folder).kept, Kept::default());
        fs::remove_dir_all(folder).unwrap();
    }
}
