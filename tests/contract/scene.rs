//! Situations in which a pick is made: random members in random states, and a request.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering::Relaxed;

use evenkeel::balance::{Algorithm, Health, Member, Request, Sample, Tried, View};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

/// What one pick sees, written down, so that it can be set up as often as wanted.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) seats: Vec<Seat>,
    pub(crate) keys: Vec<Vec<u8>>,
    pub(crate) panic: bool,
}

/// One member's part of it.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) weight: u32,
    pub(crate) limit: u32,
    pub(crate) in_flight: u32,
    pub(crate) drained: bool,
    pub(crate) health: Health,
    pub(crate) tried: bool,
    /// Warming up, and this pick is not its turn.
    pub(crate) held: bool,
}

impl Scene {
    pub(crate) fn members(&self) -> Vec<Member> {
        self.seats.iter().enumerate().map(|(index, seat)| seat.member(index)).collect()
    }

    pub(crate) fn tried(&self) -> Tried {
        let mut tried = Tried::default();
        for index in (0..self.seats.len()).filter(|&index| self.seats[index].tried) {
            tried.add(index as u32);
        }
        tried
    }

    pub(crate) fn held(&self) -> Vec<u64> {
        let bit = |(index, seat): (usize, &Seat)| u64::from(seat.held) << index;
        vec![self.seats.iter().enumerate().map(bit).sum()]
    }

    /// The view of the given request, for as long as all that it borrows lives.
    pub(crate) fn view<'a>(
        &self,
        members: &'a [Member],
        request: &'a Request<'a>,
        held: &'a [u64],
    ) -> View<'a> {
        View { panic: self.panic, held, ..View::new(members, request) }
    }

    /// The requests, one after the other, a second apart.
    pub(crate) fn requests(&self) -> impl Iterator<Item = Request<'_>> {
        let tried = self.tried();
        self.keys.iter().zip(0..).map(move |(key, second)| Request {
            key,
            address: address_of(key),
            now_ns: second * SECOND_NS,
            tried,
        })
    }
}

impl Seat {
    fn member(&self, index: usize) -> Member {
        let mut member = Member::new(&format!("server-{index}:80"), index, self.weight);
        member.limit = self.limit;
        member.drained = self.drained;
        member.load.in_flight.store(self.in_flight, Relaxed);
        member.standing.set(self.health, 0);
        member
    }
}

/// Some address for a key, none for an empty one.
pub(crate) fn address_of(key: &[u8]) -> Option<IpAddr> {
    let octet = |index: usize| key.get(index).copied().unwrap_or(7);
    (!key.is_empty()).then(|| Ipv4Addr::new(octet(0), octet(1), octet(2), octet(3)).into())
}

pub(crate) fn scenes() -> impl Strategy<Value = Scene> {
    let parts = (vec(seats(), 0..9), vec(keys(), 1..12), prop::bool::weighted(0.2));
    parts.prop_map(|(seats, keys, panic)| Scene { seats, keys, panic })
}

fn seats() -> impl Strategy<Value = Seat> {
    let rarely = || prop::bool::weighted(0.15);
    let parts = (weights(), limits(), 0..4_u32, rarely(), healths(), rarely(), rarely());
    parts.prop_map(|(weight, limit, in_flight, drained, health, tried, held)| Seat {
        weight,
        limit,
        in_flight,
        drained,
        health,
        tried,
        held,
    })
}

pub(crate) fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![1 => Just(Vec::new()), 8 => vec(any::<u8>(), 1..12)]
}

pub(crate) fn weights() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0_u32), 4 => Just(1), 6 => 1..6_u32, 1 => 20..50_u32]
}

pub(crate) fn limits() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0_u32), 1 => 1..5_u32]
}

pub(crate) fn healths() -> impl Strategy<Value = Health> {
    prop_oneof![
        6 => Just(Health::Up),
        2 => Just(Health::Down),
        1 => Just(Health::Ejected),
        2 => Just(Health::Trial),
    ]
}

pub(crate) fn sample(now_ns: u64, latency_ns: u64) -> Sample {
    Sample { now_ns, beside: 0, first_byte_ns: latency_ns / 2, latency_ns, succeeded: true }
}

/// Tries so many situations on every algorithm given.
pub(crate) fn check_all<S: Strategy>(
    cast: &[Algorithm],
    cases: u32,
    situations: &S,
    check: impl Fn(&Algorithm, &S::Value) -> Result<(), TestCaseError>,
) {
    let broken = |algorithm: &Algorithm| {
        let config =
            ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        let outcome =
            TestRunner::new(config).run(situations, |situation| check(algorithm, &situation));
        outcome.err().map(|error| format!("{algorithm:?}: {error}"))
    };
    let findings: Vec<String> = cast.iter().filter_map(broken).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

pub(crate) const SECOND_NS: u64 = 1_000_000_000;
