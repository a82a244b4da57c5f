//! How a slider's way maps to a value, and how the value is written and read.

use crate::period::Period;

/// From the least to the most, with steps that fit what is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::ui) enum Scale {
    /// Even steps.
    Linear { least: f64, most: f64, step: f64 },
    /// Each part of the way multiplies: for times and rates. `least` may be 0, which the first bit of the way is.
    Log { least: f64, most: f64 },
}

/// What a value is counted in, and how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Unit {
    Count,
    /// Of 1, shown as per cent.
    Share,
    /// Of 100.
    Percent,
    /// Seconds, shown in the unit that fits.
    Time,
    PerSecond,
    Factor,
}

impl Scale {
    pub(in crate::ui) const fn count(least: f64, most: f64) -> Self {
        Self::Linear { least, most, step: 1.0 }
    }

    pub(in crate::ui) fn bounds(self) -> (f64, f64) {
        match self {
            Self::Linear { least, most, .. } | Self::Log { least, most } => (least, most),
        }
    }

    /// The value at a part of the way, from 0 to 1.
    pub(in crate::ui) fn value_at(self, way: f64) -> f64 {
        let way = way.clamp(0.0, 1.0);
        match self {
            Self::Linear { least, most, step } => {
                let value = least + (most - least) * way;
                (least + ((value - least) / step).round() * step).clamp(least, most)
            }
            Self::Log { least, most } => {
                let first = first_of(least, most);
                if least <= 0.0 && way < ZERO_WAY {
                    return 0.0;
                }
                let value = first * libm::exp(libm::log(most / first) * way);
                two_digits(value).clamp(least, most)
            }
        }
    }

    /// The part of the way at which a value lies.
    pub(in crate::ui) fn way_of(self, value: f64) -> f64 {
        let (least, most) = self.bounds();
        let way = match self {
            Self::Linear { .. } => (value - least) / (most - least),
            Self::Log { .. } if value <= 0.0 => 0.0,
            Self::Log { .. } => {
                let first = first_of(least, most);
                libm::log(value / first) / libm::log(most / first)
            }
        };
        way.clamp(0.0, 1.0)
    }

    /// The next value in a direction, for the keyboard.
    pub(in crate::ui) fn stepped(self, value: f64, steps: f64) -> f64 {
        let (least, most) = self.bounds();
        match self {
            Self::Linear { step, .. } => (value + steps * step).clamp(least, most),
            Self::Log { .. } => {
                let next = self.value_at(self.way_of(value) + steps * KEY_WAY);
                if next == value {
                    self.value_at(self.way_of(value) + 2.0 * steps * KEY_WAY)
                } else {
                    next
                }
            }
        }
    }
}

impl Unit {
    pub(in crate::ui) fn text(self, value: f64) -> String {
        match self {
            Self::Count => format!("{value:.0}"),
            Self::Share => format!("{} %", plain(value * 100.0)),
            Self::Percent => format!("{} %", plain(value)),
            Self::Time => time_text(value),
            Self::PerSecond => format!("{} /s", plain(value)),
            Self::Factor => format!("× {}", plain(value)),
        }
    }

    /// The value that a person typed, with or without its unit.
    pub(in crate::ui) fn read(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let number = |text: &str| text.trim().replace(',', "").parse::<f64>().ok();
        let value = match self {
            Self::Count => number(text),
            Self::Share => number(text.trim_end_matches('%')).map(|it| it / 100.0),
            Self::Percent => number(text.trim_end_matches('%')),
            Self::Time => number(text).map(|millis| millis / 1e3).or_else(|| {
                let period: Option<Period> =
                    text.replace(' ', "").replace('µ', "u").replace("min", "m").parse().ok();
                period.map(Period::secs)
            }),
            Self::PerSecond => number(text.trim_end_matches("/s")),
            Self::Factor => number(text.trim_start_matches('×')),
        };
        value.filter(|value| value.is_finite())
    }
}

/// Seconds in the unit that fits, with three digits.
pub(in crate::ui) fn time_text(secs: f64) -> String {
    let (value, unit) = match secs {
        secs if secs <= 0.0 => return "0 ms".to_owned(),
        secs if secs < 1e-3 => (secs * 1e6, "µs"),
        secs if secs < 1.0 => (secs * 1e3, "ms"),
        secs if secs < 120.0 => (secs, "s"),
        secs => (secs / 60.0, "min"),
    };
    format!("{} {unit}", plain(value))
}

/// Three digits at most behind which nothing is said.
fn plain(value: f64) -> String {
    let decimals = match value.abs() {
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn two_digits(value: f64) -> f64 {
    let magnitude = libm::pow(10.0, libm::log10(value).floor() - 1.0);
    // A whole number of tenths keeps 0.1 from being shown as 0.1000001.
    let digits = (value / magnitude).round();
    if magnitude < 1.0 { digits / (1.0 / magnitude).round() } else { digits * magnitude }
}

/// Where a logarithmic way begins that also has a 0.
fn first_of(least: f64, most: f64) -> f64 {
    if least > 0.0 { least } else { most * 1e-5 }
}

/// The bit of a logarithmic way that is 0.
const ZERO_WAY: f64 = 0.02;
/// How far a key moves on a logarithmic way.
const KEY_WAY: f64 = 0.02;

#[cfg(test)]
mod tests {
    use super::*;

    const LATENCY: Scale = Scale::Log { least: 0.0, most: 10.0 };

    #[test]
    fn ways_and_values_agree() {
        for value in [0.0, 0.001, 0.02, 0.4, 1.0, 10.0] {
            let back = LATENCY.value_at(LATENCY.way_of(value));
            assert!((back - value).abs() < 1e-9, "{value} became {back}");
        }
        let weights = Scale::count(0.0, 10.0);
        assert_eq!([0.0, 0.26, 1.0].map(|way| weights.value_at(way)), [0.0, 3.0, 10.0]);
    }

    #[test]
    fn a_key_always_moves() {
        let mut value = LATENCY.value_at(0.1);
        for _ in 0..30 {
            let next = LATENCY.stepped(value, 1.0);
            assert!(next > value, "{value} stays");
            value = next;
        }
        assert_eq!(Scale::count(0.0, 10.0).stepped(10.0, 1.0), 10.0);
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        let cases = [
            (Unit::Time, 0.02, "20 ms"),
            (Unit::Time, 1.31, "1.31 s"),
            (Unit::Time, 0.00025, "250 µs"),
            (Unit::Share, 0.02, "2 %"),
            (Unit::Percent, 20.0, "20 %"),
            (Unit::PerSecond, 1200.0, "1200 /s"),
            (Unit::Factor, 2.5, "× 2.5"),
            (Unit::Count, 3.0, "3"),
        ];
        for (unit, value, text) in cases {
            assert_eq!(unit.text(value), text);
            let back = unit.read(text).unwrap_or_else(|| panic!("{text} is not read"));
            assert!((back - value).abs() < 1e-9, "{text} became {back}");
        }
        assert_eq!(Unit::Time.read("400"), Some(0.4), "a bare number is milliseconds");
        assert_eq!(Unit::Time.read("soon"), None);
    }
}
