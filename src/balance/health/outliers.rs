//! Servers that stand out from their pool, as Envoy's outlier detection finds them.

use super::{Cause, Change, FailureRate, Judge, SuccessRate, Tally};

impl Judge {
    /// Ejects who stands out in the interval that ends now, and forgives who did well.
    pub(super) fn look_at_rates(&mut self, now_ns: u64) -> Vec<Change> {
        let passive = &self.rules.passive;
        let found: Vec<(usize, Cause)> = [
            passive.failure_rate.as_ref().map(|rule| self.by_failure_rate(rule)),
            passive.success_rate.as_ref().map(|rule| self.by_success_rate(rule)),
        ]
        .into_iter()
        .flatten()
        .flatten()
        .collect();
        for record in &mut self.records {
            // Envoy: the multiplier drops by one for every interval a server is not out.
            if record.ejected_until_ns.is_none() {
                record.times_ejected = record.times_ejected.saturating_sub(1);
            }
        }
        let changes = found
            .into_iter()
            .filter_map(|(member, cause)| {
                let before = self.health(member);
                self.eject(member, now_ns).then(|| self.change(member, before, cause)).flatten()
            })
            .collect();
        for record in &mut self.records {
            record.interval = Tally::default();
        }
        changes
    }

    /// The members with enough requests to be judged, if there are enough of them.
    fn judged(&self, min_requests: u32, min_servers: u32) -> Vec<(usize, Tally)> {
        let tallies = self.records.iter().map(|record| record.interval).enumerate();
        let judged: Vec<(usize, Tally)> = tallies
            .filter(|(_, tally)| tally.requests > 0 && tally.requests >= min_requests)
            .collect();
        if judged.len() >= min_servers as usize { judged } else { Vec::new() }
    }

    fn by_failure_rate(&self, rule: &FailureRate) -> Vec<(usize, Cause)> {
        let judged = self.judged(rule.min_requests, rule.min_servers).into_iter();
        let rates = judged.map(|(member, tally)| (member, tally.failure_percent()));
        rates
            .filter(|&(_, percent)| percent >= rule.percent)
            .map(|(member, percent)| (member, Cause::FailureRate { percent }))
            .collect()
    }

    /// The threshold is the mean less so many standard deviations of the population.
    fn by_success_rate(&self, rule: &SuccessRate) -> Vec<(usize, Cause)> {
        let judged = self.judged(rule.min_requests, rule.min_servers);
        if judged.is_empty() {
            return Vec::new();
        }
        let rates: Vec<(usize, f64)> = judged
            .into_iter()
            .map(|(member, tally)| (member, 100.0 - tally.failure_percent()))
            .collect();
        let n = rates.len() as f64;
        let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / n;
        let variance = rates.iter().map(|(_, rate)| (rate - mean) * (rate - mean)).sum::<f64>() / n;
        let threshold = mean - variance.sqrt() * rule.deviations;
        rates
            .into_iter()
            .filter(|&(_, percent)| percent < threshold)
            .map(|(member, percent)| (member, Cause::Outlier { percent, threshold }))
            .collect()
    }
}
