//! What a run of a lab gave, by the document's names: the same from virtual time and from real sockets.

use std::collections::BTreeMap;

use crate::meter::MeterReading;

/// What was measured over some time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Each client group's requests as the client saw them.
    pub clients: BTreeMap<String, MeterReading>,
    /// In the order of the document.
    pub pools: Vec<PoolFigures>,
    pub key_moves: Vec<KeyMoves>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PoolFigures {
    pub name: String,
    /// Every server that was in the pool at some time, with the tries it was given.
    pub servers: Vec<(String, MeterReading)>,
    /// Sessions that broke, by their cause.
    pub broken_sessions: BTreeMap<&'static str, u64>,
}

/// What one change of a pool did to its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyMoves {
    pub cue: String,
    pub pool: String,
    pub keys: u64,
    pub moved: u64,
    /// Those that had no reason to move.
    pub needless: u64,
    /// The part of all keys that had to move.
    pub unavoidable: f64,
}

impl Figures {
    /// All client groups together.
    pub fn clients_together(&self) -> MeterReading {
        self.clients.values().fold(MeterReading::default(), |sum, reading| sum.merge(reading))
    }

    pub fn pool(&self, name: &str) -> Option<&PoolFigures> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    /// What was measured after `earlier`. Key moves are told apart by whoever notes them.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |name: &str| earlier.clients.get(name).cloned().unwrap_or_default();
        let clients =
            self.clients.iter().map(|(name, reading)| (name.clone(), reading.since(&before(name))));
        let pools = self.pools.iter().map(|pool| match earlier.pool(&pool.name) {
            Some(earlier) => pool.since(earlier),
            None => pool.clone(),
        });
        let key_moves =
            self.key_moves[earlier.key_moves.len().min(self.key_moves.len())..].to_vec();
        Self { clients: clients.collect(), pools: pools.collect(), key_moves }
    }

    pub fn broken_sessions(&self) -> u64 {
        self.pools.iter().map(PoolFigures::broken).sum()
    }
}

impl PoolFigures {
    /// Each server's part of the tries that were given out. What it has not finished counts too: an overloaded
    /// server got its share, it only cannot keep up with it.
    pub fn shares(&self) -> Vec<(&str, f64)> {
        let total = self.started().max(1) as f64;
        let share = |reading: &MeterReading| reading.counters.started as f64 / total;
        self.servers.iter().map(|(name, reading)| (name.as_str(), share(reading))).collect()
    }

    pub fn started(&self) -> u64 {
        self.servers.iter().map(|(_, reading)| reading.counters.started).sum()
    }

    pub fn broken(&self) -> u64 {
        self.broken_sessions.values().sum()
    }

    fn since(&self, earlier: &Self) -> Self {
        let before = |name: &str| earlier.servers.iter().find(|(known, _)| known == name);
        let servers = self.servers.iter().map(|(name, reading)| match before(name) {
            Some((_, before)) => (name.clone(), reading.since(before)),
            None => (name.clone(), reading.clone()),
        });
        let broken = self.broken_sessions.iter().map(|(&cause, &count)| {
            (cause, count - earlier.broken_sessions.get(cause).copied().unwrap_or(0))
        });
        Self {
            name: self.name.clone(),
            servers: servers.collect(),
            broken_sessions: broken.collect(),
        }
    }
}
