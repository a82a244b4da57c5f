//! The same promises through a pool, with priorities, zones, slow start, panic and stickiness around the algorithm.

use std::collections::BTreeSet;

use evenkeel::balance::pool::{Pick, Pool, Settings, SlowStart, Terms};
use evenkeel::balance::{
    Algorithm, Candidate, Decision, Exclusion, Health, Member, Notes, Quantity, Request, Rule,
    Stage, Value, View,
};
use evenkeel::dice::Dice;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::cast;
use crate::scene::{SECOND_NS, address_of, check_all, healths, keys, limits, sample, weights};

#[test]
fn a_pool_picks_whoever_may_serve_and_fails_only_if_nobody_may() {
    check_all(&cast::everybody(), 150, &situations(), |algorithm, situation| {
        let pool = situation.pool(algorithm);
        let mut dice = Dice::new(1);
        for (number, key) in situation.keys.iter().cycle().take(REQUESTS).enumerate() {
            let request = situation.request(key, number);
            let own = situation.own_of(&pool, number);
            let (pick, decision) = pick(&pool, &request, own, &mut dice, Notes::on());
            let decision = decision.expect("notes were on");
            check_pick(situation, &pool, &request, own, pick)?;
            check_decision(situation, &pool, &request, pick, &decision)?;
            check_comparison(pick, &decision)?;
            check_sentences(algorithm, &pool, pick, &decision)?;
            serve(&pool, pick, number);
        }
        Ok(())
    });
}

#[test]
fn the_same_inputs_give_the_same_picks_with_notes_on_and_off() {
    check_all(&cast::everybody(), 100, &situations(), |algorithm, situation| {
        let pools = [(); 3].map(|()| situation.pool(algorithm));
        let mut dice = [(); 3].map(|()| Dice::new(5));
        for (number, key) in situation.keys.iter().cycle().take(REQUESTS).enumerate() {
            let request = situation.request(key, number);
            let picks = [0, 1, 2].map(|which| {
                let notes = if which == 2 { Notes::on() } else { Notes::off() };
                let own = situation.own_of(&pools[which], number);
                let (pick, _) = pick(&pools[which], &request, own, &mut dice[which], notes);
                serve(&pools[which], pick, number);
                pick
            });
            prop_assert_eq!(picks[0], picks[1], "twice the same, request {}", number);
            prop_assert_eq!(picks[0], picks[2], "notes on, request {}", number);
        }
        Ok(())
    });
}

/// A pool in some state, and requests to it.
#[derive(Debug, Clone)]
struct Situation {
    terms: Vec<Terms>,
    states: Vec<(Health, u32)>,
    settings: Settings,
    tried: BTreeSet<u32>,
    own: Option<u32>,
    keys: Vec<Vec<u8>>,
}

impl Situation {
    fn pool(&self, algorithm: &Algorithm) -> Pool {
        let pool = Pool::new(algorithm, &self.settings, &self.terms, 3);
        for (index, &(health, in_flight)) in self.states.iter().take(self.terms.len()).enumerate() {
            // Those without a change have been there from the start and are warm.
            if health != Health::Up || index % 2 == 1 {
                pool.set_health(index, health, (index as u64 + 1) * SECOND_NS);
            }
            for _ in 0..in_flight {
                pool.start(index);
            }
        }
        pool
    }

    fn request<'k>(&self, key: &'k [u8], number: usize) -> Request<'k> {
        let mut request =
            Request { key, address: address_of(key), now_ns: now_ns(number), ..Request::default() };
        self.tried.iter().for_each(|&index| request.tried.add(index));
        request
    }

    /// Every other client is bound to somebody.
    fn own_of(&self, pool: &Pool, number: usize) -> Option<u32> {
        self.own.filter(|&own| (own as usize) < pool.members().len() && number % 2 == 1)
    }
}

