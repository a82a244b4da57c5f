//! How many keys a change moves under every algorithm that chooses by key, counted beside the frame.

use super::aside::Stop;
use super::past::Roster;
use crate::balance::pool::{Pick, Pool};
use crate::balance::remap::{Assignment, Moves, NOBODY, sample_keys};
use crate::balance::ring::Dialect;
use crate::balance::{Algorithm, Health, Member, Notes, Request};
use crate::dice::Dice;
use crate::ui::widgets::grouped;

/// What a change of a pool moves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) in_use: Algorithm,
    pub(super) before: Roster,
    pub(super) after: Roster,
}

/// What it moves under one algorithm.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) algorithm: Algorithm,
    pub(super) moves: Moves,
    /// How far the fullest server is above its share after the change, as a factor.
    pub(super) fullest: f64,
    /// Each server's part of the keys after the change.
    pub(super) shares: Vec<(String, f64)>,
}

/// Every algorithm that chooses by key, with the settings in use where it is the one in use.
pub(super) fn algorithms(in_use: &Algorithm) -> Vec<Algorithm> {
    let keyed = Algorithm::all().into_iter().filter(|algorithm| algorithm.about().keyed);
    let settled = |algorithm: Algorithm| {
        if algorithm.about().name == in_use.about().name { in_use.clone() } else { algorithm }
    };
    keyed.map(settled).collect()
}

/// A row for each algorithm; the one in use comes first, because it is waited for.
pub(super) fn count(question: &Question, stop: &Stop, tell: &dyn Fn(Row)) {
    let Question { in_use, before, after } = question;
    let mut algorithms = algorithms(in_use);
    algorithms.sort_by_key(|algorithm| algorithm != in_use);
    let mut keys = Keys::default();
    for algorithm in algorithms {
        let Some(row) = row(&algorithm, [before, after], keys.of(&algorithm), stop) else { return };
        tell(row);
    }
}

/// Nothing if it was stopped.
fn row(algorithm: &Algorithm, rosters: [&Roster; 2], keys: &[String], stop: &Stop) -> Option<Row> {
    let [before, after] = rosters.map(|roster| owners(algorithm, roster, keys, stop));
    let [before_members, after_members] = rosters.map(counted_members);
    let before = Assignment { members: &before_members, owners: before? };
    let after = Assignment { members: &after_members, owners: after? };
    let moves = before.moves_to(&after);
    let counts = after.counts();
    let total: u64 = counts.iter().sum();
    let part = |count: u64| count as f64 / total.max(1) as f64;
    let shares = after_members.iter().zip(&counts);
    Some(Row {
        algorithm: algorithm.clone(),
        moves,
        fullest: fullest(&after_members, &counts),
        shares: shares.map(|(member, &count)| (member.name.to_string(), part(count))).collect(),
    })
}

/// Who each key goes to in an idle pool, or nothing if it was stopped.
fn owners(
    algorithm: &Algorithm,
    roster: &Roster,
    keys: &[String],
    stop: &Stop,
) -> Option<Vec<u32>> {
    let pool = roster.pool(algorithm);
    let mut dice = Dice::new(0);
    let owner = |key: &String| {
        let request =
            Request { key: key.as_bytes(), address: key.parse().ok(), ..Request::default() };
        match pool.pick(&request, None, &mut dice, &mut Notes::off()) {
            Pick::Member(member) => member,
            Pick::Wait { .. } | Pick::Nobody => NOBODY,
        }
    };
    let owners: Vec<u32> = keys.iter().take_while(|_| !stop.is_set()).map(owner).collect();
    (owners.len() == keys.len()).then_some(owners)
}

/// The members with the weight that their share of the keys goes by: none for those who get no keys while all
/// others are well, because they are dead or stand behind.
fn counted_members(roster: &Roster) -> Vec<Member> {
    let serving = (0..roster.terms.len()).filter(|&place| roster.serves(place));
    let level = serving.map(|place| roster.terms[place].priority).min();
    let member = |place: usize| {
        let terms = &roster.terms[place];
        let counts = roster.serves(place) && Some(terms.priority) == level;
        Member::new(&terms.name, place, if counts { terms.weight } else { 0 })
    };
    (0..roster.terms.len()).map(member).collect()
}

fn fullest(members: &[Member], counts: &[u64]) -> f64 {
    let weights: f64 = members.iter().map(|member| f64::from(member.weight)).sum();
    let keys: u64 = counts.iter().sum();
    let mean = keys as f64 / weights.max(1.0);
    let loads = members.iter().zip(counts).filter(|(member, _)| member.weight > 0);
    let above = |(member, &count): (&Member, &u64)| {
        count as f64 / (mean * f64::from(member.weight)).max(f64::MIN_POSITIVE)
    };
    loads.map(above).fold(0.0, f64::max)
}

