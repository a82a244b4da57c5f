//! The judge of a pool's health: from checks and answers to who can be trusted with work.
//!
//! Pure, as everything here: the host tells what happened and when, and gets the changes of state with
//! their causes. Active checks follow `HAProxy` (rise and fall), ejection follows Envoy's outlier detection
//! (time that grows with every ejection and shrinks with every good interval, a cap on how many may be out),
//! the breaker follows Nygard's circuit breaker with half-open trials.

pub mod max_fails;
mod outliers;
mod settings;

pub use settings::{Breaker, Ejection, FailureRate, Passive, Rules, SuccessRate};

use super::member::Health;

/// Judges the members of one pool, by their index.
#[derive(Debug)]
pub struct Judge {
    rules: Rules,
    records: Vec<Record>,
    interval_ends_ns: u64,
}

/// What is held for and against one member.
#[derive(Debug, Clone, Default)]
struct Record {
    failed_checks: bool,
    checks_in_a_row: u32,
    failures_in_a_row: u32,
    ejected_until_ns: Option<u64>,
    times_ejected: u32,
    circuit: Circuit,
    /// Since the last look at the rates.
    interval: Tally,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    requests: u32,
    failures: u32,
}

#[derive(Debug, Clone, Copy)]
enum Circuit {
    Closed {
        tally: Tally,
        window_ends_ns: u64,
    },
    Open {
        until_ns: u64,
    },
    /// Half open: this many trials were good so far.
    Trial {
        good: u32,
    },
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed { tally: Tally::default(), window_ends_ns: 0 }
    }
}

/// A member's health has changed, and this is why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub member: usize,
    pub to: Health,
    pub cause: Cause,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cause {
    ChecksFailed {
        in_a_row: u32,
    },
    ChecksPassed {
        in_a_row: u32,
    },
    FailuresInARow {
        count: u32,
    },
    FailureRate {
        percent: f64,
    },
    /// Its success rate in per cent, and the one below which a server stands out.
    Outlier {
        percent: f64,
        threshold: f64,
    },
    EjectionEnded,
    CircuitOpened {
        percent: f64,
    },
    CircuitOnTrial,
    CircuitClosed,
    /// What was held against it does not count any more under new rules.
    RulesChanged,
    /// Somebody wants everything to begin anew.
    Forgiven,
}

impl Judge {
    pub fn new(rules: Rules, members: usize) -> Self {
        Self { rules, records: vec![Record::default(); members], interval_ends_ns: 0 }
    }

    /// The judge of the pool that follows: `before[i]` says where the new member `i` stood, if it did. What no rule
    /// forbids any more is forgotten, because nothing would ever come to take it back.
    pub fn followed_by(&self, rules: Rules, before: &[Option<usize>]) -> Self {
        let record = |place: &Option<usize>| {
            let record = place.map(|place| self.records[place].clone()).unwrap_or_default();
            record.under(&rules)
        };
        Self {
            records: before.iter().map(record).collect(),
            interval_ends_ns: self.interval_ends_ns,
            rules,
        }
    }

    /// Holds nothing against anybody any more.
    pub fn forgive(&mut self) -> Vec<Change> {
        let before: Vec<Health> =
            (0..self.records.len()).map(|member| self.health(member)).collect();
        self.records.fill(Record::default());
        let changes = before.into_iter().enumerate();
        changes.filter_map(|(member, was)| self.change(member, was, Cause::Forgiven)).collect()
    }

    /// Whether answers make any difference, bad ones at least.
    pub fn heeds_answers(&self) -> bool {
        self.rules.watch_answers() || self.rules.breaker.is_some()
    }

    /// Whether good answers make a difference now: rates are counted, or somebody has failures to make good.
    pub fn heeds_good_answers(&self) -> bool {
        let counts = self.rules.watch_rates() || self.rules.breaker.is_some();
        let suspect = |record: &Record| record.failures_in_a_row > 0;
        counts || self.rules.passive.consecutive_failures > 0 && self.records.iter().any(suspect)
    }

    /// How a member's health stands now, all evidence together.
    pub fn health(&self, member: usize) -> Health {
        let record = &self.records[member];
        match (record.failed_checks, record.ejected_until_ns, record.circuit) {
            (true, _, _) => Health::Down,
            (false, Some(_), _) | (false, None, Circuit::Open { .. }) => Health::Ejected,
            (false, None, Circuit::Trial { .. }) => Health::Trial,
            (false, None, Circuit::Closed { .. }) => Health::Up,
        }
    }

    /// An active check of a member came out.
    pub fn checked(&mut self, member: usize, good: bool) -> Option<Change> {
        let before = self.health(member);
        let needed = if good { self.rules.rise } else { self.rules.fall };
        let record = &mut self.records[member];
        if good != record.failed_checks {
            record.checks_in_a_row = 0;
            return None;
        }
        record.checks_in_a_row += 1;
        let in_a_row = record.checks_in_a_row;
        if in_a_row < needed.max(1) {
            return None;
        }
        record.failed_checks = !good;
        record.checks_in_a_row = 0;
        let cause =
            if good { Cause::ChecksPassed { in_a_row } } else { Cause::ChecksFailed { in_a_row } };
        self.change(member, before, cause)
    }

