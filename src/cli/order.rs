//! `evenkeel order`: who is asked, request by request.

use clap::Args;
use serde::Serialize;

use crate::balance::pool::{Pick, Pool, Settings};
use crate::balance::{Notes, Request, Sample};
use crate::dice::Dice;

use super::Streams;
use super::outcome::{Answer, Failure};
use super::servers::{ServerList, algorithm_for};

/// Print the order in which servers are picked
///
/// One request at a time: each finishes before the next begins, so what shows is the algorithm's own order.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Order {
    /// An algorithm, with parameters if wanted: 'weighted(dialect: haproxy)'
    #[arg(long, default_value = "weighted", value_name = "ALGORITHM")]
    algorithm: String,
    /// Servers in order, as NAME or NAME=WEIGHT; a name may be host:port
    #[arg(long, value_name = "LIST")]
    servers: ServerList,
    /// How many requests
    #[arg(long, default_value_t = 20, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    picks: u32,
    /// The key that every request carries, for algorithms that choose by key
    #[arg(long, default_value = "", value_name = "KEY")]
    key: String,
    /// The number all chance comes from
    #[arg(long, default_value_t = 1, value_name = "N", allow_negative_numbers = true)]
    seed: u64,
    /// Print a line for each pick that says why
    #[arg(long, conflicts_with = "json")]
    explain: bool,
    /// Print `{"picks": ["a", …]}`
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json {
    picks: Vec<Option<String>>,
}

impl Order {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let terms = self.servers.terms();
        let algorithm = algorithm_for(&self.algorithm, &terms, streams)?;
        let pool = Pool::new(&algorithm, &Settings::default(), &terms, self.seed);
        let mut dice = Dice::new(self.seed);
        let mut names = Vec::new();
        for number in 0..self.picks {
            let mut notes = if self.explain { Notes::on() } else { Notes::off() };
            let picked = self.pick(&pool, u64::from(number), &mut dice, &mut notes);
            if let Some(decision) = notes.take() {
                let sentences = decision.sentences(algorithm.about()).join("; ");
                writeln!(streams.out, "{:>3}  {sentences}", number + 1)?;
            }
            names.push(picked);
        }
        if self.json {
            serde_json::to_writer(&mut *streams.out, &Json { picks: names })?;
            writeln!(streams.out)?;
        } else if !self.explain {
            let line: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap_or("-")).collect();
            writeln!(streams.out, "{}", line.join(" "))?;
        }
        Ok(Answer::Holds)
    }

    /// Picks for one request and ends it at once. Virtual time moves on by a millisecond, so that what counts
    /// in time goes on too.
    fn pick(&self, pool: &Pool, number: u64, dice: &mut Dice, notes: &mut Notes) -> Option<String> {
        let now_ns = number * MILLISECOND_NS;
        let address = self.key.parse().ok();
        let request = Request { key: self.key.as_bytes(), address, now_ns, ..Request::default() };
        let Pick::Member(member) = pool.pick(&request, None, dice, notes) else { return None };
        let index = member as usize;
        let beside = pool.start(index);
        let sample = Sample {
            now_ns,
            beside,
            first_byte_ns: MILLISECOND_NS,
            latency_ns: MILLISECOND_NS,
            succeeded: true,
        };
        pool.finish(index, &sample);
        Some(pool.members()[index].name.to_string())
    }
}

const MILLISECOND_NS: u64 = 1_000_000;

const EXAMPLES: &str = "Examples:
  evenkeel order --servers a=5,b=1,c=1 --picks 14
  evenkeel order --algorithm 'weighted(dialect: haproxy)' --servers a=5,b=1,c=1 --picks 14
  evenkeel order --algorithm least-connections --servers a,b,c --picks 3 --explain";
