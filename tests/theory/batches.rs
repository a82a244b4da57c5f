//! Batch means: an estimate with its standard error, out of one long run.
//!
//! The first batch is the warm-up and is not counted. Each of the other forty is long against the time in which
//! the system forgets its state, so that they are as good as independent, and what is estimated over a batch is
//! as good as normal. An estimate then strays from the truth by more than 4.5 standard errors once in 17,000
//! fresh seeds (Student's t with 39 degrees of freedom; a normal would do so once in 150,000). Seeds are fixed,
//! so a test fails only when the program has changed what a seed gives.

use evenkeel::lab::Figures;
use evenkeel::meter::LatencyReading;
use evenkeel::sim::Report;

pub(crate) const BATCHES: usize = 40;
const STANDARD_ERRORS: f64 = 4.5;
/// A histogram's buckets are at most this part of their value wide.
const RESOLUTION: f64 = 1.0 / 128.0;

/// A mean and how far it may be off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    pub(crate) within: f64,
}

impl Estimate {
    /// The mean over all requests: a ratio of two sums over the batches, with the usual error of a ratio.
    fn of_ratio(batches: &[(f64, f64)]) -> Self {
        let n = batches.len() as f64;
        let (sum, weight) = batches
            .iter()
            .fold((0.0, 0.0), |(sum, weight), batch| (sum + batch.0, weight + batch.1));
        let mean = sum / weight;
        let residual = |&(sum, weight): &(f64, f64)| (sum - mean * weight) * (sum - mean * weight);
        let variance = batches.iter().map(residual).sum::<f64>() / (n - 1.0);
        Self { mean, within: STANDARD_ERRORS * (variance / n).sqrt() * n / weight }
    }

    pub(crate) fn fits(self, theory: f64) -> bool {
        (self.mean - theory).abs() <= self.within
    }

    /// The theory has to fit, and what a server 5 % slower (or another rule) would give must not.
    #[track_caller]
    pub(crate) fn check(self, what: &str, theory: f64, wrong: f64) {
        let Self { mean, within } = self;
        println!("{what}: theory {theory:.4}, measured {mean:.4} ± {within:.4}, wrong {wrong:.4}");
        assert!(self.fits(theory), "{what}: measured {mean} ± {within}, theory {theory}");
        assert!(!self.fits(wrong), "{what}: {mean} ± {within} does not tell {theory} from {wrong}");
    }

    /// The mean of this minus that of another independent estimate.
    pub(crate) fn minus(self, other: Self) -> Self {
        let within = (self.within * self.within + other.within * other.within).sqrt();
        Self { mean: self.mean - other.mean, within }
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self { mean: self.mean * factor, within: self.within * factor.abs() }
    }

    /// Less than another by more than chance explains.
    #[track_caller]
    pub(crate) fn check_below(self, other: Self, what: &str) {
        println!(
            "{what}: {:.4} ± {:.4} < {:.4} ± {:.4}",
            self.mean, self.within, other.mean, other.within
        );
        let difference = other.minus(self);
        assert!(difference.mean > difference.within, "{what}: {self:?} is not below {other:?}");
    }
}

/// The batches of a run by [`super::scene::Scene`]: neither the warm-up nor the time after clients stopped.
pub(crate) fn batches(report: &Report) -> Vec<&Figures> {
    let windows: Vec<&Figures> = report.windows.iter().map(|window| &window.figures).collect();
    assert_eq!(windows.len(), BATCHES + 2, "warm-up, batches, end");
    windows[1..=BATCHES].to_vec()
}

fn latencies(report: &Report) -> Vec<LatencyReading> {
    batches(report).iter().map(|figures| figures.clients_together().latency).collect()
}

/// Mean response time, in units of `unit_ns`.
pub(crate) fn mean_response(report: &Report, unit_ns: f64) -> Estimate {
    mean_of(&latencies(report), unit_ns)
}

/// The same for one server of the pool.
pub(crate) fn mean_response_at(report: &Report, server: usize, unit_ns: f64) -> Estimate {
    let at_server = |figures: &&Figures| figures.pools[0].servers[server].1.latency.clone();
    mean_of(&batches(report).iter().map(at_server).collect::<Vec<_>>(), unit_ns)
}

fn mean_of(latencies: &[LatencyReading], unit_ns: f64) -> Estimate {
    let batch = |latency: &LatencyReading| {
        let count = latency.count() as f64;
        (latency.mean_ns().unwrap() * count / unit_ns, count)
    };
    Estimate::of_ratio(&latencies.iter().map(batch).collect::<Vec<_>>())
}

/// Requests finished per second.
pub(crate) fn throughput(report: &Report) -> Estimate {
    let batch = |window: &evenkeel::sim::Window| {
        let finished = window.figures.clients_together().counters.finished();
        (finished as f64, (window.until_ns - window.from_ns) as f64 / 1e9)
    };
    Estimate::of_ratio(&report.windows[1..=BATCHES].iter().map(batch).collect::<Vec<_>>())
}

/// The share of responses within `ns`, and the time that this share really belongs to: the top of the bucket.
fn share_within(report: &Report, ns: f64) -> (Estimate, f64) {
    let all = report.overall.clients_together().latency;
    let top = all.bars().find(|bar| bar.high_ns as f64 >= ns).unwrap().high_ns;
    let batch = |latency: &LatencyReading| {
        let count = latency.count() as f64;
        (latency.share_within(top).unwrap() * count, count)
    };
    let share = Estimate::of_ratio(&latencies(report).iter().map(batch).collect::<Vec<_>>());
    (share, top as f64)
}

/// Compares the share of responses slower than some times with a formula, in units of `unit_ns`.
#[track_caller]
pub(crate) fn check_tail(
    report: &Report,
    unit_ns: f64,
    what: &str,
    times: &[f64],
    tail: impl Fn(f64) -> f64,
    wrong: impl Fn(f64) -> f64,
) {
    for &time in times {
        let (share, top_ns) = share_within(report, time * unit_ns);
        let slower = Estimate { mean: 1.0 - share.mean, ..share };
        let top = top_ns / unit_ns;
        slower.check(&format!("{what}, slower than {time}"), tail(top), wrong(top));
    }
}

/// Compares quantiles with those of an exponential time with this mean, in units of `unit_ns`.
///
/// A share that is off by `d` makes a quantile off by what the distribution says; the histogram adds its
/// resolution, upwards only.
#[track_caller]
pub(crate) fn check_exponential_quantiles(
    report: &Report,
    unit_ns: f64,
    what: &str,
    mean: f64,
    wrong: f64,
) {
    let quantile = |share: f64, mean: f64| -libm::log(1.0 - share) * mean;
    let seen: Vec<LatencyReading> = latencies(report);
    let all = seen.iter().fold(LatencyReading::default(), |sum, latency| sum.merge(latency));
    for share in [0.5, 0.9, 0.99] {
        let measured = all.quantile(share).unwrap() as f64 / unit_ns;
        let (estimate, _top) = share_within(report, quantile(share, mean) * unit_ns);
        let low = quantile(share - estimate.within, mean);
        let high = quantile(share + estimate.within, mean) * (1.0 + RESOLUTION);
        let theory = quantile(share, mean);
        println!(
            "{what}, p{}: theory {theory:.4}, measured {measured:.4} in {low:.4}..{high:.4}",
            share * 100.0
        );
        assert!(
            (low..=high).contains(&measured),
            "{what}, {share}: {measured}, not {low} to {high}"
        );
        let other = quantile(share, wrong);
        assert!(!(low..=high).contains(&other), "{what}, {share}: {other} would have passed");
    }
}
