//! A decision in English: the one place where reasons get their wording.

use super::About;
use super::decision::{Candidate, Decision, Exclusion, Quantity, Rule, Seen, Stage, Value};

impl Decision {
    /// The decision in one sentence: "least connections: b has 0 in flight, a 4, c 1".
    pub fn sentence(&self, about: &About) -> String {
        let Some(choice) = self.choice else {
            return if self.candidates.is_empty() {
                "nobody could be picked: the pool is empty".to_owned()
            } else {
                "nobody could be picked: every server was out of the question".to_owned()
            };
        };
        let name = self.name_of(choice);
        if self.rule == Some(Rule::Stuck) {
            return format!("stickiness: {name} is this client's own server");
        }
        format!("{}: {}", lower_first(about.title), self.reason(name, choice))
    }

    /// Everything worth saying, a sentence each: the decision, what was settled before it, who was out.
    pub fn sentences(&self, about: &About) -> Vec<String> {
        let stages = self.stages.iter().map(|stage| self.stage_sentence(stage));
        let excluded = self.candidates.iter().filter_map(exclusion_sentence);
        std::iter::once(self.sentence(about)).chain(stages).chain(excluded).collect()
    }

    fn reason(&self, name: &str, choice: u32) -> String {
        match self.rule {
            Some(Rule::NextInTurn) => format!("it is {name}'s turn"),
            Some(Rule::MostCredit) if self.seen(choice, Quantity::InFlight).is_some() => {
                format!("of those tied, {}", self.comparison(name, choice, Quantity::Credit))
            }
            Some(Rule::MostCredit) => self.comparison(name, choice, Quantity::Credit),
            Some(Rule::EarliestDeadline) => self.comparison(name, choice, Quantity::Deadline),
            Some(Rule::Least(quantity) | Rule::Most(quantity)) => {
                self.comparison(name, choice, quantity)
            }
            Some(Rule::LeastOfDrawn(quantity)) => {
                format!("of those drawn, {}", self.comparison(name, choice, quantity))
            }
            Some(Rule::Drawn) => format!("the draw fell on {name}"),
            Some(Rule::FirstWithRoom) => match self.seen(choice, Quantity::InFlight) {
                Some(value) => {
                    format!("{name} is the first with room, {} in flight", text_of(value))
                }
                None => format!("{name} is the first with room"),
            },
            Some(Rule::Slot) => format!("the key{} leads to {name}", self.place(Quantity::Slot)),
            Some(Rule::NextPoint) => {
                format!(
                    "the next point after the key{} is {name}'s",
                    self.place(Quantity::Position)
                )
            }
            Some(Rule::NearestPoint) => {
                format!(
                    "the point nearest to the key{} is {name}'s",
                    self.place(Quantity::Position)
                )
            }
            Some(Rule::NextOwner) => {
                format!("the key's owner was out of the question, and the next is {name}")
            }
            Some(Rule::NoKey) => {
                format!("the request has no key, so it went to {name} without one")
            }
            Some(Rule::Stuck) | None => format!("{name} was picked"),
        }
    }

    /// "b has 0 in flight, a 4, c 1": the chosen one first, then the others that were looked at.
    fn comparison(&self, name: &str, choice: u32, quantity: Quantity) -> String {
        let quantity = if quantity == Quantity::LoadPerWeight && self.weights_are_one() {
            Quantity::InFlight
        } else {
            quantity
        };
        let Some(value) = self.seen(choice, quantity) else {
            return format!("{name} was picked");
        };
        let others = self
            .candidates
            .iter()
            .filter(|other| other.member != choice && other.excluded.is_none());
        let others = others.filter_map(|other| Some((&other.name, value_of(other, quantity)?)));
        let others =
            others.take(OTHERS_MAX).map(|(other, value)| format!(", {other} {}", text_of(value)));
        format!("{name} has {}{}", quantity.with(value), others.collect::<String>())
    }

