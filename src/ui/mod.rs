//! The window: five regions over one document and one story.
//!
//! ```text
//!   widgets ──edit in place──► Desk.draft ──settle──► check ──► engine (latest wins)
//!   regions ◄──drawn from──── Story at the playhead's moment ◄──fetched── watch thread ◄── engine.observe
//! ```
//!
//! Nothing here blocks or awaits. A region is a function that takes the [`Workbench`](workbench::Workbench); what is
//! not an edit is a [`Verb`](verb::Verb), and those are few. Colours, sizes and fonts are in `theme` and nowhere else.
//!
//! Reading order: `desk` (the document), `story` (what was seen), `playhead` (which moment), `workbench` (what regions
//! share), `app` (a frame), then the regions `bar`, `side`, `stage`, `why`, `time`.

pub mod app;
pub mod badges;
mod bar;
pub mod camera;
mod chooser;
mod commands;
mod consent;
pub mod desk;
pub mod doctor;
mod errand;
mod export;
mod files;
mod gallery;
mod ignition;
mod keys;
mod local_name;
pub mod memory;
mod menus;
mod notices;
mod overlays;
mod palette;
mod perform;
pub mod playhead;
mod present;
pub mod raster;
mod running;
pub mod selection;
mod send;
pub mod senders;
mod sheet;
mod side;
pub mod signal;
mod stage;
mod standing;
pub mod story;
pub mod theme;
mod time;
mod troubles;
pub mod verb;
pub mod view;
pub mod watch;
mod welcome;
mod why;
mod widgets;
mod words;
pub mod workbench;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use app::App;
use memory::Memory;

use crate::engine::{Keeping, News, Settings, Watcher, own_folder};
use crate::lab::{Checked, PRESETS, Problem};

/// What the window is opened on.
#[derive(Debug, Default)]
pub struct Request {
    /// A lab file; without one, the starter.
    pub lab: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("no window can be opened here ({0})")]
    NoWindow(String),
    #[error("the lab cannot run: {0}")]
    Lab(String),
}

/// Opens the window and returns when it is closed.
pub fn open(request: &Request) -> Result<(), WindowError> {
    let lab = starter()?;
    let memory = Memory::read(&own_folder(Keeping::Settings));
    let size = memory.kept.window;
    let viewport = egui::ViewportBuilder::default()
        .with_title("Evenkeel")
        .with_inner_size(size.map_or([1280.0, 720.0], |size| [size.width, size.height]))
        .with_maximized(size.is_some_and(|size| size.maximised))
        .with_min_inner_size([900.0, 560.0]);
    let options = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        // There are no wide gradients to smooth.
        dithering: false,
        ..eframe::NativeOptions::default()
    };
    let asked_for = request.lab.clone();
    let make = move |creation: &eframe::CreationContext<'_>| {
        let ctx = &creation.egui_ctx;
        ctx.set_zoom_factor(memory.kept.zoom.unwrap_or(1.0));
        // One that was open last and is gone by now is not missed.
        let last = memory.kept.open.clone().filter(|file| file.is_file());
        let (settings, view) = (Settings::default(), memory.kept.view.clone());
        let app = match asked_for.or(last) {
            Some(file) => App::on_file(ctx, file, lab, settings, view),
            None => App::new(ctx, lab, settings, view),
        };
        let app = app.with_memory(memory).closing_on(interruptions(ctx));
        Ok(Box::new(app) as Box<dyn eframe::App>)
    };
    eframe::run_native("evenkeel", options, Box::new(make))
        .map_err(|error| WindowError::NoWindow(error.to_string()))
}

/// What is set when the system asks the program to end. Without this a signal would end the window alone, and the
/// commands that it has started would go on without it.
fn interruptions(ctx: &egui::Context) -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    // Where signals cannot be heard, they do what they always did.
    let Ok(watcher) = Watcher::start() else { return interrupted };
    let (tell, ctx) = (Arc::clone(&interrupted), ctx.clone());
    let wait = move || {
        while let Some(news) = watcher.next(None) {
            if matches!(news, News::Interrupted | News::HungUp) {
                tell.store(true, Relaxed);
                ctx.request_repaint();
            }
        }
    };
    std::thread::Builder::new().name("interruptions".to_owned()).spawn(wait).ok();
    interrupted
}

fn starter() -> Result<Checked, WindowError> {
    let loaded = crate::lab::load(PRESETS[0].text.as_bytes());
    let what =
        |problems: &[Problem]| problems.first().map(|it| it.what.clone()).unwrap_or_default();
    loaded.map(|loaded| loaded.lab).map_err(|refused| WindowError::Lab(what(&refused.problems)))
}
