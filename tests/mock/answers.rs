//! What a mock answers while nothing fails.

use evenkeel::hash::xxh64;
use evenkeel::lab::Sessions;
use evenkeel::model::Behaviour;

use super::caller::{Caller, get};
use super::stage::{Watch, add, lasting, quick, stage, until, world};

#[test]
fn an_answer_names_its_server_and_has_the_size_that_was_set() {
    let stage = stage(|settings| settings.pool = "web".to_owned());
    let reply = get(stage.mock.address(), "/path?q=1").unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, 1_024));
    assert_eq!(reply.header("x-evenkeel-server"), Some("a"));
    assert!(reply.text().contains("request 1 of a in pool web\nGET /path?q=1 HTTP/1.1\n"));
}

#[test]
fn answers_of_any_size_come_whole() {
    let stage = stage(|_| {});
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    for size in [0, 1, 5, 4_096, 4_097, 200_000] {
        stage.mock.retune(Behaviour { answer_bytes: size, ..quick() });
        let reply = caller.get("/").unwrap();
        assert_eq!((reply.body.len(), reply.missing), (size as usize, 0));
    }
}

#[test]
fn a_head_request_gets_the_size_and_no_body() {
    let stage = stage(|_| {});
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    let reply = caller.ask("HEAD", "/", "", b"").unwrap();
    assert_eq!(reply.header("content-length"), Some("1024"));
    assert_eq!(caller.get("/").unwrap().status, 200, "nothing of a body was left over");
}

#[test]
fn a_client_can_see_that_its_body_arrived_whole() {
    let stage = stage(|_| {});
    let body: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    let reply = caller.ask("POST", "/", "x-evenkeel-request: r7\r\n", &body).unwrap();
    assert_eq!(reply.header("x-evenkeel-body-bytes"), Some("100000"));
    let hash = format!("{:016x}", xxh64(&body, 0));
    assert_eq!(reply.header("x-evenkeel-body-hash"), Some(hash.as_str()));
    assert_eq!(reply.header("x-evenkeel-request"), Some("r7"));
}

#[test]
fn service_takes_its_time() {
    let stage = stage(|settings| settings.behaviour = lasting(40));
    let watch = Watch::start();
    get(stage.mock.address(), "/").unwrap();
    assert!(watch.millis() >= 40, "{} ms", watch.millis());
}

#[test]
fn a_kept_connection_meets_new_settings_at_once() {
    let stage = stage(|_| {});
    let mut caller = Caller::connect(stage.mock.address()).unwrap();
    for round in 0..200 {
        let (status, behaviour) =
            if round % 2 == 0 { (200, quick()) } else { (500, super::stage::failing("500")) };
        stage.mock.retune(behaviour);
        assert_eq!(caller.get("/").unwrap().status, status);
    }
    assert_eq!(stage.mock.reading().connections, 1);
}

#[test]
fn those_beyond_the_limits_wait_or_are_told_so() {
    let behaviour = Behaviour { concurrency_limit: Some(1), queue_limit: 1, ..lasting(50) };
    let stage = stage(|settings| settings.behaviour = behaviour);
    let watch = Watch::start();
    let mut callers: Vec<Caller> =
        (0..3).map(|_| Caller::connect(stage.mock.address()).unwrap()).collect();
    let mut statuses = Vec::new();
    for (caller, (busy, waiting)) in callers.iter_mut().zip([(1, 0), (1, 1), (1, 1)]) {
        caller.send("GET", "/", "", b"").unwrap();
        until("the mock shows its load", || {
            let reading = stage.mock.reading();
            (reading.busy, reading.waiting) == (busy, waiting) || watch.millis() > 50
        });
    }
    if watch.millis() < 50 {
        let refused = callers[2].reply("GET").unwrap();
        assert!(refused.text().contains("queue of 1 is full"), "{}", refused.text());
        statuses.push(refused.status);
        statuses.extend(callers[..2].iter_mut().map(|caller| caller.reply("GET").unwrap().status));
        assert_eq!(statuses, [503, 200, 200]);
        assert!(watch.millis() >= 100, "one after the other");
    }
}

#[test]
fn sessions_in_memory_are_lost_on_another_server_and_shared_ones_are_not() {
    for (kept, elsewhere) in [(Sessions::Memory, "lost"), (Sessions::Shared, "known")] {
        let world = world();
        let shared = std::sync::Arc::default();
        let mocks = ["a", "b"].map(|name| {
            add(&world, name, |settings| {
                settings.sessions = kept;
                settings.shared = std::sync::Arc::clone(&shared);
            })
        });
        let first = get(mocks[0].address(), "/").unwrap();
        assert_eq!(first.header("x-evenkeel-session"), Some("new"));
        let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let again = |mock: &evenkeel::world::Mock| {
            let mut caller = Caller::connect(mock.address()).unwrap();
            let reply = caller.ask("GET", "/", &format!("cookie: {cookie}\r\n"), b"").unwrap();
            reply.header("x-evenkeel-session").unwrap().to_owned()
        };
        assert_eq!([again(&mocks[0]), again(&mocks[1])], ["known", elsewhere]);
    }
}
