//! Changes under load lose nothing, and what is wrapped around the algorithm works on real servers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use evenkeel::lab::algorithm_text;

use crate::bench::Bench;
use crate::origin::{Client, Origin, get, lab, wait_until};

#[test]
fn changes_of_any_kind_under_load_fail_no_request() {
    let origins = ["a", "b", "c", "d"].map(Origin::start);
    let [a, b, c, d] = &origins;
    let servers = [("a", a, ""), ("b", b, ""), ("c", c, ""), ("d", d, "")];
    let mut bench = Bench::run(&lab(&servers, "", "workers: 2,"));
    let front = bench.address("front");
    let (over, n_asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let ask = || {
            let mut client = Client::connect(front);
            while !over.load(SeqCst) {
                let answer = client.get("");
                assert_eq!((answer.status, answer.body.len()), (200, 1));
                n_asked.fetch_add(1, SeqCst);
            }
        };
        for number in 0..8 {
            let builder = std::thread::Builder::new().name(format!("client-{number}"));
            builder.spawn_scoped(scope, ask).unwrap();
        }
        let all = bench.lab.pools[0].servers.clone();
        let algorithms = ["least-connections", "maglev", "peak-ewma", "round-robin", "random"];
        for step in 0..60 {
            let pool = &mut bench.lab.pools[0];
            pool.algorithm = algorithm_text::parse(algorithms[step % 5]).unwrap();
            pool.servers.clone_from(&all);
            pool.servers[step % 4].weight = step as u32 % 7 + 1;
            pool.servers[(step + 1) % 4].drain = step % 3 == 0;
            pool.servers.remove((step + 2) % 4);
            bench.publish();
            let before = n_asked.load(SeqCst);
            wait_until("requests go on", || n_asked.load(SeqCst) > before + 20);
        }
        over.store(true, SeqCst);
    });
    let pool = bench.pool("web");
    wait_until("nothing is in flight", || {
        (0..pool.servers.len()).all(|server| pool.in_flight(server) == 0)
    });
    let errors = bench.shared().plan().listener(0).unwrap().meter.counters.read().errors();
    assert_eq!(errors, 0);
}

#[test]
fn a_server_of_the_second_priority_serves_only_when_the_first_is_gone() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let health = "health: (active: (interval: \"20ms\", timeout: \"5s\", fall: 1, rise: 1))";
    let bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "priority: 1")], health, ""));
    let front = bench.address("front");
    assert!((0..6).all(|_| get(front).body == "a"));
    a.die();
    assert!((0..6).all(|_| get(front).body == "b"));
    a.revive();
    wait_until("the first serves again", || get(front).body == "a");
}

#[test]
fn an_unhealthy_level_spills_over_to_the_next() {
    let origins = ["a", "b", "c", "d"].map(Origin::start);
    let [a, b, c, d] = &origins;
    let pool = "over_provisioning: 140, \
                health: (active: (interval: \"20ms\", timeout: \"5s\", fall: 1, rise: 1))";
    let servers = [("a", a, ""), ("b", b, ""), ("c", c, "priority: 1"), ("d", d, "priority: 1")];
    let bench = Bench::run(&lab(&servers, pool, ""));
    let front = bench.address("front");
    let spilled = || {
        let mut client = Client::connect(front);
        (0..200).filter(|_| "cd".contains(&*client.get("").body)).count()
    };
    assert_eq!(spilled(), 0);
    b.die();
    wait_until("half of the first level is down", || {
        bench.pool("web").balancing().members()[1].standing.health() != Default::default()
    });
    // Half of the level times 1.4 is 70 %: 60 of 200 spill, give or take four standard deviations.
    assert!((34..=86).contains(&spilled()));
}

#[test]
fn traffic_stays_in_its_own_zone_while_that_can_take_it() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let servers = [("a", &a, "zone: \"here\""), ("b", &b, "zone: \"there\"")];
    let bench = Bench::run(&lab(&servers, "own_zone: \"here\"", ""));
    assert!((0..8).all(|_| get(bench.address("front")).body == "a"));
    a.die();
    assert!((0..8).all(|_| get(bench.address("front")).body == "b"));
}

#[test]
fn a_server_that_joins_gets_its_share_by_and_by() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let servers = [("a", &a, ""), ("b", &b, "")];
    let mut bench = Bench::run(&lab(&servers, "slow_start: (window: \"1h\")", ""));
    let joining = bench.lab.pools[0].servers.pop().unwrap();
    bench.publish();
    bench.lab.pools[0].servers.push(joining);
    bench.publish();
    bench.lab.pools[0].slow_start.as_mut().unwrap().floor = 0.1;
    bench.publish();
    let mut client = Client::connect(bench.address("front"));
    let n_new = (0..300).filter(|_| client.get("").body == "b").count();
    assert!((1..60).contains(&n_new), "{n_new} of 300 went to the newcomer");
}

#[test]
fn a_drained_server_gets_nothing_new_and_finishes_what_it_has() {
    let (a, b) = (Origin::start("a"), Origin::start("b"));
    let mut bench = Bench::run(&lab(&[("a", &a, ""), ("b", &b, "")], "", ""));
    let slow =
        crate::origin::Reply::After(Duration::from_millis(150), crate::origin::Reply::Name.into());
    a.answer_with(move |_| slow.clone());
    let mut client = Client::connect(bench.address("front"));
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    a.wait_for_asked(1);
    bench.lab.pools[0].servers[0].drain = true;
    bench.publish();
    assert!((0..6).all(|_| get(bench.address("front")).body == "b"));
    assert_eq!(client.answer().unwrap().body, "a");
}

#[test]
fn idle_connections_are_let_go_in_their_time() {
    let a = Origin::start("a");
    let bench = Bench::run(&lab(&[("a", &a, "")], "upstream: (idle_timeout: \"100ms\")", ""));
    get(bench.address("front"));
    assert_eq!(a.n_open(), 1);
    wait_until("the connection is closed", || a.n_open() == 0);
}
