//! One recording, step by step, through a pool of ours.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use evenkeel::balance::health::max_fails::{Failures, MaxFails};
use evenkeel::balance::pool::{Pool, Settings, Terms};
use evenkeel::balance::{Algorithm, Health, Notes, Request, Sample, Tried};
use evenkeel::dice::Dice;
use evenkeel::period::Period;

use crate::recording::{Pick, Recording, Server, Set, Shares, State, Step};

/// What differs, if anything.
pub(crate) fn finding(recording: &Recording) -> Option<String> {
    let algorithm = match recording.algorithm() {
        Ok(algorithm) => algorithm,
        Err(error) => return Some(error),
    };
    let mut replay = Replay::new(recording, algorithm);
    if let Some(shares) = &recording.shares {
        return replay.compare_shares(shares).err();
    }
    if !recording.steps.iter().any(|step| matches!(step, Step::Pick(_))) {
        return Some("has no pick".to_owned());
    }
    let mut steps = recording.steps.iter().enumerate();
    steps.find_map(|(number, step)| {
        replay.step(step).err().map(|error| format!("step {number}: {error}"))
    })
}

struct Replay<'a> {
    recording: &'a Recording,
    retries: Retries,
    algorithm: Algorithm,
    terms: Vec<Terms>,
    pool: Pool,
    failures: Vec<Failures>,
    refusing: BTreeSet<&'a str>,
    /// For each pick so far the member that has it, if any.
    picks: Vec<Option<usize>>,
    /// Picks that wait for room, with what the program did with them in the end.
    line: VecDeque<(usize, &'a Pick)>,
    dice: Dice,
    now_secs: u64,
}

/// How a program goes on after a failure: the host's part, not the algorithm's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retries {
    /// Every member once.
    NewMember,
    /// Once: `retries 1` with `option redispatch 1`. HAProxy's maps know one server for a key and ask it again.
    Redispatch { again: bool },
}

impl<'a> Replay<'a> {
    fn new(recording: &'a Recording, algorithm: Algorithm) -> Self {
        let terms: Vec<Terms> = recording.servers.iter().map(terms).collect();
        let pool = Pool::new(&algorithm, &Settings::default(), &terms, 1);
        let again = matches!(algorithm, Algorithm::Modulo(_));
        Self {
            recording,
            retries: if recording.program.starts_with("haproxy") {
                Retries::Redispatch { again }
            } else {
                Retries::NewMember
            },
            algorithm,
            failures: terms.iter().map(|_| Failures::default()).collect(),
            terms,
            pool,
            refusing: BTreeSet::new(),
            picks: Vec::new(),
            line: VecDeque::new(),
            dice: Dice::new(1),
            now_secs: 1_000_000,
        }
    }

    fn step(&mut self, step: &'a Step) -> Result<(), String> {
        match step {
            Step::Pick(pick) if pick.queued => return self.queue(pick),
            Step::Pick(pick) => {
                let holder = self.compare(pick)?;
                self.picks.push(holder);
                if self.recording.sequential {
                    self.end(self.picks.len() - 1);
                }
            }
            Step::Finish(number) => {
                let freed = self.picks[*number];
                self.end(*number);
                return freed.map_or(Ok(()), |freed| self.serve_line(freed));
            }
            Step::Stop(name) => {
                self.refusing.insert(name);
            }
            Step::Start(name) => {
                self.refusing.remove(&**name);
            }
            Step::Set(set) => self.set(set),
            Step::WaitSecs(secs) => self.now_secs += secs,
        }
        Ok(())
    }

    /// Makes one request, and says who has it in the end.
    fn compare(&mut self, pick: &Pick) -> Result<Option<usize>, String> {
        let mut got = Vec::new();
        let holder = self.tries(pick, &mut got);
        let names: Vec<&str> =
            got.iter().map(|&index| &*self.recording.servers[index].name).collect();
        if names != pick.got {
            let key = pick.address.as_ref().unwrap_or(&pick.key);
            return Err(format!("key {key:?} went to {names:?}, not to {:?}", pick.got));
        }
        match holder.is_none() && !got.is_empty() {
            failed if failed == pick.failed => Ok(holder),
            failed => Err(format!("failed: {failed}, not {}", pick.failed)),
        }
    }

