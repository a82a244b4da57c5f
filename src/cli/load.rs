//! `evenkeel load`: requests for an address, and how they were answered.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::engine::{self, LoadProgress, LoadReport, LoadSettings, News, Pace, Watcher};
use crate::lab::HttpVersion;
use crate::model::Latency;
use crate::period::Period;

use super::Streams;
use super::outcome::{Answer, Failure};
use super::run_json::LatencyJson;
use super::table::{Table, grouped, milliseconds, percent};

/// Send load to an address and print percentiles and who answered
///
/// Latency counts from when a request should have been sent, so that a server that stalls cannot hide it. Ends
/// with 1 if a request failed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Load {
    /// http://HOST:PORT/PATH or https://…
    #[arg(value_name = "URL")]
    url: String,
    /// Requests per second, whatever the answers do: 500/s
    #[arg(long, value_name = "RATE", conflicts_with_all = ["users", "think"])]
    rate: Option<String>,
    /// Users who each wait for their answer before they ask again
    #[arg(long, value_name = "N", default_value_t = 10)]
    users: u32,
    /// How long a user thinks between answer and question
    #[arg(long, value_name = "TIME", default_value = "0s")]
    think: Latency,
    /// For how long
    #[arg(long = "for", value_name = "PERIOD", default_value = "10s")]
    duration: Period,
    /// The version of HTTP
    #[arg(long, value_enum, default_value_t = Version::Http1)]
    http: Version,
    /// Open a connection for every request
    #[arg(long)]
    no_keep_alive: bool,
    /// Clients with addresses of their own, on this machine
    #[arg(long, value_name = "N", default_value_t = 1)]
    clients: u32,
    /// Let each client keep its cookies
    #[arg(long)]
    cookies: bool,
    #[arg(long, default_value = "GET", value_name = "METHOD")]
    method: String,
    /// A header, as NAME: VALUE; may be repeated
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// The size of each request's body
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    body_bytes: u32,
    /// How long a client waits for an answer
    #[arg(long, value_name = "PERIOD", default_value = "10s")]
    timeout: Period,
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print requests, rates, errors, latencies in microseconds and answers by server
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Version {
    #[value(name = "1", alias = "1.1")]
    Http1,
    #[value(name = "2")]
    Http2,
}

#[derive(Serialize)]
struct Json<'a> {
    seconds: f64,
    requests: u64,
    requests_per_second: f64,
    asked_per_second: Option<f64>,
    outcomes: std::collections::BTreeMap<&'static str, u64>,
    wrong_answers: u64,
    bytes_received: u64,
    /// From when each request should have been sent.
    latency_us: LatencyJson,
    /// From when it was sent.
    latency_from_send_us: LatencyJson,
    answers: std::collections::BTreeMap<&'a str, u64>,
    unnamed_answers: u64,
}

impl Load {
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<Answer, Failure> {
        let settings = self.settings()?;
        let watcher = Watcher::start().map_err(Failure::Engine)?;
        let load = engine::load(settings).map_err(|error| Failure::Shut(error.to_string()))?;
        let mut before = load.progress();
        while !before.is_done {
            let news = watcher.next(Some(if streams.shows_progress { LINE } else { LOOK }));
            let now = load.progress();
            if streams.shows_progress {
                show(&before, &now, streams);
            }
            before = now;
            if news == Some(News::Interrupted) {
                break;
            }
        }
        if streams.shows_progress {
            write!(streams.err, "\r\x1b[K").ok();
        }
        let report = load.finish();
        if self.json {
            write_json(&report, streams)?;
        } else {
            write_text(&report, streams)?;
        }
        let failed = report.reading.counters.errors() + report.gauges.wrong_answers;
        Ok(Answer::holds_if(failed == 0 && report.reading.counters.finished() > 0))
    }

    fn settings(&self) -> Result<LoadSettings, Failure> {
        let pace = match &self.rate {
            Some(rate) => {
                Pace::rate(rate).map_err(|error| Failure::option("--rate", error.to_string()))?
            }
            None => Pace::Users { count: self.users, think: self.think.clone() },
        };
        let mut settings = LoadSettings {
            url: self.url.clone(),
            pace,
            duration: self.duration,
            http: match self.http {
                Version::Http1 => HttpVersion::Http1,
                Version::Http2 => HttpVersion::Http2,
            },
            keep_alive: !self.no_keep_alive,
            identities: self.clients,
            cookies: self.cookies,
            method: self.method.clone(),
            body_bytes: self.body_bytes,
            timeout: self.timeout,
            seed: self.seed,
            ..LoadSettings::default()
        };
        for header in &self.header {
            let Some((name, value)) = header.split_once(':') else {
                let problem = format!("`{header}` is no header: write NAME: VALUE");
                return Err(Failure::option("--header", problem));
            };
            settings.headers.insert(name.trim().to_owned(), value.trim().to_owned());
        }
        Ok(settings)
    }
}

