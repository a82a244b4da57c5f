//! What is not a cost per request: latency at half load, memory of idle connections, start-up, waking up.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::load::{Clients, Load, Pace};
use crate::proxies::{Proxy, Running};
use crate::rounds::{self, Effort, Outcome, Turn, median};
use crate::stage::Stage;
use crate::workloads::{Measured, Workload};

/// What came out of a workload.
pub(crate) enum Results {
    Turns(Vec<Outcome>),
    /// One number for each proxy, lower is better, and each measurement behind it.
    Numbers {
        unit: &'static str,
        of: Vec<(Proxy, Vec<f64>)>,
    },
}

impl Results {
    /// Who took part.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        match self {
            Self::Turns(outcomes) => outcomes.iter().map(|it| it.proxy.name()).collect(),
            Self::Numbers { of, .. } => of.iter().map(|(proxy, _)| proxy.name()).collect(),
        }
    }
}

pub(crate) fn run(
    workload: &Workload,
    proxies: &[Proxy],
    effort: &Effort,
) -> Result<Results, Failure> {
    let numbers = |unit, of| Ok(Results::Numbers { unit, of });
    match workload.kind {
        Measured::Cost => Ok(Results::Turns(rounds::run(workload, proxies, effort)?)),
        Measured::Latency | Measured::Drawing => {
            Ok(Results::Turns(latency(workload, proxies, effort)?))
        }
        Measured::IdleMemory => numbers("B per connection", idle(workload, proxies, effort)?),
        Measured::StartUp => numbers("ms", start_up(workload, proxies, effort)?),
        Measured::WakeUps => numbers("per second", wake_ups(workload, proxies, effort)?),
    }
}

/// First finds out what each can bear, then gives all of them half of what the slowest can.
fn latency(
    workload: &Workload,
    proxies: &[Proxy],
    effort: &Effort,
) -> Result<Vec<Outcome>, Failure> {
    let once = Effort { rounds: 1, ..effort.clone() };
    let most = rounds::run(workload, proxies, &once)?;
    let slowest = most.iter().flat_map(|outcome| &outcome.turns).map(|turn| turn.per_second);
    let per_second = slowest.fold(f64::INFINITY, f64::min) / 2.0;
    let load = Load { pace: Pace::Open { per_second }, ..workload.load.clone() };
    rounds::run(&Workload { load, ..workload.clone() }, proxies, effort)
}

type Numbers = Vec<(Proxy, Vec<f64>)>;

/// Memory before and after, shared among the connections that do nothing.
fn idle(workload: &Workload, proxies: &[Proxy], effort: &Effort) -> Result<Numbers, Failure> {
    let stage = Stage::with(&workload.setup, proxies)?;
    let mut numbers = Vec::new();
    for running in &stage.running {
        // One has been there, so that only what each further one takes is counted. No crowd has been: the memory it
        // leaves behind would be taken for nothing.
        let active = Load { idle: 0, ..workload.load.clone() };
        let first = Load { connections: 1, ..active.clone() };
        rounds::turn(workload, &first, running, effort)?;
        let before = running.processes().anonymous_bytes();
        let waiting = Load { connections: 0, ..workload.load.clone() };
        let clients = Clients::start(waiting, &running.listen)?;
        await_idle(workload, &clients, running)?;
        let after = running.processes().anonymous_bytes();
        // They are held while others are served.
        rounds::turn(workload, &active, running, effort)?;
        let each = after.saturating_sub(before) as f64 / workload.load.idle as f64;
        numbers.push((running.proxy, vec![each]));
    }
    Ok(numbers)
}

fn await_idle(workload: &Workload, clients: &Clients, running: &Running) -> Result<(), Failure> {
    let until = Instant::now() + Duration::from_mins(1);
    while clients.tally.idle.load(Relaxed) < workload.load.idle as u64 {
        if Instant::now() > until {
            return Err(Failure::NoAnswer {
                proxy: running.proxy.name(),
                workload: workload.name.clone(),
                why: rounds::said(&clients.tally, running),
            });
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn start_up(workload: &Workload, proxies: &[Proxy], effort: &Effort) -> Result<Numbers, Failure> {
    let stage = Stage::set(&workload.setup)?;
    let able: Vec<Proxy> =
        proxies.iter().copied().filter(|it| it.unable(&workload.setup).is_none()).collect();
    let mut numbers: Numbers = able.iter().map(|&proxy| (proxy, Vec::new())).collect();
    for _ in 0..effort.rounds {
        for (proxy, measured) in &mut numbers {
            let since = Instant::now();
            let mut running = stage.start(*proxy)?;
            running.wait(&workload.setup)?;
            let clients = Clients::start(workload.load.clone(), &running.listen)?;
            while clients.tally.answers.read().is_empty() {
                if since.elapsed() > Duration::from_secs(10) {
                    let why = rounds::said(&clients.tally, &running);
                    let workload = workload.name.clone();
                    return Err(Failure::NoAnswer { proxy: proxy.name(), workload, why });
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            measured.push(since.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(numbers)
}

fn wake_ups(workload: &Workload, proxies: &[Proxy], effort: &Effort) -> Result<Numbers, Failure> {
    let stage = Stage::with(&workload.setup, proxies)?;
    let watched = if effort.short { effort.measured } else { Duration::from_secs(10) };
    // What starting sets off comes to rest first.
    std::thread::sleep(watched / 5);
    let before: Vec<u64> = stage.running.iter().map(|it| it.processes().sleeps()).collect();
    std::thread::sleep(watched);
    let of = stage.running.iter().zip(before).map(|(running, before)| {
        let woken = running.processes().sleeps().saturating_sub(before);
        (running.proxy, vec![woken as f64 / watched.as_secs_f64()])
    });
    Ok(of.collect())
}

/// The medians of a proxy's turns.
pub(crate) fn medians(turns: &[Turn]) -> Turn {
    let of = |get: fn(&Turn) -> f64| median(turns.iter().map(get));
    Turn {
        cpu_ns: of(|it| it.cpu_ns),
        per_second: of(|it| it.per_second),
        busy: of(|it| it.busy),
        p50_ns: of(|it| it.p50_ns),
        p99_ns: of(|it| it.p99_ns),
        p999_ns: of(|it| it.p999_ns),
    }
}
