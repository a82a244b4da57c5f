//! The cues of a lab as states to go to: each is the whole lab as of that cue.

use crate::lab::{Cue, Lab};

#[derive(Debug, Clone)]
pub(super) struct Script {
    cues: Vec<Cue>,
    /// The lab before any cue, and after each.
    labs: Vec<Lab>,
    /// How many cues were played.
    at: usize,
}

impl Script {
    /// A cue that cannot be applied, because the lab was edited since, does nothing.
    pub(super) fn of(lab: &Lab) -> Self {
        let mut cues = lab.cues.clone();
        cues.sort_by_key(|cue| cue.at);
        let mut labs = vec![lab.clone()];
        for cue in &cues {
            let before = labs.last().unwrap_or(lab);
            let mut after = cue.apply(before).unwrap_or_else(|_| before.clone());
            // What the cue has done it cannot do again: the lab would not be allowed to run.
            after.drop_misfits();
            labs.push(after);
        }
        Self { cues, labs, at: 0 }
    }

    /// The lab as of the cue that is played.
    pub(super) fn lab(&self) -> &Lab {
        &self.labs[self.at]
    }

    /// The lab before any cue.
    pub(super) fn document(&self) -> &Lab {
        &self.labs[0]
    }

    /// Whether nobody has touched anything since the cue.
    pub(super) fn is_at(&self, draft: &Lab) -> bool {
        draft == self.lab()
    }

    /// The cue that is played, if the first one was.
    pub(super) fn cue(&self) -> Option<&Cue> {
        self.at.checked_sub(1).and_then(|place| self.cues.get(place))
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn n_cues(&self) -> usize {
        self.cues.len()
    }

    /// The next cue, or the last one again.
    pub(super) fn forth(&mut self) -> &Lab {
        self.at = (self.at + 1).min(self.cues.len());
        self.lab()
    }

    /// The start of this cue or, from there, of the one before.
    pub(super) fn back(&mut self, draft: &Lab) -> &Lab {
        if self.is_at(draft) {
            self.at = self.at.saturating_sub(1);
        }
        self.lab()
    }

    pub(super) fn first(&mut self) -> &Lab {
        self.at = 0;
        self.lab()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forth_and_back_lead_to_exactly_the_same_lab() {
        for preset in crate::lab::PRESETS {
            let lab = crate::lab::load(preset.text.as_bytes()).unwrap().lab.into_lab();
            let mut script = Script::of(&lab);
            let mut seen = vec![script.lab().clone()];
            for _ in 0..script.n_cues() {
                let lab = script.forth().clone();
                assert!(crate::lab::Checked::new(lab.clone()).is_ok(), "{} can run", preset.name);
                seen.push(lab);
            }
            assert_eq!(
                script.forth(),
                seen.last().unwrap(),
                "{}: after the last there is none",
                preset.name
            );
            for expected in seen.iter().rev().skip(1) {
                let here = script.lab().clone();
                assert_eq!(script.back(&here), expected, "{}", preset.name);
            }
            assert_eq!(script.lab(), &lab, "{}", preset.name);
        }
    }

    #[test]
    fn after_a_touch_the_way_back_leads_to_the_start_of_the_cue() {
        let text = crate::lab::PRESETS[1].text;
        let lab = crate::lab::load(text.as_bytes()).unwrap().lab.into_lab();
        let mut script = Script::of(&lab);
        let cue = script.forth().clone();
        let mut touched = cue.clone();
        touched.hold = true;
        assert!(!script.is_at(&touched));
        assert_eq!(script.back(&touched), &cue);
        assert_eq!(script.back(&cue), &lab);
    }
}