impl Roster {
    /// The pool as the proxy builds it, idle, with those down that are dead.
    pub(super) fn pool(&self, algorithm: &Algorithm) -> Pool {
        let pool = Pool::new(algorithm, &self.around, &self.terms, 0);
        for (index, _) in self.dead.iter().enumerate().filter(|(_, dead)| **dead) {
            pool.set_health(index, Health::Down, 0);
        }
        pool
    }
}

impl Row {
    pub(super) fn moved(&self) -> f64 {
        self.part(self.moves.moved)
    }

    pub(super) fn needless(&self) -> f64 {
        self.part(self.moves.needless)
    }

    fn part(&self, count: u64) -> f64 {
        count as f64 / self.moves.keys.max(1) as f64
    }

    /// "Ring, 160 points".
    pub(super) fn title(&self) -> String {
        let title = self.algorithm.about().title;
        match &self.algorithm {
            Algorithm::Ring(ring) => {
                let usual = match ring.dialect {
                    Dialect::Nginx | Dialect::Ketama => 160,
                    Dialect::Haproxy => 16,
                    Dialect::Envoy => 1_024,
                };
                let points = ring.points.unwrap_or(usual);
                format!("{title}, {} points", grouped(u64::from(points)))
            }
            Algorithm::Maglev(maglev) => format!("{title}, {}", grouped(u64::from(maglev.slots))),
            Algorithm::MultiProbe(settings) => format!("{title}, {}", settings.probes),
            _ => title.to_owned(),
        }
    }
}

/// Keys are made once for all algorithms that take the same.
#[derive(Default)]
struct Keys(Vec<(bool, Vec<String>)>);

impl Keys {
    fn of(&mut self, algorithm: &Algorithm) -> &[String] {
        let by_address = matches!(algorithm, Algorithm::IpHash(_));
        let place = self.0.iter().position(|(kind, _)| *kind == by_address).unwrap_or_else(|| {
            self.0.push((by_address, sample_keys(algorithm, KEYS)));
            self.0.len() - 1
        });
        &self.0[place].1
    }
}

pub(super) const KEYS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Origin;
    use crate::balance::pool::Terms;

    fn roster(weights: &[(&str, u32)]) -> Roster {
        let terms = weights.iter().map(|&(name, weight)| Terms::new(name, weight));
        Roster { terms: terms.collect(), dead: vec![false; weights.len()], ..Roster::default() }
    }

    fn remapped(algorithm: &Algorithm, rosters: [&Roster; 2]) -> Moves {
        let keys = sample_keys(algorithm, KEYS);
        let members = rosters.map(|it| it.pool(algorithm).members().to_vec());
        let [before, after] = members.each_ref().map(|members| {
            let requests = keys.iter().map(|key| Request {
                key: key.as_bytes(),
                address: key.parse().ok(),
                ..Request::default()
            });
            let balancer = algorithm.build(members, &Origin::default());
            Assignment::new(&*balancer, members, requests)
        });
        before.moves_to(&after)
    }

    #[test]
    fn what_is_counted_is_what_a_remap_of_the_same_pools_counts() {
        let four = roster(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
        let five = four.with_one_more("e");
        let heavier = roster(&[("a", 3), ("b", 1), ("c", 1), ("d", 1)]);
        for algorithm in algorithms(&Algorithm::default()) {
            for after in [&five, &heavier, &four.without_last()] {
                let keys = sample_keys(&algorithm, KEYS);
                let row = row(&algorithm, [&four, after], &keys, &Stop::default()).unwrap();
                assert_eq!(row.moves, remapped(&algorithm, [&four, after]), "{algorithm:?}");
            }
        }
    }

    #[test]
    fn a_dead_server_counts_as_one_that_left() {
        let four = roster(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
        let killed = Roster { dead: vec![false, false, false, true], ..four.clone() };
        let algorithm = crate::balance::rendezvous::Rendezvous::default().into();
        let keys = sample_keys(&algorithm, 1_000);
        let row = row(&algorithm, [&four, &killed], &keys, &Stop::default()).unwrap();
        assert!((row.moves.unavoidable - 0.25).abs() < 1e-12, "{row:?}");
        assert_eq!(row.moves.needless, 0);
        assert!(row.moves.moved > 200, "{row:?}");
    }

    #[test]
    fn stopped_work_gives_no_row() {
        let four = roster(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
        let question = Question { in_use: Algorithm::default(), before: four.clone(), after: four };
        let stop = Stop::default();
        stop.set();
        count(&question, &stop, &|row| panic!("{row:?}"));
    }
}
