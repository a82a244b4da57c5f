//! Several threads at once: nothing panics, and no request is counted twice or forgotten.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::ScopedJoinHandle;

use evenkeel::balance::pool::{Pool, Settings, SlowStart, Terms};
use evenkeel::balance::{Algorithm, Health, Notes, Request};
use evenkeel::dice::Dice;

use crate::cast;
use crate::scene::{address_of, sample};

#[test]
fn picks_from_several_threads_leave_nothing_in_flight() {
    for algorithm in cast::everybody() {
        let pools = plans(&algorithm);
        let (served, over) = (AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (pools, served) = (&pools, &served);
                    scope.spawn(move || work(pools, thread, served))
                })
                .collect();
            scope.spawn(|| unsettle(&pools, &over));
            let ended: Vec<_> = workers.into_iter().map(ScopedJoinHandle::join).collect();
            over.store(true, Relaxed);
            assert!(ended.iter().all(Result::is_ok), "{algorithm:?}");
        });
        for member in pools.iter().flat_map(Pool::members) {
            assert_eq!(member.in_flight(), 0, "{algorithm:?}: {}", member.name);
        }
        // One server has no limit and is always up.
        assert_eq!(served.load(Relaxed), THREADS * REQUESTS, "{algorithm:?}");
    }
}

/// Plans that follow each other, as they are at work side by side for a moment in every change.
fn plans(algorithm: &Algorithm) -> [Pool; 3] {
    let settings = Settings { slow_start: Some(SlowStart::default()), ..Settings::default() };
    let mut terms: Vec<Terms> = (0..5)
        .map(|index| Terms::new(&format!("server-{index}:80"), [3, 1, 2, 1, 5][index]))
        .collect();
    terms[4].limit = 2;
    let first = Pool::new(algorithm, &settings, &terms, 1);
    terms[1].weight = 4;
    let second = first.followed_by(algorithm, &settings, &terms, 1);
    terms.remove(3);
    let third = second.followed_by(algorithm, &settings, &terms, 2);
    [first, second, third]
}

fn work(pools: &[Pool; 3], thread: u64, served: &AtomicU64) {
    let mut dice = Dice::stream(1, thread);
    let mut under_way = [None; 4];
    for number in 0..REQUESTS {
        let pool = &pools[dice.below(3) as usize];
        let now_ns = number * 10_000_000;
        let key = dice.roll().to_le_bytes();
        let request = Request {
            key: if number % 5 == 0 { &[] } else { &key },
            address: address_of(&key),
            now_ns,
            ..Request::default()
        };
        let picked = pool.pick(&request, None, &mut dice, &mut Notes::off()).member();
        if let Some(index) = picked {
            pool.start(index);
            served.fetch_add(1, Relaxed);
        }
        let begun = picked.map(|index| (pool, index));
        let ended = std::mem::replace(&mut under_way[number as usize % 4], begun);
        if let Some((pool, index)) = ended {
            pool.finish(index, &sample(now_ns, 1_000_000 * (index as u64 + 1)));
        }
    }
    for (pool, index) in under_way.into_iter().flatten() {
        pool.finish(index, &sample(0, 1));
    }
}

/// One server goes down and up, another is on trial now and then, for as long as there is work.
fn unsettle(pools: &[Pool; 3], over: &AtomicBool) {
    let mut now_ns = 1;
    while !over.load(Relaxed) {
        for (index, health) in
            [(1, Health::Down), (2, Health::Trial), (1, Health::Up), (2, Health::Up)]
        {
            now_ns += 1;
            for pool in pools {
                pool.set_health(index, health, now_ns);
            }
            std::thread::yield_now();
        }
    }
}

const THREADS: u64 = 3;
const REQUESTS: u64 = 1_500;
