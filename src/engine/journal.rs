//! The last of what happened, numbered, for several readers who each want what they have not seen.

use std::collections::VecDeque;
use std::sync::Arc;

/// The newest entries, at most so many.
#[derive(Debug)]
pub(super) struct Journal<T> {
    entries: VecDeque<Arc<T>>,
    /// The number of the next entry; numbers are never given twice.
    next: u64,
    limit: usize,
}

impl<T> Journal<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: VecDeque::new(), next: 0, limit: limit.max(1) }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.max(1);
        self.shorten();
    }

    pub(super) fn add(&mut self, entry: T) {
        self.entries.push_back(Arc::new(entry));
        self.next += 1;
        self.shorten();
    }

    /// What was written from a number on, and how much of it is gone. The number moves on.
    pub(super) fn since(&self, number: &mut u64) -> (Vec<Arc<T>>, u64) {
        let first = self.next - self.entries.len() as u64;
        let gone = first.saturating_sub(*number);
        let skipped = number.saturating_sub(first) as usize;
        *number = self.next;
        (self.entries.iter().skip(skipped).cloned().collect(), gone)
    }

    /// The newest, oldest first.
    pub(super) fn latest(&self, count: usize) -> Vec<Arc<T>> {
        let skipped = self.entries.len().saturating_sub(count);
        self.entries.iter().skip(skipped).cloned().collect()
    }

    fn shorten(&mut self) {
        while self.entries.len() > self.limit {
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_gets_what_it_has_not_seen_and_the_count_of_what_is_gone() {
        let mut journal = Journal::new(3);
        let (mut early, mut late) = (0, 0);
        journal.add('a');
        let read = |journal: &Journal<char>, number: &mut u64| {
            let (entries, gone) = journal.since(number);
            (entries.iter().map(|entry| **entry).collect::<String>(), gone)
        };
        assert_eq!(read(&journal, &mut early), ("a".to_owned(), 0));
        assert_eq!(read(&journal, &mut early), (String::new(), 0));
        "bcde".chars().for_each(|letter| journal.add(letter));
        assert_eq!(read(&journal, &mut early), ("cde".to_owned(), 1));
        assert_eq!(read(&journal, &mut late), ("cde".to_owned(), 2));
        assert_eq!(journal.latest(2).len(), 2);
        journal.set_limit(1);
        assert_eq!(journal.latest(9).len(), 1);
    }
}
