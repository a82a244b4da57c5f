//! One seed's story: who is there, what fails when, and what must be true throughout and at the end.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use evenkeel::dice::Dice;
use evenkeel::proxy::Shared;
use tokio::time::Instant;
use turmoil::{Builder, Sim};

use crate::client::Client;
use crate::front;
use crate::journal::Journal;
use crate::server;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faults {
    /// Only the lab changes; servers end idle connections as they like.
    None,
    Some,
}

pub(crate) fn run(seed: u64, faults: Faults) {
    let mut dice = Dice::stream(seed, 7);
    let journal = Journal::default();
    let shared: Rc<RefCell<Option<Arc<Shared>>>> = Rc::default();
    let servers: Vec<String> = (0..2 + dice.below(3)).map(|i| format!("server-{i}")).collect();
    let mut sim = simulation(seed, &mut dice);
    for name in &servers {
        let (name, journal, seed) = (name.clone(), journal.clone(), dice.roll());
        sim.host(name.clone(), move || {
            let serving = server::serve(name.clone(), seed, journal.clone(), faults);
            async { Ok(serving.await?) }
        });
    }
    let (kept, names) = (Rc::clone(&shared), servers.clone());
    sim.host("proxy", move || {
        let kept = Rc::clone(&kept);
        let serving =
            front::serve(seed, names.clone(), move |shared| drop(kept.replace(Some(shared))));
        async { Ok(serving.await?) }
    });
    for number in 1..=CLIENTS {
        let (journal, dice) = (journal.clone(), Dice::new(dice.roll()));
        sim.client(format!("client-{number}"), async move {
            Client { number, dice, journal, faults, began: Instant::now() }.run().await;
            Ok(())
        });
    }
    let mut weather = Weather { servers, dice, broken: Vec::new(), next: Duration::ZERO };
    while !sim.step().unwrap() {
        if faults == Faults::Some {
            weather.pass(&mut sim);
        }
    }
    let failures = journal.failures();
    assert!(failures.is_empty(), "seed {seed}:\n  {}", failures.join("\n  "));
    assert!(journal.n_answered() >= CLIENTS * 5, "seed {seed}: hardly anything was answered");
    let shared = shared.borrow().clone().unwrap();
    assert_rest(&mut sim, &shared, seed);
}

fn simulation<'a>(seed: u64, dice: &mut Dice) -> Sim<'a> {
    Builder::new()
        .rng_seed(seed)
        .enable_random_order()
        .simulation_duration(Duration::from_mins(1))
        .tick_duration(Duration::from_millis(2))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(2 + dice.below(10)))
        .tcp_capacity(1024)
        .build()
}

/// Nothing is counted as under way when nobody asks any more.
fn assert_rest(sim: &mut Sim<'_>, shared: &Shared, seed: u64) {
    let busy = || {
        let plan = shared.plan();
        let at_servers: u32 = plan
            .pools
            .values()
            .flat_map(|pool| (0..pool.servers.len()).map(|index| pool.in_flight(index)))
            .sum();
        (at_servers, shared.tallies.connections.load(Relaxed))
    };
    for _ in 0..STEPS_TO_REST {
        if busy() == (0, 0) {
            return;
        }
        sim.step().unwrap();
    }
    panic!("seed {seed}: in flight and connections are {:?} when all clients have left", busy());
}

/// What fails, and when it is mended.
struct Weather {
    servers: Vec<String>,
    dice: Dice,
    broken: Vec<Broken>,
    next: Duration,
}

enum Broken {
    Crashed(String),
    /// What is sent is lost.
    Parted(String),
    /// What is sent comes later.
    Held(String),
}

impl Weather {
    fn pass(&mut self, sim: &mut Sim<'_>) {
        if sim.elapsed() > STORM {
            self.broken.drain(..).for_each(|broken| mend(broken, sim));
            return;
        }
        if sim.elapsed() < self.next {
            return;
        }
        self.next = sim.elapsed() + Duration::from_millis(30 + self.dice.below(250));
        if !self.broken.is_empty() && self.dice.chance(0.5) {
            let at = self.dice.below(self.broken.len() as u64) as usize;
            return mend(self.broken.swap_remove(at), sim);
        }
        let server = &self.servers[self.dice.below(self.servers.len() as u64) as usize];
        let known = |it: &Broken| {
            let (Broken::Crashed(name) | Broken::Parted(name) | Broken::Held(name)) = it;
            name == server
        };
        if self.broken.iter().any(known) {
            return;
        }
        self.broken.push(break_something(server.clone(), self.dice.below(4), sim));
    }
}

fn break_something(server: String, how: u64, sim: &mut Sim<'_>) -> Broken {
    match how {
        0 | 1 => {
            sim.crash(server.as_str());
            Broken::Crashed(server)
        }
        2 => {
            sim.partition("proxy", server.as_str());
            Broken::Parted(server)
        }
        _ => {
            sim.hold("proxy", server.as_str());
            Broken::Held(server)
        }
    }
}

fn mend(broken: Broken, sim: &mut Sim<'_>) {
    match broken {
        Broken::Crashed(server) => sim.bounce(server.as_str()),
        Broken::Parted(server) => sim.repair("proxy", server.as_str()),
        Broken::Held(server) => sim.release("proxy", server.as_str()),
    }
}

const CLIENTS: u64 = 4;
/// How long things fail.
pub(crate) const STORM: Duration = Duration::from_secs(1);
/// When everybody must have got over it: the longest ejection, idle time and answer have passed.
pub(crate) const QUIET: Duration = Duration::from_millis(2200);
const STEPS_TO_REST: u32 = 3000;
