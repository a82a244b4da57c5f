//! What was seen so far: frames of measurements, requests and marks, bounded, and told for any moment.
//!
//! Everything that is drawn is drawn from here for the moment that the playhead shows, so that Live, Paused and Playback
//! are the same pictures. What is older than the bounds is forgotten, and the window says how far back it goes.

mod frame;
mod lines;
mod mark;
mod told;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use frame::{Frame, PoolFrame, ServerFrame};
pub use lines::Lines;
pub use mark::{Mark, Sort};
pub use told::{status, told};

use crate::engine::{Begun, Dropped, Observation, Record};
use crate::lab::{KeyMoves, Lab};

#[derive(Debug, Default)]
pub struct Story {
    /// Oldest first.
    frames: VecDeque<Frame>,
    requests: VecDeque<Arc<Record>>,
    /// How many requests were forgotten, so that a row keeps its number.
    forgotten: u64,
    marks: VecDeque<Mark>,
    lines: Lines,
    /// Tries of requests whose record has not come yet, by worker and number.
    under_way: BTreeMap<(usize, u64), Vec<Begun>>,
    /// Every lab that was in force, with when it came.
    labs: Vec<(u64, Arc<Lab>)>,
    last: Option<Observation>,
}

impl Story {
    /// Takes in what an engine shows.
    pub fn tell(&mut self, mut seen: Observation) {
        for begun in std::mem::take(&mut seen.begun) {
            self.under_way.entry((begun.worker, begun.number)).or_default().push(begun);
        }
        for record in std::mem::take(&mut seen.requests) {
            self.under_way.remove(&(record.worker, record.number));
            self.requests.push_back(record);
        }
        for event in std::mem::take(&mut seen.events) {
            self.marks.push_back(Mark::from(&event));
        }
        for line in std::mem::take(&mut seen.printed) {
            self.lines.add(line);
        }
        self.lines.note_missed(seen.dropped.printed);
        self.frames.push_back(Frame::between(self.last.as_ref(), &seen));
        self.forget(seen.at_ns);
        self.last = Some(seen);
    }

    /// Notes a mark of the window's own.
    pub fn mark(&mut self, mark: Mark) {
        self.marks.push_back(mark);
    }

    /// Notes that a lab came into force.
    pub fn lab_changed(&mut self, at_ns: u64, lab: Arc<Lab>) {
        if self.labs.len() == LABS_MAX {
            self.labs.remove(0);
        }
        self.labs.push((at_ns, lab));
    }

    fn forget(&mut self, now_ns: u64) {
        let oldest_ns = now_ns.saturating_sub(KEPT_NS);
        while self.frames.len() > FRAMES_MAX
            || self.frames.front().is_some_and(|frame| frame.at_ns < oldest_ns)
        {
            self.frames.pop_front();
        }
        while self.requests.len() > REQUESTS_MAX {
            self.requests.pop_front();
            self.forgotten += 1;
        }
        while self.marks.len() > MARKS_MAX {
            self.marks.pop_front();
        }
        // A record may be lost on its way; what has been under way for so long is not drawn any more.
        let stale_ns = now_ns.saturating_sub(UNDER_WAY_NS);
        self.under_way.retain(|_, tries| tries.last().is_some_and(|it| it.at_ns >= stale_ns));
    }

    pub fn frames(&self) -> &VecDeque<Frame> {
        &self.frames
    }

    /// The frames that ended in a stretch of time, both ends included, oldest first.
    pub fn frames_between(
        &self,
        from_ns: u64,
        to_ns: u64,
    ) -> impl DoubleEndedIterator<Item = &Frame> {
        let first = self.frames.partition_point(|frame| frame.at_ns < from_ns);
        let end = self.frames.partition_point(|frame| frame.at_ns <= to_ns).max(first);
        self.frames.range(first..end)
    }

    /// How many tries each server of a pool was given in a stretch of time.
    pub fn given(&self, pool: &str, from_ns: u64, to_ns: u64) -> Vec<(Arc<str>, u64)> {
        let mut given: Vec<(Arc<str>, u64)> = Vec::new();
        let frames = self.frames_between(from_ns, to_ns).filter_map(|frame| frame.pool(pool));
        for (place, server) in frames.flat_map(|pool| pool.servers.iter().enumerate()) {
            let count = server.measured.counters.started;
            // Nearly always where it was in the frame before.
            let is_here = given.get(place).is_some_and(|(known, _)| *known == server.name);
            let search = || given.iter().position(|(known, _)| *known == server.name);
            match if is_here { Some(place) } else { search() } {
                Some(at) => given[at].1 += count,
                None => given.push((Arc::clone(&server.name), count)),
            }
        }
        given
    }

    /// How things stood at a moment: the last frame that ended by then, or the first there is.
    pub fn frame_at(&self, at_ns: u64) -> Option<&Frame> {
        let after = self.frames.partition_point(|frame| frame.at_ns <= at_ns);
        self.frames.get(after.saturating_sub(1))
    }

    /// Sampled requests that have ended, oldest first.
    pub fn requests(&self) -> &VecDeque<Arc<Record>> {
        &self.requests
    }

    /// The number of the first request that is still known.
    pub fn forgotten_requests(&self) -> u64 {
        self.forgotten
    }

    /// Tries of requests that have not ended, as far as they are sampled.
    pub fn under_way(&self) -> impl Iterator<Item = &[Begun]> {
        self.under_way.values().map(Vec::as_slice)
    }

    pub fn marks(&self) -> &VecDeque<Mark> {
        &self.marks
    }

    /// What commands have printed.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The lab that was in force at a moment, or the oldest that is known.
    pub fn lab_at(&self, at_ns: u64) -> Option<&Arc<Lab>> {
        let after = self.labs.partition_point(|(since_ns, _)| *since_ns <= at_ns);
        self.labs.get(after.saturating_sub(1)).map(|(_, lab)| lab)
    }

    /// The labs that were in force, with when they came, oldest first.
    pub fn labs(&self) -> &[(u64, Arc<Lab>)] {
        &self.labs
    }

    /// What cues did to keys.
    pub fn key_moves(&self) -> &[KeyMoves] {
        self.last.as_ref().map_or(&[], |last| &last.figures.key_moves)
    }

    /// What nobody will see.
    pub fn dropped(&self) -> Dropped {
        self.last.as_ref().map(|last| last.dropped).unwrap_or_default()
    }

    /// From when to when anything is known.
    pub fn reach_ns(&self) -> (u64, u64) {
        let at = |frame: Option<&Frame>| frame.map_or(0, |frame| frame.at_ns);
        (at(self.frames.front()), at(self.frames.back()))
    }
}

/// How often a frame is taken.
pub const FRAME_NS: u64 = 100_000_000;
/// How far back the story goes: ten minutes.
pub const KEPT_NS: u64 = 600_000_000_000;
const FRAMES_MAX: usize = (KEPT_NS / FRAME_NS) as usize + 100;
/// As many as the table shows.
pub const REQUESTS_MAX: usize = 100_000;
const MARKS_MAX: usize = 2_000;
const LABS_MAX: usize = 500;
const UNDER_WAY_NS: u64 = 120_000_000_000;
