//! A length of time as people write it: `20ms`, `1.5s`, `2m`.
//!
//! Its own small room because `balance`, `model` and `lab` all write periods and may not import each
//! other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Where time comes from. An argument wherever something lives in time, so that the same code runs under a
/// simulated clock; the real one is `engine::clock`.
pub trait Clock: Send + Sync {
    /// Time that only goes forward, from some beginning.
    fn now_ns(&self) -> u64;

    /// The time of day, since 1970, for people and for cookies that outlive the process.
    fn unix_ns(&self) -> u64;
}

/// A whole number of nanoseconds, up to a year. Written with a unit, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period {
    ns: u64,
}

impl Period {
    pub const ZERO: Self = Self { ns: 0 };
    /// The longest period: 365 days. Sums of a few thousand of them still fit into 64 bits.
    pub const MAX: Self = Self { ns: 365 * 86_400 * SECOND_NS };

    pub const fn from_ns(ns: u64) -> Self {
        Self { ns: if ns > Self::MAX.ns { Self::MAX.ns } else { ns } }
    }

    pub const fn from_micros(micros: u64) -> Self {
        Self::from_ns(micros.saturating_mul(1_000))
    }

    pub const fn from_millis(millis: u64) -> Self {
        Self::from_ns(millis.saturating_mul(1_000_000))
    }

    pub const fn from_secs(secs: u64) -> Self {
        Self::from_ns(secs.saturating_mul(SECOND_NS))
    }

    pub const fn ns(self) -> u64 {
        self.ns
    }

    pub const fn is_zero(self) -> bool {
        self.ns == 0
    }

    pub fn secs(self) -> f64 {
        self.ns as f64 / SECOND_NS as f64
    }
}

impl From<Period> for std::time::Duration {
    fn from(period: Period) -> Self {
        Self::from_nanos(period.ns)
    }
}

impl fmt::Display for Period {
    /// The shortest exact form: the largest unit that leaves at most three decimals.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ns == 0 {
            return out.write_str("0s");
        }
        let (unit, unit_ns) = UNITS
            .into_iter()
            .rev()
            .find(|&(_, unit_ns)| {
                self.ns >= unit_ns && (self.ns % unit_ns * 1_000).is_multiple_of(unit_ns)
            })
            .unwrap_or(("ns", 1));
        let (whole, thousandths) = (self.ns / unit_ns, self.ns % unit_ns * 1_000 / unit_ns);
        write!(out, "{whole}")?;
        if thousandths > 0 {
            write!(out, ".{}", format!("{thousandths:03}").trim_end_matches('0'))?;
        }
        out.write_str(unit)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let shown = || text.chars().take(40).collect();
        let refuse = || PeriodError::Shape(shown());
        let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'));
        let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
        let number = number.replace('_', "");
        let unit_ns = match unit.trim() {
            "" if number == "0" => 1,
            unit => UNITS.into_iter().find(|&(name, _)| name == unit).ok_or_else(refuse)?.1,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        if whole.is_empty() || fraction.contains('.') {
            return Err(refuse());
        }
        // Whole numbers throughout, so that what is written is exactly what is read.
        let whole: u64 = whole.parse().map_err(|_too_many_digits| PeriodError::Long(shown()))?;
        let fraction =
            format!("{fraction:0<12.12}").parse::<u128>().map_err(|_not_digits| refuse())?;
        let fraction_ns = (fraction * u128::from(unit_ns) + FRACTION_ONE / 2) / FRACTION_ONE;
        let ns = u128::from(whole) * u128::from(unit_ns) + fraction_ns;
        if ns > u128::from(Self::MAX.ns) {
            return Err(PeriodError::Long(shown()));
        }
        Ok(Self { ns: ns as u64 })
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(PeriodVisitor)
    }
}

struct PeriodVisitor;

impl de::Visitor<'_> for PeriodVisitor {
    type Value = Period;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a period such as \"20ms\" or \"1.5s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
        text.parse().map_err(E::custom)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("`{0}` is not a period: write a number and a unit, such as 20ms, 1.5s or 2m")]
    Shape(String),
    #[error("`{0}` is longer than a year, the longest period there is: write a shorter one")]
    Long(String),
}

/// Twelve decimals: a fraction of a day to the nanosecond, and some to spare.
const FRACTION_ONE: u128 = 1_000_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND_NS),
    ("m", 60 * SECOND_NS),
    ("h", 3_600 * SECOND_NS),
    ("d", 86_400 * SECOND_NS),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["0s", "1ns", "20ms", "1.5s", "250us", "2m", "1.5h", "365d", "1.001ms"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn every_nanosecond_of_a_long_period_survives_writing() {
        for ns in [8_809_693_484_713_510, Period::MAX.ns() - 1, 86_400 * SECOND_NS + 1, 999_999_999]
        {
            let period = Period::from_ns(ns);
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period, "{period}");
        }
    }

    #[test]
    fn every_unit_has_its_length() {
        assert_eq!("1500ms".parse::<Period>().unwrap(), Period::from_millis(1_500));
        assert_eq!("2m".parse::<Period>().unwrap(), Period::from_secs(120));
        assert_eq!("0".parse::<Period>().unwrap(), Period::ZERO);
    }

    #[test]
    fn a_period_without_a_unit_is_refused_with_a_remedy() {
        for text in ["20", "", "ms", "-1s", "1.2.3s", "1parsec", "1e9s"] {
            let error = text.parse::<Period>().unwrap_err().to_string();
            assert!(error.contains("write a number and a unit"), "{text}: {error}");
        }
        assert!("400d".parse::<Period>().unwrap_err().to_string().contains("year"));
    }
}
