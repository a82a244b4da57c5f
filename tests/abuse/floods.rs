//! Too many: connections, requests in advance.

use std::sync::atomic::Ordering::Relaxed;

use crate::support::{
    answer, ask, assert_serves, assert_turned_away, bench, dial, open_connections, until,
};

#[test]
fn connections_beyond_the_limit_are_turned_away_and_counted() {
    let bench = bench("connections: 20", "");
    let mut within: Vec<_> = (0..20).map(|_| dial(&bench)).collect();
    for wire in &mut within {
        assert_eq!(ask(wire).unwrap().status(), 200);
    }
    for _ in 0..30 {
        assert_turned_away(&mut dial(&bench), &[503]);
    }
    assert_eq!(bench.shared().tallies.turned_away.load(Relaxed), 30);
    for wire in &mut within {
        assert_eq!(ask(wire).unwrap().status(), 200, "one within the limit suffered");
    }
    drop(within);
    until("there is room again", || open_connections(&bench) == 0);
    assert_serves(&bench);
}

#[test]
fn requests_in_advance_are_answered_one_by_one() {
    let bench = bench("", "");
    let mut wire = dial(&bench);
    let mut writer = wire.stream.try_clone().unwrap();
    let write = move || {
        use std::io::Write as _;
        let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
        (0..REQUESTS / 100).for_each(|_| writer.write_all(&request).unwrap());
    };
    let writing = std::thread::Builder::new().name("writer".to_owned()).spawn(write).unwrap();
    for number in 0..REQUESTS {
        let message = answer(&mut wire).unwrap_or_else(|stop| panic!("{number}: {stop:?}"));
        assert_eq!((message.status(), message.body.as_slice()), (200, &b"a"[..]));
        if wire.taken > 1 << 16 {
            wire.read.drain(..std::mem::take(&mut wire.taken));
        }
    }
    writing.join().unwrap();
    assert_serves(&bench);
}

const REQUESTS: usize = 3000;
