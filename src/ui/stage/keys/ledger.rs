//! Every session that broke, when and why.

use std::collections::{BTreeMap, VecDeque};

use crate::ui::story::Story;

/// Entered from what frames count since the start, by their differences.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pool: String,
    seen_ns: u64,
    counted: BTreeMap<&'static str, u64>,
    entries: VecDeque<Broken>,
}

/// Sessions that broke at one time for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at_ns: u64,
    pub(super) cause: &'static str,
    pub(super) count: u64,
}

impl Ledger {
    /// Takes in the frames that came since the last call. Another pool begins anew.
    pub(super) fn follow(&mut self, story: &Story, pool: &str) {
        if self.pool != pool {
            *self = Self { pool: pool.to_owned(), ..Self::default() };
        }
        let from_ns = self.seen_ns + u64::from(self.seen_ns > 0);
        for frame in story.frames_between(from_ns, u64::MAX) {
            self.seen_ns = frame.at_ns;
            let Some(pool) = frame.pool(pool) else { continue };
            for (&cause, &total) in &pool.broken_sessions {
                let before = self.counted.insert(cause, total).unwrap_or(0);
                let count = total.saturating_sub(before);
                if count > 0 {
                    self.entries.push_back(Broken { at_ns: frame.at_ns, cause, count });
                }
            }
        }
        let excess = self.entries.len().saturating_sub(ENTRIES_MAX);
        self.entries.drain(..excess);
    }

    /// What broke by a moment, the latest first.
    pub(super) fn until(&self, moment_ns: u64) -> impl Iterator<Item = &Broken> {
        self.entries.iter().rev().filter(move |broken| broken.at_ns <= moment_ns)
    }

    pub(super) fn total(&self, moment_ns: u64) -> u64 {
        self.until(moment_ns).map(|broken| broken.count).sum()
    }
}

/// A cause in words.
pub(super) fn words(cause: &str) -> &str {
    match cause {
        "server_down" => "the client's server was down",
        "server_removed" => "the client's server was removed",
        "server_drained" => "the client's server was drained",
        "failover" => "the client's server failed the request",
        "bond_expired" => "what bound the client had expired",
        "unbound" => "nothing bound the client to its server",
        other => other,
    }
}

const ENTRIES_MAX: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grew_between_frames_is_entered_once_with_its_time() {
        let mut ledger = Ledger::default();
        let told = [(1, 0), (2, 3), (3, 3), (4, 5)];
        let story = crate::ui::stage::keys::tests::story_of_broken_sessions(&told, "unbound");
        ledger.follow(&story, "web");
        ledger.follow(&story, "web");
        let entered: Vec<(u64, u64)> = ledger.until(9).map(|it| (it.at_ns, it.count)).collect();
        assert_eq!(entered, [(4, 2), (2, 3)]);
        assert_eq!((ledger.total(3), ledger.total(9)), (3, 5));
    }
}
