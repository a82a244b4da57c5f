//! Every kind of change while traffic runs: no request fails, and no connection ends that has nothing to do with it.

use std::net::SocketAddr;

use evenkeel::balance::Algorithm;
use evenkeel::lab::{Action, Condition, Lab, Listener, PathCondition, Route, Server};
use evenkeel::model::Behaviour;

use crate::kit::{Running, ask, connect, get, served_by, wait_for};

const LAB: &str = r#"(
    version: 1,
    workers: 2,
    listeners: [(name: "front", address: "127.0.0.1:0", pool: "web")],
    pools: [(
        name: "web",
        servers: [
            (name: "a", mock: (latency: exponential(mean: "10ms"))),
            (name: "b", mock: (latency: exponential(mean: "10ms"))),
            (name: "c", mock: (latency: exponential(mean: "10ms"))),
        ],
    )],
    clients: [
        (name: "kept", listener: "front", arrivals: steady(per_second: 150)),
        (name: "fresh", listener: "front", arrivals: poisson(per_second: 50), keep_alive: false),
        (name: "newer", listener: "front", arrivals: poisson(per_second: 50), http: http2),
    ],
)"#;

/// Waits for so many more requests of every group, none of which may have failed.
fn goes_on(running: &Running, after: &str) {
    let finished = || {
        let figures = running.engine.observe().figures;
        for (name, reading) in &figures.clients {
            let failed: Vec<_> =
                reading.counters.outcomes().filter(|(outcome, _)| outcome.is_error()).collect();
            assert!(failed.is_empty(), "{name} after {after}: {failed:?}");
        }
        let least = figures.clients.values().map(|reading| reading.counters.finished()).min();
        least.unwrap()
    };
    let before = finished();
    wait_for("traffic", || finished() >= before + 8);
}

fn mock(name: &str) -> Server {
    Server { name: name.to_owned(), mock: Some(Behaviour::default()), ..Server::default() }
}

type Change = (&'static str, fn(&mut Lab));

/// Changes that do not concern a connection that is there.
const HARMLESS: [Change; 12] = [
    ("another weight", |lab| lab.pools[0].servers[0].weight = 7),
    ("a server more", |lab| lab.pools[0].servers.push(mock("d"))),
    ("a drained server", |lab| lab.pools[0].servers[1].drain = true),
    ("a server without weight", |lab| lab.pools[0].servers[2].weight = 0),
    ("a server less", |lab| drop(lab.pools[0].servers.remove(0))),
    ("all servers but one gone", |lab| lab.pools[0].servers.retain(|it| it.name == "d")),
    ("others in their place", |lab| lab.pools[0].servers.extend(["a", "b"].map(mock))),
    ("another route", |lab| {
        let path = Some(PathCondition::Prefix("/answer".to_owned()));
        let to = Action::Answer { status: 200, body: "own".to_owned(), content_type: None };
        let when = Condition { path, ..Condition::default() };
        lab.listeners[0].routes.push(Route { when, to, ..Route::default() });
    }),
    ("no route", |lab| lab.listeners[0].routes.clear()),
    ("other limits", |lab| {
        lab.limits.header_bytes = 16 * 1024;
        lab.limits.connections = 500;
        lab.limits.streams = 64;
    }),
    ("a limit for each server", |lab| {
        lab.pools[0].servers.iter_mut().for_each(|server| server.concurrency = Some(20));
    }),
    ("a listener more", |lab| {
        let listener = Listener {
            name: "side".to_owned(),
            address: "127.0.0.1:0".to_owned(),
            pool: Some("web".to_owned()),
            ..Listener::default()
        };
        lab.listeners.push(listener);
    }),
];

#[test]
fn no_change_fails_a_request_or_ends_a_connection_it_does_not_concern() {
    let running = Running::start("changes", LAB);
    let address = running.address("front");
    let mut kept = connect(address);
    let mut check = |after: &str| {
        let (status, head, _) = ask(&mut kept, "/");
        assert_eq!(status, 200, "{after}");
        assert!(!head.contains("connection: close"), "{after}");
        goes_on(&running, after);
    };
    check("the start");
    for algorithm in Algorithm::all() {
        let name = algorithm.about().name;
        running.change(|lab| lab.pools[0].algorithm = algorithm);
        check(name);
    }
    for (name, change) in HARMLESS {
        running.change(change);
        check(name);
    }
    let side = running.address("side");
    assert_eq!(get(side, "/").0, 200);
    running.change(|lab| drop(lab.listeners.pop()));
    check("a listener less");
    wait_for("a closed port", || std::net::TcpStream::connect(side).is_err());
}

#[test]
fn a_drained_server_gets_nothing_new_and_a_removed_one_is_gone() {
    let running = Running::start("drained", &LAB.replace("clients: [", "hold: true, clients: ["));
    let address = running.address("front");
    let servers = || (0..12).map(|_| served_by(&get(address, "/").1)).collect::<Vec<_>>();
    assert!(servers().contains(&"a".to_owned()));
    running.change(|lab| lab.pools[0].servers[0].drain = true);
    assert!(!servers().contains(&"a".to_owned()));
    running.change(|lab| drop(lab.pools[0].servers.remove(1)));
    assert_eq!(servers(), ["c"; 12]);
}

#[test]
fn a_listener_moves_to_another_port_and_its_clients_with_it() {
    let running = Running::start("moved", LAB);
    goes_on(&running, "the start");
    let before = running.address("front");
    let mut kept = connect(before);
    assert_eq!(ask(&mut kept, "/").0, 200);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    running.change(|lab| lab.listeners[0].address = free.to_string());
    assert_eq!(running.address("front"), free);
    goes_on(&running, "the move");
    assert_eq!(get(free, "/").0, 200);
    refused(before);
    running.change(|lab| lab.listeners[0].address = "127.0.0.1:0".to_owned());
    goes_on(&running, "the second move");
    refused(free);
}

#[test]
fn a_listener_that_is_called_otherwise_keeps_its_connections() {
    let running = Running::start("renamed", LAB);
    let address = running.address("front");
    let mut stream = connect(address);
    assert_eq!(ask(&mut stream, "/").0, 200);
    running.change(|lab| {
        lab.listeners[0].name = "door".to_owned();
        for client in &mut lab.clients {
            client.listener = "door".to_owned();
        }
    });
    assert_eq!(running.address("door"), address);
    assert_eq!(ask(&mut stream, "/").0, 200);
    assert!(running.engine.observe().listeners["door"].counters.finished() >= 2);
}

fn refused(address: SocketAddr) {
    wait_for("a closed port", || std::net::TcpStream::connect(address).is_err());
}

#[test]
fn workers_come_and_go_without_losing_a_request() {
    let running = Running::start("workers", &LAB.replace("workers: 2", "workers: 1"));
    let address = running.address("front");
    for workers in [2, 1, 3, 1] {
        goes_on(&running, "a change of workers");
        running.change(|lab| lab.workers = Some(workers));
        assert_eq!(running.engine.status().workers, workers as usize);
        assert_eq!(running.address("front"), address);
        assert_eq!(get(address, "/").0, 200);
    }
    goes_on(&running, "the last change of workers");
}
