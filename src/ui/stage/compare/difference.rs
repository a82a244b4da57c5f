//! How much faster one lane is than the other, and how much of that may be chance.

/// The difference of two lanes over runs that differ in their seed only. Both lanes of a run see the same requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    /// How much longer the left lane takes.
    pub(super) mean: f64,
    /// Half of the width of the interval that holds the true difference in 95 of 100 cases.
    pub(super) band: f64,
    pub(super) repeats: usize,
}

impl Difference {
    /// From what was measured in each run, left and right. Nothing without two runs in which both lanes have it.
    pub(super) fn of(left: &[Option<f64>], right: &[Option<f64>]) -> Option<Self> {
        let both = left.iter().zip(right).filter_map(|(left, right)| Some((*left)? - (*right)?));
        let differences: Vec<f64> = both.collect();
        let n = differences.len();
        if n < 2 {
            return None;
        }
        let mean = differences.iter().sum::<f64>() / n as f64;
        let squares: f64 = differences.iter().map(|it| (it - mean) * (it - mean)).sum();
        let error = libm::sqrt(squares / (n - 1) as f64 / n as f64);
        Some(Self { mean, band: student(n - 1) * error, repeats: n })
    }

    pub(super) fn is_beyond_chance(&self) -> bool {
        self.mean.abs() > self.band
    }
}

/// Student's distribution: within so many standard errors lie 95 of 100, by degrees of freedom.
fn student(freedom: usize) -> f64 {
    const QUANTILES: [f64; 10] =
        [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    QUANTILES.get(freedom.max(1) - 1).copied().unwrap_or(2.0)
}

#[cfg(test)]
mod tests {
    use super::super::trial::{self, Order, Trial};
    use super::*;
    use crate::balance::Algorithm;
    use crate::lab::PRESETS;
    use crate::period::Period;
    use std::sync::Arc;

    fn p99s(algorithm: &Algorithm, seed: u64, secs: u64) -> Vec<Option<f64>> {
        let mut lab = crate::lab::load(PRESETS[0].text.as_bytes()).unwrap().lab.into_lab();
        lab.seed = seed;
        let order = Order {
            pool: lab.pools[0].name.clone(),
            lab: Arc::new(lab),
            duration: Period::from_secs(secs),
        };
        let Trial { p99s, .. } = trial::run(&order, algorithm, &|| false).unwrap().unwrap();
        p99s
    }

    fn named(name: &str) -> Algorithm {
        Algorithm::all().into_iter().find(|it| it.about().name == name).unwrap()
    }

    #[test]
    fn the_same_algorithm_in_both_lanes_makes_no_difference_beyond_chance() {
        for seed in 0..20 {
            let algorithm = &Algorithm::all()[seed as usize % Algorithm::all().len()];
            let (left, right) = (p99s(algorithm, seed, 10), p99s(algorithm, seed, 10));
            let difference = Difference::of(&left, &right).unwrap();
            assert!(!difference.is_beyond_chance(), "{algorithm:?}: {difference:?}");
        }
    }

    #[test]
    fn other_requests_alone_are_seldom_taken_for_a_difference() {
        let random = named("random");
        let beyond = |pair: &u64| {
            let (left, right) =
                (p99s(&random, 1_000 * pair, 10), p99s(&random, 1_000 * pair + 500, 10));
            Difference::of(&left, &right).unwrap().is_beyond_chance()
        };
        // One in twenty is what 95 of 100 lets through; four would come by chance once in sixty times.
        let n_beyond = (0..20).filter(beyond).count();
        assert!(n_beyond <= 3, "{n_beyond} of 20");
    }

    #[test]
    fn a_slow_server_makes_a_difference_to_least_connections() {
        let [left, right] =
            ["round-robin", "least-connections"].map(|name| p99s(&named(name), 1, 60));
        let difference = Difference::of(&left, &right).unwrap();
        assert!(difference.is_beyond_chance() && difference.mean > 0.0, "{difference:?}");
    }

    #[test]
    fn one_run_says_nothing() {
        assert_eq!(Difference::of(&[Some(1.0)], &[Some(2.0)]), None);
        assert_eq!(Difference::of(&[Some(1.0), None], &[Some(2.0), Some(1.0)]), None);
    }
}
