//! Servers die, hang, reset and slow down under load while the lab changes; every answer is checked.
//!
//! What is promised: an answer that looks whole is the answer to its own request. A request ends in time, with its
//! answer, with a status of 502, 503 or 504, or with a connection that visibly broke. A POST reaches at most one
//! server. When all servers are well again, nothing fails. `EVENKEEL_SEED` replays the dice (not the threads' order),
//! `EVENKEEL_CHAOS_SECS` sets for how long.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../proxy/bench.rs"]
#[expect(dead_code, reason = "this test brings servers and connections of its own")]
mod bench;
mod client;
mod marks;
#[path = "../conformance/message.rs"]
#[expect(dead_code, reason = "this test looks at answers only")]
mod message;
#[path = "../proxy/secrets.rs"]
#[expect(dead_code, reason = "nothing here is encrypted")]
mod secrets;
mod server;
mod system;
#[path = "../proxy/vigil.rs"]
mod vigil;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use bench::Bench;
use client::{Client, Tally};
use evenkeel::balance::Algorithm;
use evenkeel::dice::Dice;
use server::{ChaosServer, Mood};
use system::Resources;

#[test]
fn chaos_mixes_up_nothing_and_leaves_nothing_behind() {
    let seed = number_of("EVENKEEL_SEED").unwrap_or(20_260_101);
    // The first runtime of a process opens what all runtimes share.
    drop(Bench::run(&lab(&[])));
    let before = Resources::now();
    let tally = Arc::new(Tally::default());
    let mut dice = Dice::new(seed);
    let servers: Vec<_> =
        (0..SERVERS).map(|n| ChaosServer::start(format!("s{n}"), &tally)).collect();
    let mut bench = Bench::run(&lab(&servers));
    let stop = Arc::new(AtomicBool::new(false));
    let clients = start_clients(&bench, &tally, &stop, &mut dice);

    rage(&mut bench, &servers, &mut dice);
    for server in &servers {
        server.set(Mood::Well);
    }
    heal(&bench, &tally);

    stop.store(true, Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    await_rest(&bench, seed);
    drop(bench);
    drop(servers);
    let faults = tally.faults();
    assert!(faults.is_empty(), "seed {seed}, {tally:?}:\n  {}", faults.join("\n  "));
    assert!(
        tally.answered.load(Relaxed) > 500,
        "seed {seed}: hardly anything was answered: {tally:?}"
    );
    before.assert_back(seed);
}

/// One thing after the other goes wrong or is changed, many times a second.
fn rage(bench: &mut Bench, servers: &[ChaosServer], dice: &mut Dice) {
    let for_secs = number_of("EVENKEEL_CHAOS_SECS").unwrap_or(6);
    let all = bench.lab.pools[0].servers.clone();
    for _ in 0..for_secs * 1000 / BEAT_MS {
        std::thread::sleep(Duration::from_millis(BEAT_MS));
        let server = &servers[dice.below(servers.len() as u64) as usize];
        match dice.below(3) {
            0 => server.set(Mood::drawn(dice)),
            1 => server.set(Mood::Well),
            _ => {
                change(bench, &all, dice);
                bench.publish();
            }
        }
    }
}

fn change(bench: &mut Bench, all: &[evenkeel::lab::Server], dice: &mut Dice) {
    let pool = &mut bench.lab.pools[0];
    let n_servers = pool.servers.len() as u64;
    let at = dice.below(n_servers) as usize;
    match dice.below(4) {
        0 => {
            let algorithms = Algorithm::all();
            pool.algorithm = algorithms[dice.below(algorithms.len() as u64) as usize].clone();
        }
        1 => pool.servers[at].weight = 1 + dice.below(9) as u32,
        2 if n_servers > 2 => drop(pool.servers.remove(at)),
        _ => {
            let absent = all.iter().find(|it| pool.servers.iter().all(|has| has.name != it.name));
            pool.servers.extend(absent.cloned());
        }
    }
}

/// Waits until requests that met a fault have ended; from then on nothing may fail.
fn heal(bench: &Bench, tally: &Tally) {
    std::thread::sleep(Duration::from_millis(1500));
    tally.calm.store(true, Relaxed);
    let answered = tally.answered.load(Relaxed);
    until("clients are served again", || tally.answered.load(Relaxed) > answered + 500);
    assert!(bench.shared().tallies.connections.load(Relaxed) > 0);
}

fn await_rest(bench: &Bench, seed: u64) {
    let shared = bench.shared();
    until(&format!("nothing is in flight (seed {seed})"), || {
        let plan = shared.plan();
        let in_flight: u32 = plan
            .pools
            .values()
            .flat_map(|pool| (0..pool.servers.len()).map(|index| pool.in_flight(index)))
            .sum();
        in_flight == 0 && shared.tallies.connections.load(Relaxed) == 0
    });
}

fn start_clients(
    bench: &Bench,
    tally: &Arc<Tally>,
    stop: &Arc<AtomicBool>,
    dice: &mut Dice,
) -> Vec<JoinHandle<()>> {
    let address = bench.address("front");
    let start = |number| {
        let (tally, stop, dice) = (Arc::clone(tally), Arc::clone(stop), Dice::new(dice.roll()));
        let run = move || Client { number, address, dice, tally }.run(&stop);
        std::thread::Builder::new().name(format!("client-{number}")).spawn(run).unwrap()
    };
    (1..=CLIENTS).map(start).collect()
}

/// Waits for a condition, for so long that only a fault can miss it.
fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}

fn lab(servers: &[ChaosServer]) -> String {
    let servers: Vec<String> = servers
        .iter()
        .map(|it| format!("(name: \"{}\", address: \"{}\")", it.name, it.address))
        .collect();
    format!(
        "(version: 1, workers: 2, listeners: [(name: \"front\", address: \"127.0.0.1:0\", \
         routes: [(to: pool(\"web\"), timeouts: (response: \"600ms\", idle: \"600ms\"))])], \
         pools: [(name: \"web\", servers: [{}], health: (passive: (consecutive_failures: 0)))])",
        servers.join(", ")
    )
}

fn number_of(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

const SERVERS: u64 = 4;
const CLIENTS: u64 = 16;
const BEAT_MS: u64 = 25;
