//! `evenkeel keys`: which server each key belongs to, and how many keys move when servers change.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::balance::pool::{Pool, Settings, Terms};
use crate::balance::remap::{Assignment, Moves};
use crate::balance::{Algorithm, Member, Request};
use crate::hash::mix;

use super::Streams;
use super::lab_file::read_bounded;
use super::outcome::{Answer, Failure};
use super::servers::{NamedWeight, ServerList, algorithm_for};
use super::table::{grouped, percent};

/// Assign keys to servers, and count those that move when servers change
///
/// Moves are compared with the least that any method must move: the share that servers gain or lose by
/// their weights.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Keys {
    /// An algorithm that chooses by key: modulo, ip-hash, ring, maglev, rendezvous, jump, …
    #[arg(long, default_value = "ring", value_name = "ALGORITHM")]
    algorithm: String,
    /// Servers in order, as NAME or NAME=WEIGHT; a name may be host:port
    #[arg(long, value_name = "LIST")]
    servers: ServerList,
    /// How many keys: key-0, key-1, … (for ip-hash: addresses)
    #[arg(long = "keys", default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=KEYS_MAX))]
    count: u64,
    /// A file with a key on each line instead (for ip-hash: addresses)
    #[arg(long = "keys-file", value_name = "FILE", conflicts_with = "count")]
    file: Option<PathBuf>,
    /// A server that joins, at the end of the list
    #[arg(long, value_name = "SERVER")]
    add: Vec<NamedWeight>,
    /// A server that leaves
    #[arg(long, value_name = "NAME")]
    remove: Vec<String>,
    /// A server whose weight changes, as NAME=WEIGHT
    #[arg(long, value_name = "SERVER")]
    weight: Vec<NamedWeight>,
    /// Print the server of each key, in the order of the keys, after the change if there is one
    #[arg(long)]
    assign: bool,
    /// Print `{"before": …, "after": …, "moved": …}`
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    before: Side<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Side<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<Moved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned: Option<Vec<Option<&'a str>>>,
}

#[derive(Serialize)]
struct Side<'a> {
    shares: BTreeMap<&'a str, f64>,
}

#[derive(Serialize)]
struct Moved {
    keys: u64,
    share: f64,
    /// As parts of all keys, like `share`.
    unavoidable: f64,
    needless: f64,
}