fn show(before: &LoadProgress, now: &LoadProgress, streams: &mut Streams<'_>) {
    let recent = now.reading.since(&before.reading);
    let seconds = (now.elapsed.secs() - before.elapsed.secs()).max(1e-9);
    let rate = recent.counters.finished() as f64 / seconds;
    let p99 = recent.latency.quantile(0.99).map_or_else(|| "-".to_owned(), milliseconds);
    let line = format!(
        "{:.0} s  {} requests/s  p99 {p99}  {} in flight  {} errors",
        now.elapsed.secs(),
        grouped(rate.round() as u64),
        grouped(now.gauges.in_flight),
        grouped(now.reading.counters.errors())
    );
    // A line that cannot be drawn is no reason to stop.
    write!(streams.err, "\r{line}\x1b[K").ok();
    streams.err.flush().ok();
}

fn write_text(report: &LoadReport, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let out = &mut *streams.out;
    let LoadReport { reading, from_send, gauges, answers, .. } = report;
    let asked =
        report.asked_per_second.map_or_else(String::new, |it| format!(" of {it} asked for"));
    writeln!(
        out,
        "{} requests in {:.1} s, {:.1}/s{asked}\n",
        grouped(reading.counters.finished()),
        report.elapsed.secs(),
        report.finished_per_second
    )?;
    let mut table = Table::new(&["latency", "mean", "p50", "p90", "p99", "p99.9", "max"]);
    for (name, latency) in [("as intended", &reading.latency), ("as sent", from_send)] {
        let at = |q: f64| latency.quantile(q).map_or_else(|| "-".to_owned(), milliseconds);
        let mean = latency.mean_ns().map_or_else(|| "-".to_owned(), |ns| milliseconds(ns as u64));
        let others = [0.5, 0.9, 0.99, 0.999, 1.0].map(at);
        table.row([name.to_owned(), mean].into_iter().chain(others).collect());
    }
    let mut outcomes = Table::new(&["outcome", "requests", "share"]);
    let all = reading.counters.finished().max(1) as f64;
    for (outcome, count) in reading.counters.outcomes() {
        let share = percent(count as f64 / all);
        outcomes.row(vec![outcome.name().to_owned(), grouped(count), share]);
    }
    let mut servers = Table::new(&["answered by", "requests", "share"]);
    let named: u64 = answers.by_server.iter().map(|(_, count)| count).sum();
    let total = (named + answers.unnamed).max(1) as f64;
    for (name, count) in &answers.by_server {
        servers.row(vec![name.clone(), grouped(*count), percent(*count as f64 / total)]);
    }
    if answers.unnamed > 0 {
        let share = percent(answers.unnamed as f64 / total);
        servers.row(vec!["(no name)".to_owned(), grouped(answers.unnamed), share]);
    }
    for (index, table) in [table, outcomes, servers].iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        for line in table.lines() {
            writeln!(out, "{line}")?;
        }
    }
    if gauges.wrong_answers > 0 {
        writeln!(out, "\n{} answers to other requests", grouped(gauges.wrong_answers))?;
    }
    Ok(())
}

fn write_json(report: &LoadReport, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let counters = &report.reading.counters;
    let json = Json {
        seconds: report.elapsed.secs(),
        requests: counters.finished(),
        requests_per_second: report.finished_per_second,
        asked_per_second: report.asked_per_second,
        outcomes: counters.outcomes().map(|(outcome, count)| (outcome.name(), count)).collect(),
        wrong_answers: report.gauges.wrong_answers,
        bytes_received: counters.bytes_out,
        latency_us: LatencyJson::new(&report.reading.latency),
        latency_from_send_us: LatencyJson::new(&report.from_send),
        answers: report.answers.by_server.iter().map(|(name, n)| (name.as_str(), *n)).collect(),
        unnamed_answers: report.answers.unnamed,
    };
    serde_json::to_writer(&mut *streams.out, &json)?;
    Ok(writeln!(streams.out)?)
}

const LINE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(50);
const EXAMPLES: &str = "Examples:
  evenkeel load http://127.0.0.1:8080/ --rate 500/s --for 10s
  evenkeel load http://127.0.0.1:8080/ --users 50 --think exponential:100ms --clients 50";
