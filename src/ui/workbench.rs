//! What all regions share: the document, what was seen of it, what is selected, and what was asked for.

use std::path::PathBuf;
use std::sync::Arc;

use super::badges::{Badge, Badges};
use super::desk::Desk;
use super::doctor::Doctor;
use super::playhead::Playhead;
use super::selection::Selection;
use super::signal::Signal;
use super::story::{Frame, Story};
use super::verb::Verb;
use super::view::View;
use crate::engine::Status;
use crate::lab::{Lab, Pool};

/// Every region gets it whole: it edits `desk.draft`, `view` and `selection` in place, reads the rest, and asks for
/// what is not an edit by a verb.
#[derive(Debug)]
pub struct Workbench {
    pub desk: Desk,
    pub story: Story,
    pub view: View,
    pub selection: Selection,
    pub playhead: Playhead,
    pub badges: Badges,
    /// Says whether shares are as they should be.
    pub doctor: Doctor,
    /// How the engine stands; nothing before it has started.
    pub status: Option<Arc<Status>>,
    pub verbs: Vec<Verb>,
    /// What keys ask of regions in this frame.
    pub signals: Vec<Signal>,
    /// Lab files that were open, the newest first.
    pub recent: Vec<PathBuf>,
    /// The engine's clock when this frame began.
    pub now_ns: u64,
    /// When that clock began, as the clocks of this place go.
    pub began_local_ns: u64,
    /// The pool that the bar, Keys and Compare are about.
    pub pool_in_focus: usize,
}

impl Workbench {
    pub fn new(desk: Desk, view: View) -> Self {
        let mut badges = Badges::default();
        badges.learn(&desk.draft);
        Self {
            desk,
            story: Story::default(),
            view,
            selection: Selection::Nothing,
            playhead: Playhead::Live,
            badges,
            doctor: Doctor::default(),
            status: None,
            verbs: Vec::new(),
            signals: Vec::new(),
            recent: Vec::new(),
            now_ns: 0,
            began_local_ns: 0,
            pool_in_focus: 0,
        }
    }

    /// The moment that everything is drawn for.
    pub fn moment_ns(&self) -> u64 {
        self.playhead.moment_ns(self.now_ns)
    }

    /// How things stood at that moment.
    pub fn frame(&self) -> Option<&Frame> {
        self.story.frame_at(self.moment_ns())
    }

    /// The lab that was in force at that moment.
    pub fn lab(&self) -> &Lab {
        let told =
            (!self.playhead.is_live()).then(|| self.story.lab_at(self.moment_ns())).flatten();
        told.unwrap_or_else(|| self.desk.good())
    }

    /// The pool that is looked at, as it is in the draft.
    pub fn pool(&self) -> Option<&Pool> {
        self.desk.draft.pools.get(self.focus())
    }

    pub fn pool_mut(&mut self) -> Option<&mut Pool> {
        let focus = self.focus();
        self.desk.draft.pools.get_mut(focus)
    }

    /// The place of that pool among those there are.
    pub fn focus(&self) -> usize {
        self.pool_in_focus.min(self.desk.draft.pools.len().saturating_sub(1))
    }

    pub fn badge(&self, pool: &str, server: &str) -> Badge {
        self.badges.of(pool, server)
    }

    /// Whether a key asked for this, which is then done with.
    pub fn take_signal(&mut self, signal: Signal) -> bool {
        let place = self.signals.iter().position(|given| *given == signal);
        place.map(|place| self.signals.remove(place)).is_some()
    }

    pub fn ask(&mut self, verb: Verb) {
        self.verbs.push(verb);
    }
}
