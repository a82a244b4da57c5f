//! The line in front of a pool whose members are all full: bounded, first come first served.

use std::collections::VecDeque;

/// Who waits for room. `T` is whatever the host needs to go on with the request.
#[derive(Debug)]
pub struct Line<T> {
    waiting: VecDeque<Waiting<T>>,
    limit: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    until_ns: u64,
    /// A sticky client waits for its own server only.
    only: Option<u32>,
}

/// The line is as long as it may be. Gives the item back.
#[derive(Debug, PartialEq, Eq)]
pub struct LineFull<T>(pub T);

impl<T> Line<T> {
    pub fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), limit }
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait for this member and no other.
    pub fn waiting_for(&self, member: u32) -> usize {
        self.waiting.iter().filter(|waiting| waiting.only == Some(member)).count()
    }

    /// A new limit holds for those who come; nobody who waits is sent away.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub fn join(&mut self, item: T, until_ns: u64, only: Option<u32>) -> Result<(), LineFull<T>> {
        if self.waiting.len() >= self.limit {
            return Err(LineFull(item));
        }
        self.waiting.push_back(Waiting { item, until_ns, only });
        Ok(())
    }

    /// The first who may have the place that came free at `member`. What the host says of an item decides, and
    /// whether it is bound to this member: a drained one takes nobody else.
    pub fn next_for(&mut self, member: u32, may: impl Fn(&T, bool) -> bool) -> Option<T> {
        let fits = |waiting: &Waiting<T>| match waiting.only {
            None => may(&waiting.item, false),
            Some(only) => only == member && may(&waiting.item, true),
        };
        let place = self.waiting.iter().position(fits)?;
        self.waiting.remove(place).map(|waiting| waiting.item)
    }

    /// The first in line, whoever it waits for: when the pool changed under it.
    pub fn leave(&mut self) -> Option<T> {
        self.waiting.pop_front().map(|waiting| waiting.item)
    }

    /// Takes out those who went away by themselves.
    pub fn forget(&mut self, gone: impl Fn(&T) -> bool) {
        self.waiting.retain(|waiting| !gone(&waiting.item));
    }

    /// Takes out somebody whose patience ended by `now_ns`, the longest in line first.
    pub fn take_expired(&mut self, now_ns: u64) -> Option<T> {
        let place = self.waiting.iter().position(|waiting| waiting.until_ns <= now_ns)?;
        self.waiting.remove(place).map(|waiting| waiting.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_go_to_the_first_who_fits() {
        let mut line = Line::new(3);
        line.join("bound to 1", 10, Some(1)).unwrap();
        line.join("first", 10, None).unwrap();
        line.join("second", 10, None).unwrap();
        assert_eq!(line.join("too many", 10, None), Err(LineFull("too many")));
        let mut next_for = |member| line.next_for(member, |_, _| true);
        assert_eq!(next_for(0), Some("first"));
        assert_eq!(next_for(1), Some("bound to 1"));
        assert_eq!(next_for(0), Some("second"));
        assert_eq!(next_for(0), None);
    }

    #[test]
    fn a_place_may_be_for_those_who_are_bound_to_it() {
        let mut line = Line::new(3);
        line.join("anybody", 10, None).unwrap();
        line.join("bound to 1", 10, Some(1)).unwrap();
        assert_eq!(line.next_for(1, |_, bound| bound), Some("bound to 1"));
        assert_eq!(line.next_for(1, |_, bound| bound), None);
    }

    #[test]
    fn nobody_waits_past_their_time() {
        let mut line = Line::new(9);
        line.join('a', 20, None).unwrap();
        line.join('b', 10, None).unwrap();
        assert_eq!(line.take_expired(9), None);
        assert_eq!(line.take_expired(10), Some('b'));
        assert_eq!(line.take_expired(10), None);
        assert_eq!(line.len(), 1);
    }
}
