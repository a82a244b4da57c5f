//! The two numbers that the last row reads: how long the slowest one in a hundred took, and a typical one.

use crate::meter::MeterReading;
use crate::ui::story::Story;

pub(super) struct Numbers {
    pub(super) slow_ns: Option<u64>,
    pub(super) typical_ns: Option<u64>,
}

impl Numbers {
    /// As clients saw it lately; where no built-in client sends, as the proxy saw it.
    pub(super) fn of(story: &Story, moment_ns: u64) -> Self {
        let frames = story.frames_between(moment_ns.saturating_sub(OVER_NS), moment_ns);
        let none = (MeterReading::default(), MeterReading::default());
        let (clients, proxied) = frames.fold(none, |(clients, proxied), frame| {
            (clients.merge(&frame.clients_together()), proxied.merge(&frame.proxied))
        });
        let seen = if clients.latency.is_empty() { proxied } else { clients };
        let quantile = |q| seen.latency.quantile(q);
        Self { slow_ns: quantile(0.99), typical_ns: quantile(0.5) }
    }

    /// So slow that it is the one thing to look at.
    pub(super) fn stands_out(&self) -> bool {
        let (Some(slow), Some(typical)) = (self.slow_ns, self.typical_ns) else { return false };
        slow >= STANDS_OUT * typical
    }
}

/// A number that is read aloud: at most three digits, and its unit.
pub(super) fn spoken(ns: Option<u64>) -> String {
    let Some(ns) = ns else { return "–".to_owned() };
    let (value, unit) = match ns {
        0..1_000_000 => (ns as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

const OVER_NS: u64 = 5_000_000_000;
const STANDS_OUT: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_enough_to_be_read_from_the_last_row() {
        let texts = [None, Some(830_000), Some(2_140_000_000), Some(22_400_000), Some(31e9 as u64)];
        assert_eq!(texts.map(spoken), ["–", "830 µs", "2.1 s", "22 ms", "31 s"]);
    }
}