impl Keys {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let terms = self.servers.terms();
        let changed = self.changed_terms()?;
        let algorithm = algorithm_for(&self.algorithm, changed.as_ref().unwrap_or(&terms))?;
        algorithm_for(&self.algorithm, &terms)?;
        let about = algorithm.about();
        if !about.keyed {
            let problem = format!(
                "{} does not choose by key: `evenkeel algorithms` says which do",
                about.name
            );
            return Err(Failure::option("--algorithm", problem));
        }
        let keys = self.keys(&algorithm)?;
        let around = Settings::default();
        let before = Pool::new(&algorithm, &around, &terms, 0);
        let after = changed.map(|terms| before.followed_by(&algorithm, &around, &terms, 0));
        let assign = |pool: &Pool| owners(&algorithm, pool.members(), &keys);
        let owners_before = assign(&before);
        let owners_after = after.as_ref().map(&assign);
        let first = Assignment { members: before.members(), owners: owners_before };
        let second = after
            .as_ref()
            .zip(owners_after)
            .map(|(pool, owners)| Assignment { members: pool.members(), owners });
        let moves = second.as_ref().map(|second| first.moves_to(second));
        if self.json {
            self.write_json(streams, &first, second.as_ref(), moves)?;
        } else {
            self.write_text(streams, about.name, &first, second.as_ref(), moves)?;
        }
        Ok(Answer::Holds)
    }

    fn write_json(
        &self,
        streams: &mut Streams<'_>,
        before: &Assignment<'_>,
        after: Option<&Assignment<'_>>,
        moves: Option<Moves>,
    ) -> Result<(), Failure> {
        let json = Json {
            before: Side { shares: shares(before).into_iter().collect() },
            after: after.map(|after| Side { shares: shares(after).into_iter().collect() }),
            moved: moves.map(|moves| Moved {
                keys: moves.moved,
                share: part(moves.moved, moves.keys),
                unavoidable: moves.unavoidable,
                needless: part(moves.needless, moves.keys),
            }),
            assigned: self.assign.then(|| names(after.unwrap_or(before)).collect()),
        };
        serde_json::to_writer(&mut *streams.out, &json)?;
        writeln!(streams.out)?;
        Ok(())
    }

    fn write_text(
        &self,
        streams: &mut Streams<'_>,
        name: &str,
        before: &Assignment<'_>,
        after: Option<&Assignment<'_>>,
        moves: Option<Moves>,
    ) -> Result<(), Failure> {
        let out = &mut *streams.out;
        if self.assign {
            for server in names(after.unwrap_or(before)) {
                writeln!(out, "{}", server.unwrap_or("-"))?;
            }
            return Ok(());
        }
        if let Some(moves) = moves {
            let Moves { keys, moved, needless, unavoidable } = moves;
            let needless = match needless {
                0 => "none is needless".to_owned(),
                needless => format!("{} are needless", percent(part(needless, keys))),
            };
            writeln!(
                out,
                "{name}: {} of {} keys move ({}); {} must, {needless}",
                grouped(moved),
                grouped(keys),
                percent(part(moved, keys)),
                percent(unavoidable),
            )?;
        }
        writeln!(out, "{}{}", if after.is_some() { "before  " } else { "" }, shares_line(before))?;
        if let Some(after) = after {
            writeln!(out, "after   {}", shares_line(after))?;
        }
        Ok(())
    }

    /// The servers after the change, or nothing if none was asked for.
    fn changed_terms(&self) -> Result<Option<Vec<Terms>>, Failure> {
        if self.add.is_empty() && self.remove.is_empty() && self.weight.is_empty() {
            return Ok(None);
        }
        let mut terms = self.servers.terms();
        for NamedWeight { name, weight } in &self.weight {
            let found = terms.iter_mut().find(|terms| terms.name == *name);
            found.ok_or_else(|| self.unknown("--weight", name))?.weight = *weight;
        }
        for name in &self.remove {
            let place = terms.iter().position(|terms| terms.name == *name);
            terms.remove(place.ok_or_else(|| self.unknown("--remove", name))?);
        }
        for NamedWeight { name, weight } in &self.add {
            if terms.iter().any(|terms| terms.name == *name) {
                let problem =
                    format!("the server `{name}` is there already: give the new one its own name");
                return Err(Failure::option("--add", problem));
            }
            terms.push(Terms::new(name, *weight));
        }
        Ok(Some(terms))
    }

    fn unknown(&self, option: &'static str, name: &str) -> Failure {
        let names: Vec<&str> =
            self.servers.servers.iter().map(|server| server.name.as_str()).collect();
        Failure::option(
            option,
            format!("no server is called `{name}`: there are {}", names.join(", ")),
        )
    }

    fn keys(&self, algorithm: &Algorithm) -> Result<Vec<String>, Failure> {
        let by_address = matches!(algorithm, Algorithm::IpHash(_));
        let Some(path) = &self.file else {
            let key = |number: u64| {
                if by_address {
                    Ipv4Addr::from(mix(number) as u32).to_string()
                } else {
                    format!("key-{number}")
                }
            };
            return Ok((0..self.count).map(key).collect());
        };
        let text = read_bounded(path, KEYS_FILE_BYTES_MAX)?;
        let text = String::from_utf8(text).map_err(|_not_text| {
            Failure::option("--keys-file", "the file is not UTF-8: write one key on each line")
        })?;
        let keys: Vec<String> = text.lines().map(str::to_owned).collect();
        if keys.is_empty() {
            return Err(Failure::option(
                "--keys-file",
                "the file is empty: write one key on each line",
            ));
        }
        Ok(keys)
    }
}

fn owners(algorithm: &Algorithm, members: &[Member], keys: &[String]) -> Vec<u32> {
    let balancer = algorithm.build(members, &crate::balance::Origin::default());
    let requests = keys.iter().map(|key| Request {
        key: key.as_bytes(),
        address: key.parse().ok(),
        ..Request::default()
    });
    Assignment::new(balancer.as_ref(), members, requests).owners
}

fn shares<'a>(assignment: &Assignment<'a>) -> Vec<(&'a str, f64)> {
    let total = assignment.owners.len() as u64;
    let counts = assignment.counts();
    let named = assignment.members.iter().zip(counts);
    named.map(|(member, count)| (&*member.name, part(count, total))).collect()
}

fn shares_line(assignment: &Assignment<'_>) -> String {
    let shares = shares(assignment).into_iter();
    let words: Vec<String> =
        shares.map(|(name, share)| format!("{name} {}", percent(share))).collect();
    words.join("  ")
}

fn names<'a>(assignment: &'a Assignment<'a>) -> impl Iterator<Item = Option<&'a str>> {
    let name = |&owner: &u32| assignment.members.get(owner as usize).map(|member| &*member.name);
    assignment.owners.iter().map(name)
}

fn part(count: u64, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

const KEYS_MAX: u64 = 10_000_000;
const KEYS_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

const EXAMPLES: &str = "Examples:
  evenkeel keys --algorithm modulo --servers a,b,c,d --add e
  evenkeel keys --algorithm ring   --servers a,b,c,d --add e
  evenkeel keys --algorithm 'maglev(slots: 251)' --servers a,b,c,d --remove b";
