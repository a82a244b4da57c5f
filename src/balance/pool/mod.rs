//! A pool: members behind an algorithm, and what is wrapped around every algorithm.
//!
//! The order of things when all is switched on: a sticky client's own server, if it can be used; then the
//! priority level and the zone; then who sits out because it is warming up; then the algorithm among the rest.
//! Each is written once, here, and none of it knows which algorithm it surrounds.

mod build;
mod queue;
mod shares;
mod slow_start;
mod stick_table;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

pub use build::Terms;
pub use queue::{Line, LineFull};
use serde::{Deserialize, Serialize};
pub use slow_start::SlowStart;
pub use stick_table::StickTable;

use super::decision::{Decision, Exclusion, Notes, Rule, Stage};
use super::member::{Health, Member, Sample};
use super::view::{Request, Tried, View};
use super::{Balancer, Origin, Picture};
use crate::dice::Dice;
use crate::hash::{mix, xxh64};

/// Members that are interchangeable, and how one of them is chosen.
///
/// Immutable but for what its members share. A change of weight, membership or algorithm builds a new pool
/// that takes over the old one's loads by name.
pub struct Pool {
    members: Vec<Member>,
    /// Ascending by priority level, the own zone first within a level.
    groups: Vec<Group>,
    /// Where each member stands: its group, and its index there.
    places: Vec<(u32, u32)>,
    settings: Settings,
    keyed: bool,
    /// When the last warm-up ends. Nothing about slow start is looked at after it.
    warm_until_ns: AtomicU64,
}

/// What is wrapped around a pool's algorithm.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// When the next priority level gets a share, as Envoy's over-provisioning factor in per cent: at 140 a
    /// level spills once fewer than 71 % of it are healthy. Without it a level is used only when all
    /// before it have nobody left, as a backup server is in NGINX and `HAProxy`.
    pub over_provisioning: Option<u32>,
    /// Below this percentage of healthy members their health is ignored. 0: never.
    pub panic_below: u32,
    /// The zone the balancer itself stands in. Without it zones make no difference.
    pub own_zone: Option<String>,
    pub slow_start: Option<SlowStart>,
}

/// Members of one priority level and, where zones count, one zone.
struct Group {
    key: GroupKey,
    members: Vec<Member>,
    balancer: Box<dyn Balancer>,
    /// Where the balancer began, and what it shares with those before and after it.
    origin: Origin,
    /// Its part of the traffic in ten-thousandths, worked out when health changes.
    share: AtomicU32,
    panic: AtomicBool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct GroupKey {
    level: u32,
    /// Sorts the own zone before the others.
    abroad: bool,
    zone: Arc<str>,
}

/// What came of asking a pool for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// This member, by its index in the pool.
    Member(u32),
    /// Everybody who could serve is full: wait for anyone, or for a sticky client's own server.
    Wait {
        only: Option<u32>,
    },
    Nobody,
}

impl Pick {
    pub fn member(self) -> Option<usize> {
        match self {
            Self::Member(index) => Some(index as usize),
            Self::Wait { .. } | Self::Nobody => None,
        }
    }
}

