//! What a histogram held at one moment: quantiles, merging, differences.

use super::histogram::{BUCKETS, RANGE_NS, bounds, bucket_of};

/// A plain copy of a histogram, as large as it has different times. Cheap to keep by the hundred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LatencyReading {
    /// Only buckets that counted something, lowest first.
    cells: Vec<Cell>,
    count: u64,
    /// May wrap after years of load; differences stay right.
    sum_ns: u64,
    max_ns: u64,
}

/// One bucket of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) bucket: u16,
    pub(super) count: u64,
}

/// One bucket as it is drawn: `count` times from `low_ns` to `high_ns`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub low_ns: u64,
    pub high_ns: u64,
    pub count: u64,
}

impl LatencyReading {
    pub(super) fn new(cells: Vec<Cell>, sum_ns: u64, max_ns: u64) -> Self {
        let count = cells.iter().map(|cell| cell.count).sum();
        Self { cells, count, sum_ns, max_ns }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The longest time, exact in a reading. In a difference it is the top of the highest bucket, so at
    /// most 1/128 too high. 0 if nothing was counted.
    pub fn max_ns(&self) -> u64 {
        self.max_ns
    }

    /// The mean, exact as long as nothing lay beyond the range.
    pub fn mean_ns(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64)
    }

    /// How many times were too long to be told apart, 73 minutes and more.
    pub fn beyond(&self) -> u64 {
        self.cells
            .last()
            .map_or(0, |cell| if usize::from(cell.bucket) == BUCKETS - 1 { cell.count } else { 0 })
    }

    /// The time that a share `q` of all times does not exceed: never too low, at most 1/128 too high.
    ///
    /// `q` is the rank `ceil(q n)` among the sorted times, held between the first and the last;
    /// `quantile(1.0)` is the maximum. `None` if nothing was counted.
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let rank = self.rank(q)?;
        let mut passed = 0;
        let cell = self.cells.iter().find(|cell| {
            passed += cell.count;
            passed >= rank
        })?;
        Some(bounds(cell.bucket.into()).1.min(self.max_ns))
    }

    /// The share of times of at most `ns`, counting the bucket of `ns` whole.
    pub fn share_within(&self, ns: u64) -> Option<f64> {
        let last = bucket_of(ns);
        let within: u64 = self
            .cells
            .iter()
            .take_while(|cell| usize::from(cell.bucket) <= last)
            .map(|cell| cell.count)
            .sum();
        (self.count > 0).then(|| within as f64 / self.count as f64)
    }

    /// The buckets that counted something, lowest first, for drawing.
    pub fn bars(&self) -> impl Iterator<Item = Bar> + '_ {
        self.cells.iter().map(|cell| {
            let (low_ns, high_ns) = bounds(cell.bucket.into());
            Bar { low_ns, high_ns: high_ns.min(self.max_ns), count: cell.count }
        })
    }

    /// Both together, as if one histogram had counted everything.
    pub fn merge(&self, other: &Self) -> Self {
        Self::new(
            combine(&self.cells, &other.cells, u64::saturating_add),
            self.sum_ns.wrapping_add(other.sum_ns),
            self.max_ns.max(other.max_ns),
        )
    }

    /// What was counted after `earlier`, a reading of the same histogram.
    pub fn since(&self, earlier: &Self) -> Self {
        let cells = combine(&self.cells, &earlier.cells, u64::saturating_sub);
        let top = cells.last().map_or(0, |cell| bounds(cell.bucket.into()).1);
        let sum_ns = self.sum_ns.wrapping_sub(earlier.sum_ns);
        Self::new(cells, sum_ns, top.min(self.max_ns))
    }

    fn rank(&self, q: f64) -> Option<u64> {
        // A product such as 0.07 * 100 comes out as 7.000000000000001 and must not round up to 8.
        let exact = q * self.count as f64 * (1.0 - 4.0 * f64::EPSILON);
        (self.count > 0).then(|| (exact.ceil() as u64).clamp(1, self.count))
    }
}

/// Walks two sorted rows of cells as one and leaves out what comes to nothing.
fn combine(left: &[Cell], right: &[Cell], operation: impl Fn(u64, u64) -> u64) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let bucket_of = |cell: Option<&&Cell>| cell.map_or(u16::MAX, |cell| cell.bucket);
    loop {
        let bucket = bucket_of(left.peek()).min(bucket_of(right.peek()));
        if bucket == u16::MAX {
            return cells;
        }
        let here = |cell: &&Cell| cell.bucket == bucket;
        let count_left = left.next_if(here).map_or(0, |cell| cell.count);
        let count_right = right.next_if(here).map_or(0, |cell| cell.count);
        let count = operation(count_left, count_right);
        if count > 0 {
            cells.push(Cell { bucket, count });
        }
    }
}

/// `u16::MAX` means "no more cells", so no bucket may have that number.
const _: () = assert!(BUCKETS < u16::MAX as usize && RANGE_NS > 3_600_000_000_000);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Histogram;

    fn read(times: &[u64]) -> LatencyReading {
        let histogram = Histogram::default();
        for &ns in times {
            histogram.record(ns);
        }
        histogram.read()
    }

    #[test]
    fn nothing_counted_has_no_quantile_and_no_mean() {
        let empty = read(&[]);
        assert_eq!(
            (empty.quantile(0.5), empty.mean_ns(), empty.share_within(9)),
            (None, None, None)
        );
        assert_eq!((empty.count(), empty.max_ns(), empty.bars().count()), (0, 0, 0));
        assert_eq!(empty, LatencyReading::default());
    }

    #[test]
    fn ranks_do_not_slip_by_rounding() {
        let reading = read(&(1..=100).collect::<Vec<_>>());
        for percent in 1..=100_u64 {
            assert_eq!(reading.quantile(percent as f64 / 100.0), Some(percent));
        }
        assert_eq!(
            [-1.0, 0.0, f64::NAN, 7.0].map(|q| reading.quantile(q).unwrap()),
            [1, 1, 1, 100]
        );
    }

    #[test]
    fn bars_give_back_every_time_at_its_place() {
        let bars: Vec<Bar> = read(&[3, 3, 1_000]).bars().collect();
        assert_eq!(bars[0], Bar { low_ns: 3, high_ns: 3, count: 2 });
        assert_eq!(bars[1], Bar { low_ns: 1_000, high_ns: 1_000, count: 1 });
        assert_eq!(read(&[3, 3, 1_000, 2_000]).share_within(1_500), Some(0.75));
    }
}
