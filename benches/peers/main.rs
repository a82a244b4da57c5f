//! What a proxied request costs: Evenkeel beside NGINX, HAProxy and Pingora, with equal jobs, in turn.
//!
//! ```text
//! cargo bench --bench peers                        everything; takes a while
//! cargo bench --bench peers -- small tls           what these groups or names begin with
//! cargo bench --bench peers -- --list              the names
//! cargo bench --bench peers -- --rounds 9 --seconds 3 small-64
//! cargo test --bench peers -- --short              proves that everything runs; its numbers mean nothing
//! ```
//!
//! Pingora takes part where it was built: `cargo build --release --manifest-path benches/peers/pingora/Cargo.toml`.
//!
//! `carried` is Evenkeel itself as a TCP proxy of the same bytes: the floor of what HTTP can cost.
//! `drawn` is Evenkeel with its window open, beside Evenkeel without one: only its worker's time counts.
//! `EVENKEEL_BEFORE=path/to/another/evenkeel` lets another build take its turns, too, as `before`.
//!
//! Proxies stand on core 0, servers and clients on core 1. All proxies of a workload run at once and are loaded in
//! turn, round by round (A B C A B C …), so that what slows the machine down slows everybody down. Compare the CPU time
//! per request, which bears a busy machine best, and look at *busy*: where it is far from 100 %, the clients or servers
//! were the limit, and requests per second say nothing about the proxy.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock: it measures time")]
#![expect(clippy::print_stdout, reason = "what a bench is for")]

mod certificate;
mod load;
mod measure;
mod proxies;
mod report;
mod rounds;
mod servers;
mod setup;
mod special;
mod stage;
mod wire;
mod workloads;

use std::io;
use std::process::{Command, ExitCode};

use clap::Parser;

use proxies::Proxy;
use rounds::Effort;
use workloads::Workload;

#[derive(Debug, Parser)]
struct Arguments {
    /// Groups or beginnings of names; none means all
    only: Vec<String>,
    /// How often each proxy has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a turn is measured
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Every workload for an instant, to see that everything works
    #[arg(long)]
    short: bool,
    /// Names of proxies; without it all that are there
    #[arg(long, value_delimiter = ',')]
    proxies: Vec<String>,
    /// Print the names of the workloads
    #[arg(long)]
    list: bool,
    /// Cargo says this to benches
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{proxy} did not start:\n{said}")]
    Start { proxy: &'static str, said: String },
    #[error("{proxy} answered nothing right in `{workload}`: {why}")]
    NoAnswer { proxy: &'static str, workload: String, why: String },
    #[error("{proxy} failed {failures} of {requests} requests in `{workload}`: {why}")]
    Wrong { proxy: &'static str, workload: String, failures: u64, requests: u64, why: String },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let chosen = workloads::all(arguments.short).into_iter();
    let chosen: Vec<Workload> = chosen.filter(|it| it.is_meant_by(&arguments.only)).collect();
    if arguments.list {
        for workload in &chosen {
            println!("{:24} {}", workload.name, workload.title);
        }
        return Ok(());
    }
    stand_on(CORE_OF_LOAD)?;
    measure::raise_open_files()?;
    let effort = if arguments.short {
        Effort::short()
    } else {
        Effort::of(arguments.rounds, arguments.seconds)
    };
    let mut summary = Vec::new();
    let present = present(&arguments.proxies);
    for workload in &chosen {
        let proxies: Vec<Proxy> =
            present.iter().copied().filter(|proxy| workload.is_for(*proxy)).collect();
        let results = special::run(workload, &proxies, &effort)?;
        if arguments.short {
            println!("{}: {} answered", workload.name, results.names().join(", "));
            continue;
        }
        print!("{}", report::table(workload, &results));
        summary.push((workload, results));
    }
    if !arguments.short {
        print!("{}", report::summary(&summary));
    }
    Ok(())
}

/// The proxies that are here, saying which are not.
fn present(wanted: &[String]) -> Vec<Proxy> {
    let is_wanted = |proxy: &Proxy| {
        wanted.is_empty() || wanted.iter().any(|name| name.eq_ignore_ascii_case(proxy.name()))
    };
    let mut present = Vec::new();
    for proxy in Proxy::ALL.into_iter().filter(is_wanted) {
        match proxy.missing() {
            None => present.push(proxy),
            // Only whoever works on speed has another build to compare with.
            Some(_) if proxy == Proxy::Before => {}
            Some(why) => println!("{} is left out: {why}", proxy.name()),
        }
    }
    present
}

/// Puts this process, and what it starts from now on, on a core. A machine with one core has no choice.
fn stand_on(core: &str) -> Result<(), Failure> {
    if std::thread::available_parallelism()?.get() < 2 {
        println!("This machine has one core: proxies and load share it");
        return Ok(());
    }
    let own = std::process::id().to_string();
    let moved = Command::new("taskset").args(["-a", "-c", "-p", core, &own]).output()?;
    if moved.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&moved.stderr).into_owned()).into())
}

/// Proxies stand on core 0.
pub(crate) const CORE_OF_LOAD: &str = "1";
