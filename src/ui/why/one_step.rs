//! What other algorithms would have picked from the same view: one step each, and not a replay.
//!
//! The servers are put together again as the decision saw them: weight, requests in flight, who was out and why. Each
//! algorithm is then asked by the code that runs. What it would have remembered of its own past is not recorded, so
//! whoever's turn it was, and every draw, is tried in turn; what comes of that is a list of those who could have been.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;

use crate::balance::{
    Algorithm, Candidate, Decision, Exclusion, Health, Member, Notes, Origin, Request, Sample,
    Stage, Tried, View,
};
use crate::dice::Dice;
use crate::lab::Pool;
use crate::ui::doctor::Way;

/// The moment of one pick.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment {
    pub(super) candidates: Vec<Candidate>,
    pub(super) panic: bool,
    /// Empty if the request had none.
    pub(super) key: Vec<u8>,
    pub(super) address: Option<IpAddr>,
    pub(super) now_ns: u64,
    /// The numbers that `HAProxy` hashes, by place in the pool; what is missing counts from 1.
    pub(super) ids: Vec<u32>,
    /// What ended shortly before at whom, oldest first. Nothing if not all of it is known.
    pub(super) history: Vec<(u32, Sample)>,
}

/// What came of asking. Servers are named by their places in the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Would {
    Pick(u32),
    /// Whoever's turn it was.
    InTurn(Vec<u32>),
    /// Whoever the draw or the tie fell on.
    OneOf(Vec<u32>),
    Nobody,
    /// It goes by what it has seen before, which nobody recorded.
    CannotTell,
}

impl Moment {
    pub(super) fn of(decision: &Decision, pool: &Pool) -> Self {
        let is_panic = |stage: &Stage| matches!(stage, Stage::Panic { .. });
        let terms = pool.terms();
        let id = |(place, terms): (usize, &crate::balance::pool::Terms)| {
            terms.id.unwrap_or(place as u32 + 1)
        };
        Self {
            candidates: decision.candidates.clone(),
            panic: decision.stages.iter().any(is_panic),
            ids: terms.iter().enumerate().map(id).collect(),
            ..Self::default()
        }
    }

    /// One step of an algorithm.
    pub(super) fn ask(&self, algorithm: &Algorithm) -> Would {
        let members = self.members();
        let balancer = algorithm.build(&members, &Origin::default());
        let request = self.request();
        let held = self.held();
        let view = View { held: &held, panic: self.panic, ..View::new(&members, &request) };
        let n_usable = view.usable_indexes().count();
        if n_usable == 0 {
            return Would::Nobody;
        }
        if n_usable > 1 && goes_by_the_past(algorithm) {
            let known = |index: usize| {
                self.history.iter().any(|(member, _)| *member == members[index].index)
            };
            if has_own_sources(algorithm) || !view.usable_indexes().all(known) {
                return Would::CannotTell;
            }
            for (member, sample) in &self.history {
                let place = members.iter().position(|known| known.index == *member);
                if let Some(place) = place {
                    balancer.learn(&members, place, sample);
                }
            }
        }
        let mut found = BTreeSet::new();
        for attempt in 0..self.n_attempts(algorithm, n_usable) {
            let mut dice = Dice::stream(attempt, 0);
            if let Some(place) = balancer.pick(&view, &mut dice, &mut Notes::off()) {
                found.insert(members[place].index);
            }
            if found.len() == n_usable {
                break;
            }
        }
        Would::of(found, algorithm)
    }

    /// The same with its reasons, for an algorithm that is in force.
    pub(super) fn decide(&self, algorithm: &Algorithm) -> Option<Decision> {
        let members = self.members();
        let request = self.request();
        let view = View { panic: self.panic, ..View::new(&members, &request) };
        let mut notes = Notes::on();
        let balancer = algorithm.build(&members, &Origin::default());
        let place = balancer.pick(&view, &mut Dice::new(0), &mut notes)?;
        let mut decision = notes.take()?;
        decision.exclude(&view);
        decision.choose(members[place].index);
        Some(decision)
    }

    fn request(&self) -> Request<'_> {
        let mut tried = Tried::default();
        let was_tried = |it: &&Candidate| it.excluded == Some(Exclusion::Tried);
        self.candidates.iter().filter(was_tried).for_each(|it| tried.add(it.member));
        Request { key: &self.key, address: self.address, now_ns: self.now_ns, tried }
    }

    /// New ones each time, because algorithms write into them.
    fn members(&self) -> Vec<Member> {
        let inside = |it: &&Candidate| it.excluded != Some(Exclusion::OtherGroup);
        self.candidates.iter().filter(inside).map(|it| self.member(it)).collect()
    }

    fn member(&self, candidate: &Candidate) -> Member {
        let Candidate { member: index, name, weight, in_flight, excluded, .. } = candidate;
        let mut member = Member::new(name, *index as usize, *weight);
        member.id = self.ids.get(*index as usize).copied().unwrap_or(member.id);
        member.load.in_flight.store(*in_flight, Relaxed);
        match excluded {
            Some(Exclusion::Down) => member.standing.set(Health::Down, 0),
            Some(Exclusion::Ejected) => member.standing.set(Health::Ejected, 0),
            Some(Exclusion::OnTrial) => member.standing.set(Health::Trial, 0),
            Some(Exclusion::Drained) => member.drained = true,
            Some(Exclusion::Full) => member.limit = (*in_flight).max(1),
            _ => {}
        }
        member
    }

    /// Those in slow start who sat this one out: a bit for each place in the pool.
    fn held(&self) -> Vec<u64> {
        let mut held = Vec::new();
        let sat_out = |it: &&Candidate| it.excluded == Some(Exclusion::WarmingUp);
        for candidate in self.candidates.iter().filter(sat_out) {
            let word = candidate.member as usize / 64;
            held.resize(held.len().max(word + 1), 0);
            held[word] |= 1 << (candidate.member % 64);
        }
        held
    }

    /// How often to ask until everybody who could be picked has been, all but surely.
    fn n_attempts(&self, algorithm: &Algorithm, n_usable: usize) -> u64 {
        let weights: u64 = self.candidates.iter().map(|it| u64::from(it.weight)).sum();
        match Way::of(algorithm) {
            Way::ByKey if !self.key.is_empty() => 1,
            Way::InTurn => (2 * weights).clamp(2 * n_usable as u64, ATTEMPTS_MAX),
            _ => (16 * n_usable as u64 + 32).min(ATTEMPTS_MAX),
        }
    }
}

