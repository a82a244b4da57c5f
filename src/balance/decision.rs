//! A decision: a pick with its reasons, as data. Its wording is in `words`.

use std::sync::Arc;

use super::member::Member;
use super::view::View;

/// Everything that is needed to tell a person why this member was picked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// What was settled around the algorithm before it was asked, in order.
    pub stages: Vec<Stage>,
    /// The rule the algorithm applied in the end.
    pub rule: Option<Rule>,
    /// Numbers about the request as a whole: its hash, its position, its slot.
    pub facts: Vec<Seen>,
    /// Every member with what the algorithm saw of it, in the order of the pool.
    pub candidates: Vec<Candidate>,
    /// The draws that were made, in order.
    pub draws: Vec<Draw>,
    /// The chosen member's index in the pool.
    pub choice: Option<u32>,
}

impl Decision {
    /// Notes a number that the algorithm saw of a member.
    pub fn saw(&mut self, view: &View<'_>, index: usize, what: Quantity, value: Value) {
        self.candidate(&view.members[index]).seen.push(Seen { what, value });
    }

    /// What is known of a member, nothing at first. Found by halving: one look at each of a thousand servers for each
    /// of them took a third of the time of a proxy that sampled its decisions.
    fn candidate(&mut self, member: &Member) -> &mut Candidate {
        let place = self.place_of(member.index).unwrap_or_else(|place| {
            self.candidates.insert(place, Candidate::standing(member, None));
            place
        });
        &mut self.candidates[place]
    }

    /// Where a member's candidate stands, or would have to.
    fn place_of(&self, member: u32) -> Result<usize, usize> {
        match self.candidates.last() {
            // Mostly they are noted in the order of the pool.
            Some(last) if last.member < member => Err(self.candidates.len()),
            _ => self.candidates.binary_search_by_key(&member, |known| known.member),
        }
    }

    /// Notes a number about the request as a whole.
    pub fn fact(&mut self, what: Quantity, value: Value) {
        self.facts.push(Seen { what, value });
    }

    /// Notes that a member of which something was seen is out for a reason that only the algorithm knows.
    pub fn rule_out(&mut self, view: &View<'_>, index: usize, why: Exclusion) {
        if let Ok(place) = self.place_of(view.members[index].index) {
            self.candidates[place].excluded = Some(why);
        }
    }

    /// Adds who was out of the question and why, for every member of the view. A reason that the algorithm
    /// gave itself (a bound only it knows) is kept.
    pub fn exclude(&mut self, view: &View<'_>) {
        for (index, member) in view.members.iter().enumerate() {
            let candidate = self.candidate(member);
            candidate.excluded = view.exclusion(index).or(candidate.excluded);
        }
    }

    /// Adds the members of a pool that belong to other groups than the one that was asked. Those that could
    /// not have served anyway have their own reason.
    pub fn exclude_others(&mut self, pool: &View<'_>) {
        for (index, member) in pool.members.iter().enumerate() {
            if self.place_of(member.index).is_err() {
                let excluded = pool.exclusion(index).or(Some(Exclusion::OtherGroup));
                self.candidate(member).excluded = excluded;
            }
        }
    }

    /// Forgets what an algorithm noted that found nobody. What was settled before it was asked stays.
    pub fn start_over(&mut self) {
        let stages = std::mem::take(&mut self.stages);
        *self = Self { stages, ..Self::default() };
    }

