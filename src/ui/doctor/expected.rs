//! What each server should get: asked of the algorithm itself, over an idle pool in which everybody stands as was seen.

use std::net::IpAddr;
use std::sync::Arc;

use crate::balance::pool::{Pool as Balancing, Settings, Terms};
use crate::balance::weighted::Weighted;
use crate::balance::{Algorithm, Health, Notes, Request};
use crate::dice::Dice;
use crate::lab::{Client, Lab, Pool, Requests};
use crate::ui::story::{PoolFrame, ServerFrame};

/// What an algorithm goes by, as far as shares can be foretold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    InTurn,
    Drawn,
    ByKey,
    /// By load or speed: no share is due to anybody.
    ByLoad,
}

impl Way {
    pub fn of(algorithm: &Algorithm) -> Self {
        match algorithm {
            Algorithm::RoundRobin(_) | Algorithm::Weighted(_) => Self::InTurn,
            Algorithm::Random(_) => Self::Drawn,
            other if other.about().keyed => Self::ByKey,
            _ => Self::ByLoad,
        }
    }
}

/// How a server stands, as far as it matters whether it is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub name: Arc<str>,
    pub health: Health,
    pub weight: u32,
    pub draining: bool,
}

impl Standing {
    pub fn all(frame: &PoolFrame) -> Vec<Self> {
        let standing = |server: &ServerFrame| Self {
            name: Arc::clone(&server.name),
            health: server.health,
            weight: server.weight,
            draining: server.draining,
        };
        frame.servers.iter().map(standing).collect()
    }
}

/// Shares that were worked out lately. They cost some thousand picks, and are asked for again and again.
#[derive(Debug, Default)]
pub struct Expectations {
    known: Vec<(Case, Arc<[f64]>)>,
}

/// Everything that shares depend on.
#[derive(Debug, Clone, PartialEq)]
struct Case {
    rules: Pool,
    standings: Vec<Standing>,
    /// Who sends, and how many parts of [`PARTS`].
    callers: Vec<(Client, u32)>,
}

/// A key and where it came from.
pub(super) type Call = (Vec<u8>, Option<IpAddr>);

impl Expectations {
    /// What built-in clients that send so much each would give every server. Nothing where load decides, or where the
    /// keys are not known because nobody built in sends.
    pub fn of_clients(
        &mut self,
        lab: &Lab,
        pool: &Pool,
        standings: &[Standing],
        sent: &[(&str, u64)],
    ) -> Option<Arc<[f64]>> {
        let way = Way::of(&pool.algorithm);
        let total: u64 = sent.iter().map(|(_, n)| n).sum();
        let part = |n: u64| ((n * u64::from(PARTS)).div_ceil(total.max(1))) as u32;
        let callers: Vec<(Client, u32)> = match way {
            Way::ByLoad => return None,
            Way::ByKey if total == 0 => return None,
            Way::ByKey => {
                let callers = sent.iter().filter(|(_, n)| *n > 0);
                callers
                    .filter_map(|&(name, n)| Some((lab.client(name)?.clone(), part(n))))
                    .collect()
            }
            Way::InTurn | Way::Drawn => Vec::new(),
        };
        let case = Case { rules: rules_of(pool), standings: standings.to_vec(), callers };
        if let Some((_, shares)) = self.known.iter().find(|(known, _)| *known == case) {
            return Some(Arc::clone(shares));
        }
        let calls = calls(&case, lab.seed);
        let shares: Arc<[f64]> = shares(&case.rules, standings, &calls).into();
        if self.known.len() == KNOWN_MAX {
            self.known.remove(0);
        }
        self.known.push((case, Arc::clone(&shares)));
        Some(shares)
    }

    /// What these very requests would give every server.
    pub(super) fn of_calls(
        pool: &Pool,
        standings: &[Standing],
        calls: &[Call],
    ) -> Option<Arc<[f64]>> {
        let foretold = Way::of(&pool.algorithm) != Way::ByLoad && !calls.is_empty();
        foretold.then(|| shares(pool, standings, calls).into())
    }
}

/// A pool without what no pick looks at, so that a dragged latency does not change what is due to whom.
pub(super) fn rules_of(pool: &Pool) -> Pool {
    let mut rules = Pool {
        queue: Default::default(),
        health: Default::default(),
        upstream: Default::default(),
        mocks: Default::default(),
        ..pool.clone()
    };
    for server in &mut rules.servers {
        (server.weight, server.drain, server.enabled) = (1, false, true);
        (server.mock, server.address, server.concurrency) = (None, None, None);
    }
    rules
}

/// As many requests as the picks, as the clients would send them.
fn calls(case: &Case, seed: u64) -> Vec<Call> {
    let Case { rules, callers, .. } = case;
    let total: u32 = callers.iter().map(|(_, parts)| parts).sum();
    let mut calls = Vec::with_capacity(PICKS);
    for (stream, (client, parts)) in callers.iter().enumerate() {
        let mut requests = Requests::new(client, seed, stream as u64);
        for _ in 0..PICKS * *parts as usize / total.max(1) as usize {
            let asked = requests.draw(None);
            let mut key = Vec::new();
            requests.write_key(&rules.key, asked, &mut key);
            calls.push((key, Some(requests.address(asked.identity).1)));
        }
    }
    calls
}

/// Each server's part of the picks, in the order of `standings`. Nobody's part is counted too.
fn shares(rules: &Pool, standings: &[Standing], calls: &[Call]) -> Vec<f64> {
    // What is drawn by weight has the same odds as turns by weight, which need no luck to be counted.
    let algorithm = match Way::of(&rules.algorithm) {
        Way::Drawn => Algorithm::from(Weighted::default()),
        _ => rules.algorithm.clone(),
    };
    // Who warms up is not known, and is over soon.
    let settings = Settings { slow_start: None, ..rules.settings() };
    let terms: Vec<Terms> = standings.iter().map(|standing| terms_of(rules, standing)).collect();
    let balancing = Balancing::new(&algorithm, &settings, &terms, 0);
    for (index, standing) in standings.iter().enumerate() {
        balancing.set_health(index, standing.health, 0);
    }
    let mut counts = vec![0_u32; standings.len()];
    let mut dice = Dice::new(0);
    let nobody: Call = (Vec::new(), None);
    for number in 0..PICKS {
        let (key, address) = calls.get(number % calls.len().max(1)).unwrap_or(&nobody);
        let request = Request { key, address: *address, ..Request::default() };
        let pick = balancing.pick(&request, None, &mut dice, &mut Notes::off());
        if let Some(count) = pick.member().and_then(|index| counts.get_mut(index)) {
            *count += 1;
        }
    }
    let total = counts.iter().sum::<u32>().max(1);
    counts.iter().map(|&count| f64::from(count) / f64::from(total)).collect()
}

fn terms_of(rules: &Pool, standing: &Standing) -> Terms {
    let all = rules.servers.iter().flat_map(crate::lab::Server::terms);
    let known = all.into_iter().find(|terms| *terms.name == *standing.name);
    let known = known.unwrap_or_else(|| Terms::new(&standing.name, standing.weight));
    Terms { weight: standing.weight, drained: standing.draining, limit: 0, ..known }
}

/// Enough to know a share to half a per cent.
const PICKS: usize = 10_000;
/// How finely the mix of client groups is told apart.
const PARTS: u32 = 20;
const KNOWN_MAX: usize = 16;
