//! `evenkeel mock`: mock servers on addresses, until Ctrl-C.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::engine::{Mocks, MocksSettings, News, Watcher};
use crate::lab::{MockProtocol, Sessions};
use crate::model::{Behaviour, FailureOdds, Failures, Latency};

use super::Streams;
use super::outcome::{Answer, Failure};
use super::serve::listen_address;
use super::table::{Table, grouped};

/// Start mock servers until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Mock {
    /// Where a mock listens: `[HOST:]PORT`, 0 for a free port; may be repeated
    #[arg(long, value_name = "ADDR", required = true, value_parser = listen_address)]
    listen: Vec<SocketAddr>,
    /// How long a request takes: 20ms, exponential:20ms, lognormal:20ms,0.4, uniform:10ms,30ms, normal:20ms,5ms, pareto:5ms,1.5
    #[arg(long, value_name = "TIME", default_value = "20ms")]
    latency: Latency,
    /// What fails how often: 500:2%, refuse:1%, reset:0.5%, hang:1%, …; may be repeated
    #[arg(long, value_name = "KIND:ODDS", value_delimiter = ',')]
    fail: Vec<FailureOdds>,
    /// Requests in service at once; without it every request starts at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: Option<u32>,
    /// Requests that may wait for one in service to end
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    queue: u32,
    /// The size of an answer's body
    #[arg(long, value_name = "BYTES", default_value_t = 1_024)]
    bytes: u64,
    #[arg(long, value_enum, default_value_t = Speaks::Http)]
    protocol: Speaks,
    /// Where clients are remembered
    #[arg(long, value_enum, default_value_t = Remembers::Off)]
    sessions: Remembers,
    /// The number all chance comes from
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print one JSON object when ready and one at the end
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Speaks {
    Http,
    Grpc,
    Websocket,
    Tcp,
    Udp,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Remembers {
    Off,
    Memory,
    Shared,
}

#[derive(Serialize)]
struct MockJson<'a> {
    name: &'a str,
    address: SocketAddr,
    requests: u64,
    answered: u64,
}

impl Mock {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let behaviour = self.behaviour()?;
        let watcher = Watcher::start().map_err(Failure::Engine)?;
        let settings = MocksSettings {
            behaviour,
            protocol: match self.protocol {
                Speaks::Http => MockProtocol::Http,
                Speaks::Grpc => MockProtocol::Grpc,
                Speaks::Websocket => MockProtocol::Websocket,
                Speaks::Tcp => MockProtocol::TcpEcho,
                Speaks::Udp => MockProtocol::UdpEcho,
            },
            sessions: match self.sessions {
                Remembers::Off => Sessions::Off,
                Remembers::Memory => Sessions::Memory,
                Remembers::Shared => Sessions::Shared,
            },
            seed: self.seed,
        };
        let mocks = Mocks::start(&self.listen, &settings)
            .map_err(|error| Failure::option("--listen", error.to_string()))?;
        if self.json {
            write_json(&mocks, streams)?;
        } else {
            let readings = mocks.readings();
            let at: Vec<String> =
                readings.iter().map(|(name, address, _)| format!("{name} {address}")).collect();
            writeln!(streams.out, "ready: {}", at.join(", "))?;
        }
        streams.out.flush()?;
        while watcher.next(None) != Some(News::Interrupted) {}
        if self.json {
            write_json(&mocks, streams)?;
        } else {
            write_table(&mocks, streams)?;
        }
        Ok(Answer::Holds)
    }

    fn behaviour(&self) -> Result<Behaviour, Failure> {
        let mut failures = Failures::default();
        self.fail.iter().for_each(|odds| failures.set(*odds));
        let behaviour = Behaviour {
            latency: self.latency.clone(),
            concurrency_limit: self.concurrency,
            queue_limit: self.queue,
            failures,
            answer_bytes: self.bytes,
            ..Behaviour::default()
        };
        match behaviour.flaws().first() {
            None => Ok(behaviour),
            Some(flaw) => Err(Failure::option("--latency or --fail", flaw.to_string())),
        }
    }
}

fn write_json(mocks: &Mocks, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let readings = mocks.readings();
    let mocks: Vec<MockJson<'_>> = readings
        .iter()
        .map(|(name, address, reading)| MockJson {
            name,
            address: *address,
            requests: reading.arrived,
            answered: reading.served,
        })
        .collect();
    serde_json::to_writer(&mut *streams.out, &serde_json::json!({ "mocks": mocks }))?;
    Ok(writeln!(streams.out)?)
}

fn write_table(mocks: &Mocks, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let mut table = Table::new(&["mock", "requests", "answered", "overloaded", "probes"]);
    for (name, _, reading) in mocks.readings() {
        let counts = [reading.arrived, reading.served, reading.overloaded, reading.probes];
        table.row(std::iter::once(name.to_owned()).chain(counts.map(grouped)).collect());
    }
    for line in table.lines() {
        writeln!(streams.out, "{line}")?;
    }
    Ok(())
}

const EXAMPLES: &str = "Examples:
  evenkeel mock --listen 9001 --latency lognormal:20ms,0.4 --fail 500:2%
  evenkeel mock --listen 9001 --listen 9002 --concurrency 4";
