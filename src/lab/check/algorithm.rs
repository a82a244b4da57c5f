//! Settings of algorithms: numbers in range, and tables that fit into memory.

use super::super::Pool;
use super::super::tree::{Node, Record};
use super::findings::Findings;
use super::{DAY, SHORTEST};
use crate::balance::ring;

/// Every algorithm says itself what its numbers may be.
pub(super) fn check(findings: &mut Findings, at: &str, pool: &Pool) {
    let node = Node::of(&pool.algorithm);
    let Some(settings) = node.as_ref().and_then(Node::as_record) else { return };
    for (name, number) in settings.fields.iter().filter_map(|(name, node)| number(name, node)) {
        let path = format!("{at}.{name}");
        let known = pool.algorithm.about().settings.iter().find(|setting| setting.name == name);
        if let Some((least, most)) = known.and_then(|setting| setting.range) {
            findings.range(&path, number, least, most);
        }
        if name == "slots" && number <= SLOTS_MAX && !is_prime(number as u64) {
            let next = prime_above(number as u64);
            findings.warn(
                &path,
                format!("slots {number} is not prime, so the table has {next}"),
                format!("write slots: {next}"),
            );
        }
    }
    for (name, node) in &settings.fields {
        if let (true, Node::Text(text)) = (FADING.contains(name), node)
            && let Ok(period) = text.parse()
        {
            findings.period(&format!("{at}.{name}"), period, SHORTEST, DAY);
        }
    }
    if pool.algorithm.about().name == "ring" {
        points(findings, at, pool, settings);
    }
}

/// NGINX and `HAProxy` lay out points for each unit of weight, so heavy servers make a ring large.
fn points(findings: &mut Findings, at: &str, pool: &Pool, settings: &Record) {
    let field = |name: &str| settings.fields.iter().find(|(field, _)| *field == name);
    let written = field("points").and_then(|(name, node)| number(name, node));
    let (per_weight, weight_max) = match field("dialect") {
        Some((_, Node::Plain(dialect))) if dialect == "nginx" => (160.0, u32::MAX),
        Some((_, Node::Plain(dialect))) if dialect == "haproxy" => (16.0, 256),
        _ => return,
    };
    let per_weight = written.map_or(per_weight, |(_, points)| points);
    let weights = pool.terms().into_iter().map(|terms| f64::from(terms.weight.min(weight_max)));
    let total = weights.sum::<f64>() * per_weight;
    if total > POINTS_MAX {
        findings.error(
            at,
            format!("this ring would have {total} points, above the limit of {POINTS_MAX}"),
            "use smaller weights in the same proportion, or fewer points",
        );
    }
}

fn number<'a>(name: &'a str, node: &Node) -> Option<(&'a str, f64)> {
    match node {
        Node::Plain(text) => Some((name, text.parse().ok()?)),
        _ => None,
    }
}

fn is_prime(number: u64) -> bool {
    let root = libm::sqrt(number as f64) as u64;
    number >= 2 && (2..=root).all(|divisor| !number.is_multiple_of(divisor))
}

/// Between a number and its double there is always a prime (Chebyshev).
fn prime_above(number: u64) -> u64 {
    let from = number.clamp(2, SLOTS_MAX as u64);
    (from..from * 2).find(|&candidate| is_prime(candidate)).unwrap_or(65_537)
}

/// Times over which something fades or expires, which divides by them.
const FADING: [&str; 2] = ["decay", "ttl"];
/// Envoy's largest table.
const SLOTS_MAX: f64 = 5_000_011.0;
const POINTS_MAX: f64 = ring::POINTS_MAX as f64;
