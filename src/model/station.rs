//! A place with so many servers in service and so many waiting, first come first served.

use std::collections::VecDeque;

/// The concurrency and the queue of one mock, in the simulator and on real sockets.
///
/// It counts who is in service and keeps who is waiting; how long service takes is the caller's.
#[derive(Debug, Clone)]
pub struct Station<T> {
    concurrency_limit: Option<u32>,
    queue_limit: u32,
    busy: u32,
    waiting: VecDeque<T>,
}

/// What becomes of an item that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival<T> {
    /// It is in service now; call [`Station::finish`] once when it is done.
    Starts(T),
    /// The station keeps it and gives it back from `finish` when its turn comes.
    Waits,
    Refused(T),
}

impl<T> Station<T> {
    pub fn new(concurrency_limit: Option<u32>, queue_limit: u32) -> Self {
        Self { concurrency_limit, queue_limit, busy: 0, waiting: VecDeque::new() }
    }

    pub fn arrive(&mut self, item: T) -> Arrival<T> {
        if self.has_room() && self.waiting.is_empty() {
            self.busy += 1;
            Arrival::Starts(item)
        } else if self.waiting.len() < self.queue_limit as usize {
            self.waiting.push_back(item);
            Arrival::Waits
        } else {
            Arrival::Refused(item)
        }
    }

    /// One item in service is done; the one returned is in service now.
    pub fn finish(&mut self) -> Option<T> {
        assert!(self.busy > 0, "more items finished than started");
        self.busy -= 1;
        self.start_next()
    }

    /// Takes the next waiting item into service if there is room: repeat after a limit was raised.
    pub fn start_next(&mut self) -> Option<T> {
        if !self.has_room() {
            return None;
        }
        let item = self.waiting.pop_front()?;
        self.busy += 1;
        Some(item)
    }

    /// Drops those who gave up waiting and returns how many they were.
    pub fn forget(&mut self, gave_up: impl Fn(&T) -> bool) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|item| !gave_up(item));
        before - self.waiting.len()
    }

    /// New limits hold for the next arrival; nobody in service or already waiting is thrown out.
    pub fn set_limits(&mut self, concurrency_limit: Option<u32>, queue_limit: u32) {
        self.concurrency_limit = concurrency_limit;
        self.queue_limit = queue_limit;
    }

    pub fn n_busy(&self) -> usize {
        self.busy as usize
    }

    pub fn n_waiting(&self) -> usize {
        self.waiting.len()
    }

    fn has_room(&self) -> bool {
        self.concurrency_limit.is_none_or(|limit| self.busy < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_start_wait_and_are_refused_in_the_order_they_came() {
        let mut station = Station::new(Some(1), 2);
        assert_eq!(station.arrive('a'), Arrival::Starts('a'));
        assert_eq!(station.arrive('b'), Arrival::Waits);
        assert_eq!(station.arrive('c'), Arrival::Waits);
        assert_eq!(station.arrive('d'), Arrival::Refused('d'));
        assert_eq!([station.finish(), station.finish(), station.finish()], {
            [Some('b'), Some('c'), None]
        });
        assert_eq!((station.n_busy(), station.n_waiting()), (0, 0));
    }

    #[test]
    fn without_a_limit_everything_starts() {
        let mut station = Station::new(None, 0);
        assert!((0..10_000).all(|item| station.arrive(item) == Arrival::Starts(item)));
    }

    #[test]
    fn a_raised_limit_lets_those_who_wait_start_first() {
        let mut station = Station::new(Some(1), 9);
        for item in 0..4 {
            station.arrive(item);
        }
        station.set_limits(Some(3), 9);
        assert_eq!(station.arrive(4), Arrival::Waits, "no overtaking");
        assert_eq!([station.start_next(), station.start_next(), station.start_next()], {
            [Some(1), Some(2), None]
        });
    }

    #[test]
    fn a_lowered_limit_throws_nobody_out() {
        let mut station = Station::new(Some(2), 2);
        for item in 0..4 {
            station.arrive(item);
        }
        station.set_limits(Some(1), 0);
        assert_eq!(station.arrive(9), Arrival::Refused(9));
        assert_eq!(station.finish(), None, "one of two finished, one place is gone");
        assert_eq!(station.finish(), Some(2));
    }

    #[test]
    fn those_who_gave_up_make_room() {
        let mut station = Station::new(Some(1), 2);
        for item in 0..3 {
            station.arrive(item);
        }
        assert_eq!(station.forget(|&item| item == 1), 1);
        assert_eq!(station.arrive(5), Arrival::Waits);
        assert_eq!([station.finish(), station.finish()], [Some(2), Some(5)]);
    }
}
