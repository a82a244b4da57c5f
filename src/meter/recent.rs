//! The last records of something, kept without a lock and without growing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam_queue::ArrayQueue;

/// A bounded ring of records: writers never wait, and the oldest record makes room for the newest.
///
/// What the reader did not fetch in time is gone, and counted.
#[derive(Debug)]
pub struct Recent<T> {
    ring: ArrayQueue<T>,
    lost: AtomicU64,
}

impl<T> Recent<T> {
    /// Room for `capacity` records; 0 is taken as 1.
    pub fn new(capacity: usize) -> Self {
        Self { ring: ArrayQueue::new(capacity.max(1)), lost: AtomicU64::new(0) }
    }

    pub fn push(&self, record: T) {
        if self.ring.force_push(record).is_some() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Takes the records that are there, oldest first, and at most one ring full of them, so that a
    /// busy writer cannot hold the reader.
    pub fn drain(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.ring.capacity()).map_while(|_| self.ring.pop())
    }

    /// How many records were overwritten before anybody read them, since the start.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_the_lost_are_counted() {
        let recent = Recent::new(3);
        (0..10).for_each(|record| recent.push(record));
        assert_eq!(recent.drain().collect::<Vec<_>>(), [7, 8, 9]);
        assert_eq!((recent.lost(), recent.drain().next()), (7, None));
        recent.push(10);
        assert_eq!((recent.drain().next(), recent.lost()), (Some(10), 7));
    }

    #[test]
    fn a_ring_without_room_still_holds_the_last() {
        let recent = Recent::new(0);
        recent.push('a');
        recent.push('b');
        assert_eq!((recent.drain().next(), recent.lost(), recent.capacity()), (Some('b'), 1, 1));
    }

    #[test]
    fn what_is_written_is_read_or_counted_as_lost() {
        let recent = Recent::new(64);
        let (writers, each) = (3_u64, 20_000_u64);
        let mut read = 0;
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..writers)
                .map(|writer| {
                    let recent = &recent;
                    std::thread::Builder::new()
                        .name(format!("writer-{writer}"))
                        .spawn_scoped(scope, move || (0..each).for_each(|n| recent.push(n)))
                        .unwrap()
                })
                .collect();
            while !handles.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                read += recent.drain().count() as u64;
            }
        });
        read += recent.drain().count() as u64;
        assert_eq!(read + recent.lost(), writers * each);
    }
}
