//! Present: the stage edge to edge, a caption, two large numbers, and cues to go through.

mod numbers;
mod script;
mod stage;

use egui::Context;

use super::playhead::Playhead;
use super::theme;
use super::verb::CueStep;
use super::view::{Arrangement, Tab};
use super::workbench::Workbench;
use crate::lab::Lab;
use script::Script;

pub(super) use stage::present_ui;

/// What the talk is at.
#[derive(Debug, Default)]
pub(super) struct Present {
    /// How the window was arranged.
    before: Option<(Arrangement, Tab)>,
    script: Option<Script>,
}

impl Present {
    pub(super) fn enter(&mut self, ctx: &Context, workbench: &mut Workbench) {
        self.before = Some((workbench.view.arrangement, workbench.view.tab));
        self.script = Some(Script::of(&workbench.desk.draft));
        workbench.view.arrangement = Arrangement::Present;
        workbench.view.tab = Tab::Flow;
        workbench.selection = super::selection::Selection::Nothing;
        theme::set_projector(ctx, true);
    }

    /// Back to how the window was. The lab is again what it was, unless a person has changed it meanwhile.
    pub(super) fn leave(&mut self, ctx: &Context, workbench: &mut Workbench) {
        let (arrangement, tab) = self.before.take().unwrap_or_default();
        (workbench.view.arrangement, workbench.view.tab) = (arrangement, tab);
        if let Some(script) = self.script.take()
            && script.is_at(&workbench.desk.draft)
        {
            workbench.desk.draft = script.document().clone();
        }
        workbench.playhead = Playhead::Live;
        theme::set_projector(ctx, false);
    }

    pub(super) fn arrangement_before(&self) -> Option<Arrangement> {
        self.before.map(|(arrangement, _)| arrangement)
    }

    /// Another lab is on the desk.
    pub(super) fn lab_changed(&mut self, lab: &Lab) {
        if self.script.is_some() {
            self.script = Some(Script::of(lab));
        }
    }

    /// Whether the draft is what cues made of the lab, and no person has changed anything.
    pub(super) fn is_as_scripted(&self, draft: &Lab) -> bool {
        self.script.as_ref().is_some_and(|script| script.is_at(draft))
    }

    /// What is saved: the lab without what its cues have done to it.
    pub(super) fn document<'a>(&'a self, draft: &'a Lab) -> &'a Lab {
        match &self.script {
            Some(script) if script.is_at(draft) => script.document(),
            _ => draft,
        }
    }

    /// To another cue. False if there is none that way.
    pub(super) fn step(&mut self, workbench: &mut Workbench, step: CueStep) -> bool {
        let Some(script) = &mut self.script else { return false };
        let draft = &mut workbench.desk.draft;
        let lab = match step {
            CueStep::Next => script.forth(),
            CueStep::Back => script.back(draft),
            CueStep::First => script.first(),
        };
        let goes_on = *lab != *draft;
        *draft = lab.clone();
        goes_on
    }
}
