//! Rounds in turn: each proxy is loaded alone for a while, one after the other, again and again.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use evenkeel::meter::LatencyReading;

use crate::Failure;
use crate::load::{Clients, Load, Tally};
use crate::proxies::{Proxy, Running};
use crate::stage::Stage;
use crate::workloads::{Measured, Workload};

/// How much is spent on a workload.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) measured: Duration,
    pub(crate) warm_up: Duration,
    /// Only shows that it works.
    pub(crate) short: bool,
}

impl Effort {
    pub(crate) fn of(rounds: usize, seconds: f64) -> Self {
        let measured = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(2));
        Self { rounds: rounds.max(1), measured, warm_up: Duration::from_millis(400), short: false }
    }

    pub(crate) fn short() -> Self {
        let instant = Duration::from_millis(100);
        Self { rounds: 1, measured: instant, warm_up: Duration::ZERO, short: true }
    }
}

/// What one proxy did in one turn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Turn {
    pub(crate) cpu_ns: f64,
    pub(crate) per_second: f64,
    /// The share of one core that the proxy used.
    pub(crate) busy: f64,
    pub(crate) p50_ns: f64,
    pub(crate) p99_ns: f64,
    pub(crate) p999_ns: f64,
}

/// What one proxy did in a workload.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) proxy: Proxy,
    pub(crate) turns: Vec<Turn>,
    pub(crate) peak_bytes: u64,
}

pub(crate) fn run(
    workload: &Workload,
    proxies: &[Proxy],
    effort: &Effort,
) -> Result<Vec<Outcome>, Failure> {
    let stage = Stage::with(&workload.setup, proxies)?;
    let mut outcomes: Vec<Outcome> = stage
        .running
        .iter()
        .map(|running| Outcome { proxy: running.proxy, turns: Vec::new(), peak_bytes: 0 })
        .collect();
    for _ in 0..effort.rounds {
        for (running, outcome) in stage.running.iter().zip(&mut outcomes) {
            outcome.turns.push(turn(workload, &workload.load, running, effort)?);
        }
    }
    for (running, outcome) in stage.running.iter().zip(&mut outcomes) {
        outcome.peak_bytes = running.processes().peak_bytes();
    }
    Ok(outcomes)
}

/// Loads one proxy and measures it once it is warm.
pub(crate) fn turn(
    workload: &Workload,
    load: &Load,
    running: &Running,
    effort: &Effort,
) -> Result<Turn, Failure> {
    let _awake = running.awake()?;
    let clients = Clients::start(load.clone(), &running.listen)?;
    let tally = &clients.tally;
    await_answers(workload, load, tally, running)?;
    std::thread::sleep(effort.warm_up);
    let processes = match workload.kind {
        // What draws is not the proxy.
        Measured::Drawing => running.workers(),
        _ => running.processes(),
    };
    // What is counted together is read together: this thread has to share its core with the load.
    let read = || (Instant::now(), processes.cpu_ns(), tally.answers.read());
    let failures = tally.failures.load(Relaxed);
    let (since, cpu_ns, before) = read();
    std::thread::sleep(effort.measured);
    let (until, cpu_until_ns, after) = read();
    let (seconds, cpu_ns) = ((until - since).as_secs_f64(), cpu_until_ns - cpu_ns);
    let answers = after.since(&before);
    let failures = tally.failures.load(Relaxed) - failures;
    let requests = answers.count() + failures;
    if failures * FAILURES_ONE_OF > requests || answers.count() == 0 {
        return Err(Failure::Wrong {
            proxy: running.proxy.name(),
            workload: workload.name.clone(),
            failures,
            requests,
            why: said(tally, running),
        });
    }
    Ok(figures(&answers, cpu_ns, seconds))
}

fn figures(answers: &LatencyReading, cpu_ns: u64, seconds: f64) -> Turn {
    let quantile = |q| answers.quantile(q).unwrap_or_default() as f64;
    Turn {
        cpu_ns: cpu_ns as f64 / answers.count() as f64,
        per_second: answers.count() as f64 / seconds,
        busy: cpu_ns as f64 / 1e9 / seconds,
        p50_ns: quantile(0.5),
        p99_ns: quantile(0.99),
        p999_ns: quantile(0.999),
    }
}

/// Waits for as many right answers as there are connections, so that all that is to be measured is under way.
fn await_answers(
    workload: &Workload,
    load: &Load,
    tally: &Tally,
    running: &Running,
) -> Result<(), Failure> {
    let until = Instant::now() + ANSWER_TIMEOUT;
    while tally.answers.read().count() < load.connections as u64 {
        if Instant::now() > until {
            return Err(Failure::NoAnswer {
                proxy: running.proxy.name(),
                workload: workload.name.clone(),
                why: said(tally, running),
            });
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

pub(crate) fn said(tally: &Tally, running: &Running) -> String {
    let client = tally.last_failure.get().map_or("nothing failed", String::as_str);
    format!("{client}\n{}", running.said())
}

/// The middle one; of an even number, the lower of the two.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// One in a thousand may fail, because connections meet their ends now and then.
const FAILURES_ONE_OF: u64 = 1_000;
