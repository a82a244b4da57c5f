//! Clients that send too slowly: heads, bodies, nothing.

use std::time::Duration;

use crate::support::{
    ask, assert_serves, assert_turned_away, bench, dial, open_connections, until,
};

#[test]
fn heads_that_trickle_are_cut_while_others_are_served() {
    let bench = bench("header_timeout: \"600ms\"", "");
    let mut slow: Vec<_> = (0..MANY).map(|_| dial(&bench)).collect();
    for wire in &mut slow {
        wire.send(b"GET / HTTP/1.1\r\nhost: a\r\nx-slow: ");
    }
    // A byte now and then moves the deadline of a whole head by nothing.
    for _ in 0..40 {
        for wire in &mut slow {
            wire.send(b"x");
        }
        assert_serves(&bench);
        std::thread::sleep(Duration::from_millis(20));
    }
    for wire in &mut slow {
        assert_turned_away(wire, &[408]);
    }
    until("the slow ones are gone", || open_connections(&bench) == 0);
}

#[test]
fn silent_newcomers_are_cut_while_others_are_served() {
    let bench = bench("header_timeout: \"300ms\", idle_timeout: \"300ms\"", "");
    let mut silent: Vec<_> = (0..MANY).map(|_| dial(&bench)).collect();
    assert_serves(&bench);
    for wire in &mut silent {
        assert_turned_away(wire, &[408]);
    }
    until("the silent ones are gone", || open_connections(&bench) == 0);
}

#[test]
fn idle_connections_are_closed_in_time() {
    let bench = bench("idle_timeout: \"300ms\"", "");
    let mut idle: Vec<_> = (0..MANY).map(|_| dial(&bench)).collect();
    for wire in &mut idle {
        assert_eq!(ask(wire).unwrap().status(), 200);
    }
    for wire in &mut idle {
        assert_turned_away(wire, &[408]);
    }
    until("the idle ones are gone", || open_connections(&bench) == 0);
}

#[test]
fn bodies_that_stop_are_cut_while_others_are_served() {
    let bench = bench("", "timeouts: (idle: \"300ms\")");
    let mut slow: Vec<_> = (0..MANY).map(|_| dial(&bench)).collect();
    for wire in &mut slow {
        wire.send(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel");
    }
    assert_serves(&bench);
    // This server answers early; what counts is that nothing is kept for a body that does not come.
    for wire in &mut slow {
        if let Ok(message) = wire.head() {
            assert!([200, 408].contains(&message.status()), "{}", message.line);
        }
    }
    drop(slow);
    until("the slow ones are gone", || open_connections(&bench) == 0);
    assert_serves(&bench);
}

const MANY: usize = 100;