    /// A request at a member ended. What counts as a failure is the host's to say.
    pub fn answered(&mut self, member: usize, good: bool, now_ns: u64) -> Option<Change> {
        let before = self.health(member);
        let record = &mut self.records[member];
        record.interval.count(good);
        record.failures_in_a_row = if good { 0 } else { record.failures_in_a_row + 1 };
        let count = record.failures_in_a_row;
        let limit = self.rules.passive.consecutive_failures;
        if limit > 0 && count >= limit && self.eject(member, now_ns) {
            return self.change(member, before, Cause::FailuresInARow { count });
        }
        let cause = self.conduct(member, good, now_ns)?;
        self.change(member, before, cause)
    }

    /// Does what is due by `now_ns`: ejections and open circuits end, rates are looked at.
    pub fn advance(&mut self, now_ns: u64) -> Vec<Change> {
        let mut changes: Vec<Change> =
            (0..self.records.len()).filter_map(|member| self.release(member, now_ns)).collect();
        if now_ns >= self.interval_ends_ns {
            self.interval_ends_ns = now_ns + self.rules.passive.interval.ns().max(1);
            changes.extend(self.look_at_rates(now_ns));
        }
        changes
    }

    /// When [`Judge::advance`] has something to do next, if ever.
    pub fn due_ns(&self) -> Option<u64> {
        let rates = self.rules.watch_rates();
        let forgiving = self.records.iter().any(|record| record.times_ejected > 0);
        let interval = (rates || forgiving).then_some(self.interval_ends_ns);
        let releases = self.records.iter().flat_map(|record| {
            let circuit = match record.circuit {
                Circuit::Open { until_ns } => Some(until_ns),
                Circuit::Closed { .. } | Circuit::Trial { .. } => None,
            };
            [record.ejected_until_ns, circuit]
        });
        releases.chain([interval]).flatten().min()
    }

    fn change(&self, member: usize, before: Health, cause: Cause) -> Option<Change> {
        let to = self.health(member);
        (to != before).then_some(Change { member, to, cause })
    }

    /// Ejects a member if the cap allows one more.
    fn eject(&mut self, member: usize, now_ns: u64) -> bool {
        let Ejection { base, max, max_percent } = &self.rules.ejection;
        let out = self.records.iter().filter(|record| record.ejected_until_ns.is_some()).count();
        let over_cap = (out + 1) as f64 * 100.0 > max_percent * self.records.len() as f64;
        let record = &mut self.records[member];
        if over_cap || record.ejected_until_ns.is_some() {
            return false;
        }
        record.times_ejected += 1;
        let time_ns = base.ns().saturating_mul(u64::from(record.times_ejected)).min(max.ns());
        record.ejected_until_ns = Some(now_ns + time_ns);
        record.failures_in_a_row = 0;
        true
    }

    fn release(&mut self, member: usize, now_ns: u64) -> Option<Change> {
        let before = self.health(member);
        let record = &mut self.records[member];
        let mut cause = None;
        if record.ejected_until_ns.is_some_and(|until_ns| until_ns <= now_ns) {
            record.ejected_until_ns = None;
            cause = Some(Cause::EjectionEnded);
        }
        if let Circuit::Open { until_ns } = record.circuit
            && until_ns <= now_ns
        {
            record.circuit = Circuit::Trial { good: 0 };
            cause = Some(Cause::CircuitOnTrial);
        }
        self.change(member, before, cause?)
    }

    /// Moves a member's circuit on by one answer.
    fn conduct(&mut self, member: usize, good: bool, now_ns: u64) -> Option<Cause> {
        let breaker = self.rules.breaker.as_ref()?;
        let circuit = &mut self.records[member].circuit;
        let open = Circuit::Open { until_ns: now_ns + breaker.open.ns() };
        match circuit {
            Circuit::Open { .. } => None,
            Circuit::Trial { .. } if !good => {
                *circuit = open;
                Some(Cause::CircuitOpened { percent: 100.0 })
            }
            Circuit::Trial { good: before } => {
                *before += 1;
                let enough = *before >= breaker.trials;
                if enough {
                    *circuit = Circuit::default();
                }
                enough.then_some(Cause::CircuitClosed)
            }
            Circuit::Closed { tally, window_ends_ns } => {
                if now_ns >= *window_ends_ns {
                    *tally = Tally::default();
                    *window_ends_ns = now_ns + breaker.window.ns();
                }
                tally.count(good);
                let percent = tally.failure_percent();
                let enough =
                    tally.requests >= breaker.min_requests && percent >= breaker.failure_percent;
                if enough {
                    *circuit = open;
                }
                enough.then_some(Cause::CircuitOpened { percent })
            }
        }
    }
}

impl Record {
    /// Without what these rules do not know.
    fn under(mut self, rules: &Rules) -> Self {
        if !rules.check() {
            self.failed_checks = false;
            self.checks_in_a_row = 0;
        }
        if !rules.watch_answers() {
            self.ejected_until_ns = None;
            self.failures_in_a_row = 0;
        }
        if rules.breaker.is_none() {
            self.circuit = Circuit::default();
        }
        self
    }
}

impl Tally {
    fn count(&mut self, good: bool) {
        self.requests += 1;
        self.failures += u32::from(!good);
    }

    fn failure_percent(self) -> f64 {
        f64::from(self.failures) * 100.0 / f64::from(self.requests.max(1))
    }
}

#[cfg(test)]
mod tests;
