//! The evenness doctor: one sentence that says whether the shares are as they should be, and if not, why.
//!
//! Pure but for what it remembers: a diagnosis is a function of the story up to a moment and of the lab in force then.
//! What each server should have got is asked of the algorithm itself, over an idle pool; nothing here knows how any
//! algorithm works.

mod causes;
mod chance;
mod diagnosis;
mod expected;
mod keys;
mod sight;
mod sticky;
mod strip;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

pub use chance::Band;
pub use diagnosis::{Cause, Diagnosis, Level, Row};
pub use expected::{Expectations, Standing, Way};
pub use sight::{WINDOW_NS, callers};
pub(super) use strip::{doctor_ui, verdict_ui};
pub(super) use words::whole_percents;

use super::workbench::Workbench;
use sight::Sight;

/// Remembers what is costly to work out: what algorithms give each server, and the last diagnosis.
#[derive(Debug, Default)]
pub struct Doctor {
    pub expectations: Expectations,
    last: Option<(Occasion, Arc<Diagnosis>)>,
}

/// What a diagnosis was made for. As long as it is the same, so is the diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Occasion {
    frame_ns: u64,
    pool: usize,
    /// How many labs there have been, which changes with the one in force.
    n_labs: usize,
    workers: usize,
}

impl Doctor {
    /// The diagnosis of the pool in focus, for the moment that is shown. Nothing without a pool.
    pub fn diagnose(&mut self, workbench: &Workbench) -> Option<Arc<Diagnosis>> {
        let occasion = Occasion {
            frame_ns: workbench.frame().map_or(0, |frame| frame.at_ns),
            pool: workbench.focus(),
            n_labs: workbench.story.labs().len(),
            workers: workbench.status.as_ref().map_or(1, |status| status.workers),
        };
        if let Some((known, diagnosis)) = &self.last
            && *known == occasion
        {
            return Some(Arc::clone(diagnosis));
        }
        let sight = Sight::of(workbench, occasion.workers, &mut self.expectations)?;
        let diagnosis = Arc::new(causes::judge(&sight));
        self.last = Some((occasion, Arc::clone(&diagnosis)));
        Some(diagnosis)
    }
}
