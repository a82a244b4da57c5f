//! How the pool in focus stood over time, and what was changed about who serves in it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::balance::Algorithm;
use crate::balance::pool::{self, Settings, Terms};
use crate::lab::{Key, Lab, Pool, Stickiness};
use crate::ui::badges::Badges;

/// Everything about a pool that decides where a key goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stand {
    pub(super) algorithm: Algorithm,
    pub(super) key: Key,
    pub(super) stickiness: Stickiness,
    pub(super) roster: Roster,
}

/// Who serves in a pool, on which terms.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Roster {
    pub(super) around: Settings,
    /// With the number that each server has in the proxy, which some algorithms hash.
    pub(super) terms: Vec<Terms>,
    /// Who is switched off, in the same order.
    pub(super) dead: Vec<bool>,
}

/// The stands of one pool, each with when it came into force, oldest first.
#[derive(Debug, Default)]
pub(super) struct Past {
    pool: String,
    stands: VecDeque<(u64, Arc<Stand>)>,
    last: Option<Arc<Lab>>,
    /// Gives out the servers' numbers as the proxy's own pool does.
    numbers: Numbers,
}

/// A change of who serves, or with what weight.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) at_ns: u64,
    pub(super) before: Arc<Stand>,
    pub(super) after: Arc<Stand>,
    pub(super) steps: Vec<Step>,
}

/// One server's part in a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Added(String),
    Removed(String),
    Weight { server: String, from: u32, to: u32 },
    Drained(String),
    Undrained(String),
    Killed(String),
    Revived(String),
}

impl Past {
    /// Takes in the labs that came since the last call. Another pool begins anew.
    pub(super) fn follow(&mut self, labs: &[(u64, Arc<Lab>)], good: (u64, &Arc<Lab>), pool: &str) {
        if self.pool != pool {
            *self = Self { pool: pool.to_owned(), ..Self::default() };
        }
        let known = |(_, lab): &(u64, Arc<Lab>)| {
            self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, lab))
        };
        let new = labs.iter().rposition(known).map_or(0, |place| place + 1);
        for (at_ns, lab) in &labs[new..] {
            self.note(*at_ns, lab);
        }
        let (now_ns, good) = good;
        if self.last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, good)) {
            self.note(now_ns, good);
        }
    }

    fn note(&mut self, at_ns: u64, lab: &Arc<Lab>) {
        self.last = Some(Arc::clone(lab));
        let Some(pool) = lab.pool(&self.pool) else { return };
        let stand = Stand {
            algorithm: pool.algorithm.clone(),
            key: pool.key.clone(),
            stickiness: pool.stickiness.clone(),
            roster: self.numbers.roster(pool),
        };
        if self.stands.back().is_some_and(|(_, last)| **last == stand) {
            return;
        }
        if self.stands.len() == STANDS_MAX {
            self.stands.pop_front();
        }
        self.stands.push_back((at_ns, Arc::new(stand)));
    }

    /// How the pool stood at a moment, or at first.
    pub(super) fn at(&self, moment_ns: u64) -> Option<&Arc<Stand>> {
        let place = self.place(moment_ns)?;
        Some(&self.stands[place].1)
    }

    fn place(&self, moment_ns: u64) -> Option<usize> {
        if self.stands.is_empty() {
            return None;
        }
        Some(self.stands.partition_point(|(at_ns, _)| *at_ns <= moment_ns).saturating_sub(1))
    }

    /// The last change of who serves that was made by a moment. What a hand does to weights in one go is one.
    pub(super) fn last_change(&self, moment_ns: u64) -> Option<Change> {
        let here = self.place(moment_ns)?;
        let steps = |place: usize| {
            let [before, after] = [place - 1, place].map(|place| &self.stands[place].1.roster);
            steps_between(before, after)
        };
        let end = (1..=here).rev().find(|&place| !steps(place).is_empty())?;
        let last = steps(end);
        let servers = weighed(&last);
        let mut first = end;
        while first > 1 && servers.is_some() && weighed(&steps(first - 1)) == servers {
            if self.stands[first].0 - self.stands[first - 1].0 > DRAG_NS {
                break;
            }
            first -= 1;
        }
        let (at_ns, after) = &self.stands[end];
        let before = &self.stands[first - 1].1;
        let steps = steps_between(&before.roster, &after.roster);
        let (before, after) = (Arc::clone(before), Arc::clone(after));
        (!steps.is_empty()).then_some(Change { at_ns: *at_ns, before, after, steps })
    }

    /// Each stand that came into force in a stretch of time, with the one before it.
    pub(super) fn between(
        &self,
        from_ns: u64,
        to_ns: u64,
    ) -> impl Iterator<Item = (u64, &Stand, &Stand)> {
        let pairs = self.stands.iter().zip(self.stands.iter().skip(1));
        pairs
            .filter(move |(_, (at_ns, _))| (from_ns..=to_ns).contains(at_ns))
            .map(|((_, before), (at_ns, after))| (*at_ns, &**before, &**after))
    }
}