impl Pool {
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| &*member.name == name)
    }

    /// Chooses a member. `own` is the server a sticky client is bound to.
    pub fn pick(
        &self,
        request: &Request<'_>,
        own: Option<u32>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Pick {
        if let Some(pick) = own.and_then(|own| self.pick_own(request, own, notes)) {
            return pick;
        }
        if self.is_warming(request.now_ns) {
            self.pick_while_warming(request, dice, notes)
        } else {
            self.pick_except(&[], request, dice, notes)
        }
    }

    /// The same for a host that would rather ask somebody a second time than nobody: once everybody who could serve
    /// had the request already, they are asked again.
    pub fn pick_or_repeat(
        &self,
        request: &Request<'_>,
        own: Option<u32>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Pick {
        match self.pick(request, own, dice, notes) {
            Pick::Nobody if request.tried.count() > 0 => {
                notes.add(Decision::start_over);
                let request = Request { tried: Tried::default(), ..*request };
                self.pick(&request, own, dice, notes)
            }
            pick => pick,
        }
    }

    /// Whether a place at a member goes to somebody who waited for it, by the rules of a pick. `bound`: a sticky
    /// client's, for whom a drained server still works and a panic changes nothing.
    pub fn admits(&self, index: usize, bound: bool) -> bool {
        let member = &self.members[index];
        let panic = !bound && self.panics(index);
        let well = panic
            || match member.standing.health() {
                Health::Up => true,
                Health::Trial => member.in_flight() == 0,
                Health::Down | Health::Ejected => false,
            };
        well && !member.is_full() && (bound || !member.is_draining())
    }

    /// Counts a request in. Whoever got a [`Pick::Member`] calls this, and [`Pool::finish`] at the end.
    ///
    /// Returns how many others it meets there, for [`Sample::beside`].
    pub fn start(&self, index: usize) -> u32 {
        self.members[index].load.in_flight.fetch_add(1, Relaxed)
    }

    /// The same where several threads pick at once: `None` if somebody else took the last place since the pick.
    pub fn try_start(&self, index: usize) -> Option<u32> {
        let beside = self.start(index);
        let member = &self.members[index];
        let over_limit = member.limit != 0 && beside >= member.limit;
        let on_trial = beside > 0 && member.standing.health() == Health::Trial;
        if over_limit || on_trial && !self.panics(index) {
            self.cancel(index);
            return None;
        }
        Some(beside)
    }

    /// Whether a member's group has so few healthy members that their health is ignored.
    fn panics(&self, index: usize) -> bool {
        self.groups[self.places[index].0 as usize].panic.load(Relaxed)
    }

    /// Takes back a start that came to nothing.
    pub fn cancel(&self, index: usize) {
        let before = self.members[index].load.in_flight.fetch_sub(1, Relaxed);
        assert!(before > 0, "a request was taken back at a member that had none in flight");
    }

    pub fn finish(&self, index: usize, sample: &Sample) {
        let before = self.members[index].load.in_flight.fetch_sub(1, Relaxed);
        assert!(before > 0, "a request ended at a member that had none in flight");
        let (group, local) = self.places[index];
        let group = &self.groups[group as usize];
        group.balancer.learn(&group.members, local as usize, sample);
    }

    /// Changes a member's health. The only door, because shares and panic follow from it.
    pub fn set_health(&self, index: usize, health: Health, now_ns: u64) {
        self.members[index].standing.set(health, now_ns);
        self.refresh();
    }

    /// What the algorithm of the first group can show of itself, with its members.
    pub fn picture(&self) -> (&[Member], Picture<'_>) {
        match self.groups.first() {
            Some(group) => (&group.members, group.balancer.picture()),
            None => (&[], Picture::Nothing),
        }
    }

    /// A sticky client's own server. Drained ones keep their clients; that is what draining means.
    fn pick_own(&self, request: &Request<'_>, own: u32, notes: &mut Notes) -> Option<Pick> {
        let member = &self.members[own as usize];
        let because = match member.standing.health() {
            Health::Down => Some(Exclusion::Down),
            Health::Ejected => Some(Exclusion::Ejected),
            Health::Trial if member.in_flight() > 0 => Some(Exclusion::OnTrial),
            Health::Up | Health::Trial => request.tried.contains(own).then_some(Exclusion::Tried),
        };
        if let Some(because) = because {
            notes.add(|decision| decision.stages.push(Stage::Unstuck { member: own, because }));
            return None;
        }
        notes.add(|decision| {
            decision.rule = Some(Rule::Stuck);
            self.note_choice(&View::new(&self.members, request), own, decision);
        });
        Some(if member.is_full() { Pick::Wait { only: Some(own) } } else { Pick::Member(own) })
    }

    /// Chooses among those who are not held back.
    #[inline]
    fn pick_except(
        &self,
        held: &[u64],
        request: &Request<'_>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Pick {
        let first = self.draw_group(request, dice, notes);
        match self.pick_from(first, request, held, dice, notes) {
            Some(pick) => pick,
            None => self.pick_elsewhere(first, request, held, dice, notes),
        }
    }

    #[inline]
    fn draw_group(&self, request: &Request<'_>, dice: &mut Dice, notes: &mut Notes) -> usize {
        if self.groups.len() < 2 { 0 } else { self.draw_one_of_several(request, dice, notes) }
    }

    #[inline(never)]
    fn draw_one_of_several(
        &self,
        request: &Request<'_>,
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> usize {
        // A key keeps its group for as long as the shares stand still; everything else is drawn.
        let mut draw = if self.keyed && !request.key.is_empty() {
            mix(xxh64(request.key, GROUP_SEED)) % u64::from(shares::WHOLE)
        } else {
            dice.below(u64::from(shares::WHOLE))
        };
        for (index, group) in self.groups.iter().enumerate() {
            let share = u64::from(group.share.load(Relaxed));
            if draw < share {
                notes.add(|decision| self.note_group(index, decision));
                return index;
            }
            draw -= share;
        }
        0
    }

    fn note_group(&self, index: usize, decision: &mut Decision) {
        let GroupKey { level, zone, .. } = &self.groups[index].key;
        let in_level: Vec<&Group> =
            self.groups.iter().filter(|group| group.key.level == *level).collect();
        let share_of = |group: &Group| group.share.load(Relaxed);
        let level_share: u32 = in_level.iter().map(|group| share_of(group)).sum();
        decision.stages.push(Stage::Priority { level: *level, share: level_share / 100 });
        if in_level.len() > 1 {
            let share = share_of(&self.groups[index]) * 100 / level_share.max(1);
            decision.stages.push(Stage::Zone { name: Arc::clone(zone), share });
        }
    }

    #[inline]
    fn pick_from(
        &self,
        index: usize,
        request: &Request<'_>,
        held: &[u64],
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Option<Pick> {
        let group = self.groups.get(index)?;
        let mut view = View { held, ..group.view(request) };
        notes.add(Decision::start_over);
        let mut found = group.balancer.pick(&view, dice, notes);
        if found.is_none() && !held.is_empty() {
            view.held = &[];
            notes.add(Decision::start_over);
            found = group.balancer.pick(&view, dice, notes);
        }
        let member = &group.members[found?];
        notes.add(|decision| {
            if view.held.len() < held.len() {
                decision.stages.push(Stage::WarmUpIgnored);
            }
            if view.panic {
                let healthy =
                    group.members.iter().filter(|member| shares::is_healthy(member)).count();
                decision.stages.push(Stage::Panic {
                    healthy: healthy as u32,
                    members: group.members.len() as u32,
                });
            }
            self.note_choice(&view, member.index, decision);
        });
        Some(Pick::Member(member.index))
    }

    fn note_choice(&self, view: &View<'_>, choice: u32, decision: &mut Decision) {
        decision.exclude(view);
        if view.members.len() < self.members.len() {
            decision.exclude_others(&View { members: &self.members, panic: false, ..*view });
        }
        decision.choose(choice);
    }

    /// The drawn group has nobody: the others in their order, so that there is a pick if anyone is usable.
    #[cold]
    #[inline(never)]
    fn pick_elsewhere(
        &self,
        first: usize,
        request: &Request<'_>,
        held: &[u64],
        dice: &mut Dice,
        notes: &mut Notes,
    ) -> Pick {
        let others = (0..self.groups.len()).filter(|&index| index != first);
        let found = others.into_iter().find_map(|index| {
            let GroupKey { level, zone, .. } = &self.groups[index].key;
            let stage = || Stage::WentOn { level: *level, zone: Arc::clone(zone) };
            notes.add(|decision| decision.stages.push(stage()));
            let found = self.pick_from(index, request, held, dice, notes);
            if found.is_none() {
                notes.add(|decision| decision.stages.truncate(decision.stages.len() - 1));
            }
            found
        });
        found.unwrap_or_else(|| self.nobody(request, notes))
    }

    fn nobody(&self, request: &Request<'_>, notes: &mut Notes) -> Pick {
        let views = || self.groups.iter().map(|group| group.view(request));
        notes.add(|decision| views().for_each(|view| decision.exclude(&view)));
        let is_full = |view: &View<'_>, index| view.exclusion(index) == Some(Exclusion::Full);
        let anyone_full =
            views().any(|view| (0..view.members.len()).any(|index| is_full(&view, index)));
        if anyone_full { Pick::Wait { only: None } } else { Pick::Nobody }
    }
}

impl Group {
    fn view<'a>(&'a self, request: &'a Request<'a>) -> View<'a> {
        View { panic: self.panic.load(Relaxed), ..View::new(&self.members, request) }
    }
}

/// Separates the draw of a group from the hashes that algorithms take of the same key.
const GROUP_SEED: u64 = 0x6772_6f75_7073;

#[cfg(test)]
mod tests;
