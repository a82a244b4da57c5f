//! What was asked and what was seen, kept by all hosts of one simulation.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Shared by the hosts of one simulation, which run on one thread.
#[derive(Clone, Default)]
pub(crate) struct Journal(Rc<RefCell<Notes>>);

#[derive(Default)]
struct Notes {
    seen: BTreeMap<u64, u32>,
    answered: u64,
    failed: Vec<String>,
}

impl Journal {
    /// A server took a request up.
    pub(crate) fn saw(&self, number: u64) {
        *self.0.borrow_mut().seen.entry(number).or_default() += 1;
    }

    pub(crate) fn n_seen(&self, number: u64) -> u32 {
        self.0.borrow().seen.get(&number).copied().unwrap_or(0)
    }

    pub(crate) fn answered(&self) {
        self.0.borrow_mut().answered += 1;
    }

    pub(crate) fn n_answered(&self) -> u64 {
        self.0.borrow().answered
    }

    pub(crate) fn failed(&self, why: String) {
        self.0.borrow_mut().failed.push(why);
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.0.borrow().failed.clone()
    }
}