    /// Whether the load for each unit of weight is just the load, so that weights need no mention.
    fn weights_are_one(&self) -> bool {
        let same = |candidate: &Candidate| match (
            value_of(candidate, Quantity::InFlight),
            value_of(candidate, Quantity::LoadPerWeight),
        ) {
            (Some(Value::Count(load)), Some(Value::Real(part))) => load as f64 == part,
            _ => true,
        };
        self.candidates.iter().all(same)
    }

    /// " (slot 7)" if that was noted, or nothing.
    fn place(&self, quantity: Quantity) -> String {
        let fact = self.facts.iter().find(|fact| fact.what == quantity);
        fact.map(|fact| format!(" ({})", quantity.with(fact.value))).unwrap_or_default()
    }

    fn stage_sentence(&self, stage: &Stage) -> String {
        match stage {
            Stage::Unstuck { member, because } => {
                format!(
                    "the client's own server {} {}, so it gets another",
                    self.name_of(*member),
                    because.words()
                )
            }
            Stage::Priority { level, share } => {
                format!(
                    "priority level {level} gets {share} % of the traffic, and this request fell to it"
                )
            }
            Stage::Zone { name, share } if name.is_empty() => {
                format!(
                    "servers without a zone get {share} % of the level's traffic, and this request fell to them"
                )
            }
            Stage::Zone { name, share } => {
                format!(
                    "zone {name} gets {share} % of the level's traffic, and this request fell to it"
                )
            }
            Stage::WentOn { level, zone } => {
                let zone = if zone.is_empty() { String::new() } else { format!(", zone {zone}") };
                format!("nobody there could take it, so it went on to priority level {level}{zone}")
            }
            Stage::Panic { healthy, members } => {
                format!("only {healthy} of {members} are healthy, so health was ignored")
            }
            Stage::WarmUpIgnored => {
                "only servers that are warming up were left, so they were asked".to_owned()
            }
        }
    }

    fn name_of(&self, member: u32) -> &str {
        self.candidates
            .iter()
            .find(|candidate| candidate.member == member)
            .map_or("?", |known| &known.name)
    }

    fn seen(&self, member: u32, quantity: Quantity) -> Option<Value> {
        self.candidates
            .iter()
            .find(|candidate| candidate.member == member)
            .and_then(|candidate| value_of(candidate, quantity))
    }
}

fn value_of(candidate: &Candidate, quantity: Quantity) -> Option<Value> {
    candidate.seen.iter().find(|seen| seen.what == quantity).map(|seen| seen.value)
}

fn exclusion_sentence(candidate: &Candidate) -> Option<String> {
    let words = candidate.excluded?.words();
    Some(format!("{} {words}", candidate.name))
}

impl Exclusion {
    /// What follows the server's name: "b is down".
    pub fn words(self) -> &'static str {
        match self {
            Self::Down => "is down",
            Self::Drained => "is drained",
            Self::Ejected => "is ejected",
            Self::OnTrial => "is on trial with another request",
            Self::Full => "is full",
            Self::Tried => "was tried already",
            Self::WarmingUp => "is warming up and sat this one out",
            Self::OverBound => "has reached its load bound",
            Self::OtherGroup => "is in a group that this request did not go to",
        }
    }

    /// As much of it as fits beside its numbers.
    pub fn short(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Drained => "drained",
            Self::Ejected => "ejected",
            Self::OnTrial => "on trial",
            Self::Full => "full",
            Self::Tried => "tried",
            Self::WarmingUp => "warming up",
            Self::OverBound => "at bound",
            Self::OtherGroup => "other group",
        }
    }
}

