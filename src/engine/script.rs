//! The script of a lab: its cues at their times, and what was measured from one to the next.

use std::time::Duration;

use super::control::{Control, Inbox};
use super::event::Kind;
use super::moved;
use crate::lab::{self, Figures, Lab, Span, Verdict};

/// What a run gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub overall: Figures,
    /// From cue to cue. A run without cues has one.
    pub spans: Vec<Span>,
}

impl Course {
    /// What came of the lab's expectations.
    pub fn verdicts(&self, lab: &Lab) -> Vec<Verdict> {
        lab::verdicts(lab, &self.overall, &self.spans)
    }
}

/// How far the script has come.
#[derive(Debug, Default)]
pub(super) struct Stage {
    began_ns: u64,
    /// Cues that were played.
    n_played: usize,
    spans: Vec<Span>,
    /// The cue that began the open span, and when.
    since: (Option<String>, u64),
    figures_before: Figures,
}

impl Stage {
    /// The run begins now.
    pub(super) fn begin(&mut self, now_ns: u64) {
        *self = Self { began_ns: now_ns, since: (None, now_ns), ..Self::default() };
    }

    fn end_span(&mut self, figures: Figures, now_ns: u64, next: Option<&str>) {
        let (since, from_ns) =
            std::mem::replace(&mut self.since, (next.map(str::to_owned), now_ns));
        let span = figures.since(&self.figures_before);
        let (from_ns, until_ns) = (from_ns - self.began_ns, now_ns - self.began_ns);
        self.spans.push(Span { since, from_ns, until_ns, figures: span });
        self.figures_before = figures;
    }
}

impl Control {
    /// How long until the next cue, if this run plays its script and there is one.
    pub(super) fn next_cue_in(&self) -> Option<Duration> {
        if !self.settings.plays_script {
            return None;
        }
        let cue = self.cues_in_order().get(self.stage.n_played).copied()?;
        let at_ns = self.stage.began_ns + self.lab.cues[cue].at.ns();
        Some(Duration::from_nanos(at_ns.saturating_sub(self.board.clock().now_ns())))
    }

    /// The next cue's time has come.
    pub(super) async fn play_cue(&mut self, inbox: &mut Inbox) {
        let Some(index) = self.cues_in_order().get(self.stage.n_played).copied() else { return };
        self.stage.n_played += 1;
        let cue = self.lab.cues[index].clone();
        let text = if cue.caption.is_empty() { &cue.name } else { &cue.caption };
        self.board.tell(Kind::Cue { name: cue.name.clone() }, text.clone());
        let (figures, now_ns) = (self.board.figures(), self.board.clock().now_ns());
        self.stage.end_span(figures, now_ns, Some(&cue.name));
        let next = match cue.apply(&self.lab) {
            Ok(next) => next,
            // The lab was replaced since it was checked as a whole with this cue in it.
            Err((_, error)) => {
                let text = format!("cue {}: {error}", cue.name);
                return self.board.tell(Kind::Trouble, text);
            }
        };
        let plan = self.board.shared.plan();
        let before = moved::mappings(&self.lab, &plan);
        self.become_lab(&next, inbox).await;
        let after = moved::mappings(&self.lab, &self.board.shared.plan());
        self.instruments.key_moves.extend(moved::moves(&cue.name, &before, &after));
        self.board.set_instruments(self.instruments.clone());
        self.show();
    }

    /// What the run gave so far.
    pub(super) fn course(&mut self) -> Course {
        let (figures, now_ns) = (self.board.figures(), self.board.clock().now_ns());
        self.stage.end_span(figures.clone(), now_ns, None);
        Course { overall: figures, spans: self.stage.spans.clone() }
    }

    fn cues_in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.lab.cues.len()).collect();
        order.sort_by_key(|&index| self.lab.cues[index].at);
        order
    }
}
