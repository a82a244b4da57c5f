//! What is going to happen, in the order in which it will.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events by their time. Those of one instant come in the order in which they were planned, so that a run is
/// the same on every system.
#[derive(Debug)]
pub(super) struct Agenda<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    planned: u64,
    now_ns: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at_ns: u64,
    number: u64,
    event: E,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0, now_ns: 0 }
    }
}

impl<E> Agenda<E> {
    pub(super) fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Plans an event. What should have happened already happens now.
    pub(super) fn plan(&mut self, at_ns: u64, event: E) {
        self.planned += 1;
        let at_ns = at_ns.max(self.now_ns);
        self.heap.push(Reverse(Entry { at_ns, number: self.planned, event }));
    }

    /// Moves time on to the next event, if it comes before `end_ns`.
    pub(super) fn next(&mut self, end_ns: u64) -> Option<E> {
        if self.heap.peek()?.0.at_ns >= end_ns {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.now_ns = entry.at_ns;
        Some(entry.event)
    }

    pub(super) fn end(&mut self, end_ns: u64) {
        self.now_ns = end_ns;
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ns, self.number).cmp(&(other.at_ns, other.number))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Entry<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_by_when_they_were_planned() {
        let mut agenda = Agenda::default();
        for (at_ns, event) in [(20, 'c'), (10, 'a'), (10, 'b'), (30, 'd')] {
            agenda.plan(at_ns, event);
        }
        let mut seen = Vec::new();
        while let Some(event) = agenda.next(30) {
            seen.push((agenda.now_ns(), event));
        }
        assert_eq!(seen, [(10, 'a'), (10, 'b'), (20, 'c')]);
    }

    #[test]
    fn nothing_happens_in_the_past() {
        let mut agenda = Agenda::default();
        agenda.plan(50, 'a');
        assert_eq!(agenda.next(100), Some('a'));
        agenda.plan(10, 'b');
        assert_eq!((agenda.next(100), agenda.now_ns()), (Some('b'), 50));
    }
}
