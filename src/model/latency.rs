//! How long something takes: a distribution of times, drawn by inversion with one roll each.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flaw::{Flaw, ModelError};
use super::normal;
use crate::dice::Dice;
use crate::period::Period;

/// A distribution of service times or think times.
///
/// Every draw takes exactly one roll and is monotone in it, so that two runs with the same seed and
/// different latencies stay comparable request by request. Draws are whole nanoseconds, never longer
/// than [`Period::MAX`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    Constant(Period),
    Uniform {
        low: Period,
        high: Period,
    },
    /// Truncated at zero: what would be negative is drawn again, not counted as zero.
    Normal {
        mean: Period,
        deviation: Period,
    },
    /// `sigma` is the standard deviation of the logarithm: 0.4 is a steady server, 1 a ragged one.
    LogNormal {
        median: Period,
        sigma: f64,
    },
    Exponential {
        mean: Period,
    },
    /// Heavy tail: the share slower than `x` is `(least / x)^shape`.
    Pareto {
        least: Period,
        shape: f64,
    },
    /// One of the measured times in a file, each as likely as the other.
    File {
        path: String,
        /// Filled in by whoever reads the file, see [`read_samples`].
        #[serde(skip)]
        samples_ns: Arc<[u64]>,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Self::Constant(Period::from_millis(20))
    }
}

impl Latency {
    pub fn file(path: &str) -> Self {
        Self::File { path: path.to_owned(), samples_ns: Arc::default() }
    }

    /// The file whose samples have to be given with [`Latency::set_samples`] before the first draw.
    pub fn samples_path(&self) -> Option<&str> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Hands over the content of the file; nothing happens to a latency that is not from a file.
    pub fn set_samples(&mut self, loaded_ns: Arc<[u64]>) {
        if let Self::File { samples_ns, .. } = self {
            *samples_ns = loaded_ns;
        }
    }

    pub fn draw(&self, dice: &mut Dice) -> u64 {
        match self {
            Self::Constant(period) => period.ns(),
            Self::Uniform { low, high } => {
                let (low_ns, high_ns) = (low.min(high).ns(), low.max(high).ns());
                low_ns + dice.below(high_ns - low_ns + 1)
            }
            Self::Normal { mean, deviation } => {
                whole_ns(draw_normal(mean.ns() as f64, deviation.ns() as f64, dice))
            }
            Self::LogNormal { median, sigma } => {
                whole_ns(median.ns() as f64 * libm::exp(sigma * draw_standard_normal(dice)))
            }
            Self::Exponential { mean } => whole_ns(mean.ns() as f64 * draw_exponential(dice)),
            Self::Pareto { least, shape } => {
                whole_ns(least.ns() as f64 * libm::exp(draw_exponential(dice) / shape))
            }
            Self::File { samples_ns, .. } if samples_ns.is_empty() => 0,
            Self::File { samples_ns, .. } => {
                samples_ns[dice.below(samples_ns.len() as u64) as usize]
            }
        }
    }

    /// The mean in closed form, before rounding and the cap; `None` where there is none: a Pareto tail
    /// with a shape of 1 or less, or a file that is not loaded.
    pub fn mean_ns(&self) -> Option<f64> {
        Some(match self {
            Self::Constant(period) => period.ns() as f64,
            Self::Uniform { low, high } => f64::midpoint(low.ns() as f64, high.ns() as f64),
            Self::Normal { mean, deviation } => {
                truncated_mean(mean.ns() as f64, deviation.ns() as f64)
            }
            Self::LogNormal { median, sigma } => {
                median.ns() as f64 * libm::exp(sigma * sigma / 2.0)
            }
            Self::Exponential { mean } => mean.ns() as f64,
            Self::Pareto { least, shape } if *shape > 1.0 => {
                least.ns() as f64 * shape / (shape - 1.0)
            }
            Self::Pareto { .. } => return None,
            Self::File { samples_ns, .. } if samples_ns.is_empty() => return None,
            Self::File { samples_ns, .. } => {
                samples_ns.iter().map(|&ns| ns as f64).sum::<f64>() / samples_ns.len() as f64
            }
        })
    }

    /// Every value that makes no sense. That a file is missing is for the one who reads it to say.
    pub fn flaws(&self) -> Vec<Flaw> {
        let flaw = match self {
            Self::Uniform { low, high } if low > high => Some(Flaw::new(
                "low",
                ModelError::Order { low: low.to_string(), high: high.to_string() },
            )),
            Self::LogNormal { sigma, .. } => Flaw::outside("sigma", *sigma, 0.0, SIGMA_MAX),
            Self::Pareto { shape, .. } => Flaw::outside("shape", *shape, SHAPE_MIN, SHAPE_MAX),
            Self::File { path, .. } if path.is_empty() => {
                Some(Flaw::new("path", ModelError::Empty))
            }
            _ => None,
        };
        flaw.into_iter().collect()
    }
}

