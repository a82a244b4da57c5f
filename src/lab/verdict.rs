//! Whether what was seen fits what was expected, with the noise of sampling in mind.
//!
//! A share of `p` among `n` requests varies by `sqrt(p (1 - p) / n)` from run to run, whoever is right. An
//! expectation fails only if it is missed by more than four such deviations, which chance alone does less
//! than once in fifteen thousand times.

use super::expectation::{Claim, Expectation};
use super::figures::{Figures, PoolFigures};
use crate::meter::MeterReading;

/// An expectation and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub name: String,
    pub holds: bool,
    /// What was seen beside what was expected, in a sentence.
    pub seen: String,
}

impl Expectation {
    /// Judges the figures of the time that the expectation is about.
    pub fn judge(&self, figures: &Figures) -> Verdict {
        let (holds, seen) = match &self.claim {
            Claim::Shares { pool, percent, within_percent } => {
                let wanted = percent.iter().map(|(name, percent)| (name.as_str(), *percent));
                shares(figures.pool(pool), wanted, *within_percent)
            }
            Claim::Percentile { client, percentile, below } => {
                let reading = reading(figures, client.as_deref());
                percentile_below(&reading, *percentile, below.ns())
            }
            Claim::MovedKeys { pool, min_percent, max_percent } => {
                moved_keys(figures, pool, *min_percent, *max_percent)
            }
            Claim::BrokenSessions { pool, max } => {
                let broken = figures.pool(pool).map_or(0, PoolFigures::broken);
                (broken <= *max, format!("{broken} broken sessions, at most {max} expected"))
            }
            Claim::Errors { client, max_percent } => {
                errors(&reading(figures, client.as_deref()), *max_percent)
            }
        };
        Verdict { name: self.name.clone(), holds, seen }
    }

    /// The run ended before the cue that this expectation is about.
    pub fn unjudged(&self, cue: &str) -> Verdict {
        let seen = format!("the run ended before the cue {cue}, so nothing can be said");
        Verdict { name: self.name.clone(), holds: false, seen }
    }
}

fn reading(figures: &Figures, client: Option<&str>) -> MeterReading {
    match client {
        Some(client) => figures.clients.get(client).cloned().unwrap_or_default(),
        None => figures.clients_together(),
    }
}

fn shares<'a>(
    pool: Option<&PoolFigures>,
    wanted: impl Iterator<Item = (&'a str, f64)>,
    within_percent: f64,
) -> (bool, String) {
    let Some(pool) = pool.filter(|pool| pool.started() > 0) else {
        return (false, NOTHING_SEEN.to_owned());
    };
    let n = pool.started() as f64;
    let seen = pool.shares();
    let mut holds = true;
    let parts: Vec<String> = wanted
        .map(|(name, percent)| {
            let share =
                seen.iter().find(|(server, _)| *server == name).map_or(0.0, |&(_, share)| share);
            let allowed = DEVIATIONS * noise(percent / 100.0, n) + within_percent / 100.0;
            let fits = (share - percent / 100.0).abs() <= allowed;
            holds &= fits;
            let (share, allowed) = (share * 100.0, allowed * 100.0);
            format!("{name} {share:.1} % (expected {percent:.1} ± {allowed:.1})")
        })
        .collect();
    (holds, parts.join(", "))
}

/// The share that took longer is compared, because its noise is known whatever the distribution.
fn percentile_below(reading: &MeterReading, percentile: f64, below_ns: u64) -> (bool, String) {
    let Some(within) = reading.latency.share_within(below_ns) else {
        return (false, NOTHING_SEEN.to_owned());
    };
    let wanted = percentile / 100.0;
    let allowed = DEVIATIONS * noise(wanted, reading.latency.count() as f64);
    let seen_ns = reading.latency.quantile(wanted).unwrap_or(0);
    let (seen_ms, below_ms) = (seen_ns as f64 / 1e6, below_ns as f64 / 1e6);
    let text = format!("p{percentile} {seen_ms:.1} ms, below {below_ms:.1} ms expected");
    (within >= wanted - allowed, text)
}

fn errors(reading: &MeterReading, max_percent: f64) -> (bool, String) {
    let n = reading.counters.finished();
    if n == 0 {
        return (false, NOTHING_SEEN.to_owned());
    }
    let errors = reading.counters.errors();
    let share = errors as f64 / n as f64;
    let allowed = max_percent / 100.0 + DEVIATIONS * noise(max_percent / 100.0, n as f64);
    let text = format!(
        "{errors} of {n} failed ({:.2} %), at most {max_percent} % expected",
        share * 100.0
    );
    (share <= allowed, text)
}

/// All keys are counted, so there is no noise.
fn moved_keys(figures: &Figures, pool: &str, min_percent: f64, max_percent: f64) -> (bool, String) {
    let moves = || figures.key_moves.iter().filter(|moves| moves.pool == pool);
    let keys = moves().map(|moves| moves.keys).max().unwrap_or(0);
    let moved: u64 = moves().map(|moves| moves.moved).sum();
    let percent = moved as f64 * 100.0 / keys.max(1) as f64;
    let expected = match min_percent {
        0.0 => format!("at most {max_percent} %"),
        least => format!("{least} to {max_percent} %"),
    };
    let text = format!("{moved} of {keys} keys moved ({percent:.1} %), {expected} expected");
    ((min_percent..=max_percent).contains(&percent), text)
}

/// One standard deviation of a share `p` among `n`.
fn noise(p: f64, n: f64) -> f64 {
    (p * (1.0 - p) / n.max(1.0)).max(0.0).sqrt()
}

const DEVIATIONS: f64 = 4.0;
const NOTHING_SEEN: &str = "there was no request in this time, so nothing can be said";
