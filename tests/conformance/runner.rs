//! Runs the rows of a table, each with a proxy and a server of its own, and names everything that does not hold.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::bench::Bench;
use crate::case::{Case, Sees, Setting};
use crate::client::{Got, sentinel_is_answered};
use crate::judge;
use crate::message::Wire;
use crate::peer::Peer;
use crate::server::ScriptedServer;

/// Runs a table and fails with all that does not hold.
pub(crate) fn run(cases: &[Case]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failures = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
            let mut problems = check(case);
            if !case.open.is_empty() && !Peer::is_wanted() {
                problems = if problems.is_empty() {
                    vec![format!("holds now: take its mark away ({})", case.open)]
                } else {
                    Vec::new()
                };
            }
            if !problems.is_empty() {
                failures.push(report(case, &problems));
            }
        }
        failures
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS).map(|_| scope.spawn(work)).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    assert!(
        failures.is_empty(),
        "{} of {} do not hold\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

/// Where a proxy under test listens, for as long as it is kept.
pub(crate) enum Front {
    Ours(Box<Bench>),
    Other(Peer),
}

impl Front {
    pub(crate) fn start(setting: &Setting, server: SocketAddr) -> Self {
        match Peer::wanted(server) {
            Some(peer) => Self::Other(peer),
            None => Self::Ours(Box::new(Bench::run(&lab(setting, server)))),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Ours(bench) => bench.address("front"),
            Self::Other(peer) => peer.address,
        }
    }
}

fn check(case: &Case) -> Vec<String> {
    let server = ScriptedServer::start(case.server.clone());
    let front = Front::start(&case.lab, server.address);
    let got = Got::of(case, front.address());
    let mut problems = judge::problems_of_answer(case, &got);
    // Whatever the case did, the next client is served, and what it did has reached the server by then.
    if !sentinel_is_answered(&mut Wire::connect(front.address())) {
        problems.push("another client was not served afterwards".to_owned());
    }
    problems.extend(until_it_fits(case, &server));
    problems
}

/// What the server sees may follow what the client gets.
fn until_it_fits(case: &Case, server: &ScriptedServer) -> Vec<String> {
    for _ in 0..LOOKS {
        let problems = judge::problems_of_sight(&case.sees, &server.seen());
        let can_change = case.sees.iter().all(|it| !matches!(it, Sees::Nothing));
        if problems.is_empty() || !can_change {
            return problems;
        }
        std::thread::sleep(LOOK);
    }
    judge::problems_of_sight(&case.sees, &server.seen())
}

fn report(case: &Case, problems: &[String]) -> String {
    let peers = match case.peers {
        "" => String::new(),
        note => format!("\n      (known: {note})"),
    };
    format!("  {} [{}]{peers}\n      {}", case.name, case.section, problems.join("\n      "))
}

pub(crate) fn lab(setting: &Setting, server: SocketAddr) -> String {
    let Setting { limits, listener, route, pool, ipv6 } = setting;
    let address = if *ipv6 { "[::1]:0" } else { "127.0.0.1:0" };
    format!(
        "(version: 1, workers: 1, limits: ({limits}), \
         listeners: [(name: \"front\", address: \"{address}\", \
            routes: [(to: pool(\"web\"), {route})], {listener})], \
         pools: [(name: \"web\", servers: [(name: \"a\", address: \"{server}\")], {pool})])"
    )
}

const HANDS: usize = 4;
const LOOKS: usize = 100;
const LOOK: Duration = Duration::from_millis(20);
