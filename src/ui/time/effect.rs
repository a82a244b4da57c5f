//! What a mark changed: latency before and after it.

use crate::meter::LatencyReading;
use crate::ui::widgets::Unit;
use crate::ui::workbench::Workbench;

/// `p99 before 2.1 s, after 431 ms`, from up to ten seconds on either side.
pub(super) fn effect(workbench: &Workbench, at_ns: u64) -> String {
    let before = p99(workbench, at_ns.saturating_sub(SIDE_NS), at_ns);
    // What was sent before the mark still comes back right after it.
    let after = p99(workbench, at_ns + SETTLE_NS, at_ns + SETTLE_NS + SIDE_NS);
    let text = |secs: Option<f64>, none: &str| {
        secs.map_or_else(|| none.to_owned(), |secs| Unit::Time.text(secs))
    };
    format!("p99 before {}, after {}", text(before, "unknown"), text(after, "not yet known"))
}

fn p99(workbench: &Workbench, from_ns: u64, to_ns: u64) -> Option<f64> {
    let frames = workbench.story.frames_between(from_ns, to_ns);
    let latency = frames.fold(LatencyReading::default(), |sum, frame| {
        let clients = frame.clients_together();
        let of_proxy = frame.clients.is_empty();
        sum.merge(if of_proxy { &frame.proxied.latency } else { &clients.latency })
    });
    latency.quantile(0.99).map(|ns| ns as f64 / 1e9)
}

const SIDE_NS: u64 = 10_000_000_000;
const SETTLE_NS: u64 = 500_000_000;