    fn tries(&mut self, pick: &Pick, got: &mut Vec<usize>) -> Option<usize> {
        let address = pick.address.as_ref().map(|address| address.parse().unwrap());
        let key = if pick.address.is_some() { &pick.address } else { &Some(pick.key.clone()) };
        let key = key.clone().unwrap_or_default();
        let mut tried = Tried::default();
        loop {
            self.bench();
            let request = Request { key: key.as_bytes(), address, now_ns: self.now_ns(), tried };
            let index =
                self.pool.pick(&request, None, &mut self.dice, &mut Notes::off()).member()?;
            got.push(index);
            self.pool.start(index);
            self.max_fails(index).picked(&self.failures[index], self.now_ns());
            if !self.refusing.contains(&*self.recording.servers[index].name) {
                return Some(index);
            }
            self.ended(index, false);
            let goes_on = match self.retries {
                Retries::NewMember => !self.is_alone(),
                Retries::Redispatch { .. } => got.len() < 2,
            };
            if !goes_on {
                return None;
            }
            if self.retries != (Retries::Redispatch { again: true }) {
                tried.add(index as u32);
            }
        }
    }

    fn queue(&mut self, pick: &'a Pick) -> Result<(), String> {
        let request = Request { now_ns: self.now_ns(), ..Request::default() };
        let place = self.pool.pick(&request, None, &mut self.dice, &mut Notes::off());
        if let Some(index) = place.member() {
            return Err(format!("{:?} had room for a request that waited", self.terms[index].name));
        }
        self.line.push_back((self.picks.len(), pick));
        self.picks.push(None);
        Ok(())
    }

    /// The first in line gets the place that came free, without another pick.
    fn serve_line(&mut self, freed: usize) -> Result<(), String> {
        let Some((number, pick)) = self.line.pop_front() else { return Ok(()) };
        self.pool.start(freed);
        self.picks[number] = Some(freed);
        let name = &self.terms[freed].name;
        if pick.got == [name.as_str()] {
            return Ok(());
        }
        Err(format!("{name:?} came free, not {:?}", pick.got))
    }

    fn end(&mut self, number: usize) {
        if let Some(index) = self.picks[number].take() {
            self.ended(index, true);
        }
    }

    fn ended(&self, index: usize, succeeded: bool) {
        let now_ns = self.now_ns();
        let sample = Sample { now_ns, succeeded, ..Sample::default() };
        self.pool.finish(index, &sample);
        if !self.is_alone() {
            let member = &self.pool.members()[index];
            self.max_fails(index).ended(member, &self.failures[index], succeeded, now_ns);
        }
    }

    /// Sets aside who may not be picked now.
    fn bench(&self) {
        for (index, member) in self.pool.members().iter().enumerate() {
            let benched = self.max_fails(index).benches(&self.failures[index], self.now_ns());
            let health = if benched { Health::Ejected } else { Health::Up };
            if member.standing.health() != health {
                self.pool.set_health(index, health, self.now_ns());
            }
        }
    }

    fn set(&mut self, set: &Set) {
        let place = self.terms.iter().position(|terms| terms.name == set.name).unwrap();
        let terms = &mut self.terms[place];
        terms.weight = set.weight.unwrap_or(terms.weight);
        terms.drained = set.state.map_or(terms.drained, |state| state != State::Ready);
        let settings = Settings::default();
        self.pool = self.pool.followed_by(&self.algorithm, &settings, &self.terms, self.now_ns());
    }

    fn compare_shares(&mut self, shares: &Shares) -> Result<(), String> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for _ in 0..shares.picks {
            let request = Request::default();
            let pick = self.pool.pick(&request, None, &mut self.dice, &mut Notes::off());
            let index = pick.member().ok_or("nobody was picked")?;
            *counts.entry(&*self.recording.servers[index].name).or_default() += 1;
        }
        let picks = shares.picks as f64;
        for (name, &theirs) in &shares.counts {
            let ours = counts.get(&**name).copied().unwrap_or(0);
            // Two samples of one share differ by a normal deviate; five of its deviations never happen.
            let share = (theirs + ours) as f64 / 2.0 / picks;
            let allowed = 5.0 * (2.0 * share * (1.0 - share) * picks).sqrt();
            if ours.abs_diff(theirs) as f64 > allowed {
                return Err(format!("{name} got {ours} of {picks}, not about {theirs}"));
            }
        }
        Ok(())
    }

    fn max_fails(&self, index: usize) -> MaxFails {
        let server = &self.recording.servers[index];
        let timeout = Period::from_secs(server.fail_timeout_secs);
        MaxFails { fails: if self.is_alone() { 0 } else { server.max_fails }, timeout }
    }

    fn is_alone(&self) -> bool {
        self.recording.servers.len() == 1
    }

    fn now_ns(&self) -> u64 {
        self.now_secs * 1_000_000_000
    }
}

fn terms(server: &Server) -> Terms {
    Terms {
        limit: server.limit,
        drained: server.down,
        priority: u32::from(server.backup),
        id: server.id,
        ..Terms::new(&server.name, server.weight)
    }
}