impl Roster {
    /// The same with one server more, at the weight that most have.
    pub(super) fn with_one_more(&self, name: &str) -> Self {
        let mut weights: Vec<u32> =
            self.terms.iter().map(|terms| terms.weight).filter(|&weight| weight > 0).collect();
        weights.sort_unstable();
        let weight = weights.get(weights.len() / 2).copied().unwrap_or(1);
        let mut more = self.clone();
        more.terms.push(Terms::new(name, weight));
        more.dead.push(false);
        more
    }

    /// The same without the last server.
    pub(super) fn without_last(&self) -> Self {
        let mut fewer = self.clone();
        fewer.terms.pop();
        fewer.dead.pop();
        fewer
    }

    /// Whether a server's keys are its own: not drained, not dead.
    pub(super) fn serves(&self, place: usize) -> bool {
        let terms = &self.terms[place];
        !terms.drained && terms.weight > 0 && !self.dead[place]
    }

    pub(super) fn n_serving(&self) -> usize {
        (0..self.terms.len()).filter(|&place| self.serves(place)).count()
    }
}

impl Change {
    /// "added E", "removed B, weight of A 1 → 3".
    pub(super) fn words(&self, pool: &str, badges: &Badges) -> String {
        let words = |step: &Step| step.words(&|server| badges.of(pool, server).letter());
        let mut named: Vec<String> = self.steps.iter().take(STEPS_NAMED).map(words).collect();
        if let Some(more @ 1..) = self.steps.len().checked_sub(STEPS_NAMED) {
            named.push(format!("and {more} more"));
        }
        named.join(", ")
    }
}

impl Step {
    pub(super) fn words(&self, letter: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Added(server) => format!("added {}", letter(server)),
            Self::Removed(server) => format!("removed {}", letter(server)),
            Self::Weight { server, from, to } => {
                format!("weight of {} {from} → {to}", letter(server))
            }
            Self::Drained(server) => format!("drained {}", letter(server)),
            Self::Undrained(server) => format!("took {} back", letter(server)),
            Self::Killed(server) => format!("killed {}", letter(server)),
            Self::Revived(server) => format!("revived {}", letter(server)),
        }
    }
}

/// What has to be done to get from one to the other, those who leave first.
pub(super) fn steps_between(before: &Roster, after: &Roster) -> Vec<Step> {
    // Mostly the same, and asked for every frame.
    if before == after {
        return Vec::new();
    }
    let place = |roster: &Roster, name: &str| roster.terms.iter().position(|it| it.name == name);
    let gone = before.terms.iter().filter(|terms| place(after, &terms.name).is_none());
    let gone = gone.map(|terms| Step::Removed(terms.name.clone()));
    let there = after.terms.iter().enumerate().flat_map(|(now, terms)| {
        let server = terms.name.clone();
        let Some(then) = place(before, &server) else { return vec![Step::Added(server)] };
        let mut steps = Vec::new();
        let (from, to) = (before.terms[then].weight, terms.weight);
        match (before.dead[then], after.dead[now]) {
            (false, true) => steps.push(Step::Killed(server.clone())),
            (true, false) => steps.push(Step::Revived(server.clone())),
            _ => {}
        }
        match (before.terms[then].drained, terms.drained) {
            (false, true) => steps.push(Step::Drained(server.clone())),
            (true, false) => steps.push(Step::Undrained(server.clone())),
            _ => {}
        }
        if from != to {
            steps.push(Step::Weight { server, from, to });
        }
        steps
    });
    gone.chain(there).collect()
}

