//! The document on the desk: the draft that widgets edit in place, the lab in force, and the way back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lab::{Checked, Lab, Problem, check};

/// Widgets edit `draft`, and nothing else does. Once a frame [`Desk::settle`] compares it with what was handed out
/// last, checks it, and hands out what is right; what is wrong stays in the draft with its problems beside it.
#[derive(Debug)]
pub struct Desk {
    pub draft: Lab,
    /// Of the draft as it was when it was last settled.
    problems: Vec<Problem>,
    settled: Arc<Lab>,
    /// The last draft that was without errors.
    good: Arc<Lab>,
    way_back: WayBack,
    file: Option<PathBuf>,
    /// As it is in the file, or as it was when it was new.
    kept: Arc<Lab>,
    /// Parts of the script that no longer fitted what was edited, and that nobody was told of yet.
    dropped: Vec<String>,
    /// Why what was edited is not in force, since a hand let go of it.
    refused: Option<Problem>,
}

/// What a frame's edits came to.
#[derive(Debug, PartialEq)]
pub enum Settled {
    Unchanged,
    /// To be put into force.
    Good(Box<Checked>),
    /// Shown where it is, and not put into force.
    Refused,
}

impl Desk {
    pub fn new(mut lab: Lab, file: Option<PathBuf>) -> Self {
        // One that runs already may have played its cues, and what they did they cannot do again.
        if check(&lab).iter().any(Problem::is_error) {
            lab.drop_misfits();
        }
        let settled = Arc::new(lab.clone());
        Self {
            problems: check(&lab),
            way_back: WayBack::new(Arc::clone(&settled)),
            good: Arc::clone(&settled),
            kept: Arc::clone(&settled),
            settled,
            file,
            dropped: Vec::new(),
            refused: None,
            draft: lab,
        }
    }

    /// Takes what was edited since the last call. `busy` says that a hand is still on a widget: what it does
    /// until it lets go is one step to be undone.
    pub fn settle(&mut self, busy: bool) -> Settled {
        let settled = self.take_edits();
        if !busy {
            self.way_back.note(&self.settled);
        }
        let error = self.problems.iter().find(|problem| problem.is_error());
        if !busy || error.is_none() {
            self.refused = error.cloned();
        }
        settled
    }

    fn take_edits(&mut self) -> Settled {
        if self.draft == *self.settled {
            return Settled::Unchanged;
        }
        self.problems = check(&self.draft);
        if self.problems.iter().any(Problem::is_error) {
            self.drop_misfits();
        }
        self.settled = Arc::new(self.draft.clone());
        match Checked::new(self.draft.clone()) {
            Ok(checked) => {
                self.good = Arc::clone(&self.settled);
                Settled::Good(Box::new(checked))
            }
            Err(_) => Settled::Refused,
        }
    }

    /// A script that speaks of what was removed does not keep the rest from running.
    fn drop_misfits(&mut self) {
        let mut fitting = self.draft.clone();
        let dropped = fitting.drop_misfits();
        let problems = check(&fitting);
        if !problems.iter().any(Problem::is_error) {
            (self.draft, self.problems) = (fitting, problems);
            self.dropped.extend(dropped);
        }
    }

    /// What was dropped of the script since this was asked last, because it no longer fitted.
    pub fn take_dropped(&mut self) -> Vec<String> {
        std::mem::take(&mut self.dropped)
    }

    /// Why the draft is not in force, unless a hand is just about to change that.
    pub fn refused(&self) -> Option<&Problem> {
        self.refused.as_ref()
    }

    /// The newest draft without errors, which is what runs.
    pub fn good(&self) -> &Arc<Lab> {
        &self.good
    }

    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What is wrong with one part of the draft: `pools[0].servers[1].weight`, or anything inside it.
    pub fn problem_at(&self, path: &str) -> Option<&Problem> {
        Wrong(&self.problems).at(path)
    }

    /// The draft to be edited, beside what is wrong with it.
    pub fn parts(&mut self) -> (&mut Lab, Wrong<'_>) {
        (&mut self.draft, Wrong(&self.problems))
    }

    pub fn can_undo(&self) -> bool {
        self.way_back.can_undo(&self.draft)
    }

    pub fn can_redo(&self) -> bool {
        !self.way_back.undone.is_empty()
    }

    pub fn undo(&mut self) {
        if let Some(lab) = self.way_back.undo(&self.draft) {
            self.draft = Lab::clone(&lab);
        }
    }

    pub fn redo(&mut self) {
        if let Some(lab) = self.way_back.redo() {
            self.draft = Lab::clone(&lab);
        }
    }

    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    pub fn has_unsaved_edits(&self) -> bool {
        self.draft != *self.kept
    }

    /// Whether this is what the file has, as far as the desk knows.
    pub fn is_kept_as(&self, lab: &Lab) -> bool {
        *lab == *self.kept
    }

    /// A lab was written into a file: the draft as it was when it was asked for.
    pub fn kept_in(&mut self, file: PathBuf, lab: Lab) {
        self.file = Some(file);
        self.kept = Arc::new(lab);
    }

    /// The file has changed: its lab takes the place of the draft, as one step that can be undone.
    pub fn reload(&mut self, lab: Lab) {
        self.kept = Arc::new(lab.clone());
        self.draft = lab;
    }

    /// The draft as it is now is in this file.
    pub fn saved_to(&mut self, file: PathBuf) {
        self.file = Some(file);
        self.kept = Arc::new(self.draft.clone());
    }
}

/// What is wrong with the draft, by its place.
#[derive(Debug, Clone, Copy)]
pub struct Wrong<'a>(&'a [Problem]);