    /// Notes who was chosen. Where a load bound left nobody, that is somebody above it.
    pub fn choose(&mut self, member: u32) {
        self.choice = Some(member);
        if let Ok(place) = self.place_of(member) {
            let chosen = &mut self.candidates[place];
            chosen.excluded = chosen.excluded.filter(|&reason| reason != Exclusion::OverBound);
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The member's index in the pool.
    pub member: u32,
    pub name: Arc<str>,
    /// How it stood at the pick, whatever the algorithm looked at.
    pub weight: u32,
    pub in_flight: u32,
    pub excluded: Option<Exclusion>,
    pub seen: Vec<Seen>,
}

impl Candidate {
    fn standing(member: &Member, excluded: Option<Exclusion>) -> Self {
        Self {
            member: member.index,
            name: Arc::clone(&member.name),
            weight: member.weight,
            in_flight: member.in_flight(),
            excluded,
            seen: Vec::new(),
        }
    }
}

/// Why a member was out of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusion {
    Down,
    Drained,
    Ejected,
    /// Its circuit is half open, and the one request it may have is under way.
    OnTrial,
    Full,
    Tried,
    WarmingUp,
    OverBound,
    /// In a group of another priority or zone than the one this request went to.
    OtherGroup,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub what: Quantity,
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    Weight,
    InFlight,
    /// In flight for each unit of weight.
    LoadPerWeight,
    Credit,
    Deadline,
    Latency,
    Cost,
    Score,
    Hash,
    Position,
    Distance,
    Slot,
    Bucket,
    Limit,
    Bound,
    Attempt,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Count(u64),
    Signed(i64),
    Real(f64),
    Hash(u64),
    /// A place on a circle of 2^64.
    Around(u64),
    Time {
        ns: u64,
    },
}

/// One use of the dice: `drawn` out of `0..of`, which meant a certain member or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    pub drawn: u64,
    pub of: u64,
    /// The member's index in the pool.
    pub member: Option<u32>,
}

/// The rule that decided. A new algorithm takes the one that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    NextInTurn,
    MostCredit,
    EarliestDeadline,
    Drawn,
    /// Lowest value of this quantity among all usable members.
    Least(Quantity),
    /// Lowest value of this quantity among those drawn.
    LeastOfDrawn(Quantity),
    /// Highest value of this quantity.
    Most(Quantity),
    FirstWithRoom,
    /// The key's hash leads to a slot of a table.
    Slot,
    /// The first point at or after the key's position on a ring.
    NextPoint,
    /// The point nearest to the key's position, on either side.
    NearestPoint,
    /// The key's owner was out of the question, so another was found in the algorithm's own way.
    NextOwner,
    /// The request has no key: the algorithm falls back to another rule.
    NoKey,
    /// The client is bound to this member.
    Stuck,
}

/// What was settled around the algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The client's own server could not be used, so it gets a new one.
    Unstuck {
        member: u32,
        because: Exclusion,
    },
    /// The priority level this request went to, and the share of traffic it gets in per cent.
    Priority {
        level: u32,
        share: u32,
    },
    Zone {
        name: Arc<str>,
        share: u32,
    },
    /// Nobody where it fell to could take it, so this level and zone were asked.
    WentOn {
        level: u32,
        zone: Arc<str>,
    },
    /// Too few healthy members: health was ignored.
    Panic {
        healthy: u32,
        members: u32,
    },
    /// Some members are warming up and sat this one out; with nobody else left they were asked after all.
    WarmUpIgnored,
}

/// Takes down reasons if somebody asked for them, and costs one predicted branch if not.
#[derive(Debug, Default)]
pub struct Notes {
    decision: Option<Box<Decision>>,
}

impl Notes {
    pub fn off() -> Self {
        Self { decision: None }
    }

    pub fn on() -> Self {
        Self { decision: Some(Box::default()) }
    }

    pub fn are_on(&self) -> bool {
        self.decision.is_some()
    }

    #[inline]
    pub fn add(&mut self, note: impl FnOnce(&mut Decision)) {
        if let Some(decision) = self.decision.as_deref_mut() {
            write_down(decision, note);
        }
    }

    pub fn take(self) -> Option<Decision> {
        self.decision.map(|decision| *decision)
    }
}

/// Out of line, so that a pick that nobody asks about does not carry the code that explains it.
#[cold]
#[inline(never)]
fn write_down(decision: &mut Decision, note: impl FnOnce(&mut Decision)) {
    note(decision);
}
