//! Many servers: one line for all, turns, chance, and two random choices.

use super::batches::{check_exponential_quantiles, check_tail, mean_response};
use super::formulas::{
    erlang_c, in_turn, many_servers, many_servers_tail, one_server, two_choices,
};
use super::scene::{EXPONENTIAL, SERVICE_NS, Scene};

/// What a service time that is 5 % too long does to a load, and to a time made of services.
const SLOWER: f64 = 1.05;

/// The line stands at the server, which serves four at a time.
#[test]
fn a_server_with_four_hands_waits_as_erlang_says() {
    let mut scene = Scene::of_queues(1, "round-robin", EXPONENTIAL, 3.2);
    scene.servers = scene.servers.replace("concurrency_limit: 1,", "concurrency_limit: 4,");
    check_central("M/M/4 at the server", scene, 4, 3.2);
}

/// The line stands at the balancer, which sends each of ten servers one request at a time.
#[test]
fn a_line_in_front_of_ten_servers_waits_as_erlang_says() {
    let mut scene = Scene::of_queues(10, "least-connections", EXPONENTIAL, 0.8);
    scene.servers = scene.servers.replace("mock:", "concurrency: 1, mock:");
    check_central("M/M/10 in line", Scene { seed: 10, ..scene }, 10, 8.0);
}

#[track_caller]
fn check_central(what: &str, scene: Scene, c: u32, offered: f64) {
    let report = scene.with_requests(400_000.0, offered).run();
    let wrong = SLOWER * many_servers(c, offered * SLOWER);
    mean_response(&report, SERVICE_NS).check(what, many_servers(c, offered), wrong);
    let tail = |time: f64| many_servers_tail(c, offered, time);
    let slower = |time: f64| many_servers_tail(c, offered * SLOWER, time / SLOWER);
    check_tail(&report, SERVICE_NS, what, &[1.0, 2.0, 4.0], tail, slower);
    assert!(erlang_c(c, offered) > 0.4, "many have to wait, or this would be about service only");
}

#[test]
fn turns_make_each_of_ten_servers_an_erlang_queue() {
    for (load, requests) in [(0.5, 200_000.0), (0.8, 400_000.0), (0.9, 400_000.0)] {
        let scene = Scene::of_queues(10, "round-robin", EXPONENTIAL, load);
        let scene = Scene { seed: (load * 100.0) as u64, ..scene };
        let report = scene.with_requests(requests, 10.0 * load).run();
        let what = format!("E10/M/1 at {load}");
        let wrong = SLOWER * in_turn(10, load * SLOWER);
        mean_response(&report, SERVICE_NS).check(&what, in_turn(10, load), wrong);
        check_exponential_quantiles(&report, SERVICE_NS, &what, in_turn(10, load), wrong);
    }
}

#[test]
fn chance_makes_each_of_ten_servers_a_queue_of_its_own() {
    let load = 0.8;
    let scene = Scene { seed: 11, ..Scene::of_queues(10, "random", EXPONENTIAL, load) };
    let report = scene.with_requests(1_500_000.0, 10.0 * load).run();
    let wrong = SLOWER * one_server(load * SLOWER, 1.0);
    let theory = one_server(load, 1.0);
    mean_response(&report, SERVICE_NS).check("random, ten M/M/1", theory, wrong);
    check_exponential_quantiles(&report, SERVICE_NS, "random, ten M/M/1", theory, wrong);
}

/// The model has infinitely many servers, and `n` are off by `c / n` and less (Graham 2000). Two sizes, one
/// eight times the other, take that term out: what is left falls with the square of `n`, and is a tenth of
/// the tolerance at most.
#[test]
fn two_random_choices_come_to_the_supermarket_model() {
    let load = 0.8;
    let run = |n: usize, requests: f64| {
        let scene = Scene::of_queues(n, "power-of-choices", EXPONENTIAL, load);
        scene.with_requests(requests, n as f64 * load).run()
    };
    let (some, many) = (run(25, 200_000.0), run(200, 500_000.0));
    let (few, most) = (mean_response(&some, SERVICE_NS), mean_response(&many, SERVICE_NS));
    let limit = most.times(8.0 / 7.0).minus(few.times(1.0 / 7.0));
    let wrong = SLOWER * two_choices(load * SLOWER);
    limit.check("two choices, n to infinity", two_choices(load), wrong);
}
