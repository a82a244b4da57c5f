//! Pools to measure, and the requests that are put to them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering::Relaxed;

use divan::Bencher;
use evenkeel::balance::pool::{Pool, Settings, Terms};
use evenkeel::balance::{Algorithm, Balancer, Member, Notes, Origin, Request};
use evenkeel::dice::Dice;
use evenkeel::lab::algorithm_text;

/// Every algorithm and every dialect.
pub(crate) const ALGORITHMS: &[&str] = &[
    "round-robin",
    "weighted",
    "weighted(dialect: edf)",
    "weighted(dialect: block)",
    "weighted(dialect: haproxy)",
    "random",
    "least-connections",
    "least-connections(dialect: haproxy)",
    "least-time",
    "peak-ewma",
    "power-of-choices",
    "prequal",
    "first",
    "modulo",
    "modulo(dialect: haproxy)",
    "ip-hash",
    "ring",
    "ring(dialect: haproxy)",
    "ring(dialect: envoy)",
    "ring(dialect: ketama)",
    "ring(load_bound: 1.25)",
    "maglev",
    "maglev(dialect: katran)",
    "rendezvous",
    "jump",
    "multi-probe",
    "anchor",
];

pub(crate) fn algorithm(text: &str) -> Algorithm {
    algorithm_text::parse(text).expect("the list names algorithms that exist")
}

pub(crate) fn name(index: usize) -> String {
    format!("10.0.{}.{}:8080", index / 250, index % 250 + 1)
}

/// Servers of equal weight, with up to seven requests in flight: a busy pool has few ties.
pub(crate) fn members(count: usize) -> Vec<Member> {
    let mut dice = Dice::new(1);
    let member = |index| {
        let member = Member::new(&name(index), index, 1);
        member.load.in_flight.store(dice.below(8) as u32, Relaxed);
        member
    };
    (0..count).map(member).collect()
}

pub(crate) fn balancer(text: &str, members: &[Member]) -> Box<dyn Balancer> {
    algorithm(text).build(members, &Origin::default())
}

/// The same servers as a pool, which is what a proxy asks.
pub(crate) fn pool(text: &str, count: usize) -> Pool {
    let terms: Vec<Terms> = (0..count).map(|index| Terms::new(&name(index), 1)).collect();
    let pool = Pool::new(&algorithm(text), &Settings::default(), &terms, 1);
    for (member, busy) in pool.members().iter().zip(members(count)) {
        member.load.in_flight.store(busy.in_flight(), Relaxed);
    }
    pool
}

/// Different keys: `session-00000417` and the like.
///
/// They lie close together, so that the measuring leaves the caches to what is measured.
pub(crate) struct Keys {
    text: Vec<u8>,
}

impl Keys {
    pub(crate) fn new(count: usize) -> Self {
        let text = (0..count).flat_map(|key| format!("session-{key:08}").into_bytes());
        Self { text: text.collect() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.text.chunks_exact(KEY_BYTES)
    }
}

/// Puts requests with different keys to a balancer or a pool, so that no branch can learn one by heart.
///
/// What the proxy has anyway when it picks is made once: all of the request but its key.
pub(crate) fn measure<R>(
    bencher: Bencher<'_, '_>,
    mut pick: impl FnMut(&Request<'_>, &mut Dice, &mut Notes) -> R,
) {
    let keys = Keys::new(KEYS);
    let (mut round, mut dice, mut notes) = (keys.iter().cycle(), Dice::new(1), Notes::off());
    let mut request =
        Request { address: Some(ADDRESS), now_ns: 1_000_000_000, ..Request::default() };
    bencher.bench_local(|| {
        request.key = round.next().unwrap_or_default();
        pick(&request, &mut dice, &mut notes)
    });
}

/// More than a processor can remember the way of.
const KEYS: usize = 4_096;
const KEY_BYTES: usize = 16;
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