fn situations() -> impl Strategy<Value = Situation> {
    let member = (weights(), limits(), prop::bool::weighted(0.15), 0..3_u32, zones());
    let states = vec((healths(), 0..3_u32), 8);
    let parts = (
        vec(member, 0..8),
        states,
        settings(),
        prop::collection::btree_set(0..8_u32, 0..3),
        prop::option::of(0..8_u32),
        vec(keys(), 1..6),
    );
    parts.prop_map(|(members, states, settings, tried, own, keys)| {
        let terms = members.into_iter().enumerate().map(|(index, parts)| {
            let (weight, limit, drained, priority, zone) = parts;
            let terms = Terms::new(&format!("server-{index}:80"), weight);
            Terms { limit, drained, priority, zone, ..terms }
        });
        Situation { terms: terms.collect(), states, settings, tried, own, keys }
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let parts = (
        prop::option::of(Just(140_u32)),
        prop_oneof![2 => Just(0_u32), 1 => Just(50), 1 => Just(100)],
        zones(),
        prop::option::of(Just(SlowStart::default())),
    );
    parts.prop_map(|(over_provisioning, panic_below, own_zone, slow_start)| Settings {
        over_provisioning,
        panic_below,
        own_zone,
        slow_start,
    })
}

fn zones() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof!["east", "west"])
}

fn pick(
    pool: &Pool,
    request: &Request<'_>,
    own: Option<u32>,
    dice: &mut Dice,
    mut notes: Notes,
) -> (Pick, Option<Decision>) {
    let pick = pool.pick(request, own, dice, &mut notes);
    (pick, notes.take())
}

/// Every third request stays under way.
fn serve(pool: &Pool, pick: Pick, number: usize) {
    if let Some(index) = pick.member() {
        pool.start(index);
        if !number.is_multiple_of(3) {
            let latency_ns = 20_000_000 * (index as u64 + 1 + number as u64 % 5);
            pool.finish(index, &sample(now_ns(number) + latency_ns, latency_ns));
        }
    }
}

fn check_pick(
    situation: &Situation,
    pool: &Pool,
    request: &Request<'_>,
    own: Option<u32>,
    pick: Pick,
) -> Result<(), TestCaseError> {
    let view = View::new(pool.members(), request);
    let frantic = View { panic: true, ..view };
    if let Some(own) = own.filter(|&own| keeps(&pool.members()[own as usize], request)) {
        let full = pool.members()[own as usize].is_full();
        let expected = if full { Pick::Wait { only: Some(own) } } else { Pick::Member(own) };
        prop_assert_eq!(pick, expected, "the client's own server");
        return Ok(());
    }
    let may_panic = situation.settings.panic_below > 0;
    match pick {
        Pick::Member(index) => {
            let exclusion = if may_panic {
                frantic.exclusion(index as usize)
            } else {
                view.exclusion(index as usize)
            };
            prop_assert_eq!(exclusion, None, "{} was picked", index);
        }
        Pick::Wait { only } => {
            prop_assert_eq!(only, None);
            prop_assert!(view.usable_indexes().next().is_none(), "nobody had to wait");
            let is_full = |index| frantic.exclusion(index) == Some(Exclusion::Full);
            prop_assert!((0..pool.members().len()).any(is_full), "nobody to wait for");
        }
        Pick::Nobody => {
            prop_assert!(view.usable_indexes().next().is_none(), "somebody was usable");
            let is_full = |index| view.exclusion(index) == Some(Exclusion::Full);
            prop_assert!(!(0..pool.members().len()).any(is_full), "worth waiting for");
        }
    }
    Ok(())
}

/// Whether a client's own server would have it: drained ones keep their clients.
fn keeps(member: &Member, request: &Request<'_>) -> bool {
    let trusted = match member.standing.health() {
        Health::Up => true,
        Health::Trial => member.in_flight() == 0,
        Health::Down | Health::Ejected => false,
    };
    trusted && !request.tried.contains(member.index)
}