/// The form on the command line: `constant:20ms`, `lognormal:20ms,0.4`.
impl fmt::Display for Latency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(period) => write!(out, "constant:{period}"),
            Self::Uniform { low, high } => write!(out, "uniform:{low},{high}"),
            Self::Normal { mean, deviation } => write!(out, "normal:{mean},{deviation}"),
            Self::LogNormal { median, sigma } => write!(out, "lognormal:{median},{sigma}"),
            Self::Exponential { mean } => write!(out, "exponential:{mean}"),
            Self::Pareto { least, shape } => write!(out, "pareto:{least},{shape}"),
            Self::File { path, .. } => write!(out, "file:{path}"),
        }
    }
}

/// Reads what [`Latency`] displays; a bare period such as `20ms` is constant.
impl FromStr for Latency {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let (kind, rest) = text.split_once(':').unwrap_or(("constant", text));
        let fields: Vec<&str> = rest.split(',').map(str::trim).collect();
        let latency = match (kind.trim(), fields.as_slice()) {
            // A path may hold commas, so it is taken whole.
            ("file", _) => Self::file(rest),
            ("constant", [period]) => Self::Constant(period.parse()?),
            ("uniform", [low, high]) => Self::Uniform { low: low.parse()?, high: high.parse()? },
            ("normal", [mean, deviation]) => {
                Self::Normal { mean: mean.parse()?, deviation: deviation.parse()? }
            }
            ("lognormal", [median, sigma]) => {
                Self::LogNormal { median: median.parse()?, sigma: number(sigma)? }
            }
            ("exponential", [mean]) => Self::Exponential { mean: mean.parse()? },
            ("pareto", [least, shape]) => {
                Self::Pareto { least: least.parse()?, shape: number(shape)? }
            }
            _ => return Err(ModelError::shape(text, "a latency", FORMS)),
        };
        latency.flaws().pop().map_or(Ok(latency), |flaw| Err(flaw.error))
    }
}

/// The samples of a file: one period on each line, empty lines and lines with `#` in front left out.
pub fn read_samples(text: &str) -> Result<Arc<[u64]>, ModelError> {
    let mut samples_ns = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_text = line.trim();
        if line_text.is_empty() || line_text.starts_with('#') {
            continue;
        }
        if samples_ns.len() == SAMPLES_MAX {
            return Err(ModelError::ManySamples { limit: SAMPLES_MAX });
        }
        let period: Period =
            line_text.parse().map_err(|error| ModelError::Sample { line: index + 1, error })?;
        samples_ns.push(period.ns());
    }
    if samples_ns.is_empty() { Err(ModelError::NoSamples) } else { Ok(samples_ns.into()) }
}

/// An exponential time with mean 1.
pub(super) fn draw_exponential(dice: &mut Dice) -> f64 {
    -libm::log(dice.unit_above_zero())
}

/// To the nearest nanosecond, so that rounding does not move the mean of short times.
pub(super) fn whole_ns(ns: f64) -> u64 {
    // A float cast saturates and makes "not a number" zero, so no input can get past the cap.
    ((ns + 0.5) as u64).min(Period::MAX.ns())
}

fn draw_standard_normal(dice: &mut Dice) -> f64 {
    normal::quantile(dice.unit_above_zero().min(BELOW_ONE))
}

fn draw_normal(mean: f64, deviation: f64, dice: &mut Dice) -> f64 {
    let roll = dice.unit_above_zero();
    if deviation == 0.0 {
        return mean;
    }
    // The share above zero is at least a half, because a mean is never negative. Counting the roll from
    // the slow end keeps the slow tail exact.
    let share_above_zero = normal::share_below(mean / deviation);
    let share = (roll * share_above_zero).min(BELOW_ONE);
    (mean - deviation * normal::quantile(share)).max(0.0)
}

fn truncated_mean(mean: f64, deviation: f64) -> f64 {
    if deviation == 0.0 {
        return mean;
    }
    let edge = mean / deviation;
    let density = libm::exp(-edge * edge / 2.0) / (std::f64::consts::TAU).sqrt();
    mean + deviation * density / normal::share_below(edge)
}

pub(super) fn number(text: &str) -> Result<f64, ModelError> {
    text.parse().map_err(|_not_a_number| ModelError::shape(text, "a number", "one such as 0.4"))
}

/// The quantile of 1 is infinite, so this is the highest share asked for.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;
const FORMS: &str = "constant:20ms, uniform:10ms,30ms, normal:20ms,5ms, lognormal:20ms,0.4, \
                     exponential:20ms, pareto:10ms,1.5 or file:PATH";
/// Beyond 5 the mean is 270,000 times the median: nobody means that.
const SIGMA_MAX: f64 = 5.0;
const SHAPE_MIN: f64 = 0.1;
const SHAPE_MAX: f64 = 100.0;
const SAMPLES_MAX: usize = 1_000_000;

#[cfg(test)]
#[path = "latency_tests.rs"]
mod tests;
