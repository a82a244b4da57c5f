//! Tables: medians of the rounds, and ratios to the best of the others.

use std::fmt::Write as _;

use crate::proxies::Proxy;
use crate::rounds::{Outcome, median};
use crate::special::{Results, medians};
use crate::workloads::{Measured, Workload};

/// One workload, one line for each proxy.
pub(crate) fn table(workload: &Workload, results: &Results) -> String {
    let mut text = format!("\n{}: {}\n", workload.name, workload.title);
    match results {
        Results::Turns(outcomes) => {
            text += "            CPU/request   ratio   requests/s   busy        p50        p99      p99.9     memory\n";
            for outcome in outcomes {
                line(&mut text, outcome, outcomes);
            }
        }
        Results::Numbers { unit, of } => {
            for (proxy, measured) in of {
                let value = median(measured.iter().copied());
                let _infallible = writeln!(text, "  {:9} {value:12.2} {unit}", proxy.name());
            }
        }
    }
    for proxy in Proxy::ALL.into_iter().filter(|it| !it.is_ours()) {
        if let Some(why) = proxy.unable(&workload.setup) {
            let _infallible = writeln!(text, "  {:9} cannot: {why}", proxy.name());
        } else if let Some(what) = proxy.instead(&workload.setup) {
            let _infallible = writeln!(text, "  {:9} does: {what}", proxy.name());
        }
    }
    text
}

fn line(text: &mut String, outcome: &Outcome, all: &[Outcome]) {
    let middle = medians(&outcome.turns);
    let ratio = ratio_to_best(outcome, all);
    let ratio = ratio.map_or_else(|| "-".to_owned(), |(ratio, _)| format!("{ratio:.2}"));
    let _infallible = writeln!(
        text,
        "  {:9} {:>12} {ratio:>7} {:12.0} {:4.0} % {:>10} {:>10} {:>10} {:6.1} MiB",
        outcome.proxy.name(),
        time(middle.cpu_ns),
        middle.per_second,
        middle.busy * 100.0,
        time(middle.p50_ns),
        time(middle.p99_ns),
        time(middle.p999_ns),
        outcome.peak_bytes as f64 / 1024.0 / 1024.0,
    );
}

/// The median over the rounds of a proxy's cost by that of the best other one, and which one that is.
fn ratio_to_best(outcome: &Outcome, all: &[Outcome]) -> Option<(f64, Proxy)> {
    let others = all.iter().filter(|other| {
        let both_ours = other.proxy.is_ours() && outcome.proxy.is_ours();
        other.proxy != outcome.proxy && other.proxy != Proxy::Carried && !both_ours
    });
    let cost = |outcome: &&Outcome| medians(&outcome.turns).cpu_ns;
    let best = others.min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
    Some((ratio(outcome, best), best.proxy))
}

/// The median over the rounds, in each of which both had their turn.
fn ratio(one: &Outcome, other: &Outcome) -> f64 {
    let pairs = one.turns.iter().zip(&other.turns);
    median(pairs.map(|(one, other)| one.cpu_ns / other.cpu_ns))
}

/// Evenkeel beside the best of the others, one line for each workload.
pub(crate) fn summary(all: &[(&Workload, Results)]) -> String {
    let mut text = String::from(
        "\nworkload                  Evenkeel         best other   CPU ratio   p99 ratio\n",
    );
    for (workload, results) in all {
        let Results::Turns(outcomes) = results else { continue };
        let Some(ours) = outcomes.iter().find(|it| it.proxy == Proxy::Evenkeel) else { continue };
        for other in outcomes.iter().filter(|it| it.proxy.is_ours() && it.proxy != ours.proxy) {
            let (name, ratio) = (other.proxy.name(), ratio(ours, other));
            let _infallible = writeln!(text, "{:22} {ratio:.3} of {name}", workload.name);
        }
        let Some((ratio, best)) = ratio_to_best(ours, outcomes) else { continue };
        let Some(theirs) = outcomes.iter().find(|it| it.proxy == best) else { continue };
        let others = outcomes.iter().filter(|it| !it.proxy.is_ours());
        let p99 = others.map(|it| medians(&it.turns).p99_ns).fold(f64::INFINITY, f64::min);
        let (ours, theirs) = (medians(&ours.turns), medians(&theirs.turns));
        // Where as much goes through as can, times only say how much that is.
        let p99 = match workload.kind {
            Measured::Latency | Measured::Drawing => format!("{:.2}", ours.p99_ns / p99),
            _ => "-".to_owned(),
        };
        let _infallible = writeln!(
            text,
            "{:22} {:>11} {:>11} {:9} {ratio:9.2} {p99:>11}",
            workload.name,
            time(ours.cpu_ns),
            time(theirs.cpu_ns),
            best.name(),
        );
    }
    text
}

fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}
