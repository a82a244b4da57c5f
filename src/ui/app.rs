//! The window's program: takes in what was seen, shows the regions, settles what was edited.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use egui::{CentralPanel, Context, Frame, Panel, Rect, Ui};

use super::consent::Consents;
use super::desk::Desk;
use super::files::Files;
use super::ignition::Ignition;
use super::memory::{Memory, WindowSize};
use super::notices::Notices;
use super::overlays::Overlays;
use super::present::Present;
use super::theme::{self, Theme};
use super::verb::Verb;
use super::view::{Arrangement, View};
use super::watch::Watch;
use super::workbench::Workbench;
use super::{bar, gallery, keys, present, side, stage, time, troubles, welcome, why};
use crate::engine::{Settings, Trouble};
use crate::lab::{Checked, Lab};

/// Everything the window is. Whoever embeds it calls [`App::logic`] and then [`App::ui`], once a frame.
pub struct App {
    pub workbench: Workbench,
    pub(super) watch: Option<Watch>,
    /// An engine that is about to run in place of the watched one.
    pub(super) ignition: Option<Ignition>,
    /// Nothing is ever started for a story that is told beforehand.
    pub(super) runs: bool,
    /// Nothing was started yet, because a file is being read.
    awaits_file: bool,
    /// Why no engine runs.
    pub(super) failed: Option<Trouble>,
    pub(super) settings: Settings,
    pub(super) panes: Panes,
    pub(super) files: Files,
    pub(super) notices: Notices,
    pub(super) overlays: Overlays,
    pub(super) consents: Consents,
    pub(super) present: Present,
    pub(super) memory: Option<Memory>,
    /// The question about edits that are not saved was answered.
    pub(super) may_close: bool,
    /// Set when the system asks the program to end.
    interrupted: Arc<AtomicBool>,
    regions: Vec<(&'static str, Rect)>,
}

/// What each region remembers for itself.
#[derive(Default)]
pub(super) struct Panes {
    bar: bar::Bar,
    strip: troubles::Strip,
    side: side::Side,
    stage: stage::Stage,
    time: time::Time,
    why: why::Why,
}

impl App {
    /// A window on a lab, which begins to run.
    pub fn new(ctx: &Context, lab: Checked, settings: Settings, view: View) -> Self {
        let mut app = Self::bare(ctx, Desk::new(lab.into_lab(), None), view);
        app.settings = settings;
        app.start(ctx);
        app
    }

    /// A window on a lab file. Nothing runs until that is read, so that no port is taken by a lab that nobody asked
    /// for; `otherwise` is what runs if it cannot be opened.
    pub fn on_file(
        ctx: &Context,
        file: std::path::PathBuf,
        otherwise: Checked,
        settings: Settings,
        view: View,
    ) -> Self {
        let mut app = Self::bare(ctx, Desk::new(otherwise.into_lab(), None), view);
        app.settings = settings;
        app.awaits_file = true;
        app.workbench.ask(Verb::OpenFile(file));
        app
    }

    /// A window on a story that is told beforehand: nothing runs, and time stands at `now_ns`.
    pub fn told(
        ctx: &Context,
        lab: Lab,
        view: View,
        story: super::story::Story,
        now_ns: u64,
    ) -> Self {
        let mut app = Self::bare(ctx, Desk::new(lab, None), view);
        app.runs = false;
        app.workbench.status = Some(Arc::new(super::story::status(&app.workbench.desk.draft)));
        app.workbench.story = story;
        app.workbench.now_ns = now_ns;
        app
    }

    /// A window over an engine that runs already: another one was closed and left it.
    pub fn over(ctx: &Context, watch: Watch, settings: Settings, view: View) -> Self {
        let lab = watch.engine().lab();
        let mut app = Self::bare(ctx, Desk::new(Lab::clone(&lab), None), view);
        app.settings = settings;
        watch.wake(ctx);
        app.workbench.story.lab_changed(watch.engine().now_ns(), lab);
        app.workbench.began_local_ns = watch.engine().began_local_ns();
        app.consents.allow_wide(&app.workbench.desk.draft);
        app.watch = Some(watch);
        app
    }

    /// Closes the window and leaves what runs to another.
    pub fn leave(mut self) -> Option<Watch> {
        self.watch.take().or_else(|| self.ignition.take()?.wait())
    }

    /// Remembers how the window is arranged, from one start to the next.
    #[must_use]
    pub fn with_memory(mut self, memory: Memory) -> Self {
        self.workbench.recent.clone_from(&memory.kept.recent);
        self.memory = Some(memory);
        self
    }

    /// Closes as soon as this is set, and asks nothing.
    #[must_use]
    pub fn closing_on(self, interrupted: Arc<AtomicBool>) -> Self {
        Self { interrupted, ..self }
    }

    fn bare(ctx: &Context, desk: Desk, view: View) -> Self {
        theme::apply(ctx);
        Self {
            workbench: Workbench::new(desk, view),
            watch: None,
            ignition: None,
            runs: true,
            awaits_file: false,
            failed: None,
            settings: Settings::default(),
            panes: Panes::default(),
            regions: Vec::new(),
            files: Files::default(),
            notices: Notices::default(),
            overlays: Overlays::default(),
            consents: Consents::default(),
            present: Present::default(),
            memory: None,
            may_close: false,
            interrupted: Arc::default(),
        }
    }

