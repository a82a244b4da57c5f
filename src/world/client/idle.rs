//! Kept-alive connections between two requests, each identity's its own, bounded over all.

use std::collections::{BTreeMap, HashMap};

/// Connections that may stand in for each other: of one identity, to one name.
pub(super) type Lane = (u32, u64);

#[derive(Debug)]
pub(super) struct Idle<T> {
    /// By the time they came back, as a running number.
    kept: BTreeMap<u64, (Lane, T)>,
    lanes: HashMap<Lane, Vec<u64>>,
    next: u64,
}

impl<T> Default for Idle<T> {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), lanes: HashMap::new(), next: 0 }
    }
}

impl<T> Idle<T> {
    /// The one that came back last: it is the likeliest to be still open.
    pub(super) fn take(&mut self, lane: Lane) -> Option<T> {
        let stamps = self.lanes.get_mut(&lane)?;
        let stamp = stamps.pop()?;
        if stamps.is_empty() {
            self.lanes.remove(&lane);
        }
        self.kept.remove(&stamp).map(|(_, connection)| connection)
    }

    /// Keeps a connection; the oldest makes room for it.
    pub(super) fn give(&mut self, lane: Lane, connection: T) {
        self.kept.insert(self.next, (lane, connection));
        self.lanes.entry(lane).or_default().push(self.next);
        self.next += 1;
        if self.kept.len() > IDLE_MAX
            && let Some((&oldest, _)) = self.kept.first_key_value()
        {
            self.drop_one(oldest);
        }
    }

    /// Drops those that are of no more use.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        let kept = self.kept.iter_mut();
        let gone: Vec<u64> = kept
            .filter_map(|(&stamp, (_, connection))| (!keep(connection)).then_some(stamp))
            .collect();
        for stamp in gone {
            self.drop_one(stamp);
        }
    }

    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.lanes.clear();
    }

    fn drop_one(&mut self, stamp: u64) {
        let Some((lane, _)) = self.kept.remove(&stamp) else { return };
        let Some(stamps) = self.lanes.get_mut(&lane) else { return };
        stamps.retain(|&kept| kept != stamp);
        if stamps.is_empty() {
            self.lanes.remove(&lane);
        }
    }
}

const IDLE_MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_back_goes_first_and_the_oldest_makes_room() {
        let mut idle = Idle::default();
        for connection in 0..IDLE_MAX as u32 + 2 {
            idle.give((connection % 2, 0), connection);
        }
        assert_eq!(idle.kept.len(), IDLE_MAX);
        assert_eq!(idle.take((1, 0)), Some(IDLE_MAX as u32 + 1));
        assert_eq!(idle.take((2, 0)), None);
        idle.retain(|connection| *connection == 2);
        assert_eq!(
            (idle.take((0, 0)), idle.take((0, 0)), idle.take((1, 0))),
            (Some(2), None, None)
        );
        assert!(idle.kept.is_empty() && idle.lanes.is_empty());
    }
}
