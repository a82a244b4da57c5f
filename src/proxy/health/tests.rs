//! What becomes of answers that come in while the judge is busy.

use std::sync::Arc;

use super::super::{Blueprint, PoolInForce, Shared};
use crate::lab;
use crate::meter::{Outcome, StatusClass};
use crate::period::Clock;

struct Standstill;

impl Clock for Standstill {
    fn now_ns(&self) -> u64 {
        1
    }

    fn unix_ns(&self) -> u64 {
        1
    }
}

fn pool(health: &str) -> (Shared, Arc<PoolInForce>) {
    let text = format!(
        "(version: 1, pools: [(name: \"web\", health: {health}, servers: [\
         (name: \"a\", address: \"127.0.0.1:1\"), (name: \"b\", address: \"127.0.0.1:2\")])], \
         listeners: [(name: \"front\", address: \"127.0.0.1:0\", pool: \"web\")])"
    );
    let lab = lab::load(text.as_bytes()).unwrap().lab.into_lab();
    let shared = Shared::new(Arc::new(Standstill), 1, [0; 32]);
    let plan = shared.publish(&Blueprint {
        lab: &lab,
        workers: 1,
        seed: 1,
        listeners: Default::default(),
        closing: Vec::new(),
        addresses: Default::default(),
        upstream_tls: Default::default(),
    });
    let pool = Arc::clone(&plan.pools["web"]);
    (shared, pool)
}

const GOOD: Outcome = Outcome::Answered(StatusClass::Success);

#[test]
fn no_answer_is_left_lying_when_many_come_at_once() {
    let (_shared, pool) = pool("(breaker: (min_requests: 100000))");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let answer = || (0..5_000).for_each(|_| pool.answered(0, GOOD, 1));
            let builder = std::thread::Builder::new().name(format!("answers-{thread}"));
            builder.spawn_scoped(scope, answer).unwrap();
        }
    });
    assert_eq!(pool.state.watch.n_waiting(), 0);
}

#[test]
fn good_answers_pass_by_the_judge_while_nobody_has_failed() {
    let (_shared, pool) = pool("()");
    let watch = &pool.state.watch;
    assert!(!watch.heeds(true) && watch.heeds(false));
    pool.answered(0, Outcome::Reset, 1);
    assert!(watch.heeds(true));
    pool.answered(0, Outcome::ClientLeft, 1);
    assert!(watch.heeds(true), "a client that left says nothing about the server");
    pool.answered(0, GOOD, 1);
    assert!(!watch.heeds(true));
}