/// Whose weights a change is about, if it is about nothing else.
fn weighed(steps: &[Step]) -> Option<Vec<&str>> {
    let weighed = steps.iter().map(|step| match step {
        Step::Weight { server, .. } => Some(server.as_str()),
        _ => None,
    });
    weighed.collect()
}

/// The numbers that stay with servers while others come and go, given by the proxy's own code.
#[derive(Default)]
struct Numbers(Option<pool::Pool>);

impl Numbers {
    fn roster(&mut self, pool: &Pool) -> Roster {
        let (around, mut terms) = (pool.settings(), pool.terms());
        // The algorithm makes no difference here, and the default costs least to build.
        let cheap = Algorithm::default();
        let next = match &self.0 {
            Some(before) => before.followed_by(&cheap, &around, &terms, 0),
            None => pool::Pool::new(&cheap, &around, &terms, 0),
        };
        for (terms, member) in terms.iter_mut().zip(next.members()) {
            terms.id = Some(member.id);
        }
        self.0 = Some(next);
        let dead = pool.servers.iter().flat_map(|it| vec![!it.enabled; it.n_copies() as usize]);
        Roster { around, dead: dead.collect(), terms }
    }
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Numbers").field(&self.0.as_ref().map(|pool| pool.members().len())).finish()
    }
}

/// Changes of a weight that follow each other faster are one hand's.
const DRAG_NS: u64 = 1_500_000_000;
/// A dragged slider makes sixty a second.
const STANDS_MAX: usize = 2_000;
const STEPS_NAMED: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Server;

    fn lab(servers: &[(&str, u32)]) -> Arc<Lab> {
        let server = |&(name, weight): &(&str, u32)| Server {
            name: name.to_owned(),
            weight,
            ..Server::default()
        };
        let servers = servers.iter().map(server).collect();
        let pools = vec![Pool { name: "web".to_owned(), servers, ..Pool::default() }];
        Arc::new(Lab { pools, ..Lab::default() })
    }

    fn past(labs: &[(u64, Arc<Lab>)]) -> Past {
        let mut past = Past::default();
        for n in 1..=labs.len() {
            let (now_ns, good) = &labs[n - 1];
            past.follow(&labs[..n], (*now_ns, good), "web");
        }
        past
    }

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_change_is_named_for_the_moment_that_is_shown() {
        let past = past(&[
            (0, lab(&[("a", 1), ("b", 1)])),
            (10 * S, lab(&[("a", 1), ("b", 1), ("e", 1)])),
            (20 * S, lab(&[("b", 1), ("e", 1)])),
        ]);
        let steps = |at_ns| past.last_change(at_ns).map(|change| change.steps);
        assert_eq!(steps(9 * S), None);
        assert_eq!(steps(10 * S), Some(vec![Step::Added("e".to_owned())]));
        assert_eq!(steps(60 * S), Some(vec![Step::Removed("a".to_owned())]));
    }

    #[test]
    fn a_dragged_weight_is_one_change_and_another_drag_another() {
        let drag = |from_ns: u64, weights: std::ops::RangeInclusive<u32>| {
            let first = *weights.start();
            weights.map(move |weight| {
                (from_ns + u64::from(weight - first) * S / 60, lab(&[("a", weight), ("b", 1)]))
            })
        };
        let labs: Vec<_> =
            drag(0, 1..=1).chain(drag(S * 2, 2..=7)).chain(drag(S * 30, 8..=9)).collect();
        let past = past(&labs);
        let weight = |from, to| Some(vec![Step::Weight { server: "a".to_owned(), from, to }]);
        assert_eq!(past.last_change(10 * S).map(|change| change.steps), weight(1, 7));
        assert_eq!(past.last_change(40 * S).map(|change| change.steps), weight(7, 9));
    }

    #[test]
    fn servers_keep_their_numbers_as_in_the_proxy() {
        let past = past(&[
            (0, lab(&[("a", 1), ("b", 1), ("c", 1)])),
            (S, lab(&[("a", 1), ("c", 1)])),
            (2 * S, lab(&[("a", 1), ("c", 1), ("d", 1)])),
        ]);
        let ids: Vec<_> = past.at(3 * S).unwrap().roster.terms.iter().map(|it| it.id).collect();
        assert_eq!(ids, [Some(1), Some(3), Some(2)]);
    }
}
