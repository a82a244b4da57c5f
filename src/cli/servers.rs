//! Servers as they are written on a command line: `a=5,b=1,127.0.0.1:3000`.

use std::str::FromStr;

use crate::balance::Algorithm;
use crate::balance::pool::{Pool, Terms};
use crate::lab::{self, Server, algorithm_text};

use super::Streams;
use super::outcome::Failure;

/// A list of servers, each a name with or without `=WEIGHT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerList {
    pub(super) servers: Vec<NamedWeight>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedWeight {
    pub(super) name: String,
    pub(super) weight: u32,
}

impl ServerList {
    pub(super) fn terms(&self) -> Vec<Terms> {
        self.servers.iter().map(|server| Terms::new(&server.name, server.weight)).collect()
    }
}

/// The algorithm that a text names, if it can work for these servers. What is odd goes to standard error.
pub(super) fn algorithm_for(
    text: &str,
    servers: &[Terms],
    streams: &mut Streams<'_>,
) -> Result<Algorithm, Failure> {
    let refused = |problem: String| Failure::option("--algorithm", problem);
    let algorithm = algorithm_text::parse(text).map_err(|error| refused(error.to_string()))?;
    let server = |terms: &Terms| Server {
        name: terms.name.clone(),
        weight: terms.weight,
        ..Server::default()
    };
    let pool = lab::Pool {
        algorithm: algorithm.clone(),
        servers: servers.iter().map(server).collect(),
        ..lab::Pool::default()
    };
    for problem in lab::check_algorithm(&pool) {
        let sentence = format!("{}: {}", problem.what, problem.remedy);
        if problem.is_error() {
            return Err(refused(sentence));
        }
        writeln!(streams.err, "evenkeel: --algorithm: {sentence}")?;
    }
    Ok(algorithm)
}

impl FromStr for ServerList {
    type Err = ServersError;

    fn from_str(text: &str) -> Result<Self, ServersError> {
        let servers: Vec<NamedWeight> =
            text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        if servers.len() > Pool::MEMBERS_MAX {
            return Err(ServersError::Many(servers.len()));
        }
        for (index, server) in servers.iter().enumerate() {
            if servers[..index].iter().any(|before| before.name == server.name) {
                return Err(ServersError::Twice(server.name.clone()));
            }
        }
        Ok(Self { servers })
    }
}

/// A server whose weight changes: here the weight has to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewWeight(pub(super) NamedWeight);

impl FromStr for NewWeight {
    type Err = ServersError;

    fn from_str(text: &str) -> Result<Self, ServersError> {
        let server = text.parse()?;
        if text.contains('=') {
            Ok(Self(server))
        } else {
            Err(ServersError::NoWeight(text.to_owned()))
        }
    }
}

impl FromStr for NamedWeight {
    type Err = ServersError;

    fn from_str(text: &str) -> Result<Self, ServersError> {
        let text = text.trim();
        let (name, weight) = match text.rsplit_once('=') {
            None => (text, Ok(1)),
            Some((name, weight)) => (name, weight.parse::<u32>()),
        };
        if name.is_empty() {
            return Err(ServersError::NoName(text.to_owned()));
        }
        // One blank in a name would make the answer of `order` ambiguous, and a line break its lines.
        if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(ServersError::Name(name.escape_debug().to_string()));
        }
        match weight {
            Ok(weight) if weight <= WEIGHT_MAX => Ok(Self { name: name.to_owned(), weight }),
            _ => Err(ServersError::Weight(text.to_owned())),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ServersError {
    #[error("`{0}` has no name: write NAME or NAME=WEIGHT, such as a=5")]
    NoName(String),
    #[error("`{0}` cannot be a name: write it without blanks and control characters")]
    Name(String),
    #[error(
        "`{0}` has no weight that can be used: write a whole number from 0 to {WEIGHT_MAX} after the `=`"
    )]
    Weight(String),
    #[error("`{0}` has no weight: write NAME=WEIGHT, such as a=3")]
    NoWeight(String),
    #[error("the server `{0}` is there twice: give each its own name")]
    Twice(String),
    #[error("{0} servers are too many: a pool has at most {max}", max = Pool::MEMBERS_MAX)]
    Many(usize),
}

const WEIGHT_MAX: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_addresses() {
        let list: ServerList = "a=5, b,127.0.0.1:3000=2,[::1]:80".parse().unwrap();
        let pairs: Vec<(&str, u32)> =
            list.servers.iter().map(|server| (server.name.as_str(), server.weight)).collect();
        assert_eq!(pairs, [("a", 5), ("b", 1), ("127.0.0.1:3000", 2), ("[::1]:80", 1)]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_a_remedy() {
        for (text, part) in [
            ("", "has no name"),
            ("a,,b", "has no name"),
            ("=3", "has no name"),
            ("a=x", "0 to 65535"),
            ("a=70000", "0 to 65535"),
            ("a=-1", "0 to 65535"),
            ("a,b,a=2", "twice"),
            ("a b,c", "without blanks"),
            ("a\u{1b}[31m", "`a\\u{1b}[31m` cannot be a name"),
        ] {
            let error = text.parse::<ServerList>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