impl Quantity {
    pub fn words(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::InFlight => "in flight",
            Self::LoadPerWeight => "in flight for each unit of weight",
            Self::Credit => "credit",
            Self::Deadline => "deadline",
            Self::Latency => "latency",
            Self::Cost => "cost",
            Self::Score => "score",
            Self::Hash => "hash",
            Self::Position => "position",
            Self::Distance => "distance",
            Self::Slot => "slot",
            Self::Bucket => "bucket",
            Self::Limit => "limit",
            Self::Bound => "load bound",
            Self::Attempt => "attempt",
        }
    }

    /// A value with its name on the side where English puts it: "4 in flight", "credit -3".
    fn with(self, value: Value) -> String {
        match self {
            Self::InFlight | Self::LoadPerWeight => format!("{} {}", text_of(value), self.words()),
            Self::Position if matches!(value, Value::Around(_)) => text_of(value),
            _ => format!("{} {}", self.words(), text_of(value)),
        }
    }
}

impl Seen {
    /// "4 in flight", "credit -3".
    pub fn words(&self) -> String {
        self.what.with(self.value)
    }
}

impl Value {
    /// With its unit, if it has one.
    pub fn text(self) -> String {
        text_of(self)
    }
}

fn text_of(value: Value) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Real(number) => {
            format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Hash(hash) => format!("{hash:016x}"),
        Value::Around(place) => format!("{:.3} % round the circle", place as f64 / CIRCLE * 100.0),
        Value::Time { ns } if ns >= 1_000_000_000 => format!("{:.2} s", ns as f64 / 1e9),
        Value::Time { ns } => format!("{:.1} ms", ns as f64 / 1e6),
    }
}

fn lower_first(title: &str) -> String {
    // Abbreviations keep their capitals: "IP hash".
    if title.chars().nth(1).is_some_and(char::is_uppercase) {
        return title.to_owned();
    }
    let mut letters = title.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

const CIRCLE: f64 = u64::MAX as f64;
/// A sentence with more names than this is no longer read.
const OTHERS_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::super::{Algorithm, Member, Request, View};
    use super::*;

    fn members(loads: &[(&str, u32)]) -> Vec<Member> {
        let member = |(index, &(name, in_flight)): (usize, &(&str, u32))| {
            let member = Member::new(name, index, 1);
            member.load.in_flight.store(in_flight, std::sync::atomic::Ordering::Relaxed);
            member
        };
        loads.iter().enumerate().map(member).collect()
    }

    /// A decision by hand: what each member was seen to have, and who won.
    fn decision(rule: Rule, quantity: Quantity, choice: u32) -> Decision {
        let members = members(&[("a", 4), ("b", 0), ("c", 1)]);
        members[2].standing.set(super::super::Health::Down, 1);
        let request = Request::default();
        let view = View::new(&members, &request);
        let mut decision =
            Decision { rule: Some(rule), choice: Some(choice), ..Decision::default() };
        for (index, member) in members.iter().enumerate() {
            decision.saw(&view, index, quantity, Value::Count(u64::from(member.in_flight())));
        }
        decision.exclude(&view);
        decision
    }

    #[test]
    fn a_comparison_names_the_chosen_one_first_and_leaves_out_the_excluded() {
        let about = Algorithm::default().about();
        let decision = decision(Rule::Least(Quantity::InFlight), Quantity::InFlight, 1);
        assert_eq!(decision.sentences(about), ["round robin: b has 0 in flight, a 4", "c is down"]);
    }

    #[test]
    fn values_have_their_units() {
        assert_eq!(text_of(Value::Real(1.5)), "1.5");
        assert_eq!(text_of(Value::Real(2.0)), "2");
        assert_eq!(text_of(Value::Time { ns: 12_340_000 }), "12.3 ms");
        assert_eq!(text_of(Value::Time { ns: 1_234_000_000 }), "1.23 s");
        assert_eq!(text_of(Value::Hash(0xabc)), "0000000000000abc");
    }

    #[test]
    fn titles_go_into_a_sentence() {
        assert_eq!(lower_first("Least connections"), "least connections");
        assert_eq!(lower_first("IP hash"), "IP hash");
    }
}
