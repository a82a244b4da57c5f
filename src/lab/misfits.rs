//! What a lab's script says of things that a person has changed since.

use std::collections::BTreeSet;

use super::{Lab, Problem, check};

/// A part of the script that does not fit, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Misfit {
    Edit { cue: usize, edit: usize },
    AllEdits { cue: usize },
    Expectation(usize),
}

impl Lab {
    /// Drops edits of cues that cannot be made any more, and expectations of what is not there any more. Says of which
    /// cues and expectations.
    pub fn drop_misfits(&mut self) -> Vec<String> {
        let mut dropped = Vec::new();
        loop {
            let problems = check(self);
            let errors = problems.iter().filter(|problem| problem.is_error());
            let misfits: BTreeSet<Misfit> = errors.filter_map(Misfit::of).collect();
            // From the back, so that places keep their numbers.
            let misfits = misfits.into_iter().rev();
            let names: Vec<String> = misfits.filter_map(|it| self.drop_misfit(it)).collect();
            if names.is_empty() {
                return dropped;
            }
            // What one edit did another may have needed: hence again.
            dropped.extend(names);
            dropped.sort();
            dropped.dedup();
        }
    }

    fn drop_misfit(&mut self, misfit: Misfit) -> Option<String> {
        match misfit {
            Misfit::Edit { cue, edit } => {
                let cue = self.cues.get_mut(cue)?;
                (edit < cue.edits.len()).then(|| drop(cue.edits.remove(edit)))?;
                Some(format!("cue `{}`", cue.name))
            }
            Misfit::AllEdits { cue } => {
                let cue = self.cues.get_mut(cue).filter(|cue| !cue.edits.is_empty())?;
                cue.edits.clear();
                Some(format!("cue `{}`", cue.name))
            }
            Misfit::Expectation(place) => {
                let place = (place < self.expectations.len()).then_some(place)?;
                Some(format!("expectation `{}`", self.expectations.remove(place).name))
            }
        }
    }
}

impl Misfit {
    /// Nothing of what is wrong by itself: a caption that is too long, a time before that of the cue before.
    fn of(problem: &Problem) -> Option<Self> {
        if let Some((place, _)) = numbered(&problem.path, "expectations[") {
            return Some(Self::Expectation(place));
        }
        let (cue, rest) = numbered(&problem.path, "cues[")?;
        match numbered(rest, ".edits[") {
            Some((edit, _)) => Some(Self::Edit { cue, edit }),
            None => rest.is_empty().then_some(Self::AllEdits { cue }),
        }
    }
}

/// The number in brackets at the beginning of a path, and what follows it.
fn numbered<'a>(path: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let (number, rest) = path.strip_prefix(name)?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Checked, PRESETS};

    fn preset(name: &str) -> Lab {
        let preset = PRESETS.iter().find(|it| it.name == name).unwrap();
        crate::lab::load(preset.text.as_bytes()).unwrap().lab.into_lab()
    }

    #[test]
    fn an_expectation_of_a_server_that_is_gone_is_dropped() {
        let mut lab = preset("Starter");
        lab.pools[0].servers.remove(0);
        assert!(Checked::new(lab.clone()).is_err());
        let dropped = lab.drop_misfits();
        assert!(!dropped.is_empty(), "{dropped:?}");
        assert!(dropped.iter().all(|it| it.starts_with("expectation `")), "{dropped:?}");
        Checked::new(lab).unwrap();
    }

    #[test]
    fn what_is_wrong_by_itself_is_left_as_it_is() {
        let mut lab = preset("Sticky and drain");
        let name = lab.cues[0].name.clone();
        lab.cues[1].name = name;
        assert!(Checked::new(lab.clone()).is_err());
        lab.drop_misfits();
        assert!(Checked::new(lab).is_err(), "and looking for more comes to an end");
    }

    #[test]
    fn what_fits_stays() {
        for preset in PRESETS {
            let mut lab = crate::lab::load(preset.text.as_bytes()).unwrap().lab.into_lab();
            let before = lab.clone();
            assert_eq!(lab.drop_misfits(), Vec::<String>::new(), "{}", preset.name);
            assert_eq!(lab, before, "{}", preset.name);
        }
    }

    #[test]
    fn a_cue_that_cannot_be_played_any_more_stays_without_its_edits() {
        let mut lab = preset("Add a server");
        let n_cues = lab.cues.len();
        let new = Lab::clone(&lab.cues[0].apply(&lab).unwrap());
        lab.pools = new.pools;
        let dropped = lab.drop_misfits();
        assert!(dropped.contains(&format!("cue `{}`", lab.cues[0].name)), "{dropped:?}");
        assert_eq!((lab.cues.len(), lab.cues[0].edits.len()), (n_cues, 0));
        Checked::new(lab).unwrap();
    }
}
