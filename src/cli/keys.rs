//! `evenkeel keys`: which server each key belongs to, and how many keys move when servers change.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::balance::pool::{Pool, Settings, Terms};
use crate::balance::remap::{Assignment, Moves, sample_keys};
use crate::balance::{Algorithm, Member, Request};
use crate::lab;

use super::Streams;
use super::key_file;
use super::outcome::{Answer, Failure};
use super::servers::{NamedWeight, NewWeight, ServerList, algorithm_for};
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
    #[arg(long = "keys", default_value_t = 100_000, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=KEYS_MAX))]
    count: u64,
    /// A file with a key on each line instead (for ip-hash: addresses)
    #[arg(long = "keys-file", value_name = "FILE", conflicts_with = "count")]
    file: Option<PathBuf>,
    /// Servers that join, at the end of the list
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    add: Vec<NamedWeight>,
    /// Servers that leave
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    remove: Vec<String>,
    /// Servers whose weights change, as NAME=WEIGHT
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    weight: Vec<NewWeight>,
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
        let algorithm = algorithm_for(&self.algorithm, &terms, streams)?;
        if let Some(changed) = &changed {
            // What is odd has been said for the servers before the change.
            let unheard = &mut Streams { out: &mut io::sink(), err: &mut io::sink(), ..*streams };
            algorithm_for(&self.algorithm, changed, unheard)?;
        }
        let about = algorithm.about();
        if !about.keyed {
            let problem = format!(
                "{} does not choose by key: `evenkeel algorithms` says which do",
                about.name
            );
            return Err(Failure::option("--algorithm", problem));
        }
        warn_of_no_weight(&terms, changed.as_deref(), streams)?;
        let keys = self.keys(&algorithm)?;
        if matches!(algorithm, Algorithm::IpHash(_)) {
            key_file::warn_of_no_addresses(&keys, streams)?;
        }
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
        for NewWeight(NamedWeight { name, weight }) in &self.weight {
            let place = place_of(name, &terms, "--weight")?;
            terms[place].weight = *weight;
        }
        for name in &self.remove {
            let place = place_of(name, &terms, "--remove")?;
            terms.remove(place);
        }
        for NamedWeight { name, weight } in &self.add {
            if terms.iter().any(|terms| terms.name == *name) {
                let problem =
                    format!("the server `{name}` is there already: give the new one its own name");
                return Err(Failure::option("--add", problem));
            }
            terms.push(Terms::new(name, *weight));
        }
        if terms.is_empty() {
            return Err(Failure::option("--remove", "no server would be left: keep one"));
        }
        if terms.len() > Pool::MEMBERS_MAX {
            let problem = format!("a pool has at most {} servers: add fewer", Pool::MEMBERS_MAX);
            return Err(Failure::option("--add", problem));
        }
        Ok(Some(terms))
    }

    fn keys(&self, algorithm: &Algorithm) -> Result<Vec<String>, Failure> {
        let Some(path) = &self.file else { return Ok(sample_keys(algorithm, self.count)) };
        key_file::read(path)
    }
}

/// Nobody has a key where every weight is 0.
fn warn_of_no_weight(
    before: &[Terms],
    after: Option<&[Terms]>,
    streams: &mut Streams<'_>,
) -> io::Result<()> {
    let takes_none = |terms: &[Terms]| terms.iter().all(|server| server.weight == 0);
    let when = match (takes_none(before), after.map(takes_none)) {
        (true, None | Some(true)) => "",
        (true, Some(false)) => " before the change",
        (false, Some(true)) => " after the change",
        (false, None | Some(false)) => return Ok(()),
    };
    writeln!(
        streams.err,
        "evenkeel: every server has the weight 0{when}, so no key belongs to any: give one a weight above 0"
    )
}

/// Where a server stands in the list, which those that left before are no part of.
fn place_of(name: &str, terms: &[Terms], option: &'static str) -> Result<usize, Failure> {
    let place = terms.iter().position(|terms| terms.name == name);
    place.ok_or_else(|| {
        let names: Vec<&str> = terms.iter().map(|terms| terms.name.as_str()).collect();
        let known = if names.is_empty() { "none is left".to_owned() } else { lab::among(&names) };
        Failure::option(option, format!("no server is called `{name}`: {known}"))
    })
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

pub(super) const KEYS_MAX: u64 = 10_000_000;

const EXAMPLES: &str = "Examples:
  evenkeel keys --algorithm modulo --servers a,b,c,d --add e
  evenkeel keys --algorithm ring   --servers a,b,c,d --add e
  evenkeel keys --algorithm 'maglev(slots: 251)' --servers a,b,c,d --remove b";
