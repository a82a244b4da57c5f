//! Which requests the table shows, and in which order, kept up as requests come and are forgotten.
//!
//! A frame looks at what has come since the frame before, and never at everything: after a change of filter or order
//! it takes a slice a frame until it has caught up.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use super::query::Query;
use crate::engine::Record;
use crate::ui::badges::Badges;
use crate::ui::story::Story;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Column {
    #[default]
    Time,
    Method,
    Path,
    Status,
    Took,
    Server,
    Client,
    Connection,
}

/// The requests that pass the filter, as their numbers in the story, ascending by a column.
#[derive(Debug, Default)]
pub(super) struct Rows {
    query: Query,
    column: Column,
    numbers: Vec<u64>,
    /// The first request that was not looked at.
    next: u64,
    first: u64,
}

impl Rows {
    /// Another filter or order. Everything has to be looked at again, a slice a frame.
    pub(super) fn ask(&mut self, query: Query, column: Column) {
        if self.query != query || self.column != column {
            *self = Self { query, column, ..Self::default() };
        }
    }

    /// Takes in what came, up to the requests that were over at a moment. True once there is no more to look at.
    pub(super) fn follow(&mut self, story: &Story, until_ns: Option<u64>, badges: &Badges) -> bool {
        let requests = story.requests();
        self.forget(story.forgotten_requests());
        let told = until_ns.map_or(requests.len(), |until_ns| {
            requests.partition_point(|record| record.ended_ns() <= until_ns)
        });
        let end = self.first + told as u64;
        if end < self.next {
            // The playhead went back.
            self.numbers.retain(|&number| number < end);
            self.next = end;
        }
        let slice_end = end.min(self.next + SLICE);
        let passes = |number: &u64| {
            let record = &requests[(number - self.first) as usize];
            self.query.is_empty() || self.query.matches(record, badges)
        };
        let fresh: Vec<u64> = (self.next..slice_end).filter(passes).collect();
        self.next = slice_end;
        self.merge(requests, fresh);
        self.next == end
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn get<'a>(&self, story: &'a Story, row: usize) -> Option<&'a Arc<Record>> {
        let number = self.numbers.get(row)?;
        story.requests().get((number - self.first) as usize)
    }

    pub(super) fn position(&self, story: &Story, is_it: impl Fn(&Record) -> bool) -> Option<usize> {
        (0..self.len()).find(|&row| self.get(story, row).is_some_and(|record| is_it(record)))
    }

    /// The number of a request, by which it is found again wherever it moves to.
    pub(super) fn number(&self, row: usize) -> Option<u64> {
        self.numbers.get(row).copied()
    }

    /// Where a request is now, unless it is not among these any more.
    pub(super) fn row_of(&self, story: &Story, number: u64) -> Option<usize> {
        let requests = story.requests();
        if number < self.first || number >= self.next {
            return None;
        }
        let order = |known: &u64| self.order(requests, *known, number);
        self.numbers.binary_search_by(order).ok()
    }

    fn order(&self, requests: &VecDeque<Arc<Record>>, one: u64, other: u64) -> Ordering {
        let record = |number: u64| &requests[(number - self.first) as usize];
        compare(self.column, record(one), record(other)).then(one.cmp(&other))
    }

    fn forget(&mut self, first: u64) {
        if first == self.first {
            return;
        }
        self.first = first;
        self.next = self.next.max(first);
        self.numbers.retain(|&number| number >= first);
    }

    /// Puts what is new in its places. What lies before the first of them is not touched, which for requests in
    /// the order of time is nearly everything.
    fn merge(&mut self, requests: &VecDeque<Arc<Record>>, mut fresh: Vec<u64>) {
        fresh.sort_by(|&one, &other| self.order(requests, one, other));
        let Some(&earliest) = fresh.first() else { return };
        let rest = self.numbers.split_off(self.place(requests, &self.numbers, earliest));
        let mut rest = rest.as_slice();
        for new in fresh {
            let (before, after) = rest.split_at(self.place(requests, rest, new));
            self.numbers.extend_from_slice(before);
            self.numbers.push(new);
            rest = after;
        }
        self.numbers.extend_from_slice(rest);
    }

    /// How many of these come before a request.
    fn place(&self, requests: &VecDeque<Arc<Record>>, among: &[u64], new: u64) -> usize {
        among.partition_point(|&known| self.order(requests, known, new) == Ordering::Less)
    }
}

fn compare(column: Column, one: &Record, other: &Record) -> Ordering {
    let server =
        |record: &Record| record.attempts.last().map(|attempt| Arc::clone(&attempt.server));
    let by_column = match column {
        Column::Time => Ordering::Equal,
        Column::Method => one.method.cmp(&other.method),
        Column::Path => one.target.cmp(&other.target),
        Column::Status => one.status.cmp(&other.status),
        Column::Took => one.phases.total_ns.cmp(&other.phases.total_ns),
        Column::Server => server(one).cmp(&server(other)),
        Column::Client => one.client.cmp(&other.client),
        Column::Connection => (one.worker, one.connection).cmp(&(other.worker, other.connection)),
    };
    by_column.then(one.at_ns.cmp(&other.at_ns))
}

/// Requests that a frame looks at: a few milliseconds' worth where every word of a filter has to be tried.
const SLICE: u64 = 8_000;

#[cfg(test)]
mod tests {
    use super::super::specimen::story;
    use super::*;
    use crate::ui::story::REQUESTS_MAX;

    fn caught_up(rows: &mut Rows, story: &Story, until_ns: Option<u64>) -> usize {
        let mut n_frames = 1;
        while !rows.follow(story, until_ns, &Badges::default()) {
            n_frames += 1;
        }
        n_frames
    }

    fn is_sorted(rows: &Rows, story: &Story) -> bool {
        let records: Vec<_> = (0..rows.len()).filter_map(|row| rows.get(story, row)).collect();
        records.is_sorted_by(|one, other| compare(rows.column, one, other) != Ordering::Greater)
    }

    #[test]
    fn a_full_table_is_looked_at_in_slices_and_then_only_at_what_is_new() {
        let mut story = story(REQUESTS_MAX as u64);
        let mut rows = Rows::default();
        rows.ask(Query::read("status:200"), Column::Took);
        let n_frames = caught_up(&mut rows, &story, None);
        assert!(n_frames > REQUESTS_MAX / SLICE as usize, "{n_frames}");
        assert!(is_sorted(&rows, &story) && rows.len() > REQUESTS_MAX / 2);
        super::super::specimen::tell(&mut story, REQUESTS_MAX as u64, 50);
        assert_eq!(caught_up(&mut rows, &story, None), 1);
        assert!(is_sorted(&rows, &story));
        assert!(rows.len() <= REQUESTS_MAX);
    }

    #[test]
    fn a_moment_in_the_past_shows_what_was_over_by_then() {
        let story = story(1_000);
        let mut rows = Rows::default();
        caught_up(&mut rows, &story, None);
        assert_eq!(rows.len(), 1_000);
        let half_ns = story.requests()[499].ended_ns();
        caught_up(&mut rows, &story, Some(half_ns));
        assert_eq!(rows.len(), 500);
        caught_up(&mut rows, &story, None);
        assert_eq!(rows.len(), 1_000);
    }
}
