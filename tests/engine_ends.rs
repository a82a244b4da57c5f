//! A lab that was stopped leaves nothing behind: no thread, no port, no file, no process.
//!
//! In a program of its own, because it counts what the whole program has.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use evenkeel::engine::{Consent, Engine, ListenerStatus, Settings};
use evenkeel::lab;

/// What the program has: its threads by name, its files by what they are, its children.
#[derive(Debug, PartialEq, Eq)]
struct Belongings {
    threads: Vec<String>,
    files: BTreeMap<String, usize>,
    children: Vec<String>,
}

impl Belongings {
    fn now() -> Self {
        let entries = |folder: &str| {
            let entries = fs::read_dir(folder).unwrap();
            entries.map(|entry| entry.unwrap().path()).collect::<Vec<PathBuf>>()
        };
        let name = |path: &PathBuf| fs::read_to_string(path.join("comm")).unwrap_or_default();
        let mut files = BTreeMap::new();
        for file in entries("/proc/self/fd") {
            // The one that lists them is gone by now.
            let Ok(what) = fs::read_link(file) else { continue };
            let what = what.display().to_string();
            let kind = what.split(':').next().unwrap_or_default().to_owned();
            *files.entry(kind).or_insert(0) += 1;
        }
        let children = entries("/proc/self/task").into_iter().flat_map(|task| {
            let children = fs::read_to_string(task.join("children")).unwrap_or_default();
            children.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        });
        let mut threads: Vec<String> = entries("/proc/self/task").iter().map(name).collect();
        threads.sort();
        Self { threads, files, children: children.collect() }
    }
}

const LAB: &str = r#"(
    version: 1,
    workers: 2,
    limits: (shutdown_timeout: "5s"),
    listeners: [
        (name: "front", address: "127.0.0.1:0", pool: "web", access_log: (file: "access.log")),
        (name: "tls", address: "127.0.0.1:0", pool: "web", tls: ()),
        (name: "tcp", address: "127.0.0.1:0", protocol: tcp, pool: "echo"),
        (name: "udp", address: "127.0.0.1:0", protocol: udp, pool: "datagrams"),
    ],
    pools: [
        (
            name: "web",
            health: (active: (interval: "50ms")),
            servers: [
                (name: "a", mock: (latency: constant("1ms"))),
                (name: "slow", mock: (latency: constant("20ms"))),
                (name: "program", command: (line: "PROGRAM mock --listen 127.0.0.1:{port} --latency 1ms")),
            ],
        ),
        (name: "echo", servers: [(name: "e", mock: (latency: constant("1ms")))], mocks: (protocol: tcp_echo)),
        (name: "datagrams", servers: [(name: "u", mock: (latency: constant("1ms")))], mocks: (protocol: udp_echo)),
    ],
    clients: [
        (name: "kept", listener: "front", arrivals: steady(per_second: 200)),
        (name: "newer", listener: "tls", arrivals: steady(per_second: 50), http: http2),
        (name: "streams", listener: "tcp", arrivals: steady(per_second: 50)),
        (name: "datagrams", listener: "udp", arrivals: steady(per_second: 50)),
    ],
)"#;

fn start() -> Engine {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine-ends");
    fs::create_dir_all(&folder).unwrap();
    let text = LAB.replace("PROGRAM", env!("CARGO_BIN_EXE_evenkeel"));
    let lab = lab::load(text.as_bytes()).unwrap_or_else(|it| panic!("{:#?}", it.problems)).lab;
    let settings = Settings {
        authority_folder: folder.join("authority"),
        folder,
        consent: Consent::Given,
        ..Settings::default()
    };
    let engine = Engine::start(lab, settings).unwrap();
    assert_eq!(engine.status().all_troubles(), Vec::<String>::new());
    engine
}

fn works(engine: &Engine) {
    wait_for("traffic of every kind", || {
        let figures = engine.observe().figures;
        let program = figures
            .pool("web")
            .unwrap()
            .servers
            .iter()
            .any(|(name, reading)| name == "program" && reading.counters.finished() > 5);
        program && figures.clients.values().all(|group| group.counters.finished() > 20)
    });
}

#[test]
fn what_was_stopped_leaves_nothing_behind() {
    let first = Belongings::now();
    let engine = start();
    works(&engine);
    drop(engine);
    // The runtime opens one pair of sockets for the signals of children, once in a program's life.
    wait_for("the end of all threads and children", || {
        let now = Belongings::now();
        now.threads == first.threads && now.children == first.children
    });
    let before = Belongings::now();
    let sockets = |it: &Belongings| it.files.get("socket").copied().unwrap_or(0);
    assert!(sockets(&before) <= sockets(&first) + 2, "{before:?}");
    let engine = start();
    works(&engine);
    let addresses: Vec<SocketAddr> =
        engine.status().listeners.iter().filter_map(ListenerStatus::address).collect();
    let during = Belongings::now();
    // The program and its keeper.
    assert!(during.threads.len() > before.threads.len() && during.children.len() == 2);
    // A change of workers and of the lab leaves nothing either.
    let mut lab = (*engine.lab()).clone();
    lab.workers = Some(1);
    lab.pools[0].servers.remove(0);
    let revision = engine.apply(lab::Checked::new(lab).unwrap());
    assert!(engine.wait_for(revision, DEADLINE));
    let mut slow = TcpStream::connect(addresses[0]).unwrap();
    slow.set_read_timeout(Some(DEADLINE)).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    engine.stop();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "what was under way is finished: {answer}");
    drop(slow);
    for address in [addresses[0], addresses[1], addresses[2]] {
        assert!(TcpStream::connect(address).is_err(), "{address}");
    }
    nothing_more_than(&before);
}

fn nothing_more_than(before: &Belongings) {
    let mut now = Belongings::now();
    for _ in 0..DEADLINE.as_millis() / 20 {
        if now == *before {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
        now = Belongings::now();
    }
    panic!("{before:#?}\nbefore, and after\n{now:#?}");
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..DEADLINE.as_millis() / 20 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what} did not come about in time");
}

const DEADLINE: Duration = Duration::from_secs(20);
