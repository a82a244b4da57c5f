//! The window's program: takes in what was seen, shows the regions, settles what was edited.

use std::sync::Arc;

use egui::{CentralPanel, Context, Frame, Panel, Rect, Ui};

use super::desk::{Desk, Settled};
use super::selection::Selection;
use super::theme::{self, Theme};
use super::verb::Verb;
use super::view::{Arrangement, View};
use super::watch::Watch;
use super::workbench::Workbench;
use super::{bar, side, stage, time, why};
use crate::engine::{EngineError, Settings};
use crate::lab::{Checked, Lab, PRESETS};

/// Everything the window is. Whoever embeds it calls [`App::logic`] and then [`App::ui`], once a frame.
pub struct App {
    pub workbench: Workbench,
    watch: Option<Watch>,
    /// Why no engine runs.
    failed: Option<String>,
    settings: Settings,
    panes: Panes,
    regions: Vec<(&'static str, Rect)>,
}

/// What each region remembers for itself.
#[derive(Default)]
struct Panes {
    stage: stage::Stage,
    time: time::Time,
    why: why::Why,
}

impl App {
    /// A window on a lab, which begins to run.
    pub fn new(ctx: &Context, lab: Checked, settings: Settings, view: View) -> Self {
        theme::apply(ctx);
        let desk = Desk::new(lab.into_lab(), None);
        let mut app = Self {
            workbench: Workbench::new(desk, view),
            watch: None,
            failed: None,
            settings,
            panes: Panes::default(),
            regions: Vec::new(),
        };
        app.start(ctx);
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
        theme::apply(ctx);
        let mut workbench = Workbench::new(Desk::new(lab, None), view);
        workbench.status = Some(Arc::new(super::story::status(&workbench.desk.draft)));
        workbench.story = story;
        workbench.now_ns = now_ns;
        Self {
            workbench,
            watch: None,
            failed: None,
            settings: Settings::default(),
            panes: Panes::default(),
            regions: Vec::new(),
        }
    }

    /// Takes in what came about since the last frame. Shows nothing.
    pub fn logic(&mut self, ctx: &Context) {
        let Self { workbench, watch, .. } = self;
        if let Some(watch) = watch {
            for seen in watch.fetch() {
                workbench.story.tell(seen);
            }
            workbench.now_ns = watch.engine().now_ns();
            workbench.status = Some(watch.engine().status());
        }
        ctx.set_theme(self.workbench.view.theme.preference());
        for verb in std::mem::take(&mut self.workbench.verbs) {
            self.perform(ctx, &verb);
        }
        self.settle(ctx);
    }

    /// Whether something that is to be seen is still being computed.
    pub fn is_computing(&self) -> bool {
        self.panes.stage.is_computing()
    }

    /// Shows everything.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.regions_ui(ui);
        self.workbench.signals.clear();
    }

    fn regions_ui(&mut self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        let panel = |fill| Frame::new().fill(fill);
        let Self { workbench, panes, regions, .. } = self;
        regions.clear();
        let mut note = |name, shown: egui::InnerResponse<()>| {
            regions.push((name, shown.response.rect));
        };
        if workbench.view.arrangement == Arrangement::Present {
            let stage = CentralPanel::no_frame()
                .frame(panel(theme.bg))
                .show(ui, |ui| stage::stage_ui(ui, &mut panes.stage, workbench));
            return note("stage", stage);
        }
        let bar = Panel::top("bar")
            .exact_size(theme::BAR_HEIGHT)
            .frame(panel(theme.panel))
            .show(ui, |ui| bar::bar_ui(ui, workbench));
        note("bar", bar);
        let time = Panel::bottom("time")
            .default_size(theme::TIME_HEIGHT)
            .size_range(96.0..=420.0)
            .resizable(true)
            .frame(panel(theme.panel))
            .show(ui, |ui| time::time_ui(ui, &mut panes.time, workbench));
        note("time", time);
        let side = Panel::left("side")
            .exact_size(theme::SIDE_WIDTH)
            .frame(panel(theme.panel))
            .show(ui, |ui| side::side_ui(ui, workbench));
        note("side", side);
        if !workbench.selection.is_nothing() {
            let why = Panel::right("why")
                .default_size(theme::WHY_WIDTH)
                .size_range(theme::WHY_WIDTH..=480.0)
                .frame(panel(theme.panel))
                .show(ui, |ui| why::why_ui(ui, &mut panes.why, workbench));
            note("why", why);
        }
        let stage = CentralPanel::no_frame()
            .frame(panel(theme.bg))
            .show(ui, |ui| stage::stage_ui(ui, &mut panes.stage, workbench));
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

    fn start(&mut self, ctx: &Context) {
        // In this order: what runs lets go of its ports before another takes them.
        self.watch = None;
        let checked = match Checked::new(Lab::clone(self.workbench.desk.good())) {
            Ok(checked) => checked,
            Err(problems) => {
                return self.failed = problems.first().map(|problem| problem.what.clone());
            }
        };
        let wake = {
            let ctx = ctx.clone();
            move || ctx.request_repaint()
        };
        match Watch::start(checked, self.settings.clone(), wake) {
            Ok(watch) => {
                let lab = Arc::clone(self.workbench.desk.good());
                self.workbench.story.lab_changed(watch.engine().now_ns(), lab);
                self.workbench.began_unix_ns = watch.engine().began_unix_ns();
                (self.watch, self.failed) = (Some(watch), None);
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &EngineError) {
        self.failed = Some(error.to_string());
    }

    /// Hands the engine what was edited, if it is right.
    fn settle(&mut self, ctx: &Context) {
        let busy = ctx.egui_is_using_pointer() || ctx.text_edit_focused();
        let Settled::Good(checked) = self.workbench.desk.settle(busy) else { return };
        self.workbench.badges.learn(&checked);
        let Some(watch) = &self.watch else { return };
        let lab = Arc::clone(self.workbench.desk.good());
        self.workbench.story.lab_changed(watch.engine().now_ns(), lab);
        watch.engine().apply(*checked);
        ctx.request_repaint();
    }

    fn perform(&mut self, ctx: &Context, verb: &Verb) {
        match verb {
            Verb::Undo => self.workbench.desk.undo(),
            Verb::Redo => self.workbench.desk.redo(),
            Verb::OpenPreset(index) => {
                let loaded = PRESETS.get(*index).map(|it| crate::lab::load(it.text.as_bytes()));
                if let Some(Ok(loaded)) = loaded {
                    self.open(ctx, loaded.lab.into_lab(), None);
                }
            }
            Verb::AllowCommands => {
                if let Some(watch) = &self.watch {
                    watch.engine().allow_commands();
                }
            }
            Verb::OpenFile(_) | Verb::Tell(_) => {}
        }
    }

    /// Another lab takes the place of the one there is: what runs stops, and the new one starts.
    fn open(&mut self, ctx: &Context, lab: Lab, file: Option<std::path::PathBuf>) {
        let view = self.workbench.view.clone();
        self.workbench = Workbench::new(Desk::new(lab, file), view);
        self.workbench.view.question_closed = false;
        self.workbench.selection = Selection::Nothing;
        self.panes = Panes::default();
        self.start(ctx);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        Self::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Self::ui(self, ui);
    }
}
