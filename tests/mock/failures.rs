//! Every kind of failure, as it looks on the wire.

use std::io::ErrorKind;

use evenkeel::model::{Behaviour, FailureKind};
use evenkeel::period::Period;

use super::caller::{Caller, get};
use super::stage::{Watch, failing, lasting, quick, stage, until};

#[test]
fn a_status_is_answered() {
    let stage = stage(|settings| settings.behaviour = failing("503"));
    let reply = get(stage.mock.address(), "/").unwrap();
    assert_eq!((reply.status, reply.header("x-evenkeel-server")), (503, Some("a")));
    assert_eq!(stage.mock.reading().failed(FailureKind::Status(503)), 1);
}

#[test]
fn a_refused_connection_is_reset_before_anything_is_read() {
    let stage = stage(|settings| settings.behaviour = failing("refuse"));
    let error = get(stage.mock.address(), "/").unwrap_err();
    assert!(is_reset(error.kind()), "{error}");
    assert_eq!(stage.mock.reading().failed(FailureKind::Refuse), 1);
}

#[test]
fn a_server_that_refuses_by_odds_lets_nobody_stay() {
    let stage = stage(|settings| settings.behaviour.failures.refuse = 0.000_001);
    let reply = get(stage.mock.address(), "/").unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
}

#[test]
fn a_reset_comes_instead_of_the_answer_and_after_the_work() {
    let behaviour = Behaviour { failures: failing("reset").failures, ..lasting(30) };
    let stage = stage(|settings| settings.behaviour = behaviour);
    let watch = Watch::start();
    let error = get(stage.mock.address(), "/").unwrap_err();
    assert!(error.kind() == ErrorKind::ConnectionReset, "{error}");
    assert!(watch.millis() >= 30);
}

#[test]
fn a_hanging_request_holds_its_place_until_the_client_goes() {
    let behaviour = Behaviour { concurrency_limit: Some(1), ..failing("hang") };
    let stage = stage(|settings| settings.behaviour = behaviour);
    let mut hanging = Caller::connect(stage.mock.address()).unwrap();
    hanging.send("GET", "/", "", b"").unwrap();
    until("it hangs", || stage.mock.reading().failed(FailureKind::Hang) == 1);
    assert_eq!(stage.mock.reading().busy, 1);
    stage.mock.retune(Behaviour { concurrency_limit: Some(1), ..quick() });
    drop(hanging);
    assert_eq!(get(stage.mock.address(), "/").unwrap().status, 200);
}

#[test]
fn a_body_is_cut_in_the_middle() {
    for size in [0, 1_024, 1_000_000] {
        let behaviour = Behaviour { answer_bytes: size, ..failing("close-mid-body") };
        let stage = stage(|settings| settings.behaviour = behaviour);
        let reply = get(stage.mock.address(), "/").unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.missing > 0 && !reply.body.is_empty(), "{size}: {}", reply.missing);
    }
}

#[test]
fn a_slow_body_is_spread_over_its_time_and_keeps_its_place() {
    let mut behaviour = Behaviour { concurrency_limit: Some(1), ..failing("slow-body") };
    behaviour.failures.slow_body_lasts = Period::from_millis(100);
    let stage = stage(|settings| settings.behaviour = behaviour);
    let watch = Watch::start();
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    caller.send("GET", "/", "", b"").unwrap();
    until("it is slow", || stage.mock.reading().failed(FailureKind::SlowBody) == 1);
    assert!(stage.mock.reading().busy == 1 || watch.millis() >= 100);
    let reply = caller.reply("GET").unwrap();
    assert_eq!((reply.body.len(), reply.missing), (1_024, 0));
    assert!(watch.millis() >= 100, "{} ms", watch.millis());
    until("its place is free", || stage.mock.reading().busy == 0);
}

#[test]
fn only_a_probe_gets_a_wrong_health_answer() {
    let stage = stage(|settings| settings.behaviour = failing("wrong-health"));
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    assert_eq!(caller.get("/").unwrap().status, 200);
    for mark in ["x-evenkeel-probe: 1\r\n", "user-agent: evenkeel-health/1\r\n"] {
        assert_eq!(caller.ask("GET", "/", mark, b"").unwrap().status, 503);
    }
    let reading = stage.mock.reading();
    assert_eq!((reading.arrived, reading.probes), (1, 2));
}

#[test]
fn a_probe_needs_no_place_and_no_time() {
    let behaviour = Behaviour { concurrency_limit: Some(1), queue_limit: 0, ..lasting(60_000) };
    let stage = stage(|settings| settings.behaviour = behaviour);
    let mut busy = Caller::connect(stage.mock.address()).unwrap();
    busy.send("GET", "/", "", b"").unwrap();
    until("the place is taken", || stage.mock.reading().busy == 1);
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    assert_eq!(caller.ask("GET", "/", "x-evenkeel-probe: 1\r\n", b"").unwrap().status, 200);
}

#[test]
fn work_is_finished_although_its_client_went_away() {
    let behaviour = Behaviour { concurrency_limit: Some(1), ..lasting(80) };
    let stage = stage(|settings| settings.behaviour = behaviour);
    let watch = Watch::start();
    let mut leaver = Caller::connect(stage.mock.address()).unwrap();
    leaver.send("GET", "/", "", b"").unwrap();
    until("it is in service", || stage.mock.reading().busy == 1);
    drop(leaver);
    get(stage.mock.address(), "/").unwrap();
    assert!(watch.millis() >= 160, "the second waited for the first: {} ms", watch.millis());
    until("no place is left behind", || stage.mock.reading().busy == 0);
}

#[test]
fn who_gives_up_waiting_leaves_the_queue() {
    let behaviour = Behaviour { concurrency_limit: Some(1), ..failing("hang") };
    let stage = stage(|settings| settings.behaviour = behaviour);
    let mut callers: Vec<Caller> =
        (0..3).map(|_| Caller::connect(stage.mock.address()).unwrap()).collect();
    for (caller, n_before) in callers.iter_mut().zip(0..) {
        caller.send("GET", "/", "", b"").unwrap();
        until("it came", || stage.mock.reading().arrived == n_before + 1);
    }
    assert_eq!((stage.mock.reading().busy, stage.mock.reading().waiting), (1, 2));
    callers.remove(1);
    until("one left the queue", || stage.mock.reading().waiting == 1);
    callers.clear();
    until("all are gone", || {
        let reading = stage.mock.reading();
        (reading.busy, reading.waiting, reading.connections) == (0, 0, 0)
    });
}

fn is_reset(kind: ErrorKind) -> bool {
    // The system may tell it to the one who writes or to the one who reads.
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}