    /// Takes in what came about since the last frame. Shows nothing.
    pub fn logic(&mut self, ctx: &Context) {
        self.take_over(ctx);
        let Self { workbench, watch, .. } = self;
        if let Some(watch) = watch {
            for seen in watch.fetch() {
                workbench.story.tell(seen);
            }
            workbench.now_ns = watch.engine().now_ns();
            workbench.status = Some(watch.engine().status());
        }
        ctx.set_theme(self.workbench.view.theme.preference());
        keys::handle(ctx, self);
        self.take_what_came(ctx);
        if self.interrupted.swap(false, Relaxed) {
            self.workbench.ask(Verb::Anyway(Box::new(Verb::Quit)));
        }
        for verb in std::mem::take(&mut self.workbench.verbs) {
            self.perform(ctx, &verb);
        }
        if self.awaits_file && !self.files.is_reading() {
            self.awaits_file = false;
            if self.watch.is_none() && self.ignition.is_none() && self.failed.is_none() {
                self.start(ctx);
            }
        }
        self.settle(ctx);
        self.remember(ctx);
    }

    /// Whether something that is to be seen is still being computed.
    pub fn is_computing(&self) -> bool {
        self.panes.stage.is_computing()
    }

    /// Shows everything.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.regions_ui(ui);
        // What is asked from here on is for the next frame's regions.
        for signal in std::mem::take(&mut self.workbench.signals) {
            self.workbench.ask(Verb::Tell(signal.refusal().to_owned()));
        }
        let ctx = ui.ctx().clone();
        let Self { workbench, files, notices, overlays, .. } = self;
        let presents = workbench.view.arrangement == Arrangement::Present;
        overlays.ui(&ctx, workbench);
        let asked = files.ui(&ctx, &workbench.desk);
        let above = if presents { 64.0 } else { theme::TIME_HEIGHT + 12.0 };
        let also_asked = notices.ui(&ctx, above);
        let asked: Vec<Verb> = asked.into_iter().chain(also_asked).collect();
        if !asked.is_empty() || !workbench.verbs.is_empty() {
            workbench.verbs.extend(asked);
            ctx.request_repaint();
        }
    }

    fn regions_ui(&mut self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        let panel = |fill| Frame::new().fill(fill);
        let Self { workbench, panes, present, consents, failed, regions, .. } = self;
        regions.clear();
        let mut note = |name, shown: egui::InnerResponse<()>| {
            regions.push((name, shown.response.rect));
        };
        if workbench.view.arrangement == Arrangement::Present {
            let stage = CentralPanel::no_frame().frame(panel(theme.bg)).show(ui, |ui| {
                present::present_ui(ui, present, &mut panes.stage, workbench);
            });
            return note("stage", stage);
        }
        let bar = Panel::top("bar")
            .exact_size(theme::BAR_HEIGHT)
            .frame(panel(theme.panel))
            .show(ui, |ui| bar::bar_ui(ui, &mut panes.bar, workbench));
        note("bar", bar);
        welcome::welcome_ui(ui, workbench);
        troubles::strip_ui(ui, &mut panes.strip, workbench, consents);
        let time = Panel::bottom("time")
            .default_size(workbench.view.time_height)
            .size_range(theme::TIME_HEIGHTS)
            .resizable(true)
            .frame(panel(theme.panel))
            .show(ui, |ui| time::time_ui(ui, &mut panes.time, workbench));
        workbench.view.time_height = time.response.rect.height();
        note("time", time);
        let side = Panel::left("side")
            .exact_size(theme::SIDE_WIDTH)
            .frame(panel(theme.panel))
            .show(ui, |ui| side::side_ui(ui, &mut panes.side, workbench));
        note("side", side);
        if !workbench.selection.is_nothing() {
            let why = Panel::right("why")
                .default_size(workbench.view.why_width)
                .size_range(theme::WHY_WIDTHS)
                .frame(panel(theme.panel))
                .show(ui, |ui| why::why_ui(ui, &mut panes.why, workbench));
            workbench.view.why_width = why.response.rect.width();
            note("why", why);
        }
        let stage = CentralPanel::no_frame().frame(panel(theme.bg)).show(ui, |ui| match failed {
            Some(trouble) => troubles::failure_ui(ui, trouble, workbench),
            None if workbench.desk.draft.pools.is_empty() => gallery::empty_ui(ui, workbench),
            None => stage::stage_ui(ui, &mut panes.stage, workbench),
        });
        note("stage", stage);
    }

    /// Where the regions were in the last frame, by their names.
    pub fn regions(&self) -> &[(&'static str, Rect)] {
        &self.regions
    }

    /// The engine, if one runs.
    pub fn engine(&self) -> Option<&crate::engine::Engine> {
        self.watch.as_ref().map(Watch::engine)
    }

    /// Notes what is to be found again at the next start.
    fn remember(&mut self, ctx: &Context) {
        let Some(memory) = &mut self.memory else { return };
        memory.kept.view = self.workbench.view.clone();
        if let Some(before) = self.present.arrangement_before() {
            memory.kept.view.arrangement = before;
        }
        memory.kept.zoom = Some(ctx.zoom_factor());
        // Asked before, because the input is locked while it is read.
        let zoom = ctx.zoom_factor();
        let window = ctx.input(|input| {
            let viewport = input.viewport();
            let size = viewport.inner_rect.map(|area| area.size() * zoom);
            size.map(|size| WindowSize {
                width: size.x.round(),
                height: size.y.round(),
                maximised: viewport.maximized.unwrap_or(false),
            })
        });
        memory.kept.window = window.or(memory.kept.window);
        let now_secs = ctx.input(|input| input.time);
        if let Some(error) = memory.keep_up(ctx, now_secs) {
            self.notices.fail(
                format!("The window will not be remembered: {error}"),
                None,
                now_secs,
            );
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        Self::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Self::ui(self, ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        if let Some(memory) = &mut self.memory {
            memory.finish(&Context::default());
        }
    }
}