impl<'a> Wrong<'a> {
    /// The first error of a part of the draft, or of anything inside it.
    pub fn at(self, path: &str) -> Option<&'a Problem> {
        let inside = |problem: &&Problem| {
            let rest = problem.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.iter().filter(|problem| problem.is_error()).find(inside)
    }

    /// It in words, to stand beside the widget.
    pub fn words_at(self, path: &str) -> Option<String> {
        let Problem { what, remedy, .. } = self.at(path)?;
        Some(format!("{what}: {remedy}"))
    }
}

/// Steps that were done and can be undone, and the other way round.
#[derive(Debug)]
struct WayBack {
    /// Oldest first; bounded, the oldest is forgotten.
    done: Vec<Arc<Lab>>,
    /// Where the last step led.
    here: Arc<Lab>,
    undone: Vec<Arc<Lab>>,
}

impl WayBack {
    fn new(lab: Arc<Lab>) -> Self {
        Self { done: Vec::new(), here: lab, undone: Vec::new() }
    }

    /// A step has ended here.
    fn note(&mut self, lab: &Arc<Lab>) {
        if **lab == *self.here {
            return;
        }
        if self.done.len() == STEPS_MAX {
            self.done.remove(0);
        }
        self.done.push(std::mem::replace(&mut self.here, Arc::clone(lab)));
        self.undone.clear();
    }

    fn can_undo(&self, draft: &Lab) -> bool {
        *draft != *self.here || !self.done.is_empty()
    }

    /// Where the draft was before the last step, or before the one that is under way.
    fn undo(&mut self, draft: &Lab) -> Option<Arc<Lab>> {
        if *draft != *self.here {
            self.undone.push(Arc::new(draft.clone()));
            return Some(Arc::clone(&self.here));
        }
        let before = self.done.pop()?;
        self.undone.push(std::mem::replace(&mut self.here, Arc::clone(&before)));
        Some(before)
    }

    fn redo(&mut self) -> Option<Arc<Lab>> {
        let again = self.undone.pop()?;
        self.done.push(std::mem::replace(&mut self.here, Arc::clone(&again)));
        Some(again)
    }
}

/// A lab is a few kilobytes, and nobody goes back further.
const STEPS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Desk {
        let text = crate::lab::PRESETS[0].text;
        Desk::new(crate::lab::load(text.as_bytes()).unwrap().lab.into_lab(), None)
    }

    fn set_weight(desk: &mut Desk, weight: u32, busy: bool) -> Settled {
        desk.draft.pools[0].servers[0].weight = weight;
        desk.settle(busy)
    }

    fn weight(desk: &Desk) -> u32 {
        desk.draft.pools[0].servers[0].weight
    }

    #[test]
    fn a_dragged_slider_is_one_step_to_undo() {
        let mut desk = desk();
        for dragged in 2..9 {
            assert!(matches!(set_weight(&mut desk, dragged, true), Settled::Good(_)));
        }
        set_weight(&mut desk, 9, false);
        set_weight(&mut desk, 20, false);
        desk.undo();
        assert!(matches!(desk.settle(false), Settled::Good(_)));
        assert_eq!(weight(&desk), 9);
        desk.undo();
        desk.settle(false);
        assert_eq!((weight(&desk), desk.can_undo(), desk.can_redo()), (1, false, true));
        desk.redo();
        desk.settle(false);
        desk.redo();
        desk.settle(false);
        assert_eq!((weight(&desk), desk.can_redo()), (20, false));
    }

    #[test]
    fn a_new_step_forgets_what_was_undone() {
        let mut desk = desk();
        set_weight(&mut desk, 5, false);
        desk.undo();
        desk.settle(false);
        set_weight(&mut desk, 7, false);
        assert!(!desk.can_redo());
    }

    #[test]
    fn a_server_can_go_whatever_the_script_says_of_it_and_comes_back_with_it() {
        let mut desk = desk();
        let before = desk.draft.clone();
        assert!(!before.expectations.is_empty());
        desk.draft.pools[0].servers.remove(0);
        assert!(matches!(desk.settle(false), Settled::Good(_)));
        let dropped = desk.take_dropped();
        assert!(dropped.iter().any(|it| it.starts_with("expectation `")), "{dropped:?}");
        assert_eq!((desk.take_dropped().len(), desk.draft.pools[0].servers.len()), (0, 2));
        desk.undo();
        assert!(matches!(desk.settle(false), Settled::Good(_)));
        assert_eq!(desk.draft, before);
    }

    #[test]
    fn a_lab_whose_cues_were_played_is_as_good_as_any() {
        let is_there = |preset: &&crate::lab::Preset| preset.file == "add-a-server.ron";
        let text = crate::lab::PRESETS.iter().find(is_there).unwrap().text;
        let lab = crate::lab::load(text.as_bytes()).unwrap().lab.into_lab();
        let mut desk = Desk::new(lab.cues[0].apply(&lab).unwrap(), None);
        assert_eq!(desk.settle(false), Settled::Unchanged);
        assert_eq!(desk.refused(), None);
    }

    #[test]
    fn what_is_wrong_is_named_at_its_place_and_not_handed_out() {
        let mut desk = desk();
        assert_eq!(set_weight(&mut desk, 70_000, false), Settled::Refused);
        assert!(desk.problem_at("pools[0].servers[0].weight").is_some());
        assert!(desk.problem_at("pools[0].servers[1]").is_none());
        assert_eq!(
            desk.good().pools[0].servers[0].weight,
            1,
            "what runs is the last that was right"
        );
        assert_eq!(desk.settle(false), Settled::Unchanged);
        assert!(desk.refused().is_some_and(|problem| problem.what.contains("70000")));
        set_weight(&mut desk, 1, true);
        assert_eq!(desk.refused(), None);
        assert!(desk.problems().iter().all(|problem| !problem.is_error()));
    }
}