impl Would {
    fn of(found: BTreeSet<u32>, algorithm: &Algorithm) -> Self {
        let found: Vec<u32> = found.into_iter().collect();
        match found.as_slice() {
            [] => Self::Nobody,
            [only] => Self::Pick(*only),
            _ if Way::of(algorithm) == Way::InTurn => Self::InTurn(found),
            _ => Self::OneOf(found),
        }
    }
}

fn goes_by_the_past(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::LeastTime(_) | Algorithm::PeakEwma(_))
        || has_own_sources(algorithm)
}

/// Prequal goes by probes that it sends itself.
fn has_own_sources(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Prequal(_))
}

const ATTEMPTS_MAX: u64 = 2_048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::least_connections::LeastConnections;
    use crate::balance::power_of_choices::PowerOfChoices;
    use crate::balance::rendezvous::Rendezvous;
    use crate::balance::round_robin::RoundRobin;

    /// Servers with so many requests in flight.
    fn moment(in_flight: &[u32]) -> Moment {
        let candidate = |(member, in_flight): (usize, &u32)| Candidate {
            member: member as u32,
            name: format!("s{member}").into(),
            weight: 1,
            in_flight: *in_flight,
            excluded: None,
            seen: Vec::new(),
        };
        let candidates = in_flight.iter().enumerate().map(candidate).collect();
        Moment { candidates, ..Moment::default() }
    }

    fn pick_for_real(algorithm: &Algorithm, members: &[Member], key: &[u8], turn: u64) -> u32 {
        let origin = Origin::default();
        origin.cursor.store(turn, Relaxed);
        let balancer = algorithm.build(members, &origin);
        let request = Request::keyed(key);
        let view = View::new(members, &request);
        balancer.pick(&view, &mut Dice::new(1), &mut Notes::off()).unwrap() as u32
    }

    #[test]
    fn round_robin_names_whoever_it_could_have_been() {
        let algorithm = RoundRobin::default().into();
        let mut moment = moment(&[4, 0, 1]);
        moment.candidates[1].excluded = Some(Exclusion::Down);
        let real: BTreeSet<u32> =
            (0..3).map(|turn| pick_for_real(&algorithm, &moment.members(), b"", turn)).collect();
        assert_eq!(moment.ask(&algorithm), Would::InTurn(real.into_iter().collect()));
    }

    #[test]
    fn least_connections_picks_the_one_it_would_pick() {
        let algorithm = LeastConnections::default().into();
        let moment = moment(&[4, 2, 1, 7]);
        let real = pick_for_real(&algorithm, &moment.members(), b"", 0);
        assert_eq!((moment.ask(&algorithm), real), (Would::Pick(real), 2));
        let tied = super::tests::moment(&[4, 1, 1, 7]);
        assert_eq!(tied.ask(&algorithm), Would::OneOf(vec![1, 2]), "a tie is said to be one");
    }

    #[test]
    fn a_key_leads_where_it_leads_in_the_proxy() {
        let algorithm = Rendezvous::default().into();
        for key in ["127.0.0.3", "user-7", "x"] {
            let moment = Moment { key: key.into(), ..moment(&[0, 9, 3, 1]) };
            let real = pick_for_real(&algorithm, &moment.members(), key.as_bytes(), 0);
            assert_eq!(moment.ask(&algorithm), Would::Pick(real), "{key}");
        }
    }

    #[test]
    fn who_draws_may_get_all_but_the_busiest() {
        let algorithm = PowerOfChoices::default().into();
        assert_eq!(moment(&[4, 0, 9]).ask(&algorithm), Would::OneOf(vec![0, 1]));
    }

    #[test]
    fn what_goes_by_the_past_is_told_only_with_a_past() {
        let algorithm = Algorithm::all()
            .into_iter()
            .find(|algorithm| algorithm.about().name == "peak-ewma")
            .unwrap();
        let mut moment = Moment { now_ns: 1_000_000_000, ..moment(&[0, 0]) };
        assert_eq!(moment.ask(&algorithm), Would::CannotTell);
        let ended = |latency_ns| Sample {
            now_ns: 900_000_000,
            latency_ns,
            first_byte_ns: latency_ns,
            succeeded: true,
            ..Sample::default()
        };
        moment.history = vec![(0, ended(400_000_000)), (1, ended(5_000_000))];
        assert_eq!(moment.ask(&algorithm), Would::Pick(1));
    }
}