fn check_decision(
    situation: &Situation,
    pool: &Pool,
    request: &Request<'_>,
    pick: Pick,
    decision: &Decision,
) -> Result<(), TestCaseError> {
    let stuck = decision.rule == Some(Rule::Stuck);
    if let Pick::Member(index) = pick {
        prop_assert_eq!(decision.choice, Some(index));
        prop_assert!(decision.rule.is_some());
        let chosen = &decision.candidates[index as usize];
        prop_assert!(stuck || chosen.excluded.is_none(), "{:?} was chosen", chosen);
    }
    let names: Vec<&str> = decision.candidates.iter().map(|candidate| &*candidate.name).collect();
    let members: Vec<&str> = pool.members().iter().map(|member| &*member.name).collect();
    prop_assert_eq!(names, members, "everybody is named once");
    // A panic is told of where it found somebody.
    let panicking = decision.stages.iter().any(|stage| matches!(stage, Stage::Panic { .. }))
        || (pick.member().is_none() && situation.settings.panic_below > 0);
    for (index, candidate) in decision.candidates.iter().enumerate() {
        // Only the level that was asked panics, so the others keep their health.
        let calm = View::new(pool.members(), request).exclusion(index);
        let frantic = View { panic: true, ..View::new(pool.members(), request) }.exclusion(index);
        let excluded = candidate.excluded;
        let given = excluded.filter(|reason| !is_from_outside(*reason));
        let fits = given == calm || (panicking && given == frantic);
        prop_assert!(fits, "{:?}: {:?}, not {:?}", candidate.name, excluded, calm);
        check_outside_reason(situation, candidate)?;
    }
    Ok(())
}

/// Reasons that a member's own state does not tell.
fn is_from_outside(reason: Exclusion) -> bool {
    matches!(reason, Exclusion::WarmingUp | Exclusion::OverBound | Exclusion::OtherGroup)
}

fn check_outside_reason(situation: &Situation, candidate: &Candidate) -> Result<(), TestCaseError> {
    let fits = match candidate.excluded {
        Some(Exclusion::WarmingUp) => situation.settings.slow_start.is_some(),
        Some(Exclusion::OtherGroup) => situation.terms.len() > 1,
        _ => true,
    };
    prop_assert!(fits, "{:?}", candidate);
    Ok(())
}

/// What is said of the chosen one must not be beaten by what is said of another.
fn check_comparison(pick: Pick, decision: &Decision) -> Result<(), TestCaseError> {
    let (quantity, sign) = match decision.rule {
        Some(Rule::Least(quantity) | Rule::LeastOfDrawn(quantity)) => (quantity, 1.0),
        Some(Rule::Most(quantity)) => (quantity, -1.0),
        Some(Rule::MostCredit) => (Quantity::Credit, -1.0),
        _ => return Ok(()),
    };
    let Some(index) = pick.member() else { return Ok(()) };
    let number = |candidate: &Candidate| {
        let seen = candidate.seen.iter().find(|seen| seen.what == quantity);
        seen.map(|seen| sign * number_of(seen.value))
    };
    let chosen = number(&decision.candidates[index]);
    prop_assert!(chosen.is_some(), "{:?}", decision);
    for other in decision.candidates.iter().filter(|other| other.excluded.is_none()) {
        let beaten = number(other).zip(chosen).is_some_and(|(other, chosen)| other < chosen);
        prop_assert!(!beaten, "{:?} of {:?}", other, decision);
    }
    Ok(())
}

fn number_of(value: Value) -> f64 {
    match value {
        Value::Count(number) | Value::Hash(number) | Value::Around(number) => number as f64,
        Value::Signed(number) => number as f64,
        Value::Real(number) => number,
        Value::Time { ns } => ns as f64,
    }
}

fn check_sentences(
    algorithm: &Algorithm,
    pool: &Pool,
    pick: Pick,
    decision: &Decision,
) -> Result<(), TestCaseError> {
    let sentences = decision.sentences(algorithm.about());
    for sentence in &sentences {
        let reads_well = !sentence.is_empty()
            && !sentence.contains('?')
            && !sentence.contains("  ")
            && !sentence.contains("NaN")
            && !sentence.ends_with(['.', ',', ':', ' ']);
        prop_assert!(reads_well, "{}", sentence);
    }
    if let Some(index) = pick.member() {
        let name = &*pool.members()[index].name;
        prop_assert!(sentences[0].contains(name), "{} does not name {}", sentences[0], name);
        let without_reason = sentences[0].ends_with("was picked");
        prop_assert!(!without_reason, "{}: {:?}", sentences[0], decision);
    }
    Ok(())
}

/// A few requests a second, from when the first servers are warming up.
fn now_ns(number: usize) -> u64 {
    2 * SECOND_NS + number as u64 * SECOND_NS / 5
}

/// So many that keys come again and what was learned from the first shows.
const REQUESTS: usize = 20;
